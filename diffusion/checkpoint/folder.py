"""A model as a diffusers folder: its parts in files of their own, under diffusers' names.

Read as one file with the names of the original checkpoints, so that the same families recognise it and the
same networks load it. Only the text towers keep the names that transformers gives them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.checkpoint.diffusers_names import unet_names, vae_names
from diffusion.checkpoint.header import CheckpointError, Header
from diffusion.checkpoint.pickled import PickledFile
from diffusion.checkpoint.tensors import ModelFile, SafetensorsFile
from diffusion.families.family import Family, TextTower
from diffusion.families.naming import Shape, published
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.prediction import X0, Eps, Prediction, V
from diffusion.timesteps import Discrete, scaled_linear, zero_terminal_snr

_UNET_FILES = _VAE_FILES = ("diffusion_pytorch_model",)
_TEXT_FILES = ("model", "pytorch_model")
_ENDS = (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin")
"""In order of preference: full precision before half, safetensors before pickles."""
_TEXT_PARTS = {"g": "text_encoder_2"}
"""Where a tower is; the others are in `text_encoder`."""


@dataclass(frozen=True)
class _Place:
    """Where a tensor is, and the shape it has in original checkpoints."""

    file: ModelFile
    name: str
    shape: Shape


class DiffusersFolder:
    """A folder with `model_index.json`, `unet`, `vae` and text encoders, as one model file.

    Raises:
        CheckpointError: a part is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, _Place] = {}
        self._add(NETWORK, "unet", _UNET_FILES, unet_names)
        self._add(VAE, "vae", _VAE_FILES, vae_names)
        for part in ("text_encoder", "text_encoder_2"):
            if (path / part).is_dir():
                self._add(f"{part}.", part, _TEXT_FILES, _text_names)
        tensors = {
            name: replace(place.file.header.tensors[place.name], shape=place.shape)
            for name, place in self._places.items()
        }
        self.header = Header(path, tensors)

    def families(self, known: Iterable[Family]) -> tuple[Family, ...]:
        """The families as folders have them."""
        scheduler = _json(self.path / "scheduler" / "scheduler_config.json")
        return tuple(
            replace(
                family,
                towers=tuple(map(_tower, family.towers)),
                prediction=_prediction(scheduler, family.prediction),
            )
            for family in known
        )

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        wanted = {name: self._places[name] for name in names}
        found: dict[str, Tensor] = {}
        for file in {id(place.file): place.file for place in wanted.values()}.values():
            here = {name: place for name, place in wanted.items() if place.file is file}
            tensors = file.read([place.name for place in here.values()], dtype, device)
            found |= {name: tensors[place.name].reshape(place.shape) for name, place in here.items()}
        return found

    def _add(
        self, prefix: str, part: str, stems: tuple[str, ...], rename: Callable[[list[str]], Mapping[str, str]]
    ) -> None:
        files = _files(self.path, part, stems)
        owners = {name: file for file in files for name in file.header.tensors}
        for name, stored in rename(list(owners)).items():
            shape = owners[stored].header.tensors[stored].shape
            if ".attn_1." in name and len(shape) == 2:  # diffusers' linear layers are 1x1 convolutions
                shape = (*shape, 1, 1)
            self._places[prefix + name] = _Place(owners[stored], stored, shape)


def _files(path: Path, part: str, stems: tuple[str, ...]) -> list[ModelFile]:
    """The file of a part, or the several it is cut into."""
    for end in _ENDS:
        for stem in stems:
            whole = path / part / f"{stem}{end}"
            cut = sorted((path / part).glob(f"{stem}-*-of-*{end}"))
            if whole.is_file() or cut:
                found = [whole] if whole.is_file() else cut
                return [
                    PickledFile(file) if end.endswith(".bin") else SafetensorsFile(file) for file in found
                ]
    names = " or ".join(f"{part}/{stem}.safetensors" for stem in stems)
    raise CheckpointError(path, f"it lacks {names}", "download the whole folder of a Stable Diffusion model")


def _text_names(names: list[str]) -> dict[str, str]:
    """transformers 5 writes the tensors of a tower without projection without `text_model.`."""
    known = ("text_model.", "text_projection.")
    return {name if name.startswith(known) else f"text_model.{name}": name for name in names}


def _tower(row: TextTower) -> TextTower:
    """The row for a tower's own file. SD 2.x folders end with the layer that is used, and do not project."""
    return replace(
        row,
        prefix=f"{_TEXT_PARTS.get(row.key, 'text_encoder')}.",
        naming=published,
        table=TextTower.table,
        projection="text_projection.weight" if row.key == "g" else None,
        layer=-1 if row.key == "h" else row.layer,
    )


def _prediction(
    scheduler: Mapping[str, Any], otherwise: Callable[[ModelFile], Prediction]
) -> Callable[[ModelFile], Prediction]:
    """What the scheduler's settings say the network predicts; what its tensors say if they say nothing."""
    terminal = bool(scheduler.get("rescale_betas_zero_snr"))
    clock = Discrete(zero_terminal_snr(scaled_linear())) if terminal else Discrete()
    match scheduler.get("prediction_type"):
        case "epsilon":
            return lambda file: Eps(clock)
        case "v_prediction":
            return lambda file: V(clock)
        case "sample":
            return lambda file: X0(clock)
        case _:
            return otherwise


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CheckpointError(path, f"it cannot be read ({error})", "download the folder again") from error
    return cast("Mapping[str, Any]", content) if isinstance(content, dict) else {}
