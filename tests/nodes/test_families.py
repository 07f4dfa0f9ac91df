"""Graphs over small checkpoints of every family: what their own nodes tell the sampler."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.model import Latent
from nodes.inpaint import inpaint_model_conditioning, vae_encode_for_inpaint
from tests.diffusion.small import UNET_CONFIGS, save_family
from tests.diffusion.test_diffusers_folder import saved
from tests.nodes.graphs import Bench, Graph, node, text_to_image


def bench_with(folder: Path, family: str) -> tuple[Bench, Graph]:
    """A host with a small checkpoint of that family, and a graph over it."""
    target = folder / "models" / "checkpoints"
    target.mkdir(parents=True, exist_ok=True)
    save_family(target / f"{family}.safetensors", family)
    return Bench(folder), text_to_image(f"{family}.safetensors")


@pytest.mark.parametrize("family", [name for name in UNET_CONFIGS if name != "sd2-depth"])
def test_the_plain_graph_draws_with_every_family(family: str, folder: Path) -> None:
    bench, graph = bench_with(folder, family)
    (picture,) = bench.images(graph)
    assert (folder / "output" / picture["filename"]).stat().st_size > 100
    other = {**graph, "pos": node("CLIPTextEncode", text="a whale", clip=["load", 1])}
    latents = [bench.value(each, "sample")["samples"] for each in (graph, other)]
    assert latents[0].isfinite().all() and not torch.allclose(*latents, atol=1e-4)


def sdxl(**changes: Any) -> dict[str, Any]:
    sizes = {"width": 64, "height": 64, "crop_w": 0, "crop_h": 0, "target_width": 64, "target_height": 64}
    inputs = {"clip": ["load", 1], "text_g": "a fox", "text_l": "a fox", **sizes, **changes}
    return node("CLIPTextEncodeSDXL", **inputs)


def test_the_sdxl_prompt_node_with_the_pictures_own_sizes_is_the_plain_one(folder: Path) -> None:
    bench, graph = bench_with(folder, "sdxl")
    plain = bench.value(graph, "sample")["samples"]
    assert torch.allclose(bench.value({**graph, "pos": sdxl()}, "sample")["samples"], plain, atol=1e-5)
    changes: list[dict[str, Any]] = [{"text_l": "x"}, {"text_g": "x"}, {"width": 300}, {"crop_h": 50}]
    for change in [*changes, {"target_height": 900}]:
        other = bench.value({**graph, "pos": sdxl(**change)}, "sample")["samples"]
        assert not torch.allclose(other, plain, atol=1e-4), change


def test_the_refiners_prompt_node_with_the_usual_scores_is_the_plain_one(folder: Path) -> None:
    bench, graph = bench_with(folder, "sdxl-refiner")

    def scored(text: str, score: float) -> dict[str, Any]:
        inputs = {"text": text, "ascore": score, "width": 64, "height": 64, "clip": ["load", 1]}
        return node("CLIPTextEncodeSDXLRefiner", **inputs)

    plain = bench.value(graph, "sample")["samples"]
    same = {**graph, "pos": scored("a fox", 6.0), "neg": scored("", 2.5)}
    assert torch.allclose(bench.value(same, "sample")["samples"], plain, atol=1e-5)
    other = {**same, "pos": scored("a fox", 9.0)}
    assert not torch.allclose(bench.value(other, "sample")["samples"], plain, atol=1e-4)


def test_a_prompt_node_for_two_texts_tells_a_model_that_reads_one(folder: Path) -> None:
    bench, graph = bench_with(folder, "sdxl-refiner")
    outcome = bench.run({**graph, "pos": sdxl()})
    assert outcome.status == "error"
    assert "this text encoder has no l: it has g" in str(outcome.errors)


def test_an_sdxl_model_given_another_models_text_says_so_before_it_samples(folder: Path) -> None:
    bench, graph = bench_with(folder, "sdxl")
    save_family(folder / "models" / "checkpoints" / "sd1.safetensors", "sd1")
    graph["other"] = node("CheckpointLoaderSimple", ckpt_name="sd1.safetensors")
    graph["pos"] = node("CLIPTextEncode", text="a fox", clip=["other", 1])
    outcome = bench.run(graph)
    assert "the conditioning's text is 32 wide and SDXL reads 96" in str(outcome.errors)


# --- inpainting ----------------------------------------------------------------------------------


def inpainting(folder: Path, **changes: Any) -> tuple[Bench, Graph]:
    """The right half of a drawn picture given to the inpainting model to redraw."""
    bench, graph = bench_with(folder, "sd1-inpaint")
    graph["first"] = {**graph["sample"], "inputs": {**graph["sample"]["inputs"], "seed": 7}}
    graph["drawn"] = node("VAEDecode", samples=["first", 0], vae=["load", 2])
    graph["none"] = node("SolidMask", value=0.0, width=64, height=64)
    graph["all"] = node("SolidMask", value=1.0, width=32, height=64)
    graph["mask"] = node(
        "MaskComposite", destination=["none", 0], source=["all", 0], x=32, y=0, operation="add"
    )
    inputs = {"positive": ["pos", 0], "negative": ["neg", 0], "vae": ["load", 2]}
    graph["seen"] = node(
        "InpaintModelConditioning",
        **{**inputs, "pixels": ["drawn", 0], "mask": ["mask", 0], "noise_mask": True, **changes},
    )
    wired = {"positive": ["seen", 0], "negative": ["seen", 1], "latent_image": ["seen", 2]}
    graph["sample"] = node("KSampler", **{**graph["sample"]["inputs"], **wired})
    return bench, graph


def test_the_inpainting_model_redraws_the_masked_part_alone(folder: Path) -> None:
    bench, graph = inpainting(folder)
    before, after = bench.value(graph, "seen"), bench.value(graph, "sample")["samples"]
    kept = {**graph, "kept": node("VAEEncode", pixels=["drawn", 0], vae=["load", 2])}
    latent = bench.value(kept, "kept")["samples"]
    assert set(before[0][1]) == {"pooled_output", "concat_latent_image", "concat_mask"}
    assert torch.allclose(after[..., :4], latent[..., :4], atol=1e-5)
    assert not torch.allclose(after[..., 4:], latent[..., 4:], atol=0.1)


def test_without_the_noise_mask_all_of_the_picture_is_repainted(folder: Path) -> None:
    bench, graph = inpainting(folder, noise_mask=False)
    result = bench.value(graph, "sample")
    assert "noise_mask" not in result
    kept = {**graph, "kept": node("VAEEncode", pixels=["drawn", 0], vae=["load", 2])}
    assert not torch.allclose(
        result["samples"][..., :4], bench.value(kept, "kept")["samples"][..., :4], atol=0.1
    )


class Flat:
    """An autoencoder that passes every eighth pixel through."""

    factor = 8

    def encode(self, pixels: Tensor) -> Tensor:
        return pixels.movedim(-1, 1)[..., ::8, ::8]


def test_the_model_is_shown_grey_where_it_is_to_draw_and_the_latent_is_the_whole_picture() -> None:
    picture = torch.rand(1, 67, 64, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 67, 64)
    mask[..., 32:], mask[..., 24:32] = 1.0, 0.4
    vae: Any = Flat()
    text = torch.zeros(1, 77, 8)
    shown = inpaint_model_conditioning(
        positive=[[text, {"strength": 0.5}]], negative=[[text, {}]], vae=vae, pixels=picture, mask=mask
    )
    latent: Latent = shown.latent
    whole = Flat().encode(picture[:, 1:65])
    assert latent["samples"].equal(whole)
    for context, options in (*shown.positive, *shown.negative):
        seen: Any = options
        assert context is text and seen["concat_mask"].shape == (1, 64, 64)
        assert seen["concat_latent_image"][..., :4].equal(whole[..., :4])
        assert seen["concat_latent_image"][..., 4:].eq(0.5).all()
    assert shown.positive[0][1].get("strength") == 0.5
    assert latent.get("noise_mask", torch.zeros(1))[0, 0, 0, 28] == pytest.approx(0.4)
    encoded = vae_encode_for_inpaint(pixels=picture, vae=vae, mask=mask, grow_mask_by=0)
    assert encoded["samples"].equal(shown.positive[0][1]["concat_latent_image"])  # pyright: ignore


# --- folders -------------------------------------------------------------------------------------


def test_a_diffusers_folder_draws_and_is_read_again_when_a_part_of_it_changes(folder: Path) -> None:
    where = folder / "models" / "diffusers" / "fox"
    saved(where, "sd2")
    bench, graph = Bench(folder), text_to_image()
    graph["load"] = node("DiffusersLoader", model_path="fox")
    first = bench.value(graph, "sample")["samples"]
    assert first.isfinite().all() and torch.equal(first, bench.value(graph, "sample")["samples"])
    saved(where, "sd2", {"prediction_type": "v_prediction"})
    assert not torch.allclose(first, bench.value(graph, "sample")["samples"], atol=1e-3)
