"""The MODEL socket as packs expect it: copied, then changed, then handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from diffusion.model import DiffusionModel
from diffusion.placement import home_of
from nodes.comfy.models.changes import (
    Options,
    PackChanges,
    PackGuidance,
    UnsupportedPatch,
    copied,
    mask_schedule,
)
from nodes.comfy.models.parts import BaseModel, ModelSampling
from nodes.comfy.models.weights import PREFIX, patched

__all__ = ["PackModel", "UnsupportedPatch"]

_CPU = torch.device("cpu")
_UNSUPPORTED = frozenset(
    {
        "add_callback",
        "add_callback_with_key",
        "add_wrapper",
        "add_wrapper_with_key",
        "get_attachment",
        "set_additional_models",
        "set_attachments",
        "set_injections",
        "set_model_sampler_calc_cond_batch_function",
    }
)


def _as_it_is(weight: Tensor, **_: Any) -> Tensor:
    return weight


class PackModel:
    """A model that may be changed after `clone`; the weights are shared."""

    def __init__(self, wrapped: DiffusionModel) -> None:
        self.model_options: Options = {"transformer_options": {}}
        self.wrapped = wrapped
        self.patches: dict[Any, Any] = {}
        self.object_patches: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name in _UNSUPPORTED:
            raise UnsupportedPatch(name)
        raise AttributeError(f"MODEL has no attribute {name!r}")

    @property
    def wrapped(self) -> DiffusionModel:
        """The engine's, with everything that packs changed.

        Raises:
            UnsupportedPatch: they put something where no network here has a place.
            ValueError: the network is no U-Net, and they change the blocks of one.
        """
        options = copied(self.model_options)
        if options == {"transformer_options": {}}:
            return self._base
        changes = PackChanges(options)
        changes.check(self._base)
        model = replace(self._base, per_run=(*self._base.per_run, changes))
        if (function := options.get("denoise_mask_function")) is not None:
            model = replace(model, mask_schedule=mask_schedule(function, self.model))
        return model

    @wrapped.setter
    def wrapped(self, model: DiffusionModel) -> None:
        """Take on a model with what packs changed of it before."""
        changes = [change for change in model.per_run if isinstance(change, PackChanges)]
        if changes:
            own = tuple(change for change in model.per_run if not isinstance(change, PackChanges))
            model = replace(model, per_run=own)
        for change in changes:
            self.model_options = copied(change.options)
        self._base = model

    @property
    def model(self) -> BaseModel:
        return BaseModel(self._base)

    @property
    def load_device(self) -> torch.device:
        return self._base.device

    @property
    def offload_device(self) -> torch.device:
        return _CPU

    def clone(self) -> PackModel:
        """A copy to be changed."""
        made = PackModel(self._base)
        made.model_options = copied(self.model_options)
        made.patches, made.object_patches = dict(self.patches), dict(self.object_patches)
        return made

    def is_clone(self, other: Any) -> bool:
        """Whether both have the same weights."""
        return isinstance(other, PackModel) and other.wrapped.network is self._base.network

    def get_model_object(self, name: str) -> Any:
        """A part of `model` by its dotted path, such as `model_sampling`."""
        found: Any = self.model
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def add_object_patch(self, name: str, obj: Any) -> None:
        """Put another part in place of one; here, of `model_sampling`, one got from a model.

        Raises:
            UnsupportedPatch: another part.
        """
        if name != "model_sampling" or not isinstance(obj, ModelSampling):
            raise UnsupportedPatch(f"add_object_patch({name!r})")
        self.object_patches[name] = obj
        self._base = replace(self._base, prediction=obj.prediction)

    def model_dtype(self) -> torch.dtype:
        return self._base.dtype

    def model_size(self) -> int:
        """Bytes of the weights."""
        return sum(p.numel() * p.element_size() for p in self._parameters())

    def model_state_dict(self, filter_prefix: str | None = None) -> dict[str, Tensor]:
        """The weights by the names they have in checkpoints, without `model.`."""
        network: Any = self._base.network
        state: Mapping[str, Tensor] = network.state_dict(keep_vars=True)
        named = {f"{PREFIX}{name}": home_of(value).detach() for name, value in state.items()}
        return {name: value for name, value in named.items() if name.startswith(filter_prefix or "")}

    # --- weights ---------------------------------------------------------------------------------

    def get_key_patches(self, filter_prefix: str | None = None) -> dict[str, list[Any]]:
        """The weights by name, each as a patch that would put it somewhere else."""
        return {name: [(value, _as_it_is)] for name, value in self.model_state_dict(filter_prefix).items()}

    def add_patches(
        self, patches: Mapping[Any, Any], strength_patch: float = 1.0, strength_model: float = 1.0
    ) -> list[Any]:
        """Add to the weights; see `weights.patched`. Returns the keys of those that fit."""
        network, keys = patched(self._base.network, patches, strength_patch, strength_model)
        self._base = replace(self._base, network=network)
        for key in keys:
            self.patches.setdefault(key, []).append((strength_patch, patches[key], strength_model))
        return keys

    # --- guidance --------------------------------------------------------------------------------

    def set_model_sampler_cfg_function(
        self, sampler_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Let a function join the conditional and the unconditional prediction.

        At a scale of 1 it is called only with `disable_cfg1_optimization`: there is nothing to join else.
        """
        self.model_options["sampler_cfg_function"] = sampler_cfg_function
        self._always(disable_cfg1_optimization)

    def set_model_sampler_post_cfg_function(
        self, post_cfg_function: PackGuidance, disable_cfg1_optimization: bool = False
    ) -> None:
        """Let a function change the guided prediction; several are called one after the other."""
        self.model_options.setdefault("sampler_post_cfg_function", []).append(post_cfg_function)
        self._always(disable_cfg1_optimization)

    def set_model_sampler_pre_cfg_function(
        self, pre_cfg_function: PackGuidance, disable_cfg1_optimization: bool = False
    ) -> None:
        """Let a function change both predictions before they are joined.

        At a scale of 1 the negative one is zeros, and what becomes of them counts for nothing.
        """
        self.model_options.setdefault("sampler_pre_cfg_function", []).append(pre_cfg_function)
        self._always(disable_cfg1_optimization)

    def set_model_unet_function_wrapper(self, unet_wrapper_function: Callable[..., Tensor]) -> None:
        """Let a function call the network."""
        self.model_options["model_function_wrapper"] = unet_wrapper_function

    def set_model_denoise_mask_function(self, denoise_mask_function: Callable[..., Tensor]) -> None:
        """Let a function change the noise mask at every step."""
        self.model_options["denoise_mask_function"] = denoise_mask_function

    def _always(self, negative: bool) -> None:
        if negative:
            self.model_options["disable_cfg1_optimization"] = True

    # --- blocks of the network -------------------------------------------------------------------

    def set_model_patch(self, patch: Callable[..., Any], name: str) -> None:
        """Have a function called at a place of the network."""
        to = self.model_options["transformer_options"]
        to.setdefault("patches", {}).setdefault(name, []).append(patch)

    def set_model_patch_replace(
        self,
        patch: Callable[..., Any],
        name: str,
        block_name: str,
        number: int,
        transformer_index: int | None = None,
    ) -> None:
        """Have a function called in place of an attention, or of all those of a block."""
        to = self.model_options["transformer_options"]
        spot = (block_name, number) if transformer_index is None else (block_name, number, transformer_index)
        to.setdefault("patches_replace", {}).setdefault(name, {})[spot] = patch

    def set_model_attn1_patch(self, patch: Callable[..., Any]) -> None:
        """On what self-attention projects."""
        self.set_model_patch(patch, "attn1_patch")

    def set_model_attn2_patch(self, patch: Callable[..., Any]) -> None:
        """On what cross-attention projects."""
        self.set_model_patch(patch, "attn2_patch")

    def set_model_attn1_replace(
        self, patch: Callable[..., Any], block_name: str, number: int, transformer_index: int | None = None
    ) -> None:
        """In place of a self-attention."""
        self.set_model_patch_replace(patch, "attn1", block_name, number, transformer_index)

    def set_model_attn2_replace(
        self, patch: Callable[..., Any], block_name: str, number: int, transformer_index: int | None = None
    ) -> None:
        """In place of a cross-attention."""
        self.set_model_patch_replace(patch, "attn2", block_name, number, transformer_index)

    def set_model_attn1_output_patch(self, patch: Callable[..., Any]) -> None:
        """On what self-attention gives."""
        self.set_model_patch(patch, "attn1_output_patch")

    def set_model_attn2_output_patch(self, patch: Callable[..., Any]) -> None:
        """On what cross-attention gives."""
        self.set_model_patch(patch, "attn2_output_patch")

    def set_model_input_block_patch(self, patch: Callable[..., Any]) -> None:
        """On the feature map after each block on the way down."""
        self.set_model_patch(patch, "input_block_patch")

    def set_model_input_block_patch_after_skip(self, patch: Callable[..., Any]) -> None:
        """The same, after it was kept as a skip connection."""
        self.set_model_patch(patch, "input_block_patch_after_skip")

    def set_model_output_block_patch(self, patch: Callable[..., Any]) -> None:
        """On the feature map and the skip connection before each block on the way up."""
        self.set_model_patch(patch, "output_block_patch")

    def _parameters(self) -> list[Tensor]:
        network: Any = self._base.network
        return list(network.parameters())
