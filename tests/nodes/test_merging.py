"""Models merged, saved and loaded again: the files hold the arithmetic, and give the merge's picture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.adapters.extraction import extract
from diffusion.checkpoint import read_header
from diffusion.families.sd1 import NETWORK, TEXT, VAE
from engine.types import NodeId
from nodes.block_merging import model_merge_sd1
from tests.diffusion.small import UNET_CONFIGS, save_family, save_small, small_tensors
from tests.diffusion.small_transformers import save_transformer
from tests.nodes.graphs import Bench, Graph, node, text_to_image
from tests.tensors import load_file, save_file

Tensors = dict[str, Tensor]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base directory with a small checkpoint; tests add files, and change none that is there."""
    base = tmp_path_factory.mktemp("merging")
    for kind in ("checkpoints", "loras", "diffusion_models", "text_encoders", "vae"):
        (base / "models" / kind).mkdir(parents=True)
    save_small(base / "models/checkpoints/small.safetensors")
    return base


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    return Bench(folder)


@pytest.fixture(scope="module")
def other(folder: Path) -> Tensors:
    """The tensors of a second checkpoint, `other.safetensors`."""
    generator = torch.Generator().manual_seed(3)
    tensors = {
        name: value + 0.1 * torch.randn(value.shape, generator=generator)
        for name, value in small_tensors().items()
    }
    save_file(tensors, folder / "models/checkpoints/other.safetensors")
    return tensors


def merging(
    merge: dict[str, Any],
    clip: dict[str, Any] | None = None,
    first: str = "small.safetensors",
    second: str = "other.safetensors",
) -> Graph:
    """Text to image with the result of merging two checkpoints, and saving it."""
    graph = text_to_image(first)
    graph["load2"] = node("CheckpointLoaderSimple", ckpt_name=second)
    graph["merge"] = merge
    graph["sample"]["inputs"]["model"] = ["merge", 0]
    if clip is not None:
        graph["mergeclip"] = clip
        for prompt in ("pos", "neg"):
            graph[prompt]["inputs"]["clip"] = ["mergeclip", 0]
    source = ["load", 1] if clip is None else ["mergeclip", 0]
    graph["store"] = storing("CheckpointSave", model=["merge", 0], clip=source, vae=["load", 2])
    return graph


def merge(class_type: str, **inputs: Any) -> dict[str, Any]:
    return node(class_type, model1=["load", 0], model2=["load2", 0], **inputs)


def merge_clip(class_type: str, **inputs: Any) -> dict[str, Any]:
    return node(class_type, clip1=["load", 1], clip2=["load2", 1], **inputs)


def storing(class_type: str, **inputs: Any) -> dict[str, Any]:
    return node(class_type, filename_prefix="checkpoints/new", **inputs)


def saved(bench: Bench, folder: Path, graph: Graph, node_id: str = "store") -> list[Path]:
    outcome = bench.run(graph, [node_id])
    assert outcome.status == "success", outcome.errors
    texts = outcome.ui[NodeId(node_id)]["text"]
    return [folder / "output" / text.removeprefix("saved as ") for text in texts]


CASES: list[tuple[dict[str, Any], Callable[[Tensor, Tensor], Tensor]]] = [
    (merge("ModelMergeSimple", ratio=0.3), lambda a, b: 0.3 * a + 0.7 * b),
    (merge("ModelMergeAdd"), lambda a, b: a + b),
    (merge("ModelMergeSubtract", multiplier=0.5), lambda a, b: 0.5 * (a - b)),
]


@pytest.mark.parametrize(("how", "formula"), CASES, ids=["simple", "add", "subtract"])
def test_a_saved_merge_holds_the_mixed_weights(
    how: dict[str, Any],
    formula: Callable[[Tensor, Tensor], Tensor],
    bench: Bench,
    folder: Path,
    other: Tensors,
) -> None:
    (path,) = saved(bench, folder, merging(how))
    found, first = load_file(path), small_tensors()
    assert found.keys() == first.keys()
    for name, value in found.items():
        mixed = formula(first[name], other[name]) if name.startswith(NETWORK) else first[name]
        torch.testing.assert_close(value, mixed, rtol=0, atol=1e-6)


def test_text_encoders_merge_like_networks(bench: Bench, folder: Path, other: Tensors) -> None:
    graph = merging(merge("ModelMergeAdd"), merge_clip("CLIPMergeSimple", ratio=0.25))
    (path,) = saved(bench, folder, graph)
    found, first = load_file(path), small_tensors()
    for name, value in found.items():
        if name.startswith(TEXT):
            torch.testing.assert_close(value, 0.25 * first[name] + 0.75 * other[name], rtol=0, atol=1e-6)


def test_each_block_has_its_own_ratio(bench: Bench, folder: Path, other: Tensors) -> None:
    inputs = model_merge_sd1.spec.inputs
    ratios = {given.name: 1.0 for given in inputs if given.type == "FLOAT"}
    ratios |= {"input_blocks.1.": 0.0, "out.": 0.5}
    (path,) = saved(bench, folder, merging(merge("ModelMergeSD1", **ratios)))
    (thirds,) = saved(bench, folder, merging(merge("ModelMergeBlocks", input=0.0, middle=1.0, out=0.5)))
    found, coarse, first = load_file(path), load_file(thirds), small_tensors()
    for name, value in first.items():
        block = name.removeprefix(NETWORK)
        fine = {"input_blocks.1.": 0.0, "out.": 0.5}
        ratio = next((share for prefix, share in fine.items() if block.startswith(prefix)), 1.0)
        mixed = ratio * value + (1 - ratio) * other[name] if name.startswith(NETWORK) else value
        torch.testing.assert_close(found[name], mixed, rtol=0, atol=1e-6)
        ratio = {"mid": 1.0, "out": 0.5}.get(block[:3], 0.0) if name.startswith(NETWORK) else 1.0
        torch.testing.assert_close(
            coarse[name], ratio * value + (1 - ratio) * other[name], rtol=0, atol=1e-6, msg=name
        )


def test_the_saved_merge_draws_the_picture_of_the_merge(bench: Bench, folder: Path, other: Tensors) -> None:
    graph = merging(merge("ModelMergeSimple", ratio=0.4), merge_clip("CLIPMergeSimple", ratio=0.4))
    (path,) = saved(bench, folder, graph)
    path.replace(folder / "models/checkpoints/new.safetensors")
    picture = bench.value(graph, "decode")
    assert torch.equal(bench.value(text_to_image("new.safetensors"), "decode"), picture)
    assert not torch.equal(bench.value(text_to_image(), "decode"), picture)


def test_the_file_says_what_it_is_and_how_it_was_made(bench: Bench, folder: Path, other: Tensors) -> None:
    graph, again = merging(merge("ModelMergeAdd")), merging(merge("ModelMergeSubtract", multiplier=2.0))
    for each in (graph, again):
        each["store"]["inputs"]["filename_prefix"] = "told/new"
    (path,) = saved(bench, folder, graph)
    assert path.name == "new_00001_.safetensors"
    told = read_header(path).metadata
    assert told["modelspec.architecture"] == "stable-diffusion-v1"
    assert told["modelspec.predict_key"] == "epsilon"
    assert json.loads(told["prompt"])["merge"]["class_type"] == "ModelMergeAdd"
    (path,) = saved(bench, folder, again)
    assert path.name == "new_00002_.safetensors"


@pytest.mark.parametrize("family", UNET_CONFIGS)
def test_a_checkpoint_of_every_family_comes_back_as_it_was(family: str, bench: Bench, folder: Path) -> None:
    save_family(folder / f"models/checkpoints/{family}.safetensors", family)
    check_comes_back(bench, folder, f"{family}.safetensors")


@pytest.mark.parametrize("name", ["sd3", "flux"])
def test_a_transformers_checkpoint_comes_back_as_it_was(name: str, bench: Bench, folder: Path) -> None:
    path = save_transformer(folder / "models/checkpoints", name)
    check_comes_back(bench, folder, path.name)


def test_velocity_is_marked_in_sdxl_files(bench: Bench, folder: Path) -> None:
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    save_family(folder / "models/checkpoints/marked.safetensors", "sdxl", **marks)
    check_comes_back(bench, folder, "marked.safetensors")


def check_comes_back(bench: Bench, folder: Path, name: str) -> None:
    graph: Graph = {
        "load": node("CheckpointLoaderSimple", ckpt_name=name),
        "store": storing("CheckpointSave", model=["load", 0], clip=["load", 1], vae=["load", 2]),
    }
    (path,) = saved(bench, folder, graph)
    before, after = load_file(folder / "models/checkpoints" / name), load_file(path)
    # A scale that only CLIP's training needs is not loaded, so it cannot come back.
    assert after.keys() == {key for key in before if not key.endswith("logit_scale")}
    for key, value in after.items():
        assert torch.equal(before[key], value), key


def test_parts_are_saved_as_their_loaders_read_them(bench: Bench, folder: Path) -> None:
    graph: Graph = {
        "load": node("CheckpointLoaderSimple", ckpt_name="small.safetensors"),
        "model": storing("ModelSave", model=["load", 0]),
        "clip": storing("CLIPSave", clip=["load", 1]),
        "vae": storing("VAESave", vae=["load", 2]),
    }
    for part, kind in (("model", "diffusion_models"), ("clip", "text_encoders"), ("vae", "vae")):
        (path,) = saved(bench, folder, graph, part)
        path.replace(folder / "models" / kind / "part.safetensors")
    apart = text_to_image() | {
        "net": node("UNETLoader", unet_name="part.safetensors", weight_dtype="default"),
        "text": node("CLIPLoader", clip_name="part.safetensors", type="stable_diffusion"),
        "auto": node("VAELoader", vae_name="part.safetensors"),
    }
    del apart["load"]
    apart["sample"]["inputs"]["model"] = ["net", 0]
    apart["decode"]["inputs"]["vae"] = ["auto", 0]
    for prompt in ("pos", "neg"):
        apart[prompt]["inputs"]["clip"] = ["text", 0]
    assert torch.equal(bench.value(apart, "decode"), bench.value(text_to_image(), "decode"))


def test_a_lora_extracted_from_a_difference_leads_from_one_model_to_the_other(
    bench: Bench, folder: Path, other: Tensors
) -> None:
    swapped = {"model1": ["load2", 0], "model2": ["load", 0]}
    graph = merging(
        merge("ModelMergeSubtract", multiplier=1.0) | {},
        merge_clip("CLIPMergeSubtract", multiplier=1.0),
    )
    graph["merge"]["inputs"] |= swapped
    graph["mergeclip"]["inputs"] |= {"clip1": ["load2", 1], "clip2": ["load", 1]}
    difference = {"model_diff": ["merge", 0], "text_encoder_diff": ["mergeclip", 0], "bias_diff": True}
    graph["whole"] = storing("LoraSave", rank=64, lora_type="standard", **difference)
    graph["small"] = storing("LoraSave", rank=2, lora_type="standard", **difference)
    graph["full"] = storing("LoraSave", rank=2, lora_type="full_diff", **difference)
    pictures: dict[str, Tensor] = {}
    target = bench.value(text_to_image("other.safetensors") | {}, "sample")["samples"]
    start = bench.value(text_to_image(), "sample")["samples"]
    for name in ("whole", "full", "small"):
        (path,) = saved(bench, folder, graph, name)
        path.replace(folder / f"models/loras/{name}.safetensors")
        lora = text_to_image(model=["lora", 0]) | {
            "lora": node(
                "LoraLoader",
                model=["load", 0],
                clip=["load", 1],
                lora_name=f"{name}.safetensors",
                strength_model=1.0,
                strength_clip=1.0,
            )
        }
        for prompt in ("pos", "neg"):
            lora[prompt]["inputs"]["clip"] = ["lora", 1]
        pictures[name] = bench.value(lora, "sample")["samples"]
    far = float((start - target).norm())
    assert float((pictures["full"] - target).norm()) < 0.05 * far
    assert float((pictures["whole"] - target).norm()) < 0.05 * far
    assert float((pictures["small"] - target).norm()) > 0.05 * far


def test_what_lora_files_have_no_name_for_is_left_out() -> None:
    """Tables of positions are parameters of a network itself, not weights of a layer."""
    differences = {"pos_embed": torch.ones(1, 4, 8), "x.weight": torch.ones(4, 4), "x.bias": torch.ones(4)}
    found = extract(differences, "diffusion_model.", rank=1, biases=True)
    assert {name.removeprefix("diffusion_model.x.") for name in found} == {
        "lora_up.weight",
        "lora_down.weight",
        "diff_b",
    }


def test_models_of_two_families_are_refused_by_name(bench: Bench, folder: Path, other: Tensors) -> None:
    save_family(folder / "models/checkpoints/xl.safetensors", "sdxl")
    graph = merging(merge("ModelMergeSimple", ratio=0.5), second="xl.safetensors")
    outcome = bench.run(graph, ["merge"])
    (error,) = outcome.errors
    assert "model1 is SD 1.x and model2 SDXL" in error.message
    # SD 2.x has SD 1.x' convolutions: what differs is a part of its weights only.
    save_family(folder / "models/checkpoints/two.safetensors", "sd2")
    outcome = bench.run(merging(merge("ModelMergeAdd"), second="two.safetensors"), ["merge"])
    assert "model1 is SD 1.x and model2 SD 2.x" in outcome.errors[0].message
    graph = merging(merge("ModelMergeAdd"), merge_clip("CLIPMergeAdd"), second="xl.safetensors")
    outcome = bench.run(graph, ["mergeclip"])
    assert "clip1 has the text encoders l and clip2 has l, g" in outcome.errors[0].message


def test_a_kernel_of_another_size_stays_and_is_told(bench: Bench, folder: Path, other: Tensors) -> None:
    """Adding a difference to an inpainting model, whose first kernel takes more channels."""
    name = "inpainting.safetensors"
    save_family(folder / "models/checkpoints" / name, "sd1-inpaint")
    graph = merging(merge("ModelMergeAdd"), first=name)
    outcome = bench.run(graph, ["merge"])
    assert outcome.status == "success"
    ((warned, text),) = bench.warnings
    assert warned == "merge" and "input_blocks.0.0.weight" in text
    (path,) = saved(bench, folder, graph)
    first = load_file(folder / "models/checkpoints" / name)
    kernel = f"{NETWORK}input_blocks.0.0.weight"
    assert torch.equal(load_file(path)[kernel], first[kernel])
    assert not torch.equal(load_file(path)[f"{NETWORK}out.2.weight"], first[f"{NETWORK}out.2.weight"])
    assert torch.equal(load_file(path)[f"{VAE}quant_conv.weight"], first[f"{VAE}quant_conv.weight"])
