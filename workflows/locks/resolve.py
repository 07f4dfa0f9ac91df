"""Finding the models a workflow names on this machine: by name, else by content, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from engine.folders import Folders
from workflows.provenance.hashes import FileHashes, size_of
from workflows.provenance.outputs import locate
from workflows.provenance.record import FileUsed

State = Literal["here", "renamed", "similar", "elsewhere", "changed", "missing"]
"""What became of a model: it is here under its name; under another name of its kind; a file that is only
called the same lies in another folder of its kind; it lies in a folder of another kind; what has its name
holds something else; there is none.
"""


@dataclass(frozen=True)
class FoundModel:
    """A model that is needed and what was found.

    Args:
        name: the name that leads to it within its kind, to be put in place of `model.name`; None if there is
            no such.
        path: where it lies.
        place: the kind of folder that is in, and the name there.
    """

    model: FileUsed
    state: State
    name: str | None = None
    path: Path | None = None
    place: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON, without the path, which is nobody's business elsewhere."""
        model = self.model
        asked = {"kind": model.kind, "name": model.name, "sha256": model.sha256, "size": model.size}
        return {
            **asked,
            "nodes": list(model.nodes),
            "state": self.state,
            "found": self.name,
            "place": self.place,
        }


@dataclass(frozen=True)
class _Entry:
    kind: str
    name: str
    path: Path
    first: bool
    """Whether its name leads to it, rather than to a file of the same name in an earlier folder."""


@dataclass(frozen=True)
class Stock:
    """The models there are. Folders are listed once, when first asked; files are read only to be compared."""

    folders: Folders
    hashes: FileHashes

    @cached_property
    def _entries(self) -> tuple[_Entry, ...]:
        return tuple(self._listed())

    @cached_property
    def _by_size(self) -> dict[int, list[_Entry]]:
        sizes: dict[int, list[_Entry]] = {}
        for entry in self._entries:
            if (size := size_of(entry.path)) is not None:
                sizes.setdefault(size, []).append(entry)
        return sizes

    def _listed(self) -> Iterator[_Entry]:
        for kind in self.folders.models:
            for name in self.folders.list(kind):
                first = True
                for root in self.folders.roots(kind):
                    path = root / name
                    if path.exists():
                        yield _Entry(kind, name, path, first)
                        first = False

    def same(self, sha256: str, size: int | None, kind: str) -> list[_Entry]:
        """The files with this content: those of the kind asked for that have a name first."""
        sized = self._entries if size is None else self._by_size.get(size, [])
        found = [entry for entry in sized if self.holds(entry.path, sha256)]
        return sorted(found, key=lambda entry: (entry.kind != kind, not entry.first, entry.name))

    def holds(self, path: Path, sha256: str) -> bool:
        """Whether a file has this content."""
        found = self.hashes.of(path)
        return found is not None and found.sha256 == sha256

    def called(self, kind: str, name: str) -> list[_Entry]:
        """The files of a kind that are called the same, in whatever folder below it."""
        wanted = PurePosixPath(name.replace("\\", "/")).name.casefold()
        entries = (entry for entry in self._entries if entry.kind == kind and entry.first)
        return [entry for entry in entries if PurePosixPath(entry.name).name.casefold() == wanted]


def resolve(models: Iterable[FileUsed], stock: Stock) -> list[FoundModel]:
    """What there is of each model. Files of the same size are read, which takes seconds for large ones."""
    return [_resolved(model, stock) for model in models]


def _resolved(model: FileUsed, stock: Stock) -> FoundModel:
    path = locate(stock.folders, model.kind, model.name)
    if path is not None and (model.sha256 is None or _is(path, model, stock)):
        return FoundModel(model, "here", model.name, path, f"{model.kind}/{model.name}")
    if model.sha256 is not None:
        if found := stock.same(model.sha256, model.size, model.kind):
            return _found(model, found[0])
        return FoundModel(model, "missing" if path is None else "changed", path=path)
    near = stock.called(model.kind, model.name)
    if len(near) == 1:  # nobody can say which of several is meant
        entry = near[0]
        return FoundModel(model, "similar", entry.name, entry.path, f"{entry.kind}/{entry.name}")
    return FoundModel(model, "missing")


def _is(path: Path, model: FileUsed, stock: Stock) -> bool:
    if model.size is not None and size_of(path) != model.size:
        return False
    return stock.holds(path, model.sha256 or "")


def _found(model: FileUsed, entry: _Entry) -> FoundModel:
    place = f"{entry.kind}/{entry.name}"
    if entry.kind == model.kind and entry.first:
        return FoundModel(model, "renamed", entry.name, entry.path, place)
    return FoundModel(model, "elsewhere", None, entry.path, place)
