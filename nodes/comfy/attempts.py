"""Packs that end the process while they are imported: noticed, and left out from the third time on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger("darkroom.packs")

MOST = 2


class Attempts:
    """Imports that were begun and not ended, in one small file each, which outlives the process.

    Args:
        folder: where the files are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def failed(self, pack: Path) -> int:
        """How often importing the pack as it is now has begun without an end."""
        try:
            stored: Any = json.loads(self._file(pack).read_text(encoding="utf-8"))
            return int(stored["count"]) if stored["changed"] == _changed(pack) else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def begin(self, pack: Path) -> None:
        """The import begins."""
        told = {"pack": str(pack), "count": self.failed(pack) + 1, "changed": _changed(pack)}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(pack).write_text(json.dumps(told), encoding="utf-8")
        except OSError as error:
            log.warning("%s cannot be written to: %s", self._folder, error.strerror)

    def end(self, pack: Path) -> None:
        """The import ended, well or not."""
        with contextlib.suppress(OSError):
            self._file(pack).unlink()

    def _file(self, pack: Path) -> Path:
        return self._folder / f"importing-{hashlib.sha256(str(pack).encode()).hexdigest()[:16]}.json"


def _changed(pack: Path) -> int:
    """When its entry was last changed."""
    try:
        return (pack / "__init__.py" if pack.is_dir() else pack).stat().st_mtime_ns
    except OSError:
        return 0
