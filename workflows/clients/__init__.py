"""Clients of workflows, as files that need nothing but their language."""

from workflows.clients.python import python_client

__all__ = ["python_client"]
