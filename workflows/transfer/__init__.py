"""Workflows on their way in and out: ComfyUI's JSON and pictures, and text for people."""

from workflows.transfer.reading import document_of

__all__ = ["document_of"]
