"""A lock: the models and packs a workflow runs with, by what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.folders import Folders
from engine.graph import as_list, as_object
from engine.spec import NodeSpec
from workflows.locks.packs import Pack, described, pack_of
from workflows.provenance.hashes import FileHashes
from workflows.provenance.inventory import classes_of, files_of
from workflows.provenance.outputs import locate
from workflows.provenance.record import FileUsed

Json = dict[str, Any]
_KEY = "darkroom"
_INPUT = "input"


class LockError(ValueError):
    """What stands where a lock should be is none; the text says what is wrong."""


@dataclass(frozen=True)
class Lock:
    """Requirements of a workflow.

    Args:
        models: files that its nodes name; one that was not there when it was locked has no hash.
        packs: where its other nodes come from.
        nodes: version and code hash by node class.
        darkroom: version of this program.
    """

    models: tuple[FileUsed, ...] = ()
    packs: tuple[Pack, ...] = ()
    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    darkroom: str = ""

    def to_json(self) -> Json:
        """As JSON, for a file or a document."""
        models = [
            {"kind": m.kind, "name": m.name, "sha256": m.sha256, "size": m.size, "nodes": list(m.nodes)}
            for m in self.models
        ]
        packs = [pack.to_json() for pack in self.packs]
        nodes = {name: dict(facts) for name, facts in self.nodes.items()}
        return {"models": models, "packs": packs, "nodes": nodes, "darkroom": self.darkroom}

    @classmethod
    def from_json(cls, data: Any) -> Lock:
        """The inverse. Raises LockError."""
        found = as_object(data)
        if found is None:
            raise LockError(f"a lock is an object with models and packs, not {type(data).__name__}")
        try:
            return cls(
                tuple(FileUsed.from_json(one) for one in as_list(found.get("models")) or ()),
                tuple(Pack.from_json(one) for one in as_list(found.get("packs")) or ()),
                {
                    name: as_object(facts) or {}
                    for name, facts in (as_object(found.get("nodes")) or {}).items()
                },
                str(found.get("darkroom") or ""),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise LockError(f"the lock is damaged: {type(error).__name__}: {error}") from error

    @property
    def incomplete(self) -> tuple[FileUsed, ...]:
        """Models that were not there to be hashed."""
        return tuple(model for model in self.models if model.sha256 is None)


def lock(
    prompt: Mapping[str, Any],
    find: Callable[[str], NodeSpec | None],
    folders: Folders,
    hashes: FileHashes,
    *,
    packs: Iterable[Path] = (),
    darkroom: str = "",
) -> Lock:
    """What a prompt needs. Models are read for their hashes, which takes seconds for large ones.

    Args:
        find: the spec of a node class.
        packs: folders and files of the packs that are loaded.
        darkroom: version of this program.
    """
    classes = classes_of(prompt, find)
    models = (file for file in files_of(prompt, find, folders) if file.kind != _INPUT)
    return Lock(
        tuple(_hashed(model, folders, hashes) for model in models),
        tuple(_packs(classes, find, tuple(packs))),
        {name: {key: facts[key] for key in facts if key != "module"} for name, facts in classes.items()},
        darkroom,
    )


def lock_of(document: Mapping[str, Any]) -> Lock | None:
    """The lock a document carries (`extra.darkroom.lock`), if it does. Raises LockError."""
    extra = as_object(document.get("extra")) or {}
    found = (as_object(extra.get(_KEY)) or {}).get("lock")
    return None if found is None else Lock.from_json(found)


def with_lock(document: Mapping[str, Any], made: Lock) -> Json:
    """The same document carrying this lock."""
    extra = as_object(document.get("extra")) or {}
    own = as_object(extra.get(_KEY)) or {}
    return {**document, "extra": {**extra, _KEY: {**own, "lock": made.to_json()}}}


def _hashed(model: FileUsed, folders: Folders, hashes: FileHashes) -> FileUsed:
    path = locate(folders, model.kind, model.name)
    found = None if path is None else hashes.of(path)
    return model if found is None else replace(model, sha256=found.sha256, size=found.size)


def _packs(
    classes: Iterable[str], find: Callable[[str], NodeSpec | None], places: tuple[Path, ...]
) -> Iterable[Pack]:
    used: dict[str, list[str]] = {}
    for name in classes:
        spec = find(name)
        pack = None if spec is None else pack_of(spec)
        if pack is not None:
            used.setdefault(pack, []).append(name)
    for name, members in sorted(used.items()):
        yield replace(described(name, places) or Pack(name), classes=tuple(members))
