"""The MODEL socket as packs expect it: copied, then changed, then handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.model import DiffusionModel, Guidance
from diffusion.prediction import Prediction
from nodes.comfy.models.parts import BaseModel

_CPU = torch.device("cpu")
PackGuidance = Callable[[dict[str, Any]], Tensor]
"""A pack's part in guidance: it gets everything by name."""

_PATCHES = frozenset(
    {
        "add_callback",
        "add_callback_with_key",
        "add_object_patch",
        "add_patches",
        "add_wrapper",
        "add_wrapper_with_key",
        "get_attachment",
        "get_key_patches",
        "set_additional_models",
        "set_attachments",
        "set_injections",
        "set_model_attn1_output_patch",
        "set_model_attn1_patch",
        "set_model_attn1_replace",
        "set_model_attn2_output_patch",
        "set_model_attn2_patch",
        "set_model_attn2_replace",
        "set_model_denoise_mask_function",
        "set_model_input_block_patch",
        "set_model_input_block_patch_after_skip",
        "set_model_output_block_patch",
        "set_model_patch",
        "set_model_patch_replace",
        "set_model_sampler_calc_cond_batch_function",
        "set_model_sampler_pre_cfg_function",
        "set_model_unet_function_wrapper",
    }
)


class UnsupportedPatch(NotImplementedError):
    """A pack changes a network in a way that the networks here do not offer."""

    def __init__(self, method: str) -> None:
        super().__init__(
            f"MODEL.{method} is not supported: this engine's networks cannot be changed that way"
        )
        self.remedy = "Use nodes that do without it: those that choose samplers, guidance or latents work"


class PackModel:
    """A model that may be changed after `clone`; the weights are shared. `wrapped` is the engine's."""

    def __init__(self, wrapped: DiffusionModel) -> None:
        self.wrapped = wrapped
        self.model_options: dict[str, Any] = {"transformer_options": {}}
        self.patches: dict[str, Any] = {}
        self.object_patches: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name in _PATCHES:
            raise UnsupportedPatch(name)
        raise AttributeError(f"MODEL has no attribute {name!r}")

    @property
    def model(self) -> BaseModel:
        return BaseModel(self.wrapped)

    @property
    def load_device(self) -> torch.device:
        return self.wrapped.device

    @property
    def offload_device(self) -> torch.device:
        return _CPU

    def clone(self) -> PackModel:
        """A copy to be changed."""
        made = PackModel(replace(self.wrapped))
        made.model_options = {
            key: dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
            for key, value in self.model_options.items()
        }
        return made

    def is_clone(self, other: Any) -> bool:
        """Whether both have the same weights."""
        return isinstance(other, PackModel) and other.wrapped.network is self.wrapped.network

    def get_model_object(self, name: str) -> Any:
        """A part of `model` by its dotted path, such as `model_sampling`."""
        found: Any = self.model
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def model_dtype(self) -> torch.dtype:
        return self.wrapped.dtype

    def model_size(self) -> int:
        """Bytes of the weights."""
        return sum(p.numel() * p.element_size() for p in self._parameters())

    def model_state_dict(self, filter_prefix: str | None = None) -> dict[str, Tensor]:
        """The weights by the names they have in checkpoints, without `model.`."""
        network: Any = self.wrapped.network
        state: Mapping[str, Tensor] = network.state_dict()
        named = {f"diffusion_model.{name}": value for name, value in state.items()}
        return {name: value for name, value in named.items() if name.startswith(filter_prefix or "")}

    def set_model_sampler_cfg_function(
        self, sampler_cfg_function: PackGuidance, disable_cfg1_optimization: bool = False
    ) -> None:
        """Let a function join the conditional and the unconditional prediction.

        At a scale of 1 the unconditional prediction is not made, and the function not called.
        """
        self._set_guidance(_cfg_guidance(sampler_cfg_function, self))

    def set_model_sampler_post_cfg_function(
        self, post_cfg_function: PackGuidance, disable_cfg1_optimization: bool = False
    ) -> None:
        """Let a function change the guided prediction; several are called one after the other."""
        self._set_guidance(_post_cfg_guidance(post_cfg_function, self.wrapped.guidance, self))

    def _set_guidance(self, guidance: Guidance) -> None:
        self.wrapped = replace(self.wrapped, guidance=guidance)

    def _parameters(self) -> list[Tensor]:
        network: Any = self.wrapped.network
        return list(network.parameters())


def _cfg_guidance(function: PackGuidance, owner: PackModel) -> Guidance:
    model, options = owner.model, owner.model_options

    def guide(
        cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        """The function sees and returns noise: what is between the state and the clean latent."""
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
            "model": model,
            "model_options": options,
        }
        return x - function(arguments)

    return guide


def _post_cfg_guidance(function: PackGuidance, before: Guidance, owner: PackModel) -> Guidance:
    model, options = owner.model, owner.model_options

    def guide(
        cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        return function(
            {
                "denoised": before(cond, uncond, x, sigma, scale, prediction),
                "cond_denoised": cond,
                "uncond_denoised": uncond,
                "cond_scale": scale,
                "sigma": sigma.expand(len(x)),
                "input": x,
                "model": model,
                "model_options": options,
            }
        )

    return guide
