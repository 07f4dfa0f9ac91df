"""What changes a U-Net's blocks, against diffusers, scipy and the papers' equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import Attention, PAGIdentitySelfAttnProcessor2_0
from diffusers.utils.torch_utils import apply_freeu  # pyright: ignore[reportUnknownVariableType]
from scipy.ndimage import gaussian_filter1d
from torch import Tensor, nn

from diffusion.guiders import CfgGuider
from diffusion.guides.perturbed import PerturbedAttention
from diffusion.guides.self_attention import SelfAttentionGuidance, blurred
from diffusion.hooked import with_hooks
from diffusion.hooked.freeu import FreeU, Stage
from diffusion.hooked.tiled_attention import TiledAttention, tiles
from diffusion.hooked.token_merging import Pairs, TokenMerging, partners
from diffusion.hooks import Hooks, Site
from diffusion.layers.attention import attend
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.unet import UNet, UNetConfig

CONFIG = UNetConfig(
    widths=(32, 64),
    down_depths=((1,), (1,)),
    up_depths=((1, 1), (1, 1)),
    middle_depth=1,
    context_dim=16,
    heads=4,
)
SIGMA = torch.tensor(1.5)


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def unet() -> UNet:
    network = UNet(CONFIG)
    for number, parameter in enumerate(network.parameters()):
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
        parameter.data = rand(*parameter.shape, seed=number) * (fan_in**-0.5 if parameter.ndim > 1 else 0.1)
    for module in network.modules():
        if isinstance(module, nn.LayerNorm | nn.GroupNorm):
            module.weight.data += 1
    # Sharp attention, so that some places stand out.
    network.middle_block[1].transformer_blocks[0].attn1.to_q.weight.data *= 8  # pyright: ignore
    return network.eval().requires_grad_(False)


@pytest.fixture
def model(unet: UNet) -> DiffusionModel:
    return DiffusionModel(unet, Eps(), family="SD 1.x")


X = rand(2, 4, 10, 12, seed=99)
POSITIVE: Any = [(rand(1, 6, 16, seed=101), {})]
NEGATIVE: Any = [(rand(1, 6, 16, seed=102), {})]


def guided(model: DiffusionModel, scale: float = 5.0, x: Tensor = X) -> Tensor:
    return CfgGuider(model, POSITIVE, NEGATIVE, scale).denoiser(torch.zeros_like(x))(x, SIGMA)


def side(model: DiffusionModel, prompt: Any, x: Tensor = X) -> Tensor:
    return CfgGuider(model, prompt).denoiser(torch.zeros_like(x))(x, SIGMA)


def close(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


Change = Callable[[DiffusionModel], DiffusionModel]

# --- guidance by perturbed predictions ---------------------------------------------------------------


def middle(unet: UNet) -> nn.Module:
    return unet.get_submodule("middle_block.1.transformer_blocks.0.attn1")


def theirs(unet: UNet) -> Attention:
    """diffusers' attention with the weights of our lowest self-attention."""
    attention = Attention(64, heads=4, dim_head=16)
    weights = middle(unet).state_dict()
    attention.load_state_dict({**weights, "to_out.0.bias": weights["to_out.0.bias"]})
    return attention


def test_perturbed_attention_guides_away_from_what_diffusers_perturbs(
    unet: UNet, model: DiffusionModel
) -> None:
    perturbed: Any = theirs(unet)
    perturbed.set_processor(PAGIdentitySelfAttnProcessor2_0())

    def instead(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return perturbed(torch.cat([arguments[0]] * 2)).chunk(2)[1]

    handle = middle(unet).register_forward_hook(instead)
    weak = side(model, POSITIVE)
    handle.remove()
    cond = side(model, POSITIVE)
    assert (cond - weak).abs().max() > 1e-2
    with_pag = PerturbedAttention(3.0).attached(model, "PAG")
    close(guided(with_pag), guided(model) + 3.0 * (cond - weak))
    close(guided(with_pag, 1.0), cond + 3.0 * (cond - weak))
    assert torch.equal(guided(PerturbedAttention(0.0).attached(model, "PAG")), guided(model))


def test_self_attention_guidance_equals_its_equations(unet: UNet, model: DiffusionModel) -> None:
    attention: Any = theirs(unet)
    maps: list[Tensor] = []

    def note(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        tokens = arguments[0]
        heads = [attention.head_to_batch_dim(part(tokens)) for part in (attention.to_q, attention.to_k)]
        maps.append(attention.get_attention_scores(*heads).unflatten(0, (len(tokens), 4)))

    handle = middle(unet).register_forward_hook(note)
    uncond = side(model, NEGATIVE)
    handle.remove()
    salient = (maps[0].mean(1).sum(1) > 1).float().view(2, 1, 5, 6)
    assert 0.1 < salient.mean() < 0.9
    mask = salient.repeat_interleave(2, 2).repeat_interleave(2, 3)
    degraded = uncond * (1 - mask) + by_scipy(uncond, 2.0) * mask
    again = side(model, NEGATIVE, degraded + X - uncond)
    want = guided(model) + 0.75 * (degraded - again)
    close(guided(SelfAttentionGuidance(0.75, 2.0).attached(model, "SAG")), want)


def by_scipy(x: Tensor, deviation: float) -> Tensor:
    for axis in (2, 3):
        x = torch.tensor(gaussian_filter1d(x.numpy(), deviation, axis, mode="mirror", radius=4))
    return x


def test_the_blur_is_scipys(unet: UNet) -> None:
    close(blurred(X, 1.3), by_scipy(X, 1.3))
    assert torch.equal(blurred(X, 0.0), X)


def test_self_attention_guidance_works_at_scale_one_and_leaves_tiny_latents_alone(
    model: DiffusionModel,
) -> None:
    attached = SelfAttentionGuidance().attached(model, "SAG")
    assert (guided(attached, 1.0) - guided(model, 1.0)).abs().max() > 1e-3
    assert torch.equal(guided(attached, 5.0, X[..., :4, :4]), guided(model, 5.0, X[..., :4, :4]))


def test_perturbed_and_self_attention_guidance_add_up(model: DiffusionModel) -> None:
    # Both replace the lowest attention: one of them all its layers, the other one only the first.
    perturbed, salient = PerturbedAttention(3.0), SelfAttentionGuidance(0.75, 2.0)
    moved = guided(perturbed.attached(model, "PAG")) - guided(model)
    assert moved.abs().max() > 1e-2
    both = salient.attached(perturbed.attached(model, "PAG"), "SAG")
    close(guided(both), guided(salient.attached(model, "SAG")) + moved)


# --- FreeU -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "size"), [(0, (8, 8)), (1, (7, 10))])
def test_freeu_equals_diffusers(stage: int, size: tuple[int, int]) -> None:
    x, skip = rand(2, 16, *size, seed=1), rand(2, 24, *size, seed=2)
    settings = {"s1": 0.9, "s2": 0.2, "b1": 1.1, "b2": 1.2}
    want = apply_freeu(stage, x.clone(), skip.clone(), **settings)
    factors = Stage(1.1, 0.9) if stage == 0 else Stage(1.2, 0.2)
    got = FreeU({16: factors})(x, skip, Site(Hooks(), "output", 0))
    for one, other in zip(got, want, strict=True):
        close(one, other)


def test_the_second_freeu_amplifies_each_place_by_its_strength() -> None:
    x, skip = rand(2, 16, 8, 8, seed=1), rand(2, 24, 8, 8, seed=2)
    got, _ = FreeU({16: Stage(1.4, 1.0)}, structured=True)(x, skip, Site(Hooks(), "output", 0))
    mean = x.double().mean(1, keepdim=True).numpy()
    low, high = mean.min((2, 3), keepdims=True), mean.max((2, 3), keepdims=True)
    factor = torch.tensor(0.4 * (mean - low) / (high - low) + 1).float()
    close(got, torch.cat([x[:, :8] * factor, x[:, 8:]], dim=1))


def test_freeu_changes_only_the_widths_it_has_factors_for(model: DiffusionModel) -> None:
    none = with_hooks(model, FreeU({128: Stage(2.0, 0.0)}).hooks, "FreeU")
    assert torch.equal(guided(none), guided(model))
    close(guided(with_hooks(model, FreeU({64: Stage(1.0, 1.0)}).hooks, "FreeU")), guided(model))
    one = with_hooks(model, FreeU({64: Stage(1.5, 0.5)}).hooks, "FreeU")
    assert (guided(one) - guided(model)).abs().max() > 1e-2


# --- attention over less -----------------------------------------------------------------------------


def site(height: int, width: int, heads: int = 2) -> Site:
    hooks = Hooks().during((0,), torch.tensor(1.0), (height, width))
    return Site(hooks, "input", 1, 0, "self", heads)


def test_tiled_attention_attends_within_each_tile() -> None:
    q, k, v = (rand(2, 8 * 12, 6, seed=seed) for seed in range(3))
    out = TiledAttention(32, 1)(q, k, v, site(8, 12)).view(2, 8, 12, 6)
    for row in (0, 4):
        for column in (0, 4, 8):
            tile = (slice(None), slice(row, row + 4), slice(column, column + 4))
            a, b, c = (t.view(2, 8, 12, 6)[tile].flatten(1, 2) for t in (q, k, v))
            close(out[tile].flatten(1, 2), attend(a, b, c, 2))


def test_tiles_take_turns_and_never_leave_a_rest() -> None:
    assert tiles(96, 32, 2) == [3, 2]
    assert tiles(20, 32, 5) == [1]
    assert tiles(10, 3, 9) == [2, 1]


@pytest.mark.parametrize(
    "hooks",
    [TiledAttention(32).hooks, TiledAttention(32, deepest=3, by_depth=True).hooks, TokenMerging(0.5).hooks],
)
def test_attention_over_less_changes_little_and_is_the_same_every_time(
    model: DiffusionModel, hooks: Hooks
) -> None:
    changed = with_hooks(model, hooks, "HyperTile")
    assert torch.equal(guided(changed), guided(changed))
    assert not torch.equal(guided(changed), guided(model))
    difference = (guided(changed) - guided(model)).square().mean().sqrt()
    assert difference < guided(model).std()


def test_one_tile_and_nothing_merged_is_plain_attention(model: DiffusionModel) -> None:
    for hooks in (TiledAttention(2048).hooks, TokenMerging(0.0).hooks):
        close(guided(with_hooks(model, hooks, "HyperTile")), guided(model))


def test_similar_tokens_become_their_mean_and_get_one_value_back() -> None:
    x = rand(1, 16, 4, seed=5)
    chosen = torch.tensor([0, 2, 8, 10])
    x[:, 5] = x[:, 2] * 3  # the same direction: the most similar pair
    pairs = Pairs.of(x, chosen, 1)
    merged = pairs.merged(x)
    assert merged.shape == (1, 15, 4)
    apart = pairs.apart(merged)
    close(apart[:, 5], x[:, 2] * 2)
    close(apart[:, 2], x[:, 2] * 2)
    others = [place for place in range(16) if place not in (2, 5)]
    assert torch.equal(apart[:, others], x[:, others])


def test_partners_are_one_of_each_cell_also_where_a_side_is_odd() -> None:
    places = partners(5, 6, torch.Generator().manual_seed(0))
    cells = {(int(p) // 6 // 2, int(p) % 6 // 2) for p in places}
    assert len(places) == len(cells) == 6


def test_at_most_what_is_no_partner_is_merged() -> None:
    q, k, v = (rand(2, 16, 6, seed=seed) for seed in range(3))
    assert TokenMerging(1.0)(q, k, v, site(4, 4)).shape == q.shape


# --- who may -----------------------------------------------------------------------------------------


ATTACHED: list[Change] = [
    lambda model: PerturbedAttention().attached(model, "PerturbedAttentionGuidance"),
    lambda model: SelfAttentionGuidance().attached(model, "SelfAttentionGuidance"),
    lambda model: with_hooks(model, Hooks(), "FreeU"),
]


@pytest.mark.parametrize("attach", ATTACHED)
def test_networks_without_such_blocks_are_refused_by_family(attach: Change) -> None:
    model = DiffusionModel(nn.Linear(1, 1), Eps(), family="SD3")
    with pytest.raises(ValueError, match=r"changes the blocks of a U-Net .* SD3 has another network"):
        attach(model)


TO_ATTENTION: list[Change] = [
    *ATTACHED[:2],
    lambda model: with_hooks(model, TokenMerging(0.3).hooks, "TomePatchModel"),
]


@pytest.mark.parametrize("attach", TO_ATTENTION)
def test_attention_is_not_changed_where_none_reads_a_prompt(attach: Change) -> None:
    with torch.device("meta"):
        network = UNet(replace(CONFIG, plain_attention=True))
    model = DiffusionModel(network, Eps(), family="LDM")
    with pytest.raises(ValueError, match=r"changes the attention of U-Nets .* LDM reads none"):
        attach(model)
    assert with_hooks(model, FreeU({64: Stage(1.5, 0.5)}).hooks, "FreeU").hooks.before_output


def test_a_changed_copy_leaves_the_model_as_it_was(model: DiffusionModel) -> None:
    before = guided(model)
    changed = with_hooks(replace(model), FreeU({64: Stage(1.5, 0.5)}).hooks, "FreeU")
    changed = SelfAttentionGuidance().attached(PerturbedAttention().attached(changed, "PAG"), "SAG")
    assert not np.array_equal(guided(changed).numpy(), before.numpy())
    assert torch.equal(guided(model), before)
