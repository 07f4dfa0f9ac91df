"""Importing packs one after the other. Whatever one of them does wrong stays its own trouble."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sys
import time
import tomllib
import traceback
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from nodes.comfy.reports import PackReport

log = logging.getLogger("darkroom.packs")

PRESTARTUP = "prestartup_script.py"


class NoNodes(ImportError):
    """A module that was imported and is no pack."""


@dataclass(frozen=True)
class Imported:
    """A pack that could be imported: its classes, not looked at yet, by node name."""

    path: Path
    module: ModuleType
    classes: Mapping[str, type]
    titles: Mapping[str, str]
    web: Path | None
    seconds: float
    notes: list[str] = field(default_factory=list[str])

    @property
    def name(self) -> str:
        return pack_name(self.path)


def pack_name(path: Path) -> str:
    """The base name of the folder or file."""
    return path.name if path.is_dir() else path.stem


def module_name(path: Path) -> str:
    """The name in `sys.modules`: ComfyUI's, for packs that look themselves up."""
    return str(path).replace(".", "_x_") if path.is_dir() else str(path.with_suffix(""))


def run_prestartup(paths: Iterable[Path]) -> dict[Path, str]:
    """Run every pack's `prestartup_script.py`. Returns what went wrong, by pack; that harms nothing."""
    failed: dict[Path, str] = {}
    for path in paths:
        script = path / PRESTARTUP
        if not script.is_file():
            continue
        try:
            _execute(module_name(path) + ".prestartup_script", script)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a pack's code may raise anything
            failed[path] = f"{PRESTARTUP} failed: {_said(error)}"
            log.warning("%s: %s", pack_name(path), failed[path])
    return failed


def import_pack(path: Path) -> Imported | PackReport:
    """Import a pack: what it offers, or a report that says why it cannot be used."""
    started = time.perf_counter()
    before = set(sys.modules)
    try:
        module = _execute(module_name(path), path / "__init__.py" if path.is_dir() else path)
        classes, titles = _offered(module)
        web = web_directory(path, module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - likewise, and `sys.exit` must not end us
        for name in set(sys.modules) - before:
            if name == module_name(path) or name.startswith(module_name(path) + "."):
                del sys.modules[name]
        return failed_report(path, error, time.perf_counter() - started)
    return Imported(path, module, classes, titles, web, time.perf_counter() - started)


def failed_report(path: Path, error: BaseException, seconds: float = 0.0) -> PackReport:
    """The report of a pack that cannot be used."""
    log.warning("pack %s cannot be used: %s", pack_name(path), _said(error))
    return PackReport(
        pack_name(path),
        path,
        seconds=seconds,
        error=placeless(_said(error), path),
        traceback=_where(path, error),
    )


def _where(pack: Path, error: BaseException) -> str:
    """The traceback from where the pack's code begins; files are named as seen from the pack's folder."""
    frames = traceback.extract_tb(error.__traceback__)
    names = [frame.filename for frame in frames]
    first = next((i for i, name in enumerate(names) if name.startswith(str(pack))), 0)
    shown = [f for f in frames[first:] if not f.filename.startswith("<frozen")] if first else []
    return placeless("".join([*traceback.format_list(shown), *traceback.format_exception_only(error)]), pack)


def placeless(text: str, pack: Path) -> str:
    """The text with paths as seen from the folder of packs: where that is, is nobody's business."""
    return text.replace(f"{pack.parent}{os.sep}", "").replace(str(pack.parent), pack.parent.name)


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else error.code!r}) while it was imported"
    return f"{type(error).__name__}: {error}"


def _execute(name: str, file: Path) -> ModuleType:
    if not file.is_file():
        raise NoNodes(f"there is no {file.name} in it")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise NoNodes(f"{file.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _offered(module: ModuleType) -> tuple[Mapping[str, type], Mapping[str, str]]:
    mappings = getattr(module, "NODE_CLASS_MAPPINGS", None)
    if mappings is not None:
        if not isinstance(mappings, Mapping):
            raise NoNodes(f"NODE_CLASS_MAPPINGS must be a dict, not {type(mappings).__name__}")
        titles: Any = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None) or {}
        return dict(cast("Mapping[str, type]", mappings)), dict(cast("Mapping[str, str]", titles))
    entry = getattr(module, "comfy_entrypoint", None)
    if entry is None:
        raise NoNodes("it has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint")
    from nodes.comfy.v3.adapt import extension_nodes

    classes = extension_nodes(entry)
    return {_node_id(one): one for one in classes}, {}


def _node_id(owner: Any) -> str:
    return str(owner.GET_SCHEMA().node_id)


def web_directory(path: Path, module: ModuleType) -> Path | None:
    """Where its browser files are: `WEB_DIRECTORY`, or `[tool.comfy] web` of its `pyproject.toml`."""
    if not path.is_dir():
        return None
    named: Any = getattr(module, "WEB_DIRECTORY", None) or _declared_web(path / "pyproject.toml")
    if not isinstance(named, str):
        return None
    folder = (path / named).resolve()
    return folder if folder.is_dir() else None


def _declared_web(file: Path) -> Any:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return data.get("tool", {}).get("comfy", {}).get("web")


@contextlib.contextmanager
def quiet_stdout() -> Generator[None]:
    """Send what packs print to standard error: somebody reads standard output as data."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
