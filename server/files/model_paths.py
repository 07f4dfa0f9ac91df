"""More model folders from YAML files in ComfyUI's `extra_model_paths.yaml` layout."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from engine.folders import Folders

# What saving nodes write into the output folder can be loaded from there.
_OUTPUT_KINDS = {"checkpoints": "checkpoints", "text_encoders": "clip", "vae": "vae",
                 "diffusion_models": "diffusion_models", "loras": "loras"}  # fmt: skip


class ModelPathsError(ValueError):
    """An extra model paths file cannot be used; the message names the file and the entry."""


def with_extra_models(folders: Folders, files: Iterable[Path]) -> Folders:
    """`folders` that also search the output folder's model folders and those the YAML files name.

    Each file holds sections of `kind: path` lines (several paths: one a line), with optional `base_path` and
    `is_default` (search these first). Raises ModelPathsError if a file cannot be read or means nothing.
    """
    folders = folders.with_models({kind: (folders.output / name,) for kind, name in _OUTPUT_KINDS.items()})
    for file in files:
        for name, value in _load(file).items():
            if value is None:
                continue
            if not isinstance(value, dict):
                raise ModelPathsError(
                    f"{file}: section '{name}' must map folder kinds to paths, not {value!r}"
                )
            section = cast(dict[str, Any], value)
            extra = _section(file, name, section)
            folders = folders.with_models(extra, first=bool(section.get("is_default", False)))
    return folders


def _section(file: Path, name: str, section: dict[str, Any]) -> dict[str, tuple[Path, ...]]:
    base = file.resolve().parent / _expand(str(section.get("base_path") or "."))
    found: dict[str, tuple[Path, ...]] = {}
    for kind, value in section.items():
        if kind in {"base_path", "is_default"} or value is None:
            continue
        if not isinstance(value, str):
            raise ModelPathsError(
                f"{file}: '{name}.{kind}' must be a path or several lines of paths, not {value!r}"
            )
        lines = [line.strip() for line in value.splitlines() if line.strip()]
        found[kind] = tuple(Path(os.path.normpath(base / _expand(line))) for line in lines)
    return found


def _expand(text: str) -> str:
    return os.path.expandvars(str(Path(text).expanduser()))


def _load(file: Path) -> dict[str, Any]:
    import yaml  # only people with such a file pay for the import

    try:
        loaded: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelPathsError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelPathsError(f"{file}: is not valid YAML: {error}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ModelPathsError(f"{file}: must hold named sections, found {type(loaded).__name__}")
    return cast(dict[str, Any], loaded)
