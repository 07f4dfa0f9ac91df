"""Between the engine's values and what packs take for them: models, text encoders, autoencoders and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from diffusion.autoencoder import Vae
from diffusion.control import CONTROL_MODELS
from diffusion.guiders import CfgGuider, DualGuider, PerpendicularGuider
from diffusion.model import DiffusionModel
from diffusion.samplers import Sampler
from diffusion.text import TextEncoder
from engine.returns import Expand, Ui
from nodes.comfy.models import guiders, samplers
from nodes.comfy.models.clip import PackClip
from nodes.comfy.models.control import PackControl
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.vae import PackVae

_FACADES: dict[type, Any] = {
    DiffusionModel: PackModel,
    TextEncoder: PackClip,
    Vae: PackVae,
    **dict.fromkeys(CONTROL_MODELS, PackControl),
    Sampler: samplers.of_engine,
    **dict.fromkeys((CfgGuider, DualGuider, PerpendicularGuider), guiders.of_engine),
}
_OURS = (PackModel, PackClip, PackVae, PackControl, samplers.KSAMPLER)


def for_packs(value: Any) -> Any:
    """The value as packs expect it; lists of values item by item, everything else as it is."""
    kind = cast("type[object]", type(value))
    facade = _FACADES.get(kind)
    if facade is not None:
        return facade(value)
    return _each(value, for_packs)


def for_engine(value: Any) -> Any:
    """The inverse."""
    return value.wrapped if isinstance(value, _OURS) else _each(value, for_engine)


def arguments_for_packs(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call."""
    return {name: for_packs(value) for name, value in given.items()}


def result_for_engine(result: Any) -> Any:
    """What `read_result` made of what a node returned."""
    if isinstance(result, Expand):
        nodes = {
            name: {**entry, "inputs": {k: for_engine(v) for k, v in entry.get("inputs", {}).items()}}
            for name, entry in result.nodes.items()
        }
        return Expand(nodes, tuple(map(for_engine, result.values)), result.ui)
    if isinstance(result, Ui):
        shown = cast("Ui[Any]", result)
        return replace(shown, values=tuple(map(for_engine, shown.values)))
    return tuple(map(for_engine, result))


def _each(value: Any, turn: Any) -> Any:
    # Lists that hold none of ours stay the objects they are: packs and the cache may rely on it.
    if type(value) is not list:
        return value
    items = cast("list[Any]", value)
    if any(type(item) in _FACADES or isinstance(item, _OURS) for item in items):
        return [turn(item) for item in items]
    return items
