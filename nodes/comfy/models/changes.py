"""`model_options`: what packs put there, as changes of a model that take effect when a run begins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.hooked import need_unet
from diffusion.model import (
    Around,
    DiffusionModel,
    Evaluate,
    Guidance,
    MaskSchedule,
    Predictions,
)
from diffusion.prediction import Prediction
from nodes.comfy.models.parts import EXTRA, BaseModel
from nodes.comfy.models.patches import hooks_of, unknown

Options = dict[str, Any]
PackGuidance = Callable[[dict[str, Any]], Any]
"""A pack's part in guidance: it gets everything by name."""


class UnsupportedPatch(NotImplementedError):
    """A pack changes a network in a way that the networks here do not offer."""

    def __init__(self, method: str) -> None:
        super().__init__(
            f"MODEL.{method} is not supported: this engine's networks cannot be changed that way"
        )
        self.remedy = "Use nodes that do without it: those that choose samplers, guidance or latents work"


@dataclass(frozen=True, eq=False)
class PackChanges:
    """The `model_options` of a model that packs changed; part of the model's `per_run`."""

    options: Options

    def check(self, model: DiffusionModel) -> None:
        """Refuse what the network has no place for.

        Raises:
            UnsupportedPatch: a place no network here has.
            ValueError: the network is no U-Net.
        """
        transformer = self.options.get("transformer_options", {})
        if names := unknown(transformer):
            raise UnsupportedPatch(f"model_options patch {names[0]!r}")
        if hooks_of(transformer).any:
            need_unet(model, "A node of this pack")

    def __call__(self, model: DiffusionModel) -> DiffusionModel:
        """The model of one run."""
        options, part = self.options, BaseModel(model)
        model = replace(
            model,
            hooks=model.hooks + hooks_of(options.get("transformer_options", {})),
            before_guidance=(
                *model.before_guidance,
                *(
                    _before(function, part, options)
                    for function in options.get("sampler_pre_cfg_function", [])
                ),
            ),
            after_guidance=(
                *model.after_guidance,
                *(
                    _after(function, part, options)
                    for function in options.get("sampler_post_cfg_function", [])
                ),
            ),
            always_negative=model.always_negative or bool(options.get("disable_cfg1_optimization")),
        )
        if (join := options.get("sampler_cfg_function")) is not None:
            model = replace(model, guidance=_guidance(join, part, options))
        if (wrapper := options.get("model_function_wrapper")) is not None:
            model = replace(model, around=_around(wrapper, options))
        return model


def copied(options: Any) -> Any:
    """Options that may be changed without changing these: dicts and lists are copied, functions are not."""
    if isinstance(options, dict):
        return {key: copied(value) for key, value in cast("Options", options).items()}
    if isinstance(options, list):
        return [copied(value) for value in cast("list[Any]", options)]
    return options


def mask_schedule(function: Callable[..., Tensor], part: BaseModel) -> MaskSchedule:
    """A pack's `denoise_mask_function` as what the engine asks for the mask of a step."""

    def schedule(mask: Tensor, sigma: Tensor, sigmas: Tensor, prediction: Prediction) -> Tensor:
        extra = {"model": SimpleNamespace(inner_model=part), "sigmas": sigmas}
        return function(sigma.expand(len(mask)).to(mask.device), mask, extra_options=extra)

    return schedule


def _told(seen: Predictions, part: BaseModel, options: Options) -> dict[str, Any]:
    batch = seen.sigma.expand(len(seen.x))
    return {
        "cond_scale": seen.scale,
        "sigma": batch,
        "timestep": batch,
        "input": seen.x,
        "model": part,
        "model_options": options,
    }


def _uncond(seen: Predictions) -> Tensor:
    """The negative prediction; zeros, as packs expect, where none was made."""
    return torch.zeros_like(seen.cond) if seen.uncond is None else seen.uncond


def _before(
    function: PackGuidance, part: BaseModel, options: Options
) -> Callable[[Predictions], Predictions]:
    def change(seen: Predictions) -> Predictions:
        conds = {"conds": [], "conds_out": [seen.cond, _uncond(seen)]}
        cond, uncond = function({**_told(seen, part, options), **conds})[:2]
        return replace(seen, cond=cond, uncond=None if seen.uncond is None else uncond)

    return change


def _after(
    function: PackGuidance, part: BaseModel, options: Options
) -> Callable[[Tensor, Predictions], Tensor]:
    def change(denoised: Tensor, seen: Predictions) -> Tensor:
        made: dict[str, Any] = {
            "denoised": denoised,
            "cond_denoised": seen.cond,
            "uncond_denoised": _uncond(seen),
            "cond": [],
            "uncond": [],
        }
        return function({**_told(seen, part, options), **made})

    return change


def _guidance(function: Callable[..., Tensor], part: BaseModel, options: Options) -> Guidance:
    three = len(inspect.signature(function).parameters) == 3

    def guide(
        cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        """The function sees and returns noise: what is between the state and the clean latent."""
        if three:
            return x - function(x - cond, x - uncond, scale)
        batch = sigma.expand(len(x))
        arguments = {
            "cond": x - cond,
            "uncond": x - uncond,
            "cond_scale": scale,
            "timestep": batch,
            "sigma": batch,
            "input": x,
            "cond_denoised": cond,
            "uncond_denoised": uncond,
            "model": part,
            "model_options": options,
        }
        return x - function(arguments)

    return guide


def _around(wrapper: Callable[..., Tensor], options: Options) -> Around:
    theirs = {ours: name for name, ours in EXTRA.items()}

    def around(
        evaluate: Evaluate,
        x: Tensor,
        sigma: Tensor,
        context: Tensor,
        extra: Mapping[str, Tensor],
        sides: tuple[int, ...],
    ) -> Tensor:
        def apply_model(x: Tensor, t: Tensor, **given: Any) -> Tensor:
            text = given.get("c_crossattn", context)
            further = {ours: given.get(theirs.get(ours, ours), value) for ours, value in extra.items()}
            return evaluate(x, t.reshape(-1)[0].cpu(), text, further)

        c = {
            "c_crossattn": context,
            **{theirs.get(ours, ours): value for ours, value in extra.items()},
            "transformer_options": {**options.get("transformer_options", {}), "cond_or_uncond": list(sides)},
        }
        batch = sigma.expand(len(x)).to(x.device)
        return wrapper(apply_model, {"input": x, "timestep": batch, "c": c, "cond_or_uncond": list(sides)})

    return around
