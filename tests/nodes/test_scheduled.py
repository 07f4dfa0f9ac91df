"""CLIP Text Encode (Scheduled): prompts with their part of the run, in a graph with a small checkpoint."""

from typing import Any

import pytest
import torch

from tests.diffusion.small import save_small
from tests.nodes.graphs import Bench, Graph, node, text_to_image


def graph(text: str, **settings: Any) -> Graph:
    inputs = {"steps": 4, "sampler_name": "euler", "scheduler": "normal", **settings}
    prompt = node("CLIPTextEncodeScheduled", text=text, clip=["load", 1], model=["load", 0], **inputs)
    return {**text_to_image(steps=inputs["steps"]), "pos": prompt}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    base = tmp_path_factory.mktemp("bench")
    (base / "models" / "checkpoints").mkdir(parents=True)
    save_small(base / "models" / "checkpoints" / "small.safetensors")
    return Bench(base)


def test_a_prompt_that_does_not_change_is_clip_text_encode_s(bench: Bench) -> None:
    (got,) = bench.value(graph("a (red:1.3) fox"), "pos")
    plain = text_to_image()
    plain["pos"]["inputs"]["text"] = "a (red:1.3) fox"
    (want,) = bench.value(plain, "pos")
    assert got[0].equal(want[0])
    assert got[1]["pooled_output"].equal(want[1]["pooled_output"])
    assert "start_percent" not in got[1]


def test_prompts_share_the_run_without_gaps_and_each_is_encoded_once(bench: Bench) -> None:
    found = bench.value(graph("a [fox|cat]"), "pos")
    ranges = [(options["start_percent"], options["end_percent"]) for _, options in found]
    assert ranges[0][0] == 0.0
    assert ranges[-1][1] == 1.0
    assert [start for start, _ in ranges[1:]] == [end for _, end in ranges[:-1]]
    assert found[0][0] is found[2][0]
    assert not found[0][0].equal(found[1][0])


def test_break_puts_what_follows_into_a_chunk_of_its_own(bench: Bench) -> None:
    (both,) = bench.value(graph("a fox BREAK in snow"), "pos")
    (first,), (second,) = bench.value(graph("a fox"), "pos"), bench.value(graph("in snow"), "pos")
    assert both[0].equal(torch.cat([first[0], second[0]], dim=1))
    assert both[1]["pooled_output"].equal(first[1]["pooled_output"])


def test_a_picture_follows_both_prompts(bench: Bench) -> None:
    made = [bench.value(graph(text), "sample")["samples"] for text in ("[a fox:a cat:2]", "a fox", "a cat")]
    assert made[0].isfinite().all()
    assert not made[0].equal(made[1])
    assert not made[0].equal(made[2])
