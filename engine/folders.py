"""Where files live: the input, output, temp and user folders, and the model folders by kind."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from unicodedata import normalize

Place = Literal["input", "output", "temp"]

MODEL_SUFFIXES = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})

MODEL_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "checkpoints": ("checkpoints",),
        "configs": ("configs",),
        "loras": ("loras",),
        "vae": ("vae",),
        "text_encoders": ("text_encoders", "clip"),
        "diffusion_models": ("diffusion_models", "unet"),
        "clip_vision": ("clip_vision",),
        "style_models": ("style_models",),
        "embeddings": ("embeddings",),
        "diffusers": ("diffusers",),
        "vae_approx": ("vae_approx",),
        "controlnet": ("controlnet", "t2i_adapter"),
        "gligen": ("gligen",),
        "upscale_models": ("upscale_models",),
        "hypernetworks": ("hypernetworks",),
        "photomaker": ("photomaker",),
        "classifiers": ("classifiers",),
        "model_patches": ("model_patches",),
        "audio_encoders": ("audio_encoders",),
        "safety_checker": ("safety_checker",),
        "depth_models": ("depth_models",),
    }
)
"""Folder kind to the directories under `models/` that hold it."""

PLACE_KINDS: Mapping[str, tuple[Place, frozenset[str]]] = MappingProxyType(
    {
        "input": ("input", IMAGE_SUFFIXES),
        "output": ("output", IMAGE_SUFFIXES),
        "latents": ("input", frozenset({".latent"})),
    }
)
"""Kinds of files that are no models: where they are looked for, and what their names end in."""

NEWEST = 1000
"""How many files of the output folder are listed, the newest first; all others are found by their names."""

FOLDER_ENTRIES: Mapping[str, str] = MappingProxyType(
    {"diffusers": "model_index.json", "safety_checker": "config.json", "depth_models": "config.json"}
)
"""Kinds whose entries may be whole directories, and the file that marks such a directory."""

PAIRED: Mapping[str, str] = MappingProxyType({"vae": "vae_approx"})
"""Kinds that also list pairs of files of another kind, `NAME_decoder` and `NAME_encoder`, as `NAME`."""

_LEGACY_KINDS = {"clip": "text_encoders", "unet": "diffusion_models"}
_SMALL = 4 * 2**20


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


class UnsafePath(ValueError):
    """A name that would lead out of the folder it belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} leads outside its folder")
        self.remedy = "Use a name relative to the folder, without '..' or a leading '/'"


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
            kind = _LEGACY_KINDS.get(given, given)
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
            {name for root in self.roots(kind) for name in _walk(root, mark)} | {*self._pairs(kind)}
        )

    def parts(self, kind: str, name: str) -> tuple[Path, ...]:
        """All files that make up what a name of one kind stands for: two for a pair, else one.

        Raises `MissingFile` or `UnsafePath`.
        """
        pair = self._pairs(kind).get(name)
        return (self.find(kind, name),) if pair is None else tuple(self.find(PAIRED[kind], n) for n in pair)

    def roots(self, kind: str) -> tuple[Path, ...]:
        """The directories searched for `kind`, in order; also for the old names `clip` and `unet`."""
        return self.models.get(_LEGACY_KINDS.get(kind, kind), ())

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
        candidates = (_inside(root, name) for root in self.roots(kind))
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
        path = os.path.realpath(_inside(root, name))
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
        names = [name for name in _names_in(folder) if Path(name).suffix.lower() in suffixes]
        if place != "output":
            return sorted(names)
        newest_first = sorted(names, key=lambda name: (-_changed(folder / name), name))
        return [f"{name} [output]" for name in newest_first[:NEWEST]]

    def _existing(self, kind: str, name: str) -> Path:
        place = PLACE_KINDS[kind][0]
        path = self.annotated(name, place)
        if path.is_file():
            return path
        raise MissingFile(kind, name, nearest(name, self.list(kind)), (self.place(place),))


def nearest(name: object, known: Iterable[object], count: int = 3) -> tuple[str, ...]:
    """The known names most like `name`, best first; for "did you mean"."""
    by_lower = {str(k).lower(): str(k) for k in known}
    found = difflib.get_close_matches(str(name).lower(), by_lower, n=count, cutoff=0.6)
    return tuple(by_lower[match] for match in found)


def identity(path: Path) -> str:
    """What stands for a file's content in a cache key.

    Files up to 4 MiB are hashed whole. Larger ones (models) are known by size, first MiB, inode and times of
    change: ctime moves whenever a file is rewritten, even by a program that puts the old mtime back.
    """
    if path.is_dir():
        parts = [
            f"{p.relative_to(path).as_posix()}={identity(p)}" for p in sorted(path.rglob("*")) if p.is_file()
        ]
        return "dir:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
    stat = path.stat()
    with path.open("rb") as file:
        if stat.st_size <= _SMALL:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        head = hashlib.sha256(file.read(2**20)).hexdigest()
    return f"stat:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}:{head}"


def _inside(root: Path, name: str) -> Path:
    parts = name.replace("\\", "/").split("/")
    if not name or "\0" in name or name.startswith(("/", "\\")) or ".." in parts or Path(name).drive:
        raise UnsafePath(name)
    path = root / name
    return path if name.isascii() or path.exists() else _respelled(root, parts)


def _respelled(root: Path, parts: Iterable[str]) -> Path:
    """The path whose names are made of the same characters: some systems store accents apart from letters."""
    path = root
    for part in parts:
        if not (path / part).exists():
            part = next((name for name in _entries(path) if same_text(name, part)), part)
        path /= part
    return path


def same_text(one: str, other: str) -> bool:
    """Whether two names read the same, in whichever of Unicode's spellings."""
    return one == other or normalize("NFC", one) == normalize("NFC", other)


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _names_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_file()]
    except FileNotFoundError:
        return []


def _changed(path: Path) -> float:
    """When a file was changed last; 0 for one that is gone by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _walk(root: Path, folder_mark: str | None) -> Iterator[str]:
    for folder, subfolders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        if folder_mark is not None and here != root and folder_mark in files:
            subfolders.clear()
            yield here.relative_to(root).as_posix()
            continue
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in files:
            if Path(name).suffix.lower() in MODEL_SUFFIXES and not name.startswith("."):
                yield (here / name).relative_to(root).as_posix()
