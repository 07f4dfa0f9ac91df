"""The autoencoder against the golden one, and block by block against diffusers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.attention_processor import Attention
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL as TheirAutoencoder
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor

from diffusion.layers.autoencoder import AttnBlock, ResnetBlock
from diffusion.vae import AutoencoderKL, VAEConfig
from tests.diffusion.golden_networks import golden_values, golden_weights, relative
from tests.diffusion.test_unet import rand, randomised

PREFIX = "first_stage_model."
GOLDEN = 2e-5
_NONE: Any = None  # diffusers annotates an optional argument as an int
PARITY = 1e-4

SD15 = VAEConfig(widths=(128, 256, 512, 512))
SMALL = VAEConfig(widths=(32, 64, 96), res_blocks=1)


def golden_vae(name: str) -> AutoencoderKL:
    weights = golden_weights(name, PREFIX)
    vae = AutoencoderKL(VAEConfig.from_shapes({name: value.shape for name, value in weights.items()}))
    vae.load_state_dict(weights)
    return vae.eval()


@pytest.mark.parametrize("name", ["tiny-vae", "tiny-vae16"])
@torch.no_grad()
def test_encoding_agrees_with_the_reference(name: str) -> None:
    values = golden_values(name)
    assert relative(golden_vae(name).encode(values["image"]), values["encoded_mean"]) < GOLDEN


@pytest.mark.parametrize("name", ["tiny-vae", "tiny-vae16"])
@torch.no_grad()
def test_decoding_agrees_with_the_reference(name: str) -> None:
    values = golden_values(name)
    assert relative(golden_vae(name).decode(values["z"]), values["decoded"]) < GOLDEN


@pytest.mark.parametrize("config", [SD15, SMALL, replace(SMALL, latent_channels=16, quant_conv=False)])
def test_sizes_come_back_from_shapes(config: VAEConfig) -> None:
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in AutoencoderKL(config).state_dict().items()}
    assert VAEConfig.from_shapes(shapes) == config


def test_full_size_names_and_shapes_are_those_of_the_published_file() -> None:
    layout = json.loads((Path(__file__).parents[1] / "golden" / "layouts" / "sd15.json").read_text())
    published = {
        name.removeprefix(PREFIX): tuple(shape)
        for name, (shape, _) in layout.items()
        if name.startswith(PREFIX)
    }
    with torch.device("meta"):
        ours = {name: tuple(value.shape) for name, value in AutoencoderKL(SD15).state_dict().items()}
    assert ours == published


def test_shapes_of_something_else_name_the_first_tensor_missed() -> None:
    with pytest.raises(KeyError, match=r"encoder\.down\.0\.block\.0\.conv2\.weight"):
        VAEConfig.from_shapes({"conv_in.weight": (64, 3, 3, 3)})


@torch.no_grad()
def test_log_variance_is_kept_within_what_can_be_exponentiated() -> None:
    _, log_variance = golden_vae("tiny-vae").moments(torch.full((1, 3, 16, 16), 1e9))
    assert log_variance.min() >= -30 and log_variance.max() <= 20


@pytest.mark.parametrize(("inner", "outer"), [(32, 64), (64, 64)])
@torch.no_grad()
def test_residual_block_agrees_with_diffusers(inner: int, outer: int) -> None:
    ours = randomised(ResnetBlock(inner, outer))
    theirs = ResnetBlock2D(in_channels=inner, out_channels=outer, temb_channels=_NONE, eps=1e-6)
    theirs.load_state_dict(
        {k.replace("nin_shortcut", "conv_shortcut"): v for k, v in ours.state_dict().items()}
    )
    x = rand(2, inner, 9, 7)
    assert relative(ours(x), theirs(x, None)) < PARITY


@torch.no_grad()
def test_attention_block_agrees_with_diffusers() -> None:
    ours = randomised(AttnBlock(64))
    theirs = Attention(
        64, heads=1, dim_head=64, bias=True, eps=1e-6, norm_num_groups=32, residual_connection=True
    )
    names = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}
    theirs.load_state_dict(
        {
            f"{names[stem]}.{kind}": _matrix(v)
            for stem, _, kind, v in ((*k.rpartition("."), v) for k, v in ours.state_dict().items())
        }
    )
    x = rand(2, 64, 9, 7)
    assert relative(ours(x), theirs(x)) < PARITY


def _matrix(weight: Tensor) -> Tensor:
    return weight.flatten(1) if weight.ndim == 4 else weight


@torch.no_grad()
def test_whole_autoencoder_agrees_with_diffusers() -> None:
    ours = randomised(AutoencoderKL(SMALL))
    assert isinstance(ours, AutoencoderKL)
    sizes: dict[str, Any] = {
        "block_out_channels": SMALL.widths,
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3,
    }
    # Untyped, because diffusers annotates its outputs as tuples and its inputs as classes of its own.
    theirs: Any = TheirAutoencoder(layers_per_block=1, **sizes).eval()
    weights = {f"{PREFIX}{name}": value for name, value in ours.state_dict().items()}
    theirs.load_state_dict(convert_ldm_vae_checkpoint(weights, dict(theirs.config)))
    pixels, latent = rand(1, 3, 32, 48), rand(1, 4, 8, 12, seed=2)
    assert relative(ours.encode(pixels), theirs.encode(pixels).latent_dist.mean) < PARITY
    assert relative(ours.decode(latent), theirs.decode(latent).sample) < PARITY
