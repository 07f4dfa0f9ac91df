"""`folder_paths`: where files are, as packs ask for them. Its tables are live: packs change them."""

from __future__ import annotations

import mimetypes
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from engine.file_kinds import FOLDER_ENTRIES, MODEL_SUFFIXES
from engine.folders import Folders
from engine.paths import UnsafePath

Kinds = dict[str, tuple[list[str], set[str]]]

LEGACY = {"clip": "text_encoders", "unet": "diffusion_models"}
_ANY: set[str] = set()
_OWN_SUFFIXES: dict[str, set[str]] = {
    "configs": {".yaml"},
    "diffusers": {"folder"},
    "classifiers": {""},
    "custom_nodes": _ANY,
}
_PLACES = ("output", "input", "temp")


class FolderPaths(ModuleType):
    """A module whose functions are methods, so that each installation has its own tables.

    Args:
        folders: where this installation keeps files.
        packs: where packs are looked for.
    """

    def __init__(self, folders: Folders, packs: Iterable[Path] = ()) -> None:
        super().__init__("folder_paths", "Where models, inputs and outputs are, for packs.")
        self.supported_pt_extensions = set(MODEL_SUFFIXES)
        self.folder_names_and_paths: Kinds = {
            kind: ([str(path) for path in paths], set(_OWN_SUFFIXES.get(kind, self.supported_pt_extensions)))
            for kind, paths in folders.models.items()
        }
        self.folder_names_and_paths["custom_nodes"] = ([str(path) for path in packs], set())
        self.base_path = str(folders.base)
        self.models_dir = str(folders.base / "models")
        self.output_directory = str(folders.output)
        self.input_directory = str(folders.input)
        self.temp_directory = str(folders.temp)
        self.user_directory = str(folders.user)
        self.filename_list_cache: dict[str, object] = {}
        self.extension_mimetypes_cache: dict[str, str] = {}
        self._listed: dict[str, tuple[dict[str, float], list[str]]] = {}

    # --- kinds of models ---

    def map_legacy(self, folder_name: str) -> str:
        """The present name of a kind that was called otherwise."""
        return LEGACY.get(folder_name, folder_name)

    def add_model_folder_path(
        self, folder_name: str, full_folder_path: str, is_default: bool = False
    ) -> None:
        """Search one more folder, first if `is_default`; a kind that is new takes files of any ending."""
        kind = self.map_legacy(folder_name)
        paths = self.folder_names_and_paths.setdefault(kind, ([], set()))[0]
        if full_folder_path in paths:
            if not is_default:
                return
            paths.remove(full_folder_path)
        paths.insert(0 if is_default else len(paths), full_folder_path)

    def get_folder_paths(self, folder_name: str) -> list[str]:
        """The folders of a kind. Raises KeyError for an unknown one."""
        return list(self.folder_names_and_paths[self.map_legacy(folder_name)][0])

    def get_filename_list(self, folder_name: str) -> list[str]:
        """Sorted names of a kind's files, read again when a folder has changed. Raises KeyError."""
        kind = self.map_legacy(folder_name)
        paths, suffixes = self.folder_names_and_paths[kind]
        known = self._listed.get(kind)
        if known is not None and set(paths) <= known[0].keys() and _unchanged(known[0]):
            return list(known[1])
        found: set[str] = set()
        seen: dict[str, float] = {}
        for path in paths:
            files, folders = self.recursive_search(path, [".git"])
            found.update(self.filter_files_extensions(files, suffixes))
            found.update(_whole_folders(kind, path))
            seen.update(folders)
        self._listed[kind] = (seen, sorted(found))
        return sorted(found)

    def get_full_path(self, folder_name: str, filename: str) -> str | None:
        """The first file of that name, or None. The name cannot lead out of the folders."""
        inside = os.path.relpath(os.path.join("/", filename), "/")  # noqa: PTH118 - no file is meant
        for root in self.folder_names_and_paths[self.map_legacy(folder_name)][0]:
            path = Path(root) / inside
            if path.exists():
                return str(path)
        return None

    def get_full_path_or_raise(self, folder_name: str, filename: str) -> str:
        """The same, or FileNotFoundError."""
        path = self.get_full_path(folder_name, filename)
        if path is None:
            searched = ", ".join(self.get_folder_paths(folder_name))
            raise FileNotFoundError(f"there is no {filename!r} among the {folder_name} (searched {searched})")
        return path

    def recursive_search(
        self, directory: str, excluded_dir_names: Collection[str] | None = None
    ) -> tuple[list[str], dict[str, float]]:
        """Names of all files below a folder, and the time each folder was changed."""
        files: list[str] = []
        times: dict[str, float] = {directory: _changed(directory)}
        for folder, subfolders, names in os.walk(directory, followlinks=True):
            subfolders[:] = [name for name in subfolders if name not in (excluded_dir_names or ())]
            relative = Path(folder).relative_to(directory)
            files += [(relative / name).as_posix() for name in names]
            times.update(
                {str(Path(folder) / name): _changed(str(Path(folder) / name)) for name in subfolders}
            )
        return files, times

    def filter_files_extensions(self, files: Collection[str], extensions: Collection[str]) -> list[str]:
        """The names with one of the endings, or all if none is given, sorted."""
        return sorted(f for f in files if not extensions or Path(f).suffix.lower() in extensions)

    def filter_files_content_types(self, files: list[str], content_types: list[str]) -> list[str]:
        """The names whose ending stands for `image`, `video`, `audio` or `model`."""
        return [name for name in files if _content(name) in content_types]

    # --- places ---

    def get_output_directory(self) -> str:
        """Where results are saved."""
        return self.output_directory

    def get_input_directory(self) -> str:
        """Where uploads are."""
        return self.input_directory

    def get_temp_directory(self) -> str:
        """Where previews are, until the next start."""
        return self.temp_directory

    def get_user_directory(self) -> str:
        """Where settings are."""
        return self.user_directory

    def set_output_directory(self, output_dir: str) -> None:
        """Change where packs save results."""
        self.output_directory = output_dir

    def set_input_directory(self, input_dir: str) -> None:
        """Change where packs look for uploads."""
        self.input_directory = input_dir

    def set_temp_directory(self, temp_dir: str) -> None:
        """Change where packs keep previews."""
        self.temp_directory = temp_dir

    def get_directory_by_type(self, type_name: str) -> str | None:
        """The folder for one of the words `output`, `input`, `temp`."""
        return getattr(self, f"{type_name}_directory") if type_name in _PLACES else None

    def get_input_subfolders(self) -> list[str]:
        """The folders below the input folder."""
        root = Path(self.input_directory)
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_dir())

    def annotated_filepath(self, name: str) -> tuple[str, str | None]:
        """The name without `[output]`, `[input]` or `[temp]`, and the folder that stands for."""
        for place in _PLACES:
            if name.endswith(f"[{place}]"):
                return name[: -len(place) - 2].rstrip(" "), self.get_directory_by_type(place)
        return name, None

    def get_annotated_filepath(self, name: str, default_dir: str | None = None) -> str:
        """The path for such a name; in the input folder if it says nothing. Raises `UnsafePath`."""
        plain, folder = self.annotated_filepath(name)
        root = folder or default_dir or self.input_directory
        path = Path(os.path.normpath(Path(root).absolute() / plain))
        if not path.is_relative_to(os.path.normpath(Path(root).absolute())):
            raise UnsafePath(name)
        return str(path)

    def exists_annotated_filepath(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            return Path(self.get_annotated_filepath(name)).exists()
        except UnsafePath:
            return False

    def get_save_image_path(
        self, filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
    ) -> tuple[str, str, int, str, str]:
        """`(folder, filename, counter, subfolder, prefix)` for the next file; makes the folder.

        Raises `UnsafePath` if the prefix leads out of `output_dir`.
        """
        prefix = expand(filename_prefix, image_width, image_height)
        root = Path(os.path.normpath(Path(output_dir).absolute()))
        target = Path(os.path.normpath(root / prefix))
        if not target.is_relative_to(root) or target == root:
            raise UnsafePath(filename_prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        subfolder = target.parent.relative_to(root).as_posix()
        shown = "" if subfolder == "." else subfolder
        return str(target.parent), target.name, _highest(target) + 1, shown, prefix

    # --- what the engine sees ---

    def added_to(self, folders: Folders) -> dict[str, list[str]]:
        """The folders of models that packs have added, by kind."""
        known = {kind: {str(path) for path in paths} for kind, paths in folders.models.items()}
        found = {
            kind: [path for path in paths if path not in known.get(kind, ())]
            for kind, (paths, _) in self.folder_names_and_paths.items()
        }
        return {kind: paths for kind, paths in found.items() if paths and kind != "custom_nodes"}

    def live(self, folders: Folders) -> Folders:
        """The folders with kinds read from the table as it is at each look."""
        return replace(folders, models=_Models(self.folder_names_and_paths))


class _Models(Mapping[str, tuple[Path, ...]]):
    """`Folders.models` over the table that packs change."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def __getitem__(self, kind: str) -> tuple[Path, ...]:
        return tuple(Path(path) for path in self._kinds[kind][0])

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._kinds))

    def __len__(self) -> int:
        return len(self._kinds)


def expand(prefix: str, width: int, height: int) -> str:
    """Replace `%width%`, `%height%` and the parts of the local time."""
    now = time.localtime()
    parts = {"year": now.tm_year, "month": now.tm_mon, "day": now.tm_mday, "hour": now.tm_hour,
             "minute": now.tm_min, "second": now.tm_sec}  # fmt: skip
    words = {name: f"{value:02}" for name, value in parts.items()}
    for name, word in {**words, "width": str(width), "height": str(height)}.items():
        prefix = prefix.replace(f"%{name}%", word)
    return prefix


def _highest(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_", re.IGNORECASE)
    found = (pattern.match(entry.name) for entry in target.parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)


def _changed(folder: str) -> float:
    try:
        return Path(folder).stat().st_mtime
    except OSError:
        return 0.0


def _unchanged(times: Mapping[str, float]) -> bool:
    return all(_changed(folder) == changed for folder, changed in times.items())


def _whole_folders(kind: str, root: str) -> Iterator[str]:
    """Entries of kinds that are whole folders, such as models in the diffusers layout."""
    mark = FOLDER_ENTRIES.get(kind)
    if mark is not None:
        yield from (
            p.parent.relative_to(root).as_posix() for p in Path(root).rglob(mark) if p.parent != Path(root)
        )


def _content(name: str) -> str:
    if Path(name).suffix.lower() in (".webp", ".avif"):
        return "image"
    if Path(name).suffix.lower() in (".glb", ".gltf", ".obj", ".fbx", ".stl"):
        return "model"
    kind = mimetypes.guess_type(name)[0]
    return kind.split("/")[0] if kind else ""
