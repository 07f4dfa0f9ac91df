"""Weights as the AUTOMATIC1111 web UI has them: its documented notation, its arithmetic, its chunks."""

from pathlib import Path

import pytest
import torch

from diffusion.checkpoint import load
from diffusion.precision import Precision
from diffusion.text import TextEncoder
from diffusion.tokens import ClipTokenizer, no_embedding
from diffusion.weighting import WEIGHTINGS, parse_scaled
from tests.nodes.graphs import Bench, node, text_to_image

A1111 = WEIGHTINGS["a1111"]
COMMA = 267


@pytest.mark.parametrize(
    ("prompt", "segments"),
    [
        # The examples of the web UI's manual, "Attention/emphasis".
        ("a (word)", [("a ", 1.0), ("word", 1.1)]),
        ("a ((word))", [("a ", 1.0), ("word", 1.21)]),
        ("a [word]", [("a ", 1.0), ("word", 1 / 1.1)]),
        ("a (word:1.5)", [("a ", 1.0), ("word", 1.5)]),
        ("a (word:0.25)", [("a ", 1.0), ("word", 0.25)]),
        (r"a \(word\)", [("a (word)", 1.0)]),
        # Nesting multiplies.
        ("((one) two:1.5)", [("one", 1.65), (" two", 1.5)]),
        ("(one (two:2):1.5)", [("one ", 1.5), ("two", 3.0)]),
        ("[[one] (two)]", [("one", 1 / 1.21), (" ", 1 / 1.1), ("two", 1.0)]),
        # What is never closed ends with the prompt; what was never opened is text.
        ("a (word and more", [("a ", 1.0), ("word and more", 1.1)]),
        ("a word) and ] more:1.2)", [("a word) and ] more:1.2)", 1.0)]),
        (r"\[a\] : b", [("[a] : b", 1.0)]),
        ("(word:1.2.3)", [("word", 1.0)]),
        ("", []),
    ],
)
def test_weights_are_read_as_the_manual_says(prompt: str, segments: list[tuple[str, float]]) -> None:
    found = parse_scaled(prompt)
    assert [text for text, _ in found] == [text for text, _ in segments]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in segments])


def insides(prompt: str) -> list[list[object]]:
    """The tokens of each chunk between its BOS and its EOS."""
    found: list[list[object]] = []
    for chunk in A1111.chunks(ClipTokenizer(), prompt, no_embedding):
        assert len(chunk.tokens) == len(chunk.weights) == 77
        found.append(list(chunk.tokens[1 : chunk.tokens.index(49407)]))
    return found


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        (70, 20, 71),  # the last comma is the 71st token: the cut is behind it
        (74, 20, 75),  # it is the last of the chunk
        (75, 20, 75),  # it is the first of the next one
        (55, 40, 56),  # it is just near enough
        (54, 40, 75),  # it is too far away
    ],
)
def test_a_long_prompt_is_cut_behind_a_near_comma(before: int, after: int, first: int) -> None:
    prompt = " ".join(["cat"] * before) + "," + " dog" * after
    chunks = insides(prompt)
    assert [len(chunk) for chunk in chunks] == [first, before + 1 + after - first]
    assert (chunks[0][-1] == COMMA) == (first == before + 1)


def test_break_ends_a_chunk() -> None:
    assert [len(chunk) for chunk in insides("a cat BREAK a dog in snow BREAK")] == [2, 4, 0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    from tests.diffusion.small import save_small

    path = save_small(tmp_path_factory.mktemp("clip") / "small.safetensors")
    return load(path, precision=Precision.FLOAT32, device=torch.device("cpu")).clip.with_weighting(A1111)


def test_states_are_scaled_and_each_chunk_keeps_its_mean(clip: TextEncoder) -> None:
    plain, pooled = clip.encode("a red cat BREAK a blue dog")
    cond, weighted_pooled = clip.encode("a (red:1.6) cat BREAK a [blue] dog")
    factors = torch.ones(2, 77)
    factors[0, 2], factors[1, 2] = 1.6, 1 / 1.1
    chunks = plain.reshape(2, 77, -1)
    scaled = chunks * factors[..., None]
    restored = torch.stack(
        [each * (whole.mean() / each.mean()) for each, whole in zip(scaled, chunks, strict=True)]
    )
    torch.testing.assert_close(cond.reshape(2, 77, -1), restored)
    assert torch.equal(pooled, weighted_pooled)


def test_without_weights_both_conventions_say_the_same(clip: TextEncoder) -> None:
    other = clip.with_weighting(WEIGHTINGS["comfyui"])
    assert torch.equal(clip.encode("a red cat").cond, other.encode("a red cat").cond)
    assert not torch.equal(clip.encode("a (red) cat").cond, other.encode("a (red) cat").cond)


def test_every_encoding_node_follows_the_clip_it_is_given(folder: Path) -> None:
    bench = Bench(folder)
    graph = text_to_image()
    graph["pos"] = node("CLIPTextEncode", text="a [fox]", clip=["load", 1])
    plain = bench.value(graph, "sample")["samples"]
    graph["set"] = node("CLIPSetWeighting", clip=["load", 1], weighting="a1111")
    graph["pos"]["inputs"]["clip"] = ["set", 0]
    assert not torch.equal(bench.value(graph, "sample")["samples"], plain)
