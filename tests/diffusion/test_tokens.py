"""Prompts become the reference's ids and weights; prompts.json holds what transformers' tokenizer gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diffusion.tokens import BOS, CHUNK, EOS, Chunk, ClipTokenizer, embedding_names, parse_weights

GOLDEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "golden" / "prompts.json").read_text(encoding="utf-8")
)["prompts"]


@pytest.fixture(scope="module")
def tokenizer() -> ClipTokenizer:
    return ClipTokenizer()


def as_stored(chunks: list[Chunk]) -> list[dict[str, Any]]:
    return [{"ids": list(chunk.tokens), "weights": list(chunk.weights)} for chunk in chunks]


def expected(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"ids": chunk["ids"], "weights": chunk.get("weights", [1.0] * CHUNK)} for chunk in stored]


@pytest.mark.parametrize("case", GOLDEN, ids=[case["prompt"][:24] for case in GOLDEN])
def test_ids_and_weights_equal_the_reference(case: dict[str, Any], tokenizer: ClipTokenizer) -> None:
    assert as_stored(tokenizer.chunks(case["prompt"])) == expected(case["sd1"])


def test_ids_and_weights_equal_the_reference_where_padding_is_zero() -> None:
    tokenizer = ClipTokenizer(pad=0)
    for case in GOLDEN:
        assert as_stored(tokenizer.chunks(case["prompt"])) == expected(case["sdxl_g"]), case["prompt"]


@pytest.mark.parametrize(
    ("prompt", "segments"),
    [
        (r"\(plain\) (bold\):2)", [("(plain) ", 1.0), ("bold)", 2.0)]),
        ("(a (b:1.5):2)", [("a ", 2.0), ("b", 1.5)]),  # an inner weight replaces the outer one
        ("(a (b))", [("a ", 1.1), ("b", 1.1 * 1.1)]),
        ("(x: 1e-1 )", [("x", 0.1)]),
        ("x) (y) z", [("x) (y) z", 1.0)]),  # the unmatched ")" makes the next "(" literal
        ("(a) (b", [("a", 1.1), (" ", 1.0), ("(b", 1.0)]),
    ],
)
def test_weights_follow_the_parentheses(prompt: str, segments: list[tuple[str, float]]) -> None:
    assert parse_weights(prompt) == segments


def test_nesting_may_be_deeper_than_the_python_stack() -> None:
    assert parse_weights("(" * 3000 + "x:2" + ")" * 3000) == [("x", 2.0)]


@given(prompt=st.text(alphabet=list("ab() :1.\\,é\n"), max_size=400))
@settings(deadline=None, max_examples=60)
def test_every_chunk_is_framed_whatever_the_prompt(tokenizer: ClipTokenizer, prompt: str) -> None:
    for chunk in tokenizer.chunks(prompt):
        assert len(chunk.tokens) == len(chunk.weights) == CHUNK
        assert chunk.tokens[0] == BOS and EOS in chunk.tokens


def test_a_learned_embedding_takes_a_place_per_vector_and_its_groups_weight(tokenizer: ClipTokenizer) -> None:
    vectors = torch.arange(6.0).reshape(2, 3)
    asked: list[str] = []

    def lookup(name: str) -> Tensor | None:
        asked.append(name)
        return vectors if name == "style" else None

    (chunk,) = tokenizer.chunks("cat (embedding:style, dog:1.4)", lookup)
    first, second = chunk.tokens[2], chunk.tokens[3]
    assert isinstance(first, Tensor) and isinstance(second, Tensor)
    assert torch.equal(first, vectors[0]) and torch.equal(second, vectors[1])
    assert asked == ["style,", "style"]
    assert list(chunk.tokens[4:6]) == tokenizer.ids(", dog")
    assert chunk.weights[1:6] == (1.0, 1.4, 1.4, 1.4, 1.4)


def test_an_unknown_embedding_is_left_out_and_the_text_after_it_stays(tokenizer: ClipTokenizer) -> None:
    assert tokenizer.chunks("a embedding:nothing cat") == tokenizer.chunks("a cat")


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a cat", ()),
        ("(embedding:foo:1.2)", ("foo",)),
        ("embedding:foo:1.2 cat", ("foo:1.2",)),  # not in parentheses: the colon is part of the name
        ("a ((embedding:foo, red) embedding:bar:0.5)", ("foo,", "foo", "bar")),
        ("embedding:sub/x\\(1\\),, y\nembedding:b.pt", ("sub/x(1),,", "sub/x(1)", "b.pt")),
        ("aembedding:foo", ()),
        ("embedding: foo", ()),
    ],
)
def test_the_names_a_prompt_uses_are_those_that_encoding_looks_up(
    prompt: str, names: tuple[str, ...], tokenizer: ClipTokenizer
) -> None:
    asked: list[str] = []

    def lookup(name: str) -> Tensor | None:
        asked.append(name)
        return None

    tokenizer.chunks(prompt, lookup)
    assert embedding_names(prompt) == names == tuple(name for name in asked if name)
