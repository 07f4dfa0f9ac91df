"""ControlNets for SD3 and Flux against diffusers: what they add, where, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.controlnets.controlnet_sd3 import SD3ControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from torch import Tensor, nn

from diffusion.autoencoder import Vae
from diffusion.checkpoint import CheckpointError
from diffusion.control import load_control
from diffusion.control.latents import TransformerControl, with_mask
from diffusion.control.names import transformer_parts
from diffusion.control.transformers import FluxControl, FluxControlConfig, MMDiTControl, MMDiTControlConfig
from diffusion.flux import Flux, FluxConfig, to_patches
from diffusion.mmdit import MMDiT, MMDiTConfig
from diffusion.model import DiffusionModel, LatentFormat
from diffusion.names.transformers import FLUX, MMDIT, Parts
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.prediction import Flow
from diffusion.vae import AutoencoderKL, VAEConfig
from tests.diffusion.golden_networks import relative
from tests.diffusion.test_unet import rand, randomised
from tests.tensors import save_file

PARITY = 1e-4
MMDIT_SIZES = MMDiTConfig(width=128, depth=5, context_dim=96, vector_dim=80, grid=24)
FLUX_SIZES = FluxConfig(
    width=256, double_blocks=3, single_blocks=4, context_dim=96, vector_dim=48, channels=16, guided=False
)
FORMAT = LatentFormat(channels=16, scale=1.5, shift=0.1)
SD3: dict[str, Any] = {
    "sample_size": 16,
    "attention_head_dim": 64,
    "num_attention_heads": 2,
    "joint_attention_dim": 96,
    "caption_projection_dim": 128,
    "pooled_projection_dim": 80,
    "pos_embed_max_size": 24,
}
FLUX_NET: dict[str, Any] = {
    "attention_head_dim": 128,
    "num_attention_heads": 2,
    "joint_attention_dim": 96,
    "pooled_projection_dim": 48,
}
X, HINT, CONTEXT = rand(2, 16, 8, 12), rand(2, 16, 8, 12, seed=5), rand(2, 7, 96)


def loaded(path: Path, module: nn.Module) -> TransformerControl:
    save_file({name: value.contiguous() for name, value in module.state_dict().items()}, path)
    control = load_control(path, precision=Precision.FLOAT32, placement=Placement())
    assert isinstance(control, TransformerControl)
    return control


def original(parts: dict[str, Parts], state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of diffusers' network under the original names."""

    def whole(part: Parts) -> Tensor:
        rows = torch.cat([state[name] for name in part.names])
        return torch.cat([*reversed(rows.chunk(2))]) if part.swapped else rows

    return {name: whole(part) for name, part in parts.items()}


def model_of(network: nn.Module, family: str) -> DiffusionModel:
    return DiffusionModel(network.eval(), Flow(), latent_format=FORMAT, family=family)


@torch.no_grad()
def test_a_controlnet_for_sd3_steers_as_diffusers_has_it(tmp_path: Path) -> None:
    theirs = randomised(cast("Any", SD3ControlNetModel)(num_layers=2, **SD3))
    base = randomised(cast("Any", SD3Transformer2DModel)(num_layers=5, out_channels=16, **SD3), 3)
    control = loaded(tmp_path / "net.safetensors", theirs)
    network, state = MMDiT(MMDIT_SIZES), dict(base.state_dict())
    parts = MMDIT.parts({name: tuple(value.shape) for name, value in state.items()})
    parts |= {
        "pos_embed": Parts(("pos_embed.pos_embed",)),
        "x_embedder.proj.bias": Parts(("pos_embed.proj.bias",)),
    }
    network.load_state_dict(original(parts, state))
    fitted = control.fit(model_of(network, "SD 3"))
    t, y = torch.tensor([700.0, 30.0]), rand(2, 80)
    added = fitted.steer(X, t, CONTEXT, {"y": y}, (control.network.encode(HINT),))
    samples = cast("Any", theirs)(
        X, HINT, encoder_hidden_states=CONTEXT, pooled_projections=torch.zeros_like(y), timestep=t
    ).controlnet_block_samples
    expected = cast("Any", base)(
        X,
        encoder_hidden_states=CONTEXT,
        pooled_projections=y,
        timestep=t,
        block_controlnet_hidden_states=list(samples),
    ).sample
    assert relative(network(X, t, CONTEXT, y=y, control=added), expected) < PARITY
    assert relative(network(X, t, CONTEXT, y=y), expected) > 1e-2


@pytest.mark.parametrize(("single", "guided", "modes"), [(2, True, None), (0, False, 7), (2, True, 7)])
@torch.no_grad()
def test_a_controlnet_for_flux_steers_as_diffusers_has_it(
    single: int, guided: bool, modes: int | None, tmp_path: Path
) -> None:
    theirs = randomised(
        cast("Any", FluxControlNetModel)(
            num_layers=2, num_single_layers=single, num_mode=modes, guidance_embeds=guided, **FLUX_NET
        )
    )
    base = randomised(
        cast("Any", FluxTransformer2DModel)(
            num_layers=3, num_single_layers=4, guidance_embeds=guided, **FLUX_NET
        ),
        3,
    )
    control = loaded(tmp_path / "net.safetensors", theirs)
    kind = None if modes is None else torch.full((2, 1), 2)
    control = control if kind is None else control.of_kind("depth")
    network, state = Flux(replace(FLUX_SIZES, guided=guided)), dict(base.state_dict())
    network.load_state_dict(original(FLUX.parts({n: tuple(v.shape) for n, v in state.items()}), state))
    fitted = control.fit(model_of(network, "Flux.1"))
    t, y, guidance = torch.tensor([0.7, 0.03]), rand(2, 48), torch.tensor([3.5, 2.0])
    extra = {"y": y, "guidance": guidance} if guided else {"y": y}
    added = fitted.steer(X, t, CONTEXT, extra, (control.network.encode(HINT),))
    rows = torch.stack(
        torch.meshgrid(torch.zeros(1), torch.arange(4.0), torch.arange(6.0), indexing="ij"), -1
    )
    common = {
        "encoder_hidden_states": CONTEXT,
        "pooled_projections": y,
        "timestep": t,
        "img_ids": rows.reshape(-1, 3),
        "txt_ids": torch.zeros(7, 3),
        "guidance": guidance if guided else None,
    }
    samples = cast("Any", theirs)(to_patches(X), to_patches(HINT), controlnet_mode=kind, **common)
    expected = cast("Any", base)(
        to_patches(X),
        controlnet_block_samples=samples.controlnet_block_samples,
        controlnet_single_block_samples=samples.controlnet_single_block_samples,
        **common,
    ).sample
    ours = network(X, t, CONTEXT, control=added, **extra)
    assert relative(to_patches(ours), expected) < PARITY
    assert relative(to_patches(network(X, t, CONTEXT, **extra)), expected) > 1e-3


def test_full_size_layouts_leave_nothing_missing_or_over() -> None:
    with torch.device("meta"):
        sd3 = cast("Any", SD3ControlNetModel)(
            num_layers=6, num_attention_heads=24, caption_projection_dim=1536, pos_embed_max_size=192
        )
        flux = cast("Any", FluxControlNetModel)(
            num_layers=5, num_single_layers=10, guidance_embeds=True, num_mode=10
        )
    for theirs in (sd3, flux):
        stored = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
        shapes = {
            name: (sum(stored[each][0] for each in part.names), *stored[part.names[0]][1:])
            for name, part in transformer_parts(stored).items()
        }
        with torch.device("meta"):
            network = (
                MMDiTControl(MMDiTControlConfig.from_shapes(shapes))
                if theirs is sd3
                else FluxControl(FluxControlConfig.from_shapes(shapes))
            )
        assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == shapes


# --- the picture as a latent, and refusals -------------------------------------------------------


def small_control() -> TransformerControl:
    network = randomised(MMDiTControl(MMDiTControlConfig(replace(MMDIT_SIZES, depth=2))))
    assert isinstance(network, MMDiTControl)
    return TransformerControl(network, torch.float32)


@torch.no_grad()
def test_a_network_for_inpainting_reads_the_picture_without_its_masked_part_and_the_mask() -> None:
    network = randomised(MMDiTControl(MMDiTControlConfig(replace(MMDIT_SIZES, depth=2), 17)))
    assert isinstance(network, MMDiTControl)
    control, model = TransformerControl(network, torch.float32), model_of(MMDiT(MMDIT_SIZES), "SD 3")
    vae = Vae(randomised(AutoencoderKL(SMALL_VAE)), torch.float32, torch.device("cpu"))  # pyright: ignore[reportArgumentType]
    picture, mask = rand(1, 32, 48, 3).abs().clamp(max=1), torch.zeros(1, 32, 48)
    mask[:, 8:24, 16:40] = 1
    hint = with_mask(picture, mask)
    (features,) = control.fit(model).read(hint.movedim(-1, 1), vae)
    black = picture.clone()
    black[:, 8:24, 16:40] = 0
    assert torch.equal(hint[..., :3], black)
    latent = (vae.encode(black) - FORMAT.shift) * FORMAT.scale
    kept = torch.ones(1, 1, 4, 6)
    kept[..., 1:3, 2:5] = 0
    assert torch.equal(features, network.encode(torch.cat([latent, kept], dim=1)))
    with pytest.raises(ValueError, match="apply it with ControlNetInpaintingAliMamaApply"):
        control.fit(model).read(picture.movedim(-1, 1), vae)


@torch.no_grad()
def test_the_picture_is_read_as_the_models_latent_of_it() -> None:
    control, model = small_control(), model_of(MMDiT(MMDIT_SIZES), "SD 3")
    vae = Vae(randomised(AutoencoderKL(SMALL_VAE)), torch.float32, torch.device("cpu"))  # pyright: ignore[reportArgumentType]
    picture = rand(1, 3, 32, 48).abs().clamp(max=1)
    (features,) = control.fit(model).read(picture, vae)
    latent = (vae.encode(picture.movedim(1, -1)) - FORMAT.shift) * FORMAT.scale
    assert torch.equal(features, control.network.encode(latent))
    with pytest.raises(ValueError, match="link the model's VAE to Apply ControlNet"):
        control.fit(model).read(picture, None)
    with pytest.raises(ValueError, match="makes 4 channels, and the model works on 16"):
        four = Vae(
            randomised(AutoencoderKL(replace(SMALL_VAE, latent_channels=4))),  # pyright: ignore[reportArgumentType]
            torch.float32,
            torch.device("cpu"),
        )
        control.fit(model).read(picture, four)


SMALL_VAE = VAEConfig(widths=(32, 32, 32, 32), res_blocks=1, latent_channels=16)


def test_networks_of_one_transformer_are_refused_by_the_other() -> None:
    with pytest.raises(ValueError) as raised:
        small_control().fit(model_of(Flux(FLUX_SIZES), "Flux.1"))
    assert str(raised.value) == (
        "this ControlNet is for SD 3 (128 channels), the model is Flux.1 (256 channels): "
        "load one made for Flux.1"
    )


def test_networks_without_text_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "sd35_large_canny.safetensors"
    save_file({"pos_embed_input.proj.weight": torch.zeros(4, 16, 2, 2)}, path)
    with pytest.raises(
        CheckpointError, match=r"sd35_large_canny\.safetensors: it is a ControlNet without text"
    ):
        load_control(path)


def test_layouts_of_xlabs_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "flux-canny.safetensors"
    stored = {
        "double_blocks.0.img_attn.qkv.weight": torch.zeros(3, 1),
        "input_hint_block.0.weight": torch.zeros(1),
    }
    save_file(stored, path)
    with pytest.raises(CheckpointError, match="in XLabs' or MistoLine's layout"):
        load_control(path)
