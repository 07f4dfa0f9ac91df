"""unCLIP: the vector made of pictures against diffusers', and whole runs of a small model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore[reportUnknownVariableType]  (untyped)
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_unclip_img2img import StableUnCLIPImg2ImgPipeline
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from diffusion.checkpoint import Checkpoint, load
from diffusion.clip_vision import ClipVisionOutput
from diffusion.clip_vision_files import UNCLIP, clip_vision
from diffusion.families.sd1 import NETWORK
from diffusion.families.sd2 import SD2_UNCLIP_H, SD2_UNCLIP_L
from diffusion.precision import Precision
from diffusion.unclip import MEAN, STD, EmbeddingNoise, PictureVector, Shown, picture_vector
from diffusion.vectors import SizeVector, base_sizes
from tests.diffusion.golden_networks import relative
from tests.diffusion.openclip_vision import to_openclip
from tests.diffusion.small import UNET_CONFIGS, family_tensors, save_family
from tests.diffusion.test_diffusers_folder import UNETS, network, saved
from tests.diffusion.test_families import OnMeta, changed, header, load_parts
from tests.diffusion.test_family_runs import END_TO_END, SEED, ours, theirs

CPU = torch.device("cpu")
LATENT = torch.zeros(1, 4, 8, 8)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def shown(embeddings: Tensor, strength: float = 1.0, amount: float = 0.0) -> Shown:
    states = torch.zeros(len(embeddings), 1, 1)
    output = ClipVisionOutput(states, states, embeddings)
    return {"clip_vision_output": output, "strength": strength, "noise_augmentation": amount}


def their_vector(embedding: Tensor, level: int, seed: int, mean: Tensor, std: Tensor) -> Tensor:
    """What diffusers' pipeline makes of an embedding [1, W]."""
    build: Any = StableUnCLIPImageNormalizer
    normalizer = build(embedding_dim=embedding.shape[1])
    normalizer.load_state_dict({"mean": mean, "std": std})
    scheduler: Any = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    pipeline: Any = SimpleNamespace(image_normalizer=normalizer, image_noising_scheduler=scheduler)
    noise = randn(*embedding.shape, seed=seed)
    method: Any = StableUnCLIPImg2ImgPipeline.noise_image_embeddings
    with torch.no_grad():
        return method(pipeline, embedding, noise_level=level, noise=noise)


@pytest.mark.parametrize("amount", [0.0, 0.05, 0.5, 1.0])
def test_an_embedding_is_noised_as_diffusers_does(amount: float) -> None:
    embedding, mean, std = randn(1, 32), randn(1, 32, seed=1), randn(1, 32, seed=2).abs() + 0.1
    got = EmbeddingNoise(mean, std)(embedding, amount, 7)
    want = their_vector(embedding, round(999 * amount), 7, mean, std)
    assert relative(got, want) < 1e-5  # float32; diffusers' schedule is float32, ours float64


def test_strength_scales_the_vector_and_the_seed_is_ten_below_the_runs() -> None:
    embedding = randn(1, 16)
    got = picture_vector([shown(embedding, 0.5, 0.3)], 16, 107, EmbeddingNoise(), 0.05, "x")
    want = 0.5 * their_vector(embedding, 300, 97, torch.zeros(1, 16), torch.ones(1, 16))
    assert relative(got, want) < 1e-5
    assert picture_vector([shown(embedding)], 16, 0, EmbeddingNoise(), 0.05, "x").isfinite().all()


def test_several_pictures_are_summed_and_noised_once_more() -> None:
    zero, one = torch.zeros(1, 16), torch.ones(1, 16)
    embeddings = randn(3, 16)
    several = [shown(embeddings[:2], 1.0, 0.1), shown(embeddings[2:], -0.5, 0.0)]
    got = picture_vector(several, 16, 10, EmbeddingNoise(), 0.05, "x")
    parts = [(embeddings[:1], 1.0, 100), (embeddings[1:2], 1.0, 100), (embeddings[2:], -0.5, 0)]
    total = sum(s * their_vector(e, level, 0, zero, one)[:, :16] for e, s, level in parts)
    assert isinstance(total, Tensor)
    assert relative(got, their_vector(total, 50, 0, zero, one)) < 1e-5


def test_without_a_picture_the_vector_is_zero() -> None:
    assert torch.equal(PictureVector(16)({}, LATENT)["y"], torch.zeros(1, 32))


def test_a_picture_encoded_for_another_model_is_refused() -> None:
    options = {"unclip_conditioning": [shown(randn(1, 768))]}
    with pytest.raises(ValueError, match="encoded as 768 numbers and SD 2.1 unCLIP reads 1024"):  # noqa: RUF043
        PictureVector(1024)(options, LATENT)


def test_sdxl_takes_a_picture_in_place_of_the_pooled_text() -> None:
    vector = SizeVector(16, base_sizes)
    embedding = randn(1, 16)
    plain = vector({"pooled_output": torch.ones(1, 16)}, LATENT)["y"]
    seen = vector(
        {"pooled_output": torch.ones(1, 16), "unclip_conditioning": [shown(embedding)], "seed": 4}, LATENT
    )
    assert torch.equal(seen["y"][:, 16:], plain[:, 16:])
    want = their_vector(embedding, 0, 4 - 10, torch.zeros(1, 16), torch.ones(1, 16))[:, :16]
    assert relative(seen["y"][:, :16], want) < 1e-5


# --- whole checkpoints ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def statistics() -> dict[str, Tensor]:
    return {MEAN: randn(1, 1024, seed=3), STD: randn(1, 1024, seed=4).abs() + 0.5}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, statistics: dict[str, Tensor]) -> Checkpoint:
    path = tmp_path_factory.mktemp("unclip") / "unclip.safetensors"
    save_family(path, "sd2-unclip-h", **statistics)
    return load(path, precision=Precision.FLOAT32, device=CPU)


def test_an_unclip_model_makes_what_diffusers_makes(
    checkpoint: Checkpoint, statistics: dict[str, Tensor]
) -> None:
    config = UNET_CONFIGS["sd2-unclip-h"]
    build: Any = UNet2DConditionModel
    unet = build(
        block_out_channels=config.widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=config.context_dim,
        attention_head_dim=tuple(width // 64 for width in config.widths),
        use_linear_projection=True,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=config.vector_dim,
    ).eval()
    tensors = family_tensors("sd2-unclip-h")
    unet.load_state_dict(cast("Any", convert_ldm_unet_checkpoint)(tensors, dict(unet.config)))

    embedding = randn(1, 1024, seed=5)
    positive, negative = (checkpoint.clip.encode(text).cond for text in ("a red fox", "blurry"))
    options: Any = {"unclip_conditioning": [shown(embedding, 1.0, 0.2)]}
    got = ours(checkpoint, [(positive, options)], [(negative, {})])
    vector = their_vector(embedding, 200, SEED - 10, statistics[MEAN], statistics[STD])
    want = theirs(
        unet,
        "epsilon",
        {"encoder_hidden_states": positive, "class_labels": vector},
        {"encoder_hidden_states": negative, "class_labels": torch.zeros_like(vector)},
    )
    assert relative(got, want) < END_TO_END
    unseen = ours(checkpoint, [(positive, {})], [(negative, {})])
    assert relative(unseen, want) > 10 * END_TO_END  # the picture matters


FULL_SIZE = {
    "h": (SD2_UNCLIP_H, 2048, {"hidden_size": 1280, "num_hidden_layers": 32, "projection_dim": 1024}),
    "l": (SD2_UNCLIP_L, 1536, {"hidden_size": 1024, "num_hidden_layers": 24, "projection_dim": 768}),
}


@pytest.mark.parametrize("size", FULL_SIZE)
def test_the_published_layouts_load_with_no_tensor_missing(size: str) -> None:
    """SD 2.1's layout with the embedding of the vector and the vision encoder, as the configs give them."""
    family, vector, vision = FULL_SIZE[size]
    build: Any = CLIPVisionConfig
    sizes: dict[str, Any] = {"num_attention_heads": 16, "image_size": 224, "patch_size": 14, **vision}
    with torch.device("meta"):
        eyes = CLIPVisionModelWithProjection(build(**sizes, intermediate_size=4 * sizes["hidden_size"]))
    more = {
        f"{NETWORK}label_emb.0.0.weight": (1280, vector),
        f"{NETWORK}label_emb.0.0.bias": (1280,),
        f"{NETWORK}label_emb.0.2.weight": (1280, 1280),
        f"{NETWORK}label_emb.0.2.bias": (1280,),
        "noise_augmentor.betas": (1000,),
    }
    seeing = {f"{UNCLIP}{name}": tuple(value.shape) for name, value in to_openclip(eyes.state_dict()).items()}
    file = OnMeta(changed(header("sd21-v"), **more, **seeing))
    loaded = load_parts(file)
    assert loaded.family == family.name
    assert isinstance(loaded.model.extra, PictureVector) and loaded.model.extra.width == vector // 2
    encoder: Any = clip_vision(file, Precision.FLOAT32, CPU).model
    assert encoder.visual_projection.weight.shape[0] == vector // 2


@torch.no_grad()
def test_a_diffusers_folder_keeps_its_statistics_in_a_part_of_its_own(
    tmp_path: Path, statistics: dict[str, Tensor]
) -> None:
    saved(tmp_path, "sd2")
    sizes = {"class_embed_type": "projection", "projection_class_embeddings_input_dim": 2 * 1024}
    unet = network(**UNETS["sd2"], **sizes)
    unet.save_pretrained(tmp_path / "unet")
    build: Any = StableUnCLIPImageNormalizer
    normalizer = build(embedding_dim=1024)
    normalizer.load_state_dict({"mean": statistics[MEAN], "std": statistics[STD]})
    normalizer.save_pretrained(tmp_path / "image_normalizer")
    loaded = load(tmp_path, precision=Precision.FLOAT32, device=CPU)
    extra = loaded.model.extra
    assert loaded.family == "sd2-unclip-h" and isinstance(extra, PictureVector)
    assert extra.noise.mean is not None and torch.equal(extra.noise.mean, statistics[MEAN])
    assert extra.noise.std is not None and torch.equal(extra.noise.std, statistics[STD])
    x, t, context, y = randn(1, 4, 8, 8), torch.tensor([400]), randn(1, 77, 64), randn(1, 2048)
    expected = unet(x, t, context, class_labels=y).sample
    assert relative(loaded.model.network(x, t, context, y=y), expected) < 1e-4
