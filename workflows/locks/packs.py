"""Packs that a workflow needs, and whether they are the same here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.code import folder_hash, hash_of
from engine.graph import as_object
from engine.spec import NodeSpec

PREFIX = "custom_nodes."
"""How the module of a pack's node begins."""


@dataclass(frozen=True)
class Pack:
    """A pack as it was where a workflow was locked.

    Args:
        name: of its folder or file.
        version: from its `pyproject.toml`.
        commit: from its git repository.
        url: of its repository, from `pyproject.toml`.
        code: hash of all its Python files.
        classes: the node classes a workflow uses of it.
    """

    name: str
    version: str | None = None
    commit: str | None = None
    url: str | None = None
    code: str | None = None
    classes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON."""
        return {**asdict(self), "classes": list(self.classes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Pack:
        """The inverse, without what is no text."""
        texts = {key: _text(data.get(key)) for key in ("version", "commit", "url", "code")}
        return cls(str(data["name"]), **texts, classes=tuple(map(str, data.get("classes") or ())))


@dataclass(frozen=True)
class PackNeed:
    """A pack that is needed, and what there is of it here."""

    pack: Pack
    state: Literal["here", "changed", "missing"]
    here: Pack | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON: the pack as it was, `state`, and what is here."""
        return {
            **self.pack.to_json(),
            "state": self.state,
            "here": None if self.here is None else self.here.to_json(),
        }


def pack_of(spec: NodeSpec) -> str | None:
    """The pack a node class comes from; None for the program's own."""
    return spec.module.removeprefix(PREFIX) if spec.module.startswith(PREFIX) else None


def described(name: str, places: Iterable[Path]) -> Pack | None:
    """The pack of that name among the folders and files of packs; None if it is not there."""
    path = next((path for path in places if name in (path.name, path.stem)), None)
    if path is None:
        return None
    if path.is_file():
        return Pack(name, code=hash_of(path))
    project = _project(path)
    urls = as_object(project.get("urls")) or {}
    url = next((_text(urls[key]) for key in urls if key.lower() in ("repository", "homepage")), None)
    return Pack(name, _text(project.get("version")), _commit(path), url, folder_hash(path))


def needs(packs: Iterable[Pack], places: Iterable[Path]) -> list[PackNeed]:
    """Each pack with what there is of it here."""
    found, here = list[PackNeed](), tuple(places)
    for pack in packs:
        same = described(pack.name, here)
        if same is None:
            found.append(PackNeed(pack, "missing"))
        else:
            changed = pack.code is not None and pack.code != same.code
            found.append(
                PackNeed(pack, "changed" if changed else "here", replace(same, classes=pack.classes))
            )
    return found


def _project(folder: Path) -> Mapping[str, Any]:
    try:
        loaded = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return as_object(loaded.get("project")) or {}


def _commit(folder: Path) -> str | None:
    """The commit a git checkout is at, read without git."""
    try:
        head = (folder / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        ref = folder / ".git" / head.removeprefix("ref: ")
        if ref.is_file():
            return ref.read_text(encoding="utf-8").strip()
        packed = (folder / ".git" / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    name = head.removeprefix("ref: ")
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
