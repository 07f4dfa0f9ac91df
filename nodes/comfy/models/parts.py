"""What packs read off a model: its noise levels, how its latents are scaled, and the network itself."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from diffusion.model import DiffusionModel
from diffusion.model import LatentFormat as Format
from diffusion.placement import room_for
from diffusion.prediction import Prediction


class ModelSampling:
    """The noise levels a network knows, and how states and predictions are read at each."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction

    @property
    def sigmas(self) -> Tensor:
        """The ascending table, float32 on the CPU."""
        return self.prediction.sigmas

    @property
    def sigma_min(self) -> Tensor:
        return self.prediction.sigma_min

    @property
    def sigma_max(self) -> Tensor:
        return self.prediction.sigma_max

    def timestep(self, sigma: Tensor) -> Tensor:
        return self.prediction.timestep(sigma)

    def sigma(self, timestep: Tensor) -> Tensor:
        return self.prediction.sigma(timestep)

    def percent_to_sigma(self, percent: float) -> float:
        return self.prediction.percent_to_sigma(percent)

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """The network's input for a state."""
        return self.prediction.scale_input(noise, _scalar(sigma))

    def calculate_denoised(self, sigma: Tensor, model_output: Tensor, model_input: Tensor) -> Tensor:
        """The clean latent in a state, by the network's output."""
        return self.prediction.denoised(model_input, model_output, _scalar(sigma))

    def noise_scaling(
        self, sigma: Tensor, noise: Tensor, latent_image: Tensor, max_denoise: bool = False
    ) -> Tensor:
        """The state that a run from sigma starts with."""
        return self.prediction.initial(noise, latent_image, _scalar(sigma), max_denoise)

    def inverse_noise_scaling(self, sigma: Tensor, latent: Tensor) -> Tensor:
        """The latent in the state that a run ended with."""
        return self.prediction.finish(latent, _scalar(sigma))


class LatentFormat:
    """How a family scales its latents, and their colours in previews."""

    latent_dimensions = 2
    taesd_decoder_name = None

    def __init__(self, latent_format: Format) -> None:
        self.format = latent_format
        self.latent_channels = latent_format.channels
        self.scale_factor = latent_format.scale
        self.latent_rgb_factors = [list(row) for row in latent_format.rgb]
        self.latent_rgb_factors_bias = list(latent_format.rgb_bias)

    def process_in(self, latent: Tensor) -> Tensor:
        """From the autoencoder's space to the model's."""
        return self.format.to_model(latent)

    def process_out(self, latent: Tensor) -> Tensor:
        """Back."""
        return self.format.from_model(latent)


EXTRA = {"y": "y", "c_concat": "concat"}
"""What packs and what our networks call what they take beside x, t and the text."""


class BaseModel:
    """`MODEL.model`: the network with what belongs to it."""

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model
        self.model_sampling = ModelSampling(model.prediction)
        self.latent_format = LatentFormat(model.latent_format)
        self.diffusion_model: Any = model.network
        self.device = model.device

    @cached_property
    def model_config(self) -> SimpleNamespace:
        """`unet_config` holds the network's sizes."""
        config: Any = getattr(self._model.network, "config", None)
        sizes = asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}
        return SimpleNamespace(unet_config=sizes, latent_format=self.latent_format)

    def process_latent_in(self, latent: Tensor) -> Tensor:
        return self.latent_format.process_in(latent)

    def process_latent_out(self, latent: Tensor) -> Tensor:
        return self.latent_format.process_out(latent)

    def get_dtype(self) -> torch.dtype:
        return self._model.dtype

    @torch.no_grad()
    def apply_model(self, x: Tensor, t: Tensor, c_crossattn: Tensor, **further: Any) -> Tensor:
        """The clean latent predicted for states x [B, C, H, W] at sigma t; `c_crossattn` [B, T, D].

        `further` may hold SDXL's vector `y` and an inpainting model's channels `c_concat`.
        """
        prediction, model = self._model.prediction, self._model
        sigma = _scalar(t).cpu()
        scaled = prediction.scale_input(x, sigma).to(model.dtype)
        time = prediction.timestep(sigma).expand(len(x)).to(model.device, torch.float32)
        extra = {
            ours: further[theirs].to(model.device, model.dtype)
            for theirs, ours in EXTRA.items()
            if further.get(theirs) is not None
        }
        text = c_crossattn.to(model.device, model.dtype)
        with room_for(model.placement, model.network, 1, [scaled, time, text], extra):
            out = model.placement.call(model.network, scaled, time, text, **extra).float()
        return prediction.denoised(x, out, sigma)


def _scalar(sigma: Tensor) -> Tensor:
    return sigma.reshape(-1)[0] if sigma.ndim else sigma
