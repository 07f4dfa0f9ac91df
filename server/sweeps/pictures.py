"""The grid picture of a sweep, drawn when it is asked for and kept while nothing in it changes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from aiohttp import web

from engine.folders import Folders
from server.files.storage import atomic
from server.http import Problem, not_found
from server.jobs.records import Json
from server.keys import CLEARANCE, DECODING, SETTINGS
from server.routes.view import locate
from server.sweeps.reading import sweep_of
from workflows.sweeps import MOST_RUNS, Sweep
from workflows.sweeps.sheet import Sheet, arranged

_PICTURES = ("IMAGE", "MASK")
_SETTLED = 60.0


async def grid_picture(app: web.Application, sweep_id: str, output: str | None) -> Path:
    """The file of the picture. Raises Problem 404."""
    sweep, items = await sweep_of(app, sweep_id, 0, MOST_RUNS)
    name = _output(sweep, output)
    sheet, folders = arranged(sweep, items, name), app[SETTINGS].folders
    shown = await _shown(app, sheet, folders) if app[CLEARANCE].required else None
    async with app[DECODING]:
        return await asyncio.to_thread(_made, sheet, f"{sweep.id}-{name}", shown, folders)


async def _shown(app: web.Application, sheet: Sheet, folders: Folders) -> dict[str, Path]:
    """The pictures that may be shown, by what names them in the sheet."""
    shown: dict[str, Path] = {}
    for file in (cell.file for block in sheet.blocks for row in block.cells for cell in row):
        path = None if file is None else await asyncio.to_thread(_find, folders, file)
        if path is not None and await app[CLEARANCE].is_clear(path):
            shown[_named(file)] = path
    return shown


def _allowed(shown: Mapping[str, Path], file: Json) -> Path | None:
    return shown.get(_named(file))


def _named(file: Json | None) -> str:
    return json.dumps(file, sort_keys=True)


def _output(sweep: Sweep, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in sweep.outputs:
            known = ", ".join(sweep.outputs) or "none"
            raise not_found(f"this sweep has no output {wanted!r}; outputs: {known}", "output")
        return wanted
    pictures = [name for name, kind in sweep.outputs.items() if kind in _PICTURES]
    names = pictures or list(sweep.outputs)
    if not names:
        raise not_found("this sweep has no outputs to show", "output")
    return names[0]


def _made(sheet: Sheet, name: str, shown: Mapping[str, Path] | None, folders: Folders) -> Path:
    from workflows.sweeps.drawing import drawn

    folder = folders.temp / "sweeps"
    path = folder / f"{name}-{_digest(sheet, shown)}.png"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        picture = drawn(sheet, partial(_find, folders) if shown is None else partial(_allowed, shown))
        # Others may be about to send the one they have found.
        early = time.time() - _SETTLED
        older = [one for one in folder.glob(f"{name}-*.png") if one.stat().st_mtime < early]
        with atomic(path) as part:
            picture.save(part, "PNG")
        for one in older:
            one.unlink(missing_ok=True)
    return path


def _digest(sheet: Sheet, shown: Mapping[str, Path] | None) -> str:
    drawn = [asdict(sheet), None if shown is None else sorted(shown)]
    return hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()[:16]


def _find(folders: Folders, file: Json) -> Path | None:
    try:
        name, subfolder, kind = (str(file.get(part, "")) for part in ("filename", "subfolder", "type"))
        return locate(folders, name, subfolder, kind)
    except Problem:
        return None
