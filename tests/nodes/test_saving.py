"""Saving pictures and latents in other formats, reading them back, and opening them on the canvas."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from PIL import ImageSequence

from engine.context import Context, JobExtra, Preview, RunOptions
from engine.folders import Folders, MissingFile
from engine.types import NodeId
from nodes.encoding import JPEG_EXIF_LIMIT
from nodes.image import load_image_output
from nodes.latent_files import LatentFileError, load_latent, read_latent, save_latent
from nodes.saving import (
    mask_preview,
    save_animated_png,
    save_animated_webp,
    save_image_as,
    save_image_websocket,
)
from tests.nodes.graphs import Bench, node, text_to_image
from tests.tensors import load_file, save_file
from workflows.formats.embedded import read_file

PROMPT: Mapping[str, Any] = {"1": {"class_type": "EmptyImage", "inputs": {"text": "狐"}}}
WORKFLOW: Mapping[str, Any] = {"nodes": [{"id": 1, "type": "EmptyImage"}], "links": [], "version": 0.4}


def context(base: Path, workflow: Mapping[str, Any] = WORKFLOW, **options: Any) -> Context:
    extra = JobExtra({"workflow": workflow}, RunOptions(**options))
    return Context(folders=Folders.at(base), prompt=PROMPT, extra=extra)


def pictures(count: int = 1, channels: int = 3) -> torch.Tensor:
    smooth = torch.linspace(0, 1, 32).reshape(1, 1, 32, 1).expand(count, 24, 32, channels).clone()
    return smooth * torch.linspace(0.5, 1, count).reshape(-1, 1, 1, 1)


def saved(base: Path, ui: Any) -> list[Path]:
    return [base / one["type"] / one["subfolder"] / one["filename"] for one in ui.ui["images"]]


def shown(path: Path) -> np.ndarray:
    return np.asarray(PilImage.open(path).convert("RGB")).astype(float)


@pytest.mark.parametrize(
    ("format", "ending", "largest_error"), [("png", "png", 0), ("jpeg", "jpg", 4), ("webp", "webp", 8)]
)
def test_pictures_in_every_format_open_on_the_canvas(
    format: Any, ending: str, largest_error: int, tmp_path: Path
) -> None:
    ui = save_image_as(
        images=pictures(2), filename_prefix="set/fox", format=format, quality=95, context=context(tmp_path)
    )
    paths = saved(tmp_path, ui)
    assert [path.name for path in paths] == [f"fox_00001_.{ending}", f"fox_00002_.{ending}"]
    assert paths[0].parent == tmp_path / "output/set"
    expected = (pictures(2)[1].numpy() * 255).astype(np.uint8)
    assert np.abs(shown(paths[1]) - expected).max() <= largest_error
    found = read_file(paths[0])
    assert found.prompt == PROMPT and found.workflow == WORKFLOW


def test_lossless_webp_keeps_every_pixel_and_alpha(tmp_path: Path) -> None:
    image = torch.rand(1, 9, 7, 4, generator=torch.Generator().manual_seed(0))
    ui = save_image_as(images=image, format="webp", quality=50, lossless=True, context=context(tmp_path))
    found = np.asarray(PilImage.open(saved(tmp_path, ui)[0]))
    expected = (image[0].numpy() * 255).astype(np.uint8)
    visible = expected[..., 3] > 0
    np.testing.assert_array_equal(found[visible], expected[visible])


def test_what_is_transparent_is_white_in_a_jpeg(tmp_path: Path) -> None:
    clear = torch.zeros(1, 16, 16, 4)
    [path] = saved(
        tmp_path, save_image_as(images=clear, format="jpeg", quality=90, context=context(tmp_path))
    )
    assert shown(path).min() == 255


def test_numbers_go_on_whatever_the_format(tmp_path: Path) -> None:
    formats: Any = ("jpeg", "png", "webp")
    names = [
        saved(tmp_path, save_image_as(images=pictures(), format=format, context=context(tmp_path)))[0].name
        for format in formats
    ]
    assert names == ["ComfyUI_00001_.jpg", "ComfyUI_00002_.png", "ComfyUI_00003_.webp"]


def test_a_jpeg_keeps_of_a_large_workflow_what_was_run(tmp_path: Path) -> None:
    large = {**WORKFLOW, "extra": "x" * JPEG_EXIF_LIMIT}
    [path] = saved(
        tmp_path, save_image_as(images=pictures(), format="jpeg", context=context(tmp_path, large))
    )
    found = read_file(path)
    assert found.prompt == PROMPT and found.workflow is None
    [path] = saved(
        tmp_path, save_image_as(images=pictures(), format="webp", context=context(tmp_path, large))
    )
    assert read_file(path).workflow == large


def test_metadata_can_be_left_out(tmp_path: Path) -> None:
    plain = context(tmp_path, disable_metadata=True)
    formats: Any = ("jpeg", "webp")
    for format in formats:
        [path] = saved(tmp_path, save_image_as(images=pictures(), format=format, context=plain))
        assert b"prompt" not in path.read_bytes() and not PilImage.open(path).getexif()


def test_animations_have_their_frames_speed_and_graph(tmp_path: Path) -> None:
    frames, here = pictures(3), context(tmp_path)
    webp = save_animated_webp(images=frames, fps=10.0, method="fastest", context=here)
    png = save_animated_png(images=frames, fps=4.0, context=here)
    for ui, duration in ((webp, 100), (png, 250)):
        assert ui.ui["animated"] == [True]
        [path] = saved(tmp_path, ui)
        with PilImage.open(path) as file:
            found = [(np.asarray(f.convert("RGB")), f.info["duration"]) for f in ImageSequence.Iterator(file)]
        assert [time for _, time in found] == [duration] * 3
        for (pixels, _), frame in zip(found, frames, strict=True):
            np.testing.assert_array_equal(pixels, (frame.numpy() * 255).astype(np.uint8))
        assert read_file(path).prompt == PROMPT and read_file(path).workflow == WORKFLOW


def test_masks_are_shown_from_the_temp_folder(tmp_path: Path) -> None:
    [path] = saved(tmp_path, mask_preview(mask=torch.eye(4), context=context(tmp_path)))
    assert path.parent == tmp_path / "temp" and shown(path)[..., 0].diagonal().min() == 255


def test_pictures_are_sent_as_png_and_not_saved(tmp_path: Path) -> None:
    sent: list[tuple[float, float, Preview | None]] = []

    def report(node_id: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
        sent.append((value, maximum, preview))

    save_image_websocket(images=pictures(2), context=Context(folders=Folders.at(tmp_path), report=report))
    assert [(value, maximum) for value, maximum, _ in sent] == [(1, 2), (2, 2)]
    preview = sent[1][2]
    assert preview is not None and preview.media_type == "image/png" and not [*tmp_path.iterdir()]
    assert preview.data.startswith(b"\x89PNG")


def test_outputs_can_be_loaded_newest_first(tmp_path: Path) -> None:
    here = context(tmp_path)
    first, second = (
        saved(tmp_path, save_image_as(images=pictures(), format="png", context=here))[0] for _ in range(2)
    )
    listed = here.folders.list("output")
    assert sorted(listed) == [f"{path.name} [output]" for path in (first, second)]
    os.utime(first, (2e9, 2e9))
    assert here.folders.list("output")[0] == f"{first.name} [output]"
    loaded = load_image_output(image=f"{second.name} [output]", context=here)
    assert loaded.IMAGE.shape == (1, 24, 32, 3)
    with pytest.raises(MissingFile, match=re.escape("gone.png")):
        load_image_output(image="gone.png [output]", context=here)


# --- latents ----------------------------------------------------------------------------------------


def test_a_latent_comes_back_as_it_was_with_the_graph_beside_it(tmp_path: Path) -> None:
    here = context(tmp_path)
    latent: Any = {"samples": torch.randn(2, 4, 8, 6, generator=torch.Generator().manual_seed(0))}
    [one] = save_latent(samples=latent, context=here).ui["latents"]
    assert one == {"filename": "ComfyUI_00001_.latent", "subfolder": "latents", "type": "output"}
    path = tmp_path / "output/latents/ComfyUI_00001_.latent"
    assert set(load_file(path)) == {"latent_tensor", "latent_format_version_0"}
    assert read_file(path).prompt == PROMPT and read_file(path).workflow == WORKFLOW
    (tmp_path / "input").mkdir()
    path.rename(tmp_path / "input/mine.latent")
    assert here.folders.list("latents") == ["mine.latent"]
    assert load_latent(latent="mine.latent", context=here)["samples"].equal(latent["samples"])


def test_latents_of_the_first_version_were_scaled(tmp_path: Path) -> None:
    save_file({"latent_tensor": torch.full((1, 4, 2, 2), 0.18215)}, tmp_path / "old.latent")
    torch.testing.assert_close(read_latent(tmp_path / "old.latent")["samples"], torch.ones(1, 4, 2, 2))


def test_files_without_a_latent_are_named(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "lora.latent")
    (tmp_path / "cut.latent").write_bytes(b"\x10")
    for name, reason in (("lora", "holds no latent; it has weight"), ("cut", "cannot be read")):
        with pytest.raises(LatentFileError, match=rf"{name}\.latent {reason}"):
            read_latent(tmp_path / f"{name}.latent")


def test_a_graph_saves_and_loads_latents_and_pictures_of_its_own(folder: Path) -> None:
    bench, graph = Bench(folder), text_to_image()
    graph["keep"] = node("SaveLatent", samples=["sample", 0], filename_prefix="kept/a")
    graph["jpeg"] = node("SaveImageAs", images=["decode", 0], filename_prefix="b", format="jpeg", quality=90)
    assert bench.run(graph).status == "success"
    again = {"load": node("LoadLatent", latent="kept/a_00001_.latent [output]")}
    again["save"] = node("SaveLatent", samples=["load", 0], filename_prefix="again")
    assert bench.value(again, "load")["samples"].equal(bench.value(graph, "sample")["samples"])
    picture = {"load": node("LoadImageOutput", image="b_00001_.jpg [output]")}
    picture["save"] = node("PreviewImage", images=["load", 0])
    assert (bench.value(picture, "load") - bench.value(graph, "decode")).abs().mean() < 0.03
    again["load"]["inputs"]["latent"] = "none.latent"
    missing = bench.check(again)
    assert "Invalid latent file: none.latent" in json.dumps(
        [problem.to_json() for problem in missing.problems]
    )
