"""Graphs over small checkpoints of the latent diffusion paper's models."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from diffusion.ldm.boxes import Box
from diffusion.ldm.pictures import MASK, MASKED_PICTURE, SMALL_PICTURE, MaskedPicture
from engine.types import NodeId
from nodes.ldm import ldm_inpaint, ldm_super_resolution, parse_boxes
from tests.diffusion.small_ldm import MODELS, save_ldm
from tests.nodes.graphs import Bench, Graph, node, text_to_image


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A host with a small checkpoint of every family."""
    folder = tmp_path_factory.mktemp("ldm")
    checkpoints = folder / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    for name in MODELS:
        save_ldm(checkpoints / f"{name}.ckpt", name)
    return Bench(folder)


def label(number: int) -> dict[str, Any]:
    return node("LDMClassLabel", clip=["load", 1], class_label=number)


def boxes(text: str, **crop: float) -> dict[str, Any]:
    whole = {"crop_x": 0.0, "crop_y": 0.0, "crop_width": 1.0, "crop_height": 1.0}
    return node("LDMBoxes", clip=["load", 1], boxes=text, **{**whole, **crop})


NOTHING = node("LDMUnconditional")
DRAWN = {
    "ldm-text": (node("CLIPTextEncode", text="a fox", clip=["load", 1]), 8),
    "ldm-class": (label(207), 4),
    "ldm-boxes": (boxes("68 0.1 0.5 0.3 0.4"), 4),
    "ldm-unconditional": (NOTHING, 4),
    "ldm-unconditional-f8": (NOTHING, 8),
}
"""What each model is told, and how many pixels its latents have to a cell."""


def drawing(family: str, told: dict[str, Any], **sampler: Any) -> Graph:
    """The plain graph with latents of the model's own kind, both sides of the guidance told the same."""
    latent = node("EmptyLatentForVAE", vae=["load", 2], width=64, height=48, batch_size=2)
    graph = text_to_image(f"{family}.ckpt", **{"cfg": 1.0, **sampler})
    return {**graph, "latent": latent, "pos": told, "neg": told}


@pytest.mark.parametrize("family", DRAWN)
def test_the_plain_graph_draws_with_every_model(family: str, bench: Bench) -> None:
    told, factor = DRAWN[family]
    graph = drawing(family, told)
    sampled = bench.value(graph, "sample")["samples"]
    assert sampled.shape[2:] == (48 // factor, 64 // factor) and sampled.isfinite().all()
    assert bench.value(graph, "decode").shape == (2, 48, 64, 3)


def test_the_reference_sampler_runs_on_a_models_own_schedule(bench: Bench) -> None:
    reference = node(
        "CompVisSampler", model=["load", 0], seed=1, steps=2, scale=1.0, sampler="ddim", eta=1.0,
        discretize="uniform", positive=["pos", 0], negative=["neg", 0], latent_image=["latent", 0],
        strength=1.0, noise_device="cpu",
    )  # fmt: skip
    graph = {**drawing("ldm-unconditional", NOTHING), "sample": reference}
    assert bench.value(graph, "decode").isfinite().all()


def test_classes_and_guidance_from_the_label_for_any_class_change_the_picture(bench: Bench) -> None:
    graph = drawing("ldm-class", label(207))
    plain = bench.value(graph, "sample")["samples"]
    other = bench.value({**graph, "pos": label(3)}, "sample")["samples"]
    guided = bench.value({**drawing("ldm-class", label(207), cfg=3.0), "neg": label(-1)}, "sample")["samples"]
    named = bench.value({**drawing("ldm-class", label(207), cfg=3.0), "neg": label(1000)}, "sample")[
        "samples"
    ]
    assert torch.equal(guided, named)
    assert not torch.allclose(plain, other, atol=1e-4) and not torch.allclose(plain, guided, atol=1e-4)


def test_boxes_and_the_part_shown_change_the_picture(bench: Bench) -> None:
    tolds = [
        boxes("68 0.1 0.5 0.3 0.4"),
        boxes("68 0.5 0.5 0.3 0.4"),
        boxes("68 0.1 0.5 0.3 0.4", crop_x=0.5, crop_width=0.5),
    ]
    states = [bench.value(drawing("ldm-boxes", told), "pos")[0][0] for told in tolds]
    assert all(state.shape == (1, 92, 64) for state in states)
    assert not torch.allclose(states[0], states[1], atol=1e-3)
    assert not torch.allclose(states[0], states[2], atol=1e-3)


def test_super_resolution_draws_pictures_four_times_as_large(bench: Bench) -> None:
    told = {
        "small": node("EmptyImage", width=16, height=12, batch_size=1, color=0x804020),
        "told": node("LDMSuperResolution", pixels=["small", 0]),
    }
    graph = text_to_image(
        "ldm-super-resolution.ckpt",
        cfg=1.0,
        positive=["told", 0],
        negative=["told", 1],
        latent_image=["told", 2],
    )
    assert bench.value({**graph, **told}, "decode").shape == (1, 48, 64, 3)
    pixels = torch.rand(2, 6, 8, 3)
    positive, negative, latent = ldm_super_resolution(pixels=pixels)
    options: Any = positive[0][1]
    assert torch.equal(options[SMALL_PICTURE], pixels.movedim(-1, 1) * 2 - 1) and options is negative[0][1]
    assert latent["samples"].shape == (2, 3, 6, 8) and not latent["samples"].any()


def test_inpainting_is_shown_the_picture_with_a_black_hole_and_the_mask(bench: Bench) -> None:
    """As CompVis' script prepares them: a hard mask, black under it, its nearest cells in the latent."""
    outcome = bench.run(text_to_image("ldm-inpaint.ckpt"), ["load"])
    vae = outcome.values[NodeId("load")][2]
    pixels = torch.rand(1, 18, 24, 3)
    mask = torch.zeros(1, 18, 24)
    mask[:, 4:13, 6:16] = 0.7
    positive, _, latent = ldm_inpaint(pixels=pixels, mask=mask, vae=vae)
    options: Any = positive[0][1]
    hard = (mask >= 0.5).float()[:, 1:17]
    assert torch.equal(options[MASKED_PICTURE], vae.encode(pixels[:, 1:17] * (1 - hard[..., None])))
    assert torch.equal(options[MASK], F.interpolate(hard[:, None], size=(4, 6)))
    assert latent["samples"].shape == (1, 3, 4, 6)
    concat = MaskedPicture()(options, torch.zeros(2, 3, 4, 6))["concat"]
    assert concat.shape == (2, 4, 4, 6) and torch.equal(concat[1:, :3], options[MASKED_PICTURE])
    assert torch.equal(concat[1:, 3:], options[MASK] * 2 - 1)

    told = {
        "picture": node("EmptyImage", width=32, height=24, batch_size=1, color=0x804020),
        "mask": node("SolidMask", value=1.0, width=32, height=24),
        "told": node("LDMInpaint", pixels=["picture", 0], mask=["mask", 0], vae=["load", 2]),
    }
    graph = text_to_image(
        "ldm-inpaint.ckpt", cfg=1.0, positive=["told", 0], negative=["told", 1], latent_image=["told", 2]
    )
    assert bench.value({**graph, **told}, "decode").shape == (1, 24, 32, 3)


def refused(bench: Bench, graph: Graph, target: str) -> str:
    """Why a node of a graph failed."""
    (error,) = bench.run(graph, [target]).errors
    return error.message


@pytest.mark.parametrize(
    ("family", "told", "reason"),
    [
        ("ldm-class", label(1001), "knows the classes 0 to 1000, not 1001"),
        ("ldm-text", label(1), "draws no classes: use LDMClassLabel with a class-conditional model"),
        ("ldm-class", boxes("1 0 0 1 1"), "draws no layouts: use LDMBoxes with a layout-to-image model"),
        ("ldm-boxes", boxes("1 0 0 1 1\n\na dog"), "line 3 of the boxes is 'a dog'"),
        ("ldm-class", DRAWN["ldm-text"][0], "reads no text: use the node LDMClassLabel"),
        ("ldm-inpaint", NOTHING, "connect the positive and negative conditioning of the node LDMInpaint"),
        ("ldm-super-resolution", NOTHING, "conditioning of the node LDMSuperResolution"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_do(
    family: str, told: dict[str, Any], reason: str, bench: Bench
) -> None:
    assert reason in refused(bench, drawing(family, told), "sample")


def test_a_latent_of_another_size_than_the_picture_shown_is_refused(bench: Bench) -> None:
    told = {
        "small": node("EmptyImage", width=16, height=12, batch_size=1, color=0),
        "told": node("LDMSuperResolution", pixels=["small", 0]),
    }
    graph = {
        **text_to_image("ldm-super-resolution.ckpt", cfg=1.0, positive=["told", 0], negative=["told", 1]),
        **told,
    }
    assert "is 16x12 cells and the latent 8x8: sample from the latent" in refused(bench, graph, "sample")


def test_boxes_are_written_a_line_each() -> None:
    assert parse_boxes("1 0 0 1 1\n\n 22, 0.25, .5, 0.1, 0.2 ") == [
        Box(0, 0, 1, 1, 1),
        Box(0.25, 0.5, 0.1, 0.2, 22),
    ]
    assert parse_boxes("") == []
