"""Control-LoRA: a ControlNet stored as low-rank changes to the weights of the model it steers (Stability AI).

Which network it is made of is known only when a model is at hand, so it is built for each model it meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from diffusion.control.kinds import UNetControl, unet_sizes
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.layers.convolution import arranged
from diffusion.model import DiffusionModel
from diffusion.placement import Placement, home_of, module_of
from diffusion.unet import UNetConfig


@dataclass(frozen=True, eq=False)
class LoraControl:
    """A Control-LoRA. `tensors` are parameters, or `stem.up` and `stem.down` in place of `stem.weight`."""

    tensors: Mapping[str, Tensor]
    dtype: torch.dtype
    placement: Placement = field(default_factory=Placement)
    _made: WeakKeyDictionary[object, UNetControl] = field(
        default_factory=WeakKeyDictionary["object", UNetControl]
    )

    def fit(self, model: DiffusionModel) -> UNetControl:
        """The ControlNet made of the model's own weights, kept for as long as the model's network is.

        Raises:
            ValueError: it was made for a network of other sizes.
        """
        config = unet_sizes(model, "Control-LoRA")
        made = self._made.get(model.network)
        if made is None:
            made = UNetControl(self._network(config, model), self.dtype, self.placement)
            self._made[model.network] = made
        return made

    def _network(self, sizes: UNetConfig, model: DiffusionModel) -> ControlNet:
        base = weights_of(model)
        first, hint = base["input_blocks.0.0.weight"].shape[1], self.tensors["input_hint_block.0.weight"]
        config = ControlNetConfig(
            unet=replace(sizes, in_channels=min(first, model.latent_format.channels)),
            hint_channels=hint.shape[1],
        )
        with torch.device("meta"):
            network = ControlNet(config)
        wanted = {name: value.shape for name, value in network.state_dict().items()}
        parameters = {name: self._parameter(name, base, shape) for name, shape in wanted.items()}
        if wrong := [name for name, value in parameters.items() if value is None]:
            name = model.family or "another family"
            raise ValueError(
                f"this Control-LoRA does not fit the model, which is {name} ({len(wrong)} tensors of other "
                f"sizes, such as {wrong[0]}): load one made for {name}"
            )
        network.load_state_dict(parameters, strict=True, assign=True)
        arranged(network, self.dtype)
        return network.requires_grad_(False).eval()

    def _parameter(self, name: str, base: Mapping[str, Tensor], shape: Sequence[int]) -> Tensor | None:
        """A parameter of the network; None where what there is has other sizes.

        Low-rank changes are added in float32 and stored in the network's type: W + up down.
        """
        stem = name.removesuffix(".weight")
        up, down = self.tensors.get(f"{stem}.up"), self.tensors.get(f"{stem}.down")
        whole = self.tensors.get(name)
        if whole is None:
            whole = base.get(name)
            if whole is not None and up is not None and down is not None:
                change = up.flatten(1).float() @ down.flatten(1).float()
                if whole.numel() != change.numel() or whole.shape[0] != change.shape[0]:
                    return None
                whole = whole.to(self.placement.home, torch.float32) + change.reshape(whole.shape)
        if whole is None or whole.shape != torch.Size(shape):
            return None
        return whole.to(self.placement.home, self.dtype)


def weights_of(model: DiffusionModel) -> dict[str, Tensor]:
    """The parameters of a model's network where they are at home, by their names in checkpoints."""
    module = module_of(model.network)
    return {} if module is None else {name: home_of(value) for name, value in module.named_parameters()}
