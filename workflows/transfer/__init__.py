"""Workflows on their way in and out: files and folders of ComfyUI's JSON and pictures, and text for people."""

from workflows.transfer.reading import document_of

__all__ = ["document_of"]
