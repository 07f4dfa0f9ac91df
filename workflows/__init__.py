"""Workflow documents; `library/` holds the ones that ship with the project."""
