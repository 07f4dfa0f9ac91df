"""The files a run read, put where its graph finds them again: by name if unchanged, else by content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.file_kinds import PLACE_KINDS
from engine.folders import Folders
from workflows.locks import FoundModel, Stock, resolve
from workflows.provenance.environment import Difference
from workflows.provenance.hashes import FileHashes
from workflows.provenance.outputs import locate
from workflows.provenance.record import FileUsed


@dataclass(frozen=True)
class Restored:
    """Folders to run in.

    Args:
        notes: files that were found elsewhere.
        changed: files whose content is another now, and there is none with the old one.
        missing: what is not there at all; the run cannot be done.
    """

    folders: Folders
    notes: tuple[str, ...] = ()
    changed: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()


def restored(files: Iterable[FileUsed], folders: Folders, output: Path, work: Path) -> Restored:
    """Folders in which the graph of a run finds what it read then.

    Args:
        folders: the usual ones.
        output: where outputs are to go.
        work: an empty folder for what has to be put in place; it must stay until the run is over.
    """
    used = list(files)
    models = [file for file in used if file.kind not in PLACE_KINDS]
    stock = Stock(folders, FileHashes())
    found = [*resolve(models, stock), *(_picture(f, folders, stock) for f in used if f.kind in PLACE_KINDS)]
    there = replace(folders, output=output, temp=work / "temp")
    there.temp.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    for one in found:
        if one.state in ("renamed", "elsewhere", "similar") and one.path is not None:
            there = _in_place(one, there, work)
            notes.append(f"{one.model.kind} {one.model.name!r} was found as {one.place}")
    there = _with_pictures([one for one in found if one.model.kind in PLACE_KINDS], there, work)
    changed = [one for one in found if one.state == "changed"]
    return Restored(
        there,
        tuple(notes),
        tuple(_difference(one, stock) for one in changed),
        tuple(_missing(one.model) for one in found if one.state == "missing"),
    )


def _in_place(found: FoundModel, folders: Folders, work: Path) -> Folders:
    """Folders where a model has its old name, before whatever else has it."""
    kind, path = found.model.kind, found.path
    if kind in PLACE_KINDS or path is None:
        return folders
    root = work / "models" / kind
    target = root / found.model.name
    if root.resolve() not in target.resolve().parents:
        return folders
    target.parent.mkdir(parents=True, exist_ok=True)
    _link(path, target)
    return folders.with_models({kind: (root,)}, first=True)


def _link(path: Path, target: Path) -> None:
    try:
        target.symlink_to(path, target_is_directory=path.is_dir())
    except OSError:  # file systems and systems that know no such links
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def _picture(file: FileUsed, folders: Folders, stock: Stock) -> FoundModel:
    """A picture that was read: under its name, else by content among inputs and outputs."""
    path = locate(folders, file.kind, file.name)
    if path is not None and (file.sha256 is None or stock.holds(path, file.sha256)):
        return FoundModel(file, "here", file.name, path)
    if file.sha256 is not None:
        for place in (folders.input, folders.output):
            for other in sorted(place.rglob("*")) if place.is_dir() else ():
                if other.is_file() and other.stat().st_size == file.size and stock.holds(other, file.sha256):
                    return FoundModel(file, "elsewhere", None, other, str(other))
    return FoundModel(file, "missing" if path is None else "changed", path=path)


def _with_pictures(pictures: list[FoundModel], folders: Folders, work: Path) -> Folders:
    """Folders where the pictures have their old names. Copies: links that lead out are refused there."""
    if all(one.state == "here" for one in pictures):
        there = folders
    else:
        there = replace(folders, input=work / "input")
    for one in pictures:
        target = there.annotated(one.model.name)
        if one.path is None or (target.exists() and target.samefile(one.path)):
            continue
        if target.exists():
            continue  # never over a picture that somebody may want
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(one.path, target)
    return there


def _difference(found: FoundModel, stock: Stock) -> Difference:
    model, path = found.model, found.path
    now = None if path is None else stock.hashes.of(path)
    return Difference(f"{model.kind} {model.name}", model.sha256, None if now is None else now.sha256)


def _missing(file: FileUsed) -> str:
    known = "" if file.sha256 is None else f" (sha256 {file.sha256}, {file.size:,} bytes)"
    return f"{file.kind} {file.name!r}{known} is in none of the folders"
