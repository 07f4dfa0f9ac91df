"""Schema nodes that use models, wired to the built-in nodes over a small checkpoint."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodes import builtin
from tests.diffusion.small import save_small
from tests.nodes.comfy_v3.loaded import EXAMPLES, Host, host
from tests.toys import link, prompt


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Host:
    base = tmp_path_factory.mktemp("base")
    (base / "models/checkpoints").mkdir(parents=True)
    save_small(base / "models/checkpoints/small.safetensors")
    return host(base, EXAMPLES / "v3_sampling.py", builtin=builtin())


def graph(amount: float) -> dict[str, Any]:
    """One picture by built-in nodes, the same by one node of the pack, and one with a changed model."""
    sampler = {
        "seed": 3, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        "positive": link("pos"), "negative": link("neg"), "latent_image": link("empty"),
    }  # fmt: skip
    return prompt(
        load=("CheckpointLoaderSimple", {"ckpt_name": "small.safetensors"}),
        pos=("CLIPTextEncode", {"text": "a fox", "clip": link("load", 1)}),
        neg=("CLIPTextEncode", {"text": "", "clip": link("load", 1)}),
        empty=("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
        sample=("KSampler", {"model": link("load"), **sampler}),
        decode=("VAEDecode", {"samples": link("sample"), "vae": link("load", 2)}),
        show=("PreviewImage", {"images": link("decode")}),
        soft=("V3SoftenModel", {"model": link("load"), "amount": amount}),
        softly=("KSampler", {"model": link("soft"), **sampler}),
        draw=(
            "V3DrawPicture",
            {
                "model": link("load"),
                "clip": link("load", 1),
                "vae": link("load", 2),
                "text": "a fox",
                "seed": 3,
            },
        ),
    )


def test_a_pack_that_samples_by_call_makes_the_picture_of_the_nodes(pack: Host) -> None:
    outcome = pack.run(graph(0.5), targets=["decode", "sample", "draw", "softly"]).outcome
    assert not outcome.errors, outcome.errors[0]
    values: dict[str, Any] = {str(node): found for node, found in outcome.values.items()}
    assert torch.equal(values["draw"][0], values["decode"][0])
    assert torch.equal(values["draw"][1]["samples"], values["sample"][0]["samples"])
    assert not torch.equal(values["softly"][0]["samples"], values["sample"][0]["samples"])


def test_a_changed_model_that_changes_nothing_makes_the_same_picture(pack: Host) -> None:
    outcome = pack.run(graph(1.0), targets=["sample", "softly"]).outcome
    values: dict[str, Any] = {str(node): found for node, found in outcome.values.items()}
    assert torch.equal(values["softly"][0]["samples"], values["sample"][0]["samples"])
