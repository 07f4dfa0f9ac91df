"""Nodes declared with a schema (`comfy_api`): the names packs import, and what their classes mean here."""
