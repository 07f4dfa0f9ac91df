"""The built-in nodes wired together over a small checkpoint in the real layout."""

import json
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.context import Context, JobExtra
from nodes.image import png_metadata
from tests.diffusion.small import small_tensors
from tests.nodes.graphs import Bench, node, text_to_image
from tests.tensors import save_file


@pytest.fixture
def bench(folder: Path) -> Bench:
    return Bench(folder)


def saved(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "output").glob("*.png"))


def test_text_to_image_saves_a_picture_with_its_graph(bench: Bench, folder: Path) -> None:
    assert bench.images(text_to_image()) == [{"filename": "t_00001_.png", "subfolder": "", "type": "output"}]
    picture = Image.open(folder / "output/t_00001_.png")
    assert picture.size == (64, 64)
    assert json.loads(picture.info["prompt"])["sample"]["inputs"]["seed"] == 1


def test_changing_only_the_seed_reruns_the_sampler_and_what_follows(bench: Bench) -> None:
    bench.run(text_to_image())
    assert set(bench.run(text_to_image(seed=2)).executed) == {"sample", "decode", "save"}


def test_changing_nothing_answers_at_once_and_saves_no_second_file(bench: Bench, folder: Path) -> None:
    bench.run(text_to_image())
    seconds: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        outcome = bench.run(text_to_image())
        seconds.append(time.perf_counter() - start)
        assert outcome.executed == ()
    assert bench.images(text_to_image())[0]["filename"] == "t_00001_.png"
    assert saved(folder) == ["t_00001_.png"]
    assert min(seconds) < 0.020


def test_renaming_nodes_keeps_the_cache(bench: Bench) -> None:
    bench.run(text_to_image())
    renamed = json.loads(json.dumps(text_to_image()).replace('"load"', '"17"').replace('"sample"', '"x y"'))
    assert bench.run(renamed).executed == ()


def test_replacing_the_checkpoint_file_runs_everything_that_depends_on_it(bench: Bench, folder: Path) -> None:
    bench.run(text_to_image())
    other = {name: tensor * 0.9 for name, tensor in small_tensors().items()}
    save_file(other, folder / "models/checkpoints/new.safetensors")
    (folder / "models/checkpoints/new.safetensors").replace(folder / "models/checkpoints/small.safetensors")
    assert "latent" not in bench.run(text_to_image()).executed
    assert len(saved(folder)) == 2


def test_a_changed_embedding_runs_the_prompts_that_name_it(bench: Bench, folder: Path) -> None:
    (folder / "models/embeddings").mkdir()
    graph = text_to_image()
    graph["pos"]["inputs"]["text"] = "a (embedding:style:1.2) fox"
    for value in (0.1, 0.2):
        save_file({"clip_l": torch.full((1, 32), value)}, folder / "models/embeddings/style.safetensors")
        assert "pos" in bench.run(graph).executed
    assert bench.run(graph).executed == ()


def test_an_embedding_that_is_missing_is_told_at_its_prompt_whether_it_runs_or_not(bench: Bench) -> None:
    graph = text_to_image()
    graph["pos"]["inputs"]["text"] = "a fox, embedding:gone"
    text = "embedding 'gone' is in none of the embedding folders: left out of the prompt"
    assert "pos" in bench.run(graph).executed and bench.warnings == [("pos", text)]
    assert bench.run(graph).executed == () and bench.warnings == [("pos", text)]
    graph["pos"]["inputs"]["text"] = "a fox"
    bench.run(graph)
    assert bench.warnings == []


def test_same_seed_same_picture_and_another_seed_another(bench: Bench, folder: Path) -> None:
    first = bench.value(text_to_image(), "decode")
    fresh = Bench(folder).value(text_to_image(), "decode")
    assert torch.equal(first, fresh)
    assert not torch.equal(first, bench.value(text_to_image(seed=2), "decode"))


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_two_advanced_samplers_in_a_row_equal_one_run(bench: Bench, sampler: str) -> None:
    whole = text_to_image(steps=4, sampler_name=sampler)
    inputs = whole["sample"]["inputs"]
    common = {key: value for key, value in inputs.items() if key not in ("seed", "denoise")}
    split = dict(whole)
    split["first"] = node(
        "KSamplerAdvanced", **common, noise_seed=1, add_noise="enable", start_at_step=0, end_at_step=2,
        return_with_leftover_noise="enable",
    )  # fmt: skip
    split["sample"] = node(
        "KSamplerAdvanced", **{**common, "latent_image": ["first", 0]}, noise_seed=1, add_noise="disable",
        start_at_step=2, end_at_step=10000, return_with_leftover_noise="disable",
    )  # fmt: skip
    once, twice = bench.value(whole, "sample"), bench.value(split, "sample")
    assert torch.allclose(once["samples"], twice["samples"], atol=1e-4, rtol=1e-4)


def test_image_to_image_starts_from_the_loaded_picture(bench: Bench, folder: Path) -> None:
    (folder / "input").mkdir()
    Image.new("RGB", (70, 66), (200, 30, 30)).save(folder / "input/red.png")
    graph = text_to_image(denoise=0.3, latent_image=["encode", 0])
    graph["image"] = node("LoadImage", image="red.png")
    graph["scaled"] = node(
        "ImageScale", image=["image", 0], upscale_method="lanczos", width=64, height=64, crop="center"
    )
    graph["encode"] = node("VAEEncode", pixels=["scaled", 0], vae=["load", 2])
    latent = bench.value(graph, "encode")["samples"]
    near = bench.value(graph, "sample")["samples"]
    graph["sample"]["inputs"]["denoise"] = 1.0
    far = bench.value(graph, "sample")["samples"]
    assert (near - latent).std() < (far - latent).std()


def test_a_changed_input_picture_is_noticed(bench: Bench, folder: Path) -> None:
    (folder / "input").mkdir()
    graph = {"image": node("LoadImage", image="a.png"), "show": node("PreviewImage", images=["image", 0])}
    Image.new("RGB", (8, 8), "red").save(folder / "input/a.png")
    assert set(bench.run(graph).executed) == {"image", "show"}
    Image.new("RGB", (8, 8), "blue").save(folder / "input/a.png")
    assert set(bench.run(graph).executed) == {"image", "show"}
    assert bench.run(graph).executed == ()


def test_preview_pictures_go_to_the_temp_folder(bench: Bench, folder: Path) -> None:
    graph = text_to_image()
    graph["save"] = node("PreviewImage", images=["decode", 0])
    [image] = bench.images(graph)
    assert image["type"] == "temp" and (folder / "temp" / image["filename"]).is_file()


def test_latents_are_upscaled_in_cells_of_eight_pixels(bench: Bench) -> None:
    graph = text_to_image()
    graph["up"] = node(
        "LatentUpscale", samples=["sample", 0], upscale_method="bislerp", width=96, height=0, crop="disabled"
    )
    assert bench.value(graph, "up")["samples"].shape == (1, 4, 12, 12)


def test_a_kept_aspect_ratio_is_reckoned_in_pixels(bench: Bench) -> None:
    graph = text_to_image()
    graph["latent"]["inputs"].update(width=80, height=56)
    up = {"samples": ["latent", 0], "upscale_method": "nearest-exact", "crop": "disabled"}
    graph["up"] = node("LatentUpscale", **up, width=0, height=104)
    assert bench.value(graph, "up")["samples"].shape == (1, 4, 13, 18)


def test_clip_skip_changes_the_conditioning(bench: Bench) -> None:
    graph = text_to_image()
    graph["skip"] = node("CLIPSetLastLayer", clip=["load", 1], stop_at_clip_layer=-2)
    graph["skipped"] = node("CLIPTextEncode", text="a fox", clip=["skip", 0])
    plain, skipped = bench.value(graph, "pos")[0][0], bench.value(graph, "skipped")[0][0]
    assert plain.shape == skipped.shape and not torch.equal(plain, skipped)


def test_tiled_decoding_is_close_to_decoding_at_once(bench: Bench) -> None:
    graph = text_to_image()
    graph["latent"]["inputs"].update(width=128, height=128)
    graph["tiled"] = node(
        "VAEDecodeTiled", samples=["sample", 0], vae=["load", 2], tile_size=64, overlap=32, temporal_size=64,
        temporal_overlap=8,
    )  # fmt: skip
    whole, tiled = bench.value(graph, "decode"), bench.value(graph, "tiled")
    assert whole.shape == tiled.shape == (1, 128, 128, 3)
    assert (whole - tiled).abs().mean() < 0.1


def test_nan_weights_fail_at_the_sampler_with_the_remedy(bench: Bench, folder: Path) -> None:
    tensors = small_tensors()
    tensors["model.diffusion_model.out.2.weight"][0] = float("nan")
    save_file(tensors, folder / "models/checkpoints/nan.safetensors")
    outcome = bench.run(text_to_image("nan.safetensors"))
    assert outcome.status == "error"
    [error] = outcome.errors
    assert error.node_id == "sample" and "NaN" in error.message and "float32" in error.message
    assert saved(folder) == []
    assert bench.run(text_to_image()).status == "success"


def damaged(kind: str) -> bytes:
    return {
        "empty": b"",
        "lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4265146304\n",
        "web page": b"<!DOCTYPE html><html><body>Sign in to download</body></html>",
        "unknown family": b"\x48\x00\x00\x00\x00\x00\x00\x00"
        + b'{"some.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(72)
        + b"\0\0\0\0",
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "lfs pointer", "web page", "unknown family", "truncated"])
def test_a_bad_checkpoint_file_is_named_with_reason_and_remedy(bench: Bench, folder: Path, kind: str) -> None:
    path = folder / "models/checkpoints/bad.safetensors"
    whole = (folder / "models/checkpoints/small.safetensors").read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if kind == "truncated" else damaged(kind))
    [error] = bench.run(text_to_image("bad.safetensors")).errors
    assert error.node_id == "load" and "bad.safetensors" in error.message
    assert error.exception_type.endswith("CheckpointError") and error.suggestion


def test_a_missing_checkpoint_is_met_with_the_nearest_name(bench: Bench) -> None:
    checked = bench.check(text_to_image("smal.safetensors"))
    assert checked.graph is None
    [problem] = [p for p in checked.problems if p.node == "load"]
    assert problem.code == "value_not_in_list" and "small.safetensors" in str(problem.extra["suggestion"])


def test_the_graph_in_a_picture_is_the_one_that_made_it() -> None:
    context = Context(
        prompt={"1": {}}, extra=JobExtra(extra_pnginfo={"prompt": "another", "workflow": {"a": 1}})
    )
    assert png_metadata(context) == {"prompt": {"1": {}}, "workflow": {"a": 1}}
