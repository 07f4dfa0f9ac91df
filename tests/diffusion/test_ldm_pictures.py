"""Latent diffusion models draw what diffusers' pipelines draw, from single files and from folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import (
    LDMBertModel,
    LDMTextToImagePipeline,
)
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion_superresolution import (
    LDMSuperResolutionPipeline,
)
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers import BertTokenizer

from diffusion.checkpoint.loader import Checkpoint
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.ldm.pictures import SMALL_PICTURE
from diffusion.reference.run import sample_reference
from tests.diffusion.ldm_references import (
    noise,
    relative,
    their_autoencoder,
    their_autoencoder_names,
    their_bert_config,
    their_unet,
    their_unet_weights,
)
from tests.diffusion.small_ldm import BERT, MODELS, ldm_tensors, modules, opened, vocabulary
from tests.fill import fill

END_TO_END = 1e-3
"""Relative, after a whole run."""


def their_vqvae(family: str) -> Any:
    config = MODELS[family].vae
    theirs = their_autoencoder(config)
    tensors = ldm_tensors(family)
    weights = {name.removeprefix(VAE): value for name, value in tensors.items() if name.startswith(VAE)}
    names = their_autoencoder_names(list(weights), len(config.widths))
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    theirs.load_state_dict(
        {names[name]: value.reshape(shapes[names[name]]) for name, value in weights.items()}
    )
    return theirs.eval()


def their_network(family: str) -> Any:
    config = MODELS[family].unet
    theirs = their_unet(config)
    tensors = ldm_tensors(family)
    weights = {
        name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)
    }
    theirs.load_state_dict(their_unet_weights(weights, config))
    return theirs.eval()


@torch.no_grad()
def test_super_resolution_draws_what_diffusers_pipeline_draws(ldm_files: Mapping[str, Path]) -> None:
    family = "ldm-super-resolution"
    start, end = MODELS[family].betas
    scheduler = DDIMScheduler(
        beta_start=start,
        beta_end=end,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    pipeline: Any = LDMSuperResolutionPipeline(their_vqvae(family), their_network(family), scheduler)
    pipeline.set_progress_bar_config(disable=True)
    small = noise(1, 3, 8, 8, seed=4).sigmoid()
    generator = torch.Generator().manual_seed(5)
    # The pipeline's preprocessing is for PIL; a tensor goes in as it is, in -1..1.
    theirs: Any = pipeline(
        small * 2 - 1, num_inference_steps=4, eta=0.0, generator=generator, output_type="np"
    ).images

    loaded = opened(ldm_files[family])
    shown: list[Any] = [[torch.zeros(1, 1, 0), {SMALL_PICTURE: small * 2 - 1}]]
    latent = sample_reference(
        loaded.model,
        shown,
        shown,
        {"samples": torch.zeros(1, 3, 8, 8)},
        seed=5,
        steps=4,
        scale=1.0,
    )
    ours = loaded.vae.decode(latent)
    assert ours.std() > 0.05 and relative(ours, torch.tensor(theirs)) < END_TO_END


@pytest.mark.parametrize("family", ["ldm-unconditional", "ldm-super-resolution"])
def test_a_folder_of_a_model_without_text_has_the_weights_of_the_single_file(
    family: str, ldm_files: Mapping[str, Path], tmp_path: Path
) -> None:
    their_network(family).save_pretrained(tmp_path / "unet")
    their_vqvae(family).save_pretrained(tmp_path / "vqvae")
    folder, single = opened(tmp_path), opened(ldm_files[family])
    assert folder.family == family
    for ours, theirs in zip(modules(folder), modules(single), strict=True):
        expected = theirs.state_dict()
        assert ours.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())
    assert torch.allclose(folder.model.prediction.sigmas, single.model.prediction.sigmas, rtol=1e-5)


CROSS: dict[str, Any] = {
    "block_out_channels": (32, 64),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": BERT.width,
    "attention_head_dim": 8,
    "sample_size": 8,
}


@torch.no_grad()
def test_a_folder_of_the_text_model_draws_what_diffusers_pipeline_draws(tmp_path: Path) -> None:
    """Guided, from the words to the picture: tokens, text encoder, network, autoencoder."""
    parts: dict[str, Any] = {
        "unet": cast("Any", UNet2DConditionModel)(**CROSS),
        "vqvae": their_autoencoder(MODELS["ldm-text"].vae),
        "bert": LDMBertModel(their_bert_config(BERT)),
    }
    for name, part in parts.items():
        part.load_state_dict({key: fill(f"{name}.{key}", v.shape) for key, v in part.state_dict().items()})
        part.eval().save_pretrained(tmp_path / name)
    scheduler: Any = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    scheduler.save_pretrained(tmp_path / "scheduler")
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    tokenizer: Any = cast("Any", BertTokenizer)(vocab=str(tmp_path / "tokenizer" / "vocab.txt"))
    pipeline: Any = LDMTextToImagePipeline(**parts, tokenizer=tokenizer, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    prompt = "A painting of a red squirrel, foxes!"
    theirs: Any = pipeline(
        prompt, num_inference_steps=4, guidance_scale=3.0, generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images  # fmt: skip

    loaded = opened(tmp_path)
    assert loaded.family == "ldm-text"
    told, untold = (text_of(loaded, text) for text in (prompt, ""))
    latent = sample_reference(
        loaded.model, told, untold, {"samples": torch.zeros(1, 4, 8, 8)}, seed=5, steps=4, scale=3.0
    )
    ours = loaded.vae.decode(latent)
    assert ours.std() > 0.05 and relative(ours, torch.tensor(theirs)) < END_TO_END


def text_of(loaded: Checkpoint, text: str) -> list[Any]:
    return [[loaded.clip.encode(text).cond, {}]]
