"""Workflow documents: formats, and the library that ships with the project."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "library" / "templates"
"""Workflows for the canvas, each `NAME.json` in UI format beside `NAME.jpg`, a picture of what it makes."""
