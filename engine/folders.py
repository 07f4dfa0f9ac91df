"""Where files live: the input, output, temp and user folders, and the model folders by kind."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from engine.file_kinds import (
    FOLDER_ENTRIES,
    LEGACY_KINDS,
    MODEL_KINDS,
    MODEL_SUFFIXES,
    NEWEST,
    PAIRED,
    PLACE_KINDS,
    Place,
)
from engine.paths import UnsafePath, changed, inside, names_in, walk

_SUFFIX = re.compile(r"\.[a-z]\w+$", re.IGNORECASE)
"""What a file ends in; `.0` of a release is no such thing."""


class MissingFile(LookupError):
    """A file that a graph names is not there. `suggestions` holds the nearest names that are."""

    def __init__(
        self, kind: str, name: str, suggestions: tuple[str, ...], searched: tuple[Path, ...]
    ) -> None:
        self.kind, self.name, self.suggestions, self.searched = kind, name, suggestions, searched
        places = ", ".join(str(path) for path in searched) or "no folder of that kind"
        near = f" Did you mean {' or '.join(repr(s) for s in suggestions)}?" if suggestions else ""
        super().__init__(f"{kind}: there is no file {name!r} (searched {places}).{near}")
        self.remedy = f"Put {name!r} into {searched[0]}" if searched else f"Configure a folder for {kind!r}"
        if suggestions:
            self.remedy = f"Choose {suggestions[0]!r}, or: {self.remedy}"


@dataclass(frozen=True)
class Folders:
    """The directories of one installation. Immutable; nothing is created or read until a method asks."""

    base: Path
    input: Path
    output: Path
    temp: Path
    user: Path
    models: Mapping[str, tuple[Path, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def at(cls, base: Path | str) -> Folders:
        """The usual layout below `base`: input, output, temp, user and models/<kind>."""
        root = Path(base)
        models = {
            kind: tuple(root / "models" / name for name in names) for kind, names in MODEL_KINDS.items()
        }
        return cls(
            root, root / "input", root / "output", root / "temp", root / "user", MappingProxyType(models)
        )

    def with_models(self, extra: Mapping[str, Iterable[Path]], *, first: bool = False) -> Folders:
        """A copy that also searches the given directories by kind, before the present ones when `first`."""
        models = dict(self.models)
        for given, paths in extra.items():
            kind = LEGACY_KINDS.get(given, given)
            added, present = tuple(paths), models.get(kind, ())
            models[kind] = tuple(dict.fromkeys(added + present if first else present + added))
        return replace(self, models=MappingProxyType(models))

    def list(self, kind: str) -> list[str]:
        """Sorted names of one kind, relative with `/`. Of `PLACE_KINDS`, those at the top of the place:
        in the output folder the `NEWEST`, as `name [output]`.
        """
        if kind in PLACE_KINDS:
            return self._placed(*PLACE_KINDS[kind])
        mark = FOLDER_ENTRIES.get(kind)
        return sorted(
            {name for root in self.roots(kind) for name in walk(root, MODEL_SUFFIXES, mark)}
            | {*self._pairs(kind)}
        )

    def parts(self, kind: str, name: str) -> tuple[Path, ...]:
        """All files that make up what a name of one kind stands for: two for a pair, else one.

        Raises `MissingFile` or `UnsafePath`.
        """
        pair = self._pairs(kind).get(name)
        return (self.find(kind, name),) if pair is None else tuple(self.find(PAIRED[kind], n) for n in pair)

    def roots(self, kind: str) -> tuple[Path, ...]:
        """The directories searched for `kind`, in order; also for the old names `clip` and `unet`."""
        return self.models.get(LEGACY_KINDS.get(kind, kind), ())

    def find(self, kind: str, name: str) -> Path:
        """The path of `name`, from the first directory that has it. Raises `MissingFile` or `UnsafePath`."""
        if kind in PLACE_KINDS:
            return self._existing(kind, name)
        if (path := self.locate(kind, name)) is not None:
            return path
        raise MissingFile(kind, name, nearest(name, self.list(kind)), self.roots(kind))

    def locate(self, kind: str, name: str) -> Path | None:
        """The path of a model file, None if no directory has it. Raises `UnsafePath`."""
        # Links inside model folders are followed on purpose: people keep models on other disks.
        candidates = (inside(root, name) for root in self.roots(kind))
        path = next((path for path in candidates if path.exists()), None)
        if path is None and (pair := self._pairs(kind).get(name)) is not None:
            return self.locate(PAIRED[kind], pair[0])
        return path

    def place(self, place: str) -> Path:
        """The folder for one of the words `input`, `output`, `temp`."""
        match place:
            case "input":
                return self.input
            case "output":
                return self.output
            case "temp":
                return self.temp
            case _:
                raise ValueError(f"{place!r} is not one of input, output, temp")

    def annotated(self, name: str, default: Place = "input") -> Path:
        """The path for `x.png`, `sub/x.png [output]` and the like; it need not exist. Raises `UnsafePath`."""
        place: str = default
        for word in ("input", "output", "temp"):
            if name.endswith(f"[{word}]"):
                name, place = name[: -len(word) - 2].rstrip(" "), word
                break
        return self.safe(self.place(place), name)

    def safe(self, root: Path, name: str) -> Path:
        """`root / name` with links resolved, refused with `UnsafePath` when it lies outside `root`."""
        base = os.path.realpath(root)
        path = os.path.realpath(inside(root, name))
        if os.path.commonpath((base, path)) != base:
            raise UnsafePath(name)
        return Path(path)

    def _pairs(self, kind: str) -> dict[str, tuple[str, str]]:
        """The decoder's and the encoder's file of each pair that one kind lists."""
        if kind not in PAIRED:
            return {}
        halves = {Path(name).stem: name for name in self.list(PAIRED[kind])}
        names = (stem.removesuffix("_decoder") for stem in halves if stem.endswith("_decoder"))
        return {
            name: (halves[f"{name}_decoder"], halves[f"{name}_encoder"])
            for name in names
            if f"{name}_encoder" in halves
        }

    def _placed(self, place: Place, suffixes: frozenset[str]) -> list[str]:
        folder = self.place(place)
        names = [name for name in names_in(folder) if Path(name).suffix.lower() in suffixes]
        if place != "output":
            return sorted(names)
        newest_first = sorted(names, key=lambda name: (-changed(folder / name), name))
        return [f"{name} [output]" for name in newest_first[:NEWEST]]

    def _existing(self, kind: str, name: str) -> Path:
        place = PLACE_KINDS[kind][0]
        path = self.annotated(name, place)
        if path.is_file():
            return path
        raise MissingFile(kind, name, nearest(name, self.list(kind)), (self.place(place),))


def nearest(name: object, known: Iterable[object], count: int = 3, likeness: float = 0.6) -> tuple[str, ...]:
    """The known names most like `name`, best first; for "did you mean".

    What files are called counts, not what they end in, and above all the same file in another folder.
    """
    by_stem: dict[str, list[str]] = {}
    for each in map(str, known):
        by_stem.setdefault(_stem(each), []).append(each)
    stem = _stem(str(name))
    moved = [other for other in by_stem if _base(other) == _base(stem)]
    like = difflib.get_close_matches(stem, by_stem, n=count, cutoff=likeness)
    found = [each for other in dict.fromkeys([*moved, *like]) for each in by_stem[other]]
    return tuple(found[:count])


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name).lower()


def _base(stem: str) -> str:
    return re.split(r"[/\\]", stem)[-1]
