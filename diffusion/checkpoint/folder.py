"""A model as a diffusers folder: its parts in files of their own, under diffusers' names.

Read as one file with the names of the original checkpoints, so that the same families recognise it and the
same networks load it. Only the text encoders keep the names that transformers gives them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.checkpoint.diffusers_names import bert_parts, network_parts, text_parts, vae_parts
from diffusion.checkpoint.header import CheckpointError, Header, TensorInfo
from diffusion.checkpoint.pickled import PickledFile
from diffusion.checkpoint.tensors import ModelFile, SafetensorsFile
from diffusion.families.family import Family, T5Row, TextTower
from diffusion.families.ldm import BERT
from diffusion.families.naming import Shape, published
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.families.sdxl import DEVIATION, MEAN
from diffusion.layers.modulation import exchanged, unflattened
from diffusion.names.transformers import Parts
from diffusion.prediction import X0, Edm, Eps, Flow, Prediction, V
from diffusion.timesteps import Discrete, LogContinuous, scaled_linear, zero_terminal_snr

_UNET_FILES = _VAE_FILES = ("diffusion_pytorch_model",)
_TEXT_FILES = ("model", "pytorch_model")
_ENDS = (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin")
"""In order of preference: full precision before half, safetensors before pickles."""
_REMEDY = "download the whole folder of a Stable Diffusion model"
_NETWORKS = ("unet", "transformer")
_AUTOENCODERS = ("vae", "vqvae")
"""The second is that of models of the latent diffusion paper."""
_TEXT_ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")
_TEXT_PARTS = {"g": "text_encoder_2"}
"""Where a tower is; the others are in `text_encoder`."""
_T5 = "t5."
"""What the tensors of T5 begin with, whichever of the text encoders it is."""


@dataclass(frozen=True)
class _Place:
    """Where the parts of a tensor are, and the shape it has in original checkpoints."""

    file: ModelFile
    """Of all parts: those of a fused tensor are of one layer, which is never cut in two."""
    parts: Parts
    shape: Shape


class DiffusersFolder:
    """A folder with `model_index.json`, `unet` or `transformer`, `vae` and text encoders, as one model file.

    Raises:
        CheckpointError: a part is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.vocabulary: Path | None = None
        """The folder where the vocabulary of T5 is, if the model has one."""
        self._places: dict[str, _Place] = {}
        network = next((part for part in _NETWORKS if (path / part).is_dir()), _NETWORKS[0])
        self._add(NETWORK, network, _UNET_FILES, network_parts)
        autoencoder = next((part for part in _AUTOENCODERS if (path / part).is_dir()), _AUTOENCODERS[0])
        self._add(VAE, autoencoder, _VAE_FILES, vae_parts)
        if (path / "bert").is_dir():
            self._add(BERT, "bert", _TEXT_FILES, bert_parts)
        if (
            path / "image_normalizer"
        ).is_dir():  # mean and std of the embeddings that unCLIP models are shown
            self._add("noise_augmentor.data_", "image_normalizer", _UNET_FILES, _as_named)
        for part in _TEXT_ENCODERS:
            if (path / part).is_dir():
                self._add_text(part)
        self._add_statistics()
        tensors = {
            name: replace(place.file.header.tensors[place.parts.names[0]], shape=place.shape)
            for name, place in self._places.items()
        }
        self.header = Header(path, tensors)

    def families(self, known: Iterable[Family]) -> tuple[Family, ...]:
        """The families as folders have them."""
        scheduler = _json(self.path / "scheduler" / "scheduler_config.json")
        return tuple(
            replace(
                family,
                vae_prefix=VAE,
                required=tuple(
                    replace(row, name=VAE + row.name.removeprefix(family.vae_prefix))
                    if row.name.startswith(family.vae_prefix)
                    else row
                    for row in family.required
                ),
                towers=tuple(map(_tower, family.towers)),
                bundled=tuple(map(_tower, family.bundled)),
                t5=None if family.t5 is None else T5Row(_T5, family.t5.least),
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
            stored = [part for place in here.values() for part in place.parts.names]
            tensors = file.read(stored, dtype, device)
            found |= {
                name: _joined([tensors.pop(part) for part in place.parts.names], place)
                for name, place in here.items()
            }
        return found

    def _add_text(self, part: str) -> None:
        files = _files(self.path, part, _TEXT_FILES)
        if any("shared.weight" in file.header.tensors for file in files):
            self._add(_T5, part, _TEXT_FILES, _as_named)
            self.vocabulary = self.path / part.replace("text_encoder", "tokenizer")
        else:
            self._add(f"{part}.", part, _TEXT_FILES, text_parts)

    def _add_statistics(self) -> None:
        """Mean and deviation of each latent channel, which single files hold as tensors."""
        settings = _json(self.path / "vae" / "config.json")
        for name, key in ((MEAN, "latents_mean"), (DEVIATION, "latents_std")):
            if isinstance(values := settings.get(key), list):
                tensor = torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)
                shape = tuple(tensor.shape)
                self._places[name] = _Place(_Stated(self.path, {name: tensor}), Parts((name,)), shape)

    def _add(
        self,
        prefix: str,
        part: str,
        stems: tuple[str, ...],
        parts_of: Callable[[Mapping[str, Shape]], Mapping[str, Parts]],
    ) -> None:
        files = _files(self.path, part, stems)
        owners = {name: file for file in files for name in file.header.tensors}
        shapes = {name: file.header.tensors[name].shape for name, file in owners.items()}
        for name, parts in parts_of(shapes).items():
            if missing := next((each for each in parts.names if each not in owners), None):
                raise CheckpointError(self.path, f"its {part} lacks {missing}", _REMEDY)
            first, *others = (shapes[each] for each in parts.names)
            shape = first if not others else (first[0] + sum(other[0] for other in others), *first[1:])
            if parts.convolution and len(shape) == 2:
                shape = (*shape, 1)
            if ".attn_1." in name and len(shape) == 2:  # diffusers' linear layers are 1x1 convolutions
                shape = (*shape, 1, 1)
            file = owners[parts.names[0]]
            if any(owners[each] is not file for each in parts.names):
                file = _Several(file.header, owners)
            self._places[prefix + name] = _Place(file, parts, shape)


def _as_named(shapes: Mapping[str, Shape]) -> Mapping[str, Parts]:
    """Tensors that keep their names."""
    return {name: Parts((name,)) for name in shapes}


@dataclass(frozen=True, eq=False)
class _Several:
    """The files a part is cut into, for a tensor whose parts are in two of them."""

    header: Header
    owners: Mapping[str, ModelFile]

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        return {name: self.owners[name].read([name], dtype, device)[name] for name in names}


class _Stated:
    """What a folder's settings say that single files hold as tensors."""

    def __init__(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        infos = {name: TensorInfo("F32", tuple(value.shape), 0, 0) for name, value in tensors.items()}
        self.header, self._tensors = Header(path, infos), tensors

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        return {name: self._tensors[name].to(device, dtype) for name in names}


def _joined(parts: list[Tensor], place: _Place) -> Tensor:
    whole = parts[0] if len(parts) == 1 else torch.cat(parts)
    if place.parts.heads > 1:
        by_head = [unflattened(part, 0, place.parts.heads, -1) for part in parts]
        whole = torch.cat(by_head, dim=1).flatten(0, 1)
    if place.parts.swapped:
        whole = exchanged(whole)
    return whole.reshape(place.shape)


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
    raise CheckpointError(path, f"it lacks {names}", _REMEDY)


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
    alphas = _alphas(scheduler)
    clock = Discrete(zero_terminal_snr(alphas) if terminal else alphas)
    if str(scheduler.get("_class_name", "")).startswith("EDM"):
        return lambda file: _preconditioned(scheduler)
    match scheduler.get("prediction_type"):
        case "epsilon":
            return lambda file: Eps(clock)
        case "v_prediction":
            return lambda file: V(clock)
        case "sample":
            return lambda file: X0(clock)
        case _ if "shift" in scheduler and not scheduler.get("use_dynamic_shifting"):
            return lambda file: _shifted(otherwise(file), float(scheduler["shift"]))
        case _:
            return otherwise


def _preconditioned(scheduler: Mapping[str, Any]) -> Prediction:
    """What the settings of diffusers' EDM schedulers mean: Playground 2.5 and, predicting velocity, CosXL."""
    clock = LogContinuous(float(scheduler.get("sigma_min", 0.002)), float(scheduler.get("sigma_max", 80.0)))
    velocity = scheduler.get("prediction_type") == "v_prediction"
    return V(clock) if velocity else Edm(clock, float(scheduler.get("sigma_data", 0.5)))


def _alphas(scheduler: Mapping[str, Any]) -> Tensor:
    """The signal shares of the schedule it was trained with, if that is one of latent diffusion."""
    start, end = scheduler.get("beta_start"), scheduler.get("beta_end")
    if (
        scheduler.get("beta_schedule") == "scaled_linear"
        and isinstance(start, float)
        and isinstance(end, float)
    ):
        return scaled_linear(start, end)
    return scaled_linear()


def _shifted(prediction: Prediction, shift: float) -> Prediction:
    """A flow with the shift its scheduler is set to; Flux's is another kind of shift, and stays."""
    return Flow(shift) if isinstance(prediction, Flow) else prediction


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CheckpointError(path, f"it cannot be read ({error})", "download the folder again") from error
    return cast("Mapping[str, Any]", content) if isinstance(content, dict) else {}
