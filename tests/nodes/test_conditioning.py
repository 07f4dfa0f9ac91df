"""Conditioning nodes: what they put into the list, and that samplers then do what the reference does."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from nodes.mixing import (
    conditioning_average,
    conditioning_combine,
    conditioning_concat,
    conditioning_zero_out,
)
from nodes.regions import (
    conditioning_set_area,
    conditioning_set_area_percentage,
    conditioning_set_area_strength,
    conditioning_set_mask,
    conditioning_set_timestep_range,
)
from tests.diffusion.toy import context, golden, relative_error, run, tensors


def prompt(value: float) -> list[Any]:
    return [[context(value), {}]]


def text(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def combined(first: Conditioning, second: Conditioning) -> Any:
    return conditioning_combine(conditioning_1=list(first), conditioning_2=list(second))


WIRED: dict[str, Callable[[], Any]] = {
    "combine": lambda: combined(prompt(0.2), prompt(0.6)),
    "combine_strength": lambda: combined(
        prompt(0.2), conditioning_set_area_strength(conditioning=prompt(0.6), strength=0.3)
    ),
    "area": lambda: combined(
        prompt(0.2),
        conditioning_set_area(conditioning=prompt(0.6), width=32, height=32, x=16, y=16, strength=0.7),
    ),
    "area_only_two": lambda: combined(
        conditioning_set_area(conditioning=prompt(0.2), width=32, height=64),
        conditioning_set_area(conditioning=prompt(0.6), width=32, height=64, x=32),
    ),
    "area_percent": lambda: combined(
        prompt(0.2),
        conditioning_set_area_percentage(conditioning=prompt(0.6), width=0.4, height=0.5, x=0.3, y=0.25),
    ),
    "mask": lambda: combined(
        prompt(0.2),
        conditioning_set_mask(
            conditioning=prompt(0.6), mask=tensors()["in/cond_mask"], strength=0.8, set_cond_area="default"
        ),
    ),
    "mask_bounds": lambda: combined(
        prompt(0.2),
        conditioning_set_mask(
            conditioning=prompt(0.6), mask=tensors()["in/cond_mask_box"], set_cond_area="mask bounds"
        ),
    ),
    "range": lambda: combined(
        conditioning_set_timestep_range(conditioning=prompt(0.2), end=0.4),
        conditioning_set_timestep_range(conditioning=prompt(0.6), start=0.4),
    ),
}


@pytest.mark.parametrize("name", WIRED)
def test_prompts_wired_through_nodes_give_the_references_latents(name: str) -> None:
    got = run(golden()["extra"][f"cond/{name}"], positive=WIRED[name]())
    assert relative_error(got, tensors()[f"out/cond/{name}"]) <= 2e-5


def test_options_of_other_nodes_survive_and_their_conditioning_stays_as_it_was() -> None:
    before: Any = [[text(1, 3, 4), {"pooled_output": text(1, 5), "of_a_pack": "kept"}]]
    after: Any = conditioning_set_area(conditioning=before, width=64, height=128, x=8, y=16)
    assert before[0][1].keys() == {"pooled_output", "of_a_pack"}
    assert after[0][1]["of_a_pack"] == "kept" and after[0][1]["area"] == (16, 8, 2, 1)
    assert after[0][0] is before[0][0]


def test_an_average_is_the_weighted_mean_of_tokens_and_pooled_vectors() -> None:
    a, b, pa, pb = text(1, 4, 6), text(1, 4, 6, seed=1), text(1, 5, seed=2), text(1, 5, seed=3)
    mixed: Any = conditioning_average(
        conditioning_to=[[a, {"pooled_output": pa}]],
        conditioning_from=[[b, {"pooled_output": pb}]],
        conditioning_to_strength=0.25,
    )
    assert torch.allclose(mixed[0][0], 0.25 * a + 0.75 * b)
    assert torch.allclose(mixed[0][1]["pooled_output"], 0.25 * pa + 0.75 * pb)


@pytest.mark.parametrize("tokens", [2, 7])
def test_an_average_has_the_length_of_the_prompt_it_goes_to(tokens: int) -> None:
    a, b = text(1, 4, 6), text(1, tokens, 6, seed=1)
    mixed = conditioning_average(
        conditioning_to=[[a, {}]], conditioning_from=[[b, {}]], conditioning_to_strength=0.5
    )[0][0]
    shared = min(4, tokens)
    assert torch.allclose(mixed[:, :shared], (a[:, :shared] + b[:, :shared]) / 2)
    assert torch.allclose(mixed[:, shared:], a[:, shared:] / 2)


def test_prompts_of_two_model_families_are_refused_by_what_differs() -> None:
    with pytest.raises(ValueError, match="768 and 1024 numbers per token"):
        conditioning_average(
            conditioning_to=[[text(1, 2, 768), {}]], conditioning_from=[[text(1, 2, 1024), {}]]
        )


def test_concatenation_puts_the_first_text_of_the_other_behind_each() -> None:
    a, b, c = text(1, 2, 6), text(1, 2, 6, seed=1), text(2, 3, 6, seed=2)
    joined = conditioning_concat(
        conditioning_to=[[a, {"area": (1, 1, 0, 0)}], [b, {}]], conditioning_from=[[c, {}], [a, {}]]
    )
    assert [one[0].shape for one in joined] == [(2, 5, 6), (2, 5, 6)]
    assert torch.equal(joined[1][0][:, 2:], c) and torch.equal(joined[1][0][1, :2], b[0])
    assert joined[0][1] == {"area": (1, 1, 0, 0)}


def test_zeroed_conditioning_keeps_its_shapes() -> None:
    silent: Any = conditioning_zero_out(conditioning=[[text(1, 2, 6), {"pooled_output": text(1, 5)}]])
    assert not silent[0][0].any() and silent[0][0].shape == (1, 2, 6)
    assert not silent[0][1]["pooled_output"].any() and silent[0][1]["pooled_output"].shape == (1, 5)
