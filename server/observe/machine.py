"""Facts about the machine for `/system_stats`: memory from the system, devices from the worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from server.jobs.records import Json

# Clients read this field to decide what a server can do; it names the protocol's baseline, not this program.
PROTOCOL_VERSION = "0.3.64"


@dataclass
class Machine:
    """What the last worker said about its devices; the server itself knows only the memory."""

    argv: Sequence[str]
    version: str
    worker: Json = field(default_factory=dict[str, Any])

    def stats(self) -> Json:
        """The body of `/system_stats`, in bytes."""
        total, free = memory()
        system = {
            "os": os.name,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": PROTOCOL_VERSION,
            "darkroom_version": self.version,
            "required_frontend_version": None,
            "installed_templates_version": None,
            "required_templates_version": None,
            "python_version": sys.version,
            "pytorch_version": self.worker.get("pytorch_version"),
            "embedded_python": False,
            "argv": list(self.argv),
        }
        cpu = {"name": "cpu", "type": "cpu", "index": None, "vram_total": total, "vram_free": free,
               "torch_vram_total": total, "torch_vram_free": free}  # fmt: skip
        return {"system": system, "devices": self.worker.get("devices") or [cpu]}


def memory() -> tuple[int, int]:
    """Total and available bytes of main memory."""
    import psutil

    now = psutil.virtual_memory()
    return now.total, now.available
