"""Packs change the process they are loaded into. Tests put it back."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def modules_put_back() -> Generator[None]:
    """Undo what loading packs does to `sys.modules`, `sys.path`, `nodes` and `server`."""
    ours = {name: dict(vars(importlib.import_module(name))) for name in ("nodes", "server")}
    known, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    try:
        yield
    finally:
        for name in set(sys.modules) - set(known):
            if name.partition(".")[0] not in {n.partition(".")[0] for n in known}:
                del sys.modules[name]
        sys.path[:], sys.meta_path[:] = path, finders
        for name, before in ours.items():
            members = vars(sys.modules[name])
            for added in set(members) - set(before):
                if f"{name}.{added}" not in sys.modules:
                    del members[added]
