"""Models that are shown a picture beside the noisy latent: instruct-pix2pix, Flux Canny, Depth and Fill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.flux.pipeline_flux_fill import FluxFillPipeline
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from torch import Tensor

from diffusion.beside import FilledPicture, PictureBeside
from diffusion.checkpoint import identify, load
from diffusion.families import Family
from diffusion.families.flux import FLUX_CONTROL, FLUX_FILL, FLUX_LATENT
from diffusion.families.sd1 import NETWORK, SD1_EDIT
from diffusion.families.sdxl import SDXL_EDIT
from diffusion.flux import Flux
from diffusion.guiders import DualGuider
from diffusion.model import SDXL_LATENT, LatentFormat
from diffusion.noise import initial_noise
from diffusion.precision import Precision
from diffusion.sampling import sample_guided
from diffusion.schedules import SCHEDULERS
from nodes.instruct import instruct_pix_to_pix_conditioning
from tests.diffusion.golden_networks import relative
from tests.diffusion.small import UNET_CONFIG, small_tensors
from tests.diffusion.test_families import OnMeta, changed, header, load_parts
from tests.diffusion.test_flux import SMALL, as_diffusers_has_them, shapes_of
from tests.diffusion.test_transformer_families import joined
from tests.diffusion.test_unet import rand, randomised
from tests.fill import fill
from tests.tensors import save_file

STEM = f"{NETWORK}input_blocks.0.0.weight"
FLUX_FILE = joined(("flux-dev", NETWORK), ("flux-ae", "vae."))
PARITY = 1e-4


@pytest.mark.parametrize(
    ("published", "stem", "shape", "family"),
    [
        (header("sd15"), STEM, (320, 8, 3, 3), SD1_EDIT),
        (header("sdxl-base"), STEM, (320, 8, 3, 3), SDXL_EDIT),
        (FLUX_FILE, f"{NETWORK}img_in.weight", (3072, 128), FLUX_CONTROL),
        (FLUX_FILE, f"{NETWORK}img_in.weight", (3072, 384), FLUX_FILL),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else "",
)
def test_the_first_layer_tells_them_and_full_size_layouts_load(
    published: Any, stem: str, shape: tuple[int, ...], family: Family
) -> None:
    layout = changed(published, **{stem: shape})
    assert identify(layout).family is family
    if family is not SDXL_EDIT:  # whose network is SDXL's but for this layer
        assert load_parts(OnMeta(layout)).model.family == family.title


@pytest.mark.parametrize("beside", [16, 80])
@torch.no_grad()
def test_flux_with_a_picture_beside_the_latent_agrees_with_diffusers(beside: int) -> None:
    config = replace(SMALL, beside=beside)
    ours = randomised(Flux(config))
    from_shapes = type(config).from_shapes
    assert from_shapes(shapes_of(config)) == config
    theirs: Any = FluxTransformer2DModel(
        in_channels=4 * (16 + beside),
        out_channels=64,
        num_layers=SMALL.double_blocks,
        num_single_layers=SMALL.single_blocks,
        num_attention_heads=2,
        joint_attention_dim=SMALL.context_dim,
        pooled_projection_dim=SMALL.vector_dim,
    )
    theirs.load_state_dict(as_diffusers_has_them(ours.state_dict(), theirs.state_dict()))
    x, picture, t = rand(2, 16, 8, 12), rand(2, beside, 8, 12, seed=5), torch.tensor([0.1, 0.9])
    context, y = rand(2, 20, 96, seed=2), rand(2, 48, seed=3)
    pack: Any = cast("Any", FluxFillPipeline)._pack_latents
    patches = torch.cat([pack(x, 2, 16, 8, 12), pack(picture, 2, beside, 8, 12)], dim=2)
    places = torch.tensor([[0, row, column] for row in range(4) for column in range(6)])
    out = theirs(patches, context, y, t, img_ids=places.float(), txt_ids=torch.zeros(20, 3)).sample
    assert relative(pack(ours(x, t, context, y=y, concat=picture), 2, 16, 8, 12), out) < PARITY


def test_flux_fill_sees_picture_and_mask_as_diffusers_packs_them() -> None:
    latent, picture = rand(2, 16, 8, 12), rand(1, 16, 8, 12, seed=4)
    mask = (rand(1, 64, 96, seed=5) > 0).float()
    got = FilledPicture(FLUX_LATENT)({"concat_latent_image": picture, "concat_mask": mask}, latent)["concat"]
    pipeline: Any = FluxFillPipeline
    scales = SimpleNamespace(shift_factor=FLUX_LATENT.shift, scaling_factor=FLUX_LATENT.scale)
    settings = {"vae_scale_factor": 8, "vae": SimpleNamespace(config=scales)}
    stand_in = SimpleNamespace(**settings, _pack_latents=pipeline._pack_latents)
    packed_mask, packed = pipeline.prepare_mask_latents(
        stand_in, mask[None], picture, 2, 16, 1, 64, 96, torch.float32, torch.device("cpu"), None
    )
    expected = torch.cat([packed, packed_mask], dim=2)
    assert relative(pipeline._pack_latents(got, 2, 80, 8, 12), expected) < 1e-6


def test_a_conditioning_without_a_picture_is_refused_before_the_run_with_the_node_that_adds_it() -> None:
    latent = torch.zeros(1, 16, 4, 4)
    positive, negative = {"prompt_type": "positive"}, {"prompt_type": "negative"}
    with pytest.raises(ValueError, match=r"Flux Canny or Depth .* put InstructPixToPixConditioning between"):
        PictureBeside("Flux Canny or Depth")(positive, latent)
    with pytest.raises(ValueError, match=r"Flux Fill .* put InpaintModelConditioning between"):
        FilledPicture(FLUX_LATENT)(positive, latent)
    assert PictureBeside("x")(negative, latent)["concat"].equal(latent)
    unmasked = FilledPicture(FLUX_LATENT)(negative, latent)["concat"]
    assert unmasked[:, :16].eq(0).all() and unmasked[:, 16:].eq(1).all()
    other = {**positive, "concat_latent_image": torch.zeros(1, 4, 4, 4)}
    with pytest.raises(ValueError, match="has 4 latent channels and the model's latents 16: encode it with"):
        PictureBeside("Flux Canny or Depth")(other, latent)


@pytest.mark.parametrize(("marks", "scaling"), [({}, None), ({"edm_vpred.sigma_max": ()}, SDXL_LATENT)])
def test_only_cosxl_scales_the_picture_it_edits(
    marks: dict[str, tuple[int, ...]], scaling: LatentFormat | None
) -> None:
    layout = changed(header("sdxl-base"), **{STEM: (320, 8, 3, 3)}, **marks)
    values = {name: torch.tensor(120.0) for name in marks}
    extra = SDXL_EDIT.completed(
        SDXL_EDIT.extra(replace(UNET_CONFIG, vector_dim=2816)), OnMeta(layout, values)
    )
    assert isinstance(extra, PictureBeside) and extra.latent_format == scaling
    given = {"concat_latent_image": torch.ones(1, 4, 8, 8), "pooled_output": torch.zeros(1, 1280)}
    made = extra(given, torch.zeros(1, 4, 8, 8))
    assert float(made["concat"].mean()) == pytest.approx(1.0 if scaling is None else 0.13025)
    assert made["y"].shape == (1, 2816)


@torch.no_grad()
def test_instruct_pix2pix_makes_what_diffusers_makes(tmp_path: Path) -> None:
    tensors = small_tensors()
    tensors[STEM] = fill(STEM, (UNET_CONFIG.widths[0], 8, 3, 3), last=3)
    save_file(tensors, tmp_path / "edit.safetensors")
    checkpoint = load(tmp_path / "edit.safetensors", precision=Precision.FLOAT32, device=torch.device("cpu"))
    plain, pixels = checkpoint.clip.encode("").cond, rand(1, 67, 101, 3, seed=7).clamp(0, 1)
    text = checkpoint.clip.encode("make it blue").cond
    shown: Any = instruct_pix_to_pix_conditioning(
        positive=[(text, {})], negative=[(plain, {})], vae=checkpoint.vae, pixels=pixels
    )
    assert shown.latent["samples"].shape == (1, 4, 8, 12)
    model = checkpoint.model
    guider = DualGuider(model, shown.positive, shown.negative, [(plain, {})], 7.5, 1.5)
    noise = initial_noise(torch.Size((1, 4, 8, 12)), 3, None)
    sigmas = SCHEDULERS["normal"](model.prediction, 4)
    got = sample_guided(guider, shown.latent, noise=noise, sigmas=sigmas, seed=3, sampler="euler")
    picture = checkpoint.vae.encode(pixels[:, 1:65, 2:98])
    build: Any = UNet2DConditionModel
    unet = build(
        in_channels=8,
        block_out_channels=UNET_CONFIG.widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=UNET_CONFIG.context_dim,
        attention_head_dim=8,
    ).eval()
    unet.load_state_dict(cast("Any", convert_ldm_unet_checkpoint)(tensors, dict(unet.config)))
    scheduler: Any = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="linspace"
    )
    scheduler.set_timesteps(4)
    x: Tensor = noise * (scheduler.sigmas[0] ** 2 + 1).sqrt()
    zeros = torch.zeros_like(picture)
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t)
        edited, kept, free = (
            unet(torch.cat([scaled, beside], dim=1), t, context).sample
            for context, beside in ((text, picture), (plain, picture), (plain, zeros))
        )
        x = scheduler.step(free + 7.5 * (edited - kept) + 1.5 * (kept - free), t, x).prev_sample
    assert relative(model.latent_format.to_model(got), x) < 1e-3
