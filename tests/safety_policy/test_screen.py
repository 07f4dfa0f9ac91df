"""What is looked at in a picture that leaves, and what is done with it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor, nn

from diffusion.clip_vision import preprocess
from diffusion.safety import SafetyChecker
from diffusion.watermark import read
from engine.context import Preview
from engine.events import NodeError, NodeFailed, NodeProgress
from engine.folders import Folders
from engine.types import NodeId
from nodes.pictures import save_pictures
from nodes.policy import PolicyOutlet, Screen
from nodes.policy.files import clean, judge
from nodes.policy.screen import NotAPicture, Report
from nodes.policy.views import windows

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def picture(name: str) -> Tensor:
    """[1,64,64,3]."""
    return torch.as_tensor(np.asarray(Image.open(HERE / name).convert("RGB")) / np.float32(255))[None]


SKULL, FOX = picture("skull.png"), picture("fox.png")


@pytest.fixture(scope="module")
def checker() -> SafetyChecker:
    return SafetyChecker.load(ROOT / "models" / "safety_checker" / "darkroom-demo")


@pytest.fixture
def screen(checker: SafetyChecker) -> Screen:
    return Screen(checker)


def knowing(checker: SafetyChecker, forbidden: Tensor) -> SafetyChecker:
    """The same network with another concept: this picture, and nothing much unlike it."""
    other = SafetyChecker.load(ROOT / "models" / "safety_checker" / "darkroom-demo")
    with torch.no_grad():
        other.network.concept_embeds = nn.Parameter(
            other.network.embed(preprocess(forbidden, other.image_size))
        )
        other.network.concept_embeds_weights = nn.Parameter(torch.tensor([0.95]))
    return replace(checker, network=other.network)


def test_flagged_pictures_of_a_batch_are_replaced_and_counted(screen: Screen) -> None:
    report = Report()
    kept = screen.release(torch.cat([FOX, SKULL, FOX]), report)
    assert torch.equal(kept[[0, 2]], FOX.repeat(2, 1, 1, 1)) and kept[1].count_nonzero() == 0
    assert report.note()["safety"] == [{"pictures": 3, "replaced": [1], "unmarked": []}]
    assert report.note()["text"] == ["1 of 3 pictures replaced by the safety policy"]


def test_nothing_is_noted_where_nothing_was_done(screen: Screen) -> None:
    report = Report()
    assert torch.equal(screen.release(FOX, report), FOX) and report.note() == {}


def test_a_replacement_is_shown_in_the_size_of_the_flagged_picture(checker: SafetyChecker) -> None:
    orange = torch.tensor([1.0, 0.5, 0.0]).expand(1, 8, 8, 3)
    kept = Screen(checker, replacement=orange).release(SKULL, Report())
    assert kept.shape == SKULL.shape
    assert torch.allclose(kept, orange[:, :1, :1], atol=1 / 255)


NOWHERE = torch.tensor([0])
PLACES: dict[str, Callable[[Tensor], Any]] = {
    "list": lambda x: [x],
    "dict": lambda x: {"a": (FOX, [x])},
    "alone": lambda x: x[0],
    "video": lambda x: x[:, None],
    "bytes": lambda x: (x * 255).round().to(torch.uint8),
    "half": lambda x: x.half(),
    "nan": lambda x: x.clone().index_fill_(1, NOWHERE, torch.nan),
    "too bright": lambda x: torch.where(x > 0.95, x * 100, x),
    "transparent": lambda x: torch.cat([x, torch.zeros(1, 64, 64, 1)], -1),
    "beside": lambda x: torch.cat([x, torch.ones(1, 64, 130, 3)], 2),
    "below": lambda x: torch.cat([torch.ones(1, 200, 64, 3), x], 1),
}


@pytest.mark.parametrize("hidden", PLACES.values(), ids=PLACES)
def test_a_forbidden_picture_is_found_wherever_it_is(hidden: Callable[[Tensor], Any], screen: Screen) -> None:
    report = Report()
    screen.release(hidden(SKULL), report)
    assert len(report.replaced) == 1


def test_cells_of_a_large_grid_are_looked_at(screen: Screen) -> None:
    large = torch.nn.functional.interpolate(SKULL.movedim(-1, 1), (128, 128), mode="bilinear").movedim(1, -1)
    other = torch.nn.functional.interpolate(FOX.movedim(-1, 1), (128, 128), mode="bilinear").movedim(1, -1)
    grid = torch.cat([torch.cat([other, other], 2), torch.cat([other, large], 2)], 1)
    report = Report()
    screen.release(grid, report)
    assert report.replaced == [0]


@pytest.mark.parametrize("page", [0.0, 1.0])
def test_transparency_that_draws_a_picture_is_found(page: float, checker: SafetyChecker) -> None:
    """White or black all over; the picture is there only on a page of the other colour."""
    grey = SKULL.mean(-1, keepdim=True)
    drawn = torch.cat([torch.full((1, 64, 64, 3), 1 - page), grey if page == 0 else 1 - grey], -1)
    report = Report()
    Screen(knowing(checker, grey.expand(1, 64, 64, 3))).release(drawn, report)
    assert report.replaced == [0]


def test_what_no_picture_has_as_shape_is_refused(screen: Screen) -> None:
    with pytest.raises(NotAPicture, match=r"\[1, 64, 64, 7\]"):
        screen.release(torch.rand(1, 64, 64, 7), Report())


def test_windows_cover_a_picture_and_hold_the_centre_square() -> None:
    found = list(windows(64, 200, 64))
    assert {(top, height, width) for top, _, height, width in found} == {(0, 64, 64)}
    lefts = sorted(left for _, left, _, _ in found)
    assert lefts[0] == 0 and lefts[-1] == 136 and (200 - 64) // 2 in lefts
    assert all(b - a <= 32 for a, b in pairwise(lefts))


def test_the_published_checker_sees_a_usual_picture_as_compvis_does() -> None:
    assert list(windows(512, 512, 224)) == [(0, 0, 512, 512)]


@pytest.mark.parametrize("page", [0.0, 0.5, 1.0])
def test_a_small_picture_on_a_large_page_is_looked_at(page: float, screen: Screen) -> None:
    large = torch.full((2, 600, 500, 3), page)
    large[0, 37:101, 400:464] = SKULL[0]
    large[1, :64, :64] = FOX[0]
    report = Report()
    screen.release(large, report)
    assert report.replaced == [0]


def test_a_line_of_pixels_is_not_enlarged_until_memory_ends() -> None:
    """The checker would make it as high as a picture, and so 3.7 million pixels wide."""
    assert list(windows(1, 16384, 224)) == [(0, 8191, 1, 1)]
    assert list(windows(300, 15, 224)) == [(142, 0, 15, 15)]


def test_pictures_are_marked_after_the_check(checker: SafetyChecker) -> None:
    rng = np.random.default_rng(3)
    colours = torch.as_tensor(rng.random((1, 256, 256, 3), np.float32)) * 0.5 + 0.25
    report = Report()
    kept = Screen(None, "Darkroom").release(torch.cat([colours]), report)
    assert read((kept[0].numpy() * 255).round().astype(np.uint8), 8) == b"Darkroom"
    assert report.note() == {}
    Screen(checker, "Darkroom").release(SKULL, report)
    assert report.note()["text"] == [
        "1 of 2 pictures replaced by the safety policy",
        "1 of 2 pictures without a watermark: it needs 256 x 256",
    ]


def test_a_released_picture_is_not_computed_again_when_its_file_is_read_back(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for image in (FOX, FOX[..., :1], torch.cat([FOX, FOX[..., :1]], -1)):
        saved = list(save_pictures(screen.release(image, Report()), tmp_path, "output", "x", None, 1))
        with monkeypatch.context() as patch:
            patch.setattr(screen, "checker", None)
            assert screen.knows(np.asarray(_as_read(saved[0].path)))


def _as_read(path: Path) -> Image.Image:
    with Image.open(path) as file:
        return file.convert("RGBA" if "A" in file.getbands() else "RGB")


def encoded(image: Tensor, kind: str, **options: Any) -> bytes:
    data = io.BytesIO()
    Image.fromarray((image[0].numpy() * 255).astype(np.uint8)).save(data, kind, **options)
    return data.getvalue()


def test_every_frame_of_a_file_is_looked_at(screen: Screen) -> None:
    frames = [Image.open(HERE / name).convert("RGB") for name in ("fox.png", "fox.png", "skull.png")]
    data = io.BytesIO()
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert judge(screen, data.getvalue()).finding == "flagged"


def test_a_picture_that_lies_is_looked_at_upright(screen: Screen) -> None:
    """Its pixels are turned by 90 degrees, and its EXIF data turns them back."""
    lying = Image.Exif()
    lying[0x0112] = 6
    turned = torch.rot90(SKULL, 1, (1, 2))
    assert judge(screen, encoded(turned, "PNG", exif=lying)).finding == "flagged"


GREY = (SKULL[0].mean(-1).numpy() * 255).round()
NUMBERS: dict[str, tuple[Image.Image, str]] = {
    "16 bits": (Image.fromarray((GREY * 257).astype(np.uint16)), "PNG"),
    "16 bits, 8 of them used": (Image.fromarray(GREY.astype(np.uint16)), "PNG"),
    "32 bits": (Image.fromarray(GREY.astype(np.int32)), "TIFF"),
    "0 to 1": (Image.fromarray((GREY / 255).astype(np.float32)), "TIFF"),
    "0 to 255": (Image.fromarray(GREY.astype(np.float32)), "TIFF"),
}


@pytest.mark.parametrize(("image", "kind"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_more_than_8_bits_are_read_in_every_way(
    image: Image.Image, kind: str, checker: SafetyChecker
) -> None:
    data = io.BytesIO()
    image.save(data, kind)
    grey = torch.as_tensor(GREY / 255, dtype=torch.float32).expand(3, 64, 64).movedim(0, -1)[None]
    assert judge(Screen(knowing(checker, grey)), data.getvalue()).finding == "flagged"


@pytest.mark.parametrize("data", [b"", b"\0" * 100, (HERE / "fox.png").read_bytes()[:900]])
def test_what_cannot_be_read_is_unknown(data: bytes, screen: Screen) -> None:
    assert judge(screen, data).finding == "unknown"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_pictures_in_texts_are_taken_out_unless_they_pass(kind: str, screen: Screen) -> None:
    bad, good = (base64.b64encode(encoded(one, kind)).decode() for one in (SKULL, FOX))
    shown = clean(screen, {"html": [f"<img src='data:x;base64,{bad}'>", good, {"deep": (bad,)}, 7]})
    assert shown["html"][0] == "<img src='data:x;base64,(removed by the safety policy)'>"
    assert shown["html"][1] == good and shown["html"][3] == 7
    assert bad not in str(shown)


def test_a_picture_is_found_in_a_text_however_it_is_written(screen: Screen) -> None:
    data = encoded(SKULL, "PNG")
    letters = base64.b64encode(data).decode()
    lines = base64.encodebytes(data).decode()
    for text in (
        lines,
        json.dumps(lines),
        letters.replace("/", "\\/"),
        base64.urlsafe_b64encode(data).decode(),
    ):
        assert len(clean(screen, text)) < 40
        assert judge(screen, text.encode()).finding == "flagged"
    unknown = f"data:image/jxl;base64,{base64.b64encode(bytes(99)).decode()}"
    assert clean(screen, unknown) == "data:image/jxl;base64,(removed by the safety policy)"
    other = f"@font-face url(data:font/woff;base64,{base64.b64encode(b'wOFF' + bytes(range(99))).decode()})"
    assert clean(screen, other) == other


def test_what_a_node_says_when_it_fails_holds_no_picture(screen: Screen, tmp_path: Path) -> None:
    letters = base64.b64encode(encoded(SKULL, "PNG")).decode()
    error = NodeError(
        node_id=NodeId("1"), class_type="Pack", exception_type="E", message=letters, inputs={"a": [letters]}
    )
    failed = PolicyOutlet(screen, Folders.at(tmp_path)).event(NodeFailed(job_id="", seq=1, error=error))
    assert isinstance(failed, NodeFailed) and letters not in str(failed)
    assert failed.error.exception_type == "E"


def test_a_flagged_file_a_node_names_is_replaced_on_disk_and_keeps_its_texts(
    screen: Screen, tmp_path: Path
) -> None:
    folders = Folders.at(tmp_path)
    folders.output.mkdir()
    folders.input.mkdir()
    texts = PngInfo()
    texts.add_text("prompt", "{}")
    for folder in (folders.output, folders.input):
        (folder / "a.png").write_bytes(encoded(SKULL, "PNG", pnginfo=texts))
    outlet = PolicyOutlet(screen, folders)
    told: list[str] = []
    outlet.on_verdict = lambda digest, finding: told.append(finding)
    shown = outlet.seen({"images": [{"filename": "a.png", "type": kind} for kind in ("output", "input")]})
    assert told == ["clear", "flagged"]
    assert shown["safety"] == [{"pictures": 2, "replaced": [0, 1], "unmarked": []}]
    with Image.open(folders.output / "a.png") as kept:
        assert np.asarray(kept).max() == 0 and kept.info["prompt"] == "{}"
    assert (folders.input / "a.png").read_bytes() == encoded(SKULL, "PNG", pnginfo=texts)


def test_a_policy_of_marks_alone_lets_previews_and_files_be(tmp_path: Path) -> None:
    folders = Folders.at(tmp_path)
    folders.output.mkdir()
    (folders.output / "a.png").write_bytes(encoded(SKULL, "PNG"))
    outlet = PolicyOutlet(Screen(None, "Darkroom"), folders)
    preview = NodeProgress(
        job_id="",
        seq=1,
        node_id=NodeId("1"),
        class_type="KSampler",
        value=1,
        maximum=2,
        preview=Preview(b"x"),
    )
    assert outlet.event(preview) == preview
    assert outlet.message({"event": 1}, b"x") == ({"event": 1}, b"x")
    assert outlet.seen({"images": [{"filename": "a.png"}]}) == {"images": [{"filename": "a.png"}]}
    assert (folders.output / "a.png").read_bytes() == encoded(SKULL, "PNG")
