"""The parts of the latent diffusion paper's models, against diffusers' versions with the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertModel
from torch import Tensor, nn

from diffusion.layers.self_attention import AttentionBlock
from diffusion.ldm.bert import Bert
from diffusion.ldm.boxes import WHOLE, Box, BoxTokens
from diffusion.unet import UNet, UNetConfig
from diffusion.vae import VAEConfig
from diffusion.vq import Codebook, VQModel, autoencoder
from tests.diffusion.ldm_references import (
    noise,
    relative,
    their_autoencoder,
    their_autoencoder_names,
    their_bert_config,
    their_bert_weights,
    their_unet,
    their_unet_weights,
)
from tests.diffusion.small_ldm import BERT, MODELS
from tests.fill import fill

TOLERANCE = 1e-4
"""Relative, block by block; both sides compute in float32."""


def filled(module: nn.Module) -> dict[str, Tensor]:
    """Weights for every parameter of a module, by its names."""
    return {name: fill(f"ldm.{name}", value.shape) for name, value in module.state_dict().items()}


def loaded(module: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    module.load_state_dict(dict(weights))
    return module.eval().requires_grad_(False)


VARIANTS = {
    "vq-f4": VAEConfig(widths=(32, 64, 64), res_blocks=1, latent_channels=3, codebook=50),
    "vq-f4 without attention": VAEConfig(
        widths=(32, 64, 64), res_blocks=1, latent_channels=3, codebook=50, middle_attention=False
    ),
    "vq-f8": VAEConfig(
        widths=(32, 32, 32, 64),
        res_blocks=2,
        codebook=40,
        attention=(False, False, False, True),
    ),
    "kl-f16": VAEConfig(
        widths=(32, 32, 32, 32, 64),
        res_blocks=1,
        latent_channels=16,
        attention=(False, False, False, False, True),
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_autoencoders_of_the_paper_compute_what_diffusers_computes(name: str) -> None:
    config = VARIANTS[name]
    ours, theirs = autoencoder(config), their_autoencoder(config)
    weights = filled(ours)
    loaded(ours, weights)
    names = their_autoencoder_names(list(weights), len(config.widths))
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    loaded(theirs, {names[name]: value.reshape(shapes[names[name]]) for name, value in weights.items()})
    assert VAEConfig.from_shapes({name: value.shape for name, value in weights.items()}) == config

    side = 2 * config.factor
    pixels = noise(1, 3, side, side).clamp(-1, 1)
    latent = ours.encode(pixels)
    encoded = theirs.encode(pixels)
    expected = encoded.latent_dist.mean if config.codebook is None else encoded.latents
    assert relative(latent, expected) < TOLERANCE
    assert relative(ours.decode(latent), theirs.decode(latent).sample) < TOLERANCE


def test_a_vector_is_rounded_to_the_nearest_entry_of_the_codebook() -> None:
    book = loaded(Codebook(300, 4), {"embedding.weight": noise(300, 4)})
    latent = noise(2, 4, 5, 7, seed=1)
    distances = torch.cdist(latent.double().movedim(1, -1).reshape(-1, 4), noise(300, 4).double())
    nearest = noise(300, 4)[distances.argmin(dim=1)].reshape(2, 5, 7, 4).movedim(-1, 1)
    assert torch.equal(book(latent), nearest)
    assert torch.equal(book(nearest), nearest)


def test_decoding_sees_nothing_of_a_latent_but_its_nearest_entries() -> None:
    model = VQModel(VARIANTS["vq-f4"])
    loaded(model, filled(model))
    latent = noise(1, 3, 4, 4)
    assert torch.equal(model.decode(latent), model.decode(model.quantize(latent)))


_SMALL = UNetConfig(
    widths=(32, 64),
    down_depths=((0, 0), (1, 1)),
    up_depths=((1, 1, 1), (0, 0, 0)),
    middle_depth=1,
    context_dim=0,
    in_channels=3,
    out_channels=3,
    heads=None,
    head_dim=32,
    plain_attention=True,
)


_RESAMPLING = replace(_SMALL, residual_resampling=True, heads=8, head_dim=None)


UNETS = {
    "celeba": _SMALL,
    "super-resolution": replace(_SMALL, in_channels=6),
    "inpainting": replace(_RESAMPLING, in_channels=7),
    "churches": replace(
        _RESAMPLING,
        widths=(32, 32, 64),
        down_depths=((0, 0), (0, 0), (1, 1)),
        up_depths=((1, 1, 1), (0, 0, 0), (0, 0, 0)),
        scale_shift=True,
    ),
}


@pytest.mark.parametrize("name", UNETS)
def test_networks_without_text_compute_what_diffusers_computes(name: str) -> None:
    config = UNETS[name]
    ours = UNet(config)
    weights = filled(ours)
    loaded(ours, weights)
    theirs = their_unet(config)
    loaded(theirs, their_unet_weights(weights, config))
    shapes = {name: value.shape for name, value in weights.items()}
    assert UNetConfig.from_shapes(shapes, heads=config.heads, head_dim=config.head_dim) == config

    x, t = noise(2, config.in_channels, 16, 16), torch.tensor([3, 700])
    nothing = torch.zeros(2, 1, 0)
    out = ours(x[:, :3], t, nothing, concat=x[:, 3:]) if config.in_channels > 3 else ours(x, t, nothing)
    assert relative(out, theirs(x, t).sample) < TOLERANCE


def test_networks_without_text_take_any_size() -> None:
    for config in (_SMALL, UNETS["churches"]):
        network = UNet(config)
        loaded(network, filled(network))
        assert network(noise(1, 3, 9, 14), torch.tensor([5]), torch.zeros(1, 1, 0)).shape == (1, 3, 9, 14)


def test_fused_projections_are_laid_out_head_by_head() -> None:
    """The published formula, in float64 and one head at a time."""
    block = AttentionBlock(64, heads=2)
    weights = filled(block)
    loaded(block, weights)
    x = noise(1, 64, 3, 4)
    affine = (weights["norm.weight"].double(), weights["norm.bias"].double())
    normed = nn.functional.group_norm(x.double(), 32, *affine, eps=1e-5).flatten(2)[0]
    qkv = weights["qkv.weight"].double()[:, :, 0] @ normed + weights["qkv.bias"].double()[:, None]
    heads: list[Tensor] = []
    for rows in qkv.chunk(2):
        q, k, v = rows.chunk(3)
        heads.append(v @ (q.T @ k / 32**0.5).softmax(dim=-1).T)
    out = weights["proj_out.weight"].double()[:, :, 0] @ torch.cat(heads)
    out = out + weights["proj_out.bias"].double()[:, None]
    assert relative(block(x), (x[0].double() + out.reshape(64, 3, 4))[None].float()) < 1e-5


def test_the_text_encoder_computes_what_diffusers_computes() -> None:
    ours = Bert(BERT)
    weights = filled(ours)
    loaded(ours, weights)
    theirs: Any = LDMBertModel(their_bert_config(BERT))
    logits = {name: value for name, value in theirs.state_dict().items() if name.startswith("to_logits")}
    theirs.load_state_dict({**their_bert_weights(weights), **logits})
    ids = torch.randint(0, BERT.vocabulary, (2, 77), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs.eval().model(ids).last_hidden_state
    assert relative(ours(ours.token_emb(ids)), expected) < TOLERANCE


def test_a_layout_is_thirty_triples_and_the_part_shown() -> None:
    """Worked by hand: 90 places along a side (the root of 8192 tokens, rounded down), rows of 90."""
    tokens = BoxTokens.for_sizes(8192, 92)
    assert (tokens.objects, tokens.crop, tokens.none, tokens.grid) == (30, True, 8191, 90)
    found = tokens.build([Box(0.0, 0.5, 1.0, 0.5, label=68), Box(0.25, 0.25, 0.25, 0.5, label=3)])
    assert found[:6] == [68, 44 * 90 + 0, 89 * 90 + 89, 3, 22 * 90 + 22, 67 * 90 + 44]
    assert found[6:90] == [8191] * 84
    assert found[90:] == [0, 89 * 90 + 89]
    assert tokens.build([], Box(0.5, 0, 0.5, 1))[-2:] == [44, 89 * 90 + 89]


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ([WHOLE] * 31, "at most 30 boxes, not 31"),
        ([Box(0.5, 0.5, 0.6, 0.1)], "lies outside the picture"),
        ([Box(-0.1, 0.5, 0.6, 0.1)], "lies outside the picture"),
        ([Box(0, 0, 1, 1, label=8191)], "classes are below 8191"),
    ],
)
def test_an_impossible_layout_is_refused(boxes: list[Box], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        BoxTokens.for_sizes(8192, 92).build(boxes)


def test_every_small_model_says_its_sizes_by_shapes() -> None:
    for model in MODELS.values():
        with torch.device("meta"):
            shapes = {name: value.shape for name, value in UNet(model.unet).state_dict().items()}
        found = UNetConfig.from_shapes(shapes, heads=model.unet.heads, head_dim=model.unet.head_dim)
        assert found == model.unet
