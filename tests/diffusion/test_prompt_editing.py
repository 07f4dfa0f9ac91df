"""Prompts that change: what each step's prompt is, and that samplers then see it at that step."""

import doctest
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diffusion import prompt_editing
from diffusion.conditioning import Conditioning
from diffusion.model import DiffusionModel, Latent, LatentFormat
from diffusion.prompt_editing import Span, chunks_between_breaks, percents, prompt_at, spans
from diffusion.reference.run import sample_reference
from diffusion.sampling import sample
from diffusion.schedules import SCHEDULERS, sigmas_for
from tests.diffusion.toy import KINDS, context


def texts(prompt: str, steps: int) -> list[str]:
    return [prompt_at(prompt, step, steps) for step in range(steps)]


@pytest.mark.parametrize(
    ("prompt", "steps", "want"),
    [
        ("a [red:blue:2] car", 4, ["a red car"] * 2 + ["a blue car"] * 2),
        ("a [red:blue:0.25] car", 4, ["a red car"] + ["a blue car"] * 3),
        ("[red:blue:.5]", 5, ["red"] * 2 + ["blue"] * 3),
        ("fox[ in snow:2]", 3, ["fox", "fox", "fox in snow"]),
        ("fox[ in snow::1]", 3, ["fox in snow", "fox", "fox"]),
        ("[:late:1]", 2, ["", "late"]),
        ("[a:b:0]", 2, ["b", "b"]),
        ("[a:b:1]", 3, ["a", "b", "b"]),
        ("[a:b:1.0]", 3, ["a", "a", "a"]),
        ("[a:b:9]", 3, ["a", "a", "a"]),
        ("[cow|horse] in a field", 3, ["cow in a field", "horse in a field", "cow in a field"]),
        ("[a|b|]", 4, ["a", "b", "", "a"]),
        ("[a:[b:c:2]:1]", 3, ["a", "b", "c"]),
        ("[[a|b]:c:2]", 4, ["a", "b", "c", "c"]),
        ("[(red:1.2):(blue:0.8):1]", 2, ["(red:1.2)", "(blue:0.8)"]),
        ("[(a|b)|c]", 2, ["(a|b)", "c"]),
    ],
)
def test_each_step_has_its_prompt(prompt: str, steps: int, want: list[str]) -> None:
    assert texts(prompt, steps) == want


@pytest.mark.parametrize(
    "prompt",
    [
        "a [word] b",
        "[a:b]",
        "[a:b:c]",
        "[a:b:c:2]",
        "[a:b:-1]",
        "[a:b:nan]",
        "[a:b:inf]",
        "[]",
        "a ] b [ c",
        "[[x]]",
    ],
)
def test_other_brackets_are_text(prompt: str) -> None:
    assert texts(prompt, 3) == [prompt] * 3


def test_escaped_brackets_are_text() -> None:
    assert texts(r"\[a:b:1\] [c\]|d]", 2) == ["[a:b:1] c]", "[a:b:1] d"]


@settings(max_examples=200)
@given(prompt=st.text("ab[]|:.(\\ )1", max_size=40), steps=st.integers(1, 12))
def test_spans_say_what_prompt_at_says_and_leave_no_step_out(prompt: str, steps: int) -> None:
    found = spans(prompt, steps)
    told = [span.text for span in found for _ in range(span.first, span.last)]
    assert told == texts(prompt, steps)
    assert [span.first for span in found] == [0, *(span.last for span in found[:-1])]
    assert all(a.text != b.text for a, b in pairwise(found))


def test_break_is_a_word_of_its_own_in_capitals() -> None:
    assert chunks_between_breaks("one BREAK two\nBREAK three") == ["one", "two", "three"]
    assert chunks_between_breaks("BREAKFAST, break, aBREAK") == ["BREAKFAST, break, aBREAK"]
    assert chunks_between_breaks("BREAK") == ["", ""]


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(prompt_editing).failed == 0


class Reader:
    """A network that writes down which prompt it was given."""

    def __init__(self) -> None:
        self.read: list[float] = []

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, **extra: Any) -> Tensor:
        self.read.append(round(float(context.mean()), 3))
        return 0.1 * x


def conditioning(found: list[Span], sigmas: Tensor, kind: str) -> tuple[Conditioning, list[float]]:
    """The spans as nodes wire them, and the number each step's prompt goes by."""
    entries: Conditioning = []
    for span in found:
        start, end = percents(span, sigmas, KINDS[kind])
        entries = [*entries, (context(hash_of(span.text)), {"start_percent": start, "end_percent": end})]
    return entries, [hash_of(span.text) for span in found for _ in range(span.first, span.last)]


def hash_of(text: str) -> float:
    return {"a": 0.1, "b": 0.2, "c": 0.3}[text]


@pytest.mark.parametrize("scheduler", list(SCHEDULERS))
@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_a_sampler_is_given_each_prompt_at_its_steps(scheduler: str, kind: str) -> None:
    for prompt, steps in (("[a|b|c]", 2), ("[a|b|c]", 11), ("[a:[b:c:5]:0.3]", 8), ("[a:b:0.99]", 30)):
        sigmas = sigmas_for(KINDS[kind], "euler", scheduler, steps)
        entries, want = conditioning(spans(prompt, len(sigmas) - 1), sigmas, kind)
        reader = Reader()
        model = DiffusionModel(reader, KINDS[kind], LatentFormat(channels=4))
        latent = Latent(samples=torch.zeros(1, 4, 8, 8))
        sample(model, entries, [], latent, seed=0, steps=steps, cfg=1.0, sampler="euler", scheduler=scheduler)
        assert reader.read == want


def test_compvis_ddim_is_given_each_prompt_at_its_steps() -> None:
    sigmas = sigmas_for(KINDS["eps"], "ddim", "ddim_uniform", 20)
    entries, want = conditioning(spans("[a|b|c]", 20), sigmas, "eps")
    reader = Reader()
    model = DiffusionModel(reader, KINDS["eps"], LatentFormat(channels=4))
    sample_reference(model, entries, [], Latent(samples=torch.zeros(1, 4, 8, 8)), seed=0, steps=20, scale=1.0)
    assert reader.read == want
