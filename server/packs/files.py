"""Which packs there are, and whether they have changed. Nothing of them is run or imported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from engine.folders import Folders

KIND = "custom_nodes"
_SKIPPED = frozenset({"__pycache__"})


def pack_roots(folders: Folders) -> tuple[Path, ...]:
    """Where packs are looked for: `custom_nodes` of the base folder, then of the extra model paths."""
    return tuple(dict.fromkeys((folders.base / KIND, *folders.roots(KIND))))


def find_packs(
    roots: Iterable[Path], *, disabled: bool = False, whitelist: Collection[str] = ()
) -> tuple[Path, ...]:
    """Folders and `.py` files that are packs, sorted within each root; if `disabled`, those whitelisted."""
    found: dict[Path, None] = {}
    for root in roots:
        if root.is_dir():
            found |= {p: None for p in sorted(root.resolve().iterdir()) if _is_pack(p)}
    return tuple(p for p in found if not disabled or p.name in whitelist or p.stem in whitelist)


def _is_pack(path: Path) -> bool:
    if path.name in _SKIPPED or path.name.startswith(".") or path.name.endswith(".disabled"):
        return False
    return path.is_dir() or path.suffix == ".py"


def pack_stamp(packs: Iterable[Path]) -> str:
    """Something that changes when a pack comes, goes, or one of its Python files is changed."""
    digest = hashlib.sha256()
    for pack in packs:
        digest.update(f"{pack}\0".encode())
        for name, stat in _python_files(pack):
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _python_files(pack: Path) -> list[tuple[str, os.stat_result]]:
    if pack.is_file():
        return [(pack.name, pack.stat())]
    found: list[tuple[str, os.stat_result]] = []
    for folder, subfolders, files in os.walk(pack):
        subfolders[:] = sorted(s for s in subfolders if s != "__pycache__" and not s.startswith("."))
        here = Path(folder)
        found += [(str(here / f), (here / f).stat()) for f in sorted(files) if f.endswith(".py")]
    return found
