import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nodes.encoding import MetadataError
from nodes.numbered import SaveError, expand_tokens
from nodes.pictures import PictureError, read_picture, save_pictures


def save(
    images: torch.Tensor, folder: Path, prefix: str = "pic", metadata: dict[str, object] | None = None
) -> list[Path]:
    return [s.path for s in save_pictures(images, folder, "output", prefix, metadata, 4)]


def test_values_are_truncated_not_rounded(tmp_path: Path) -> None:
    image = torch.tensor([0.999, 0.5, -1.0]).expand(1, 2, 2, 3)
    [path] = save(image, tmp_path)
    assert np.asarray(Image.open(path))[0, 0].tolist() == [254, 127, 0]


def test_numbers_continue_after_the_highest_and_batches_count_up(tmp_path: Path) -> None:
    (tmp_path / "pic_00041_.png").touch()
    names = [p.name for p in save(torch.zeros(2, 4, 4, 3), tmp_path)]
    assert names == ["pic_00042_.png", "pic_00043_.png"]


def test_metadata_is_ascii_text_chunks_with_the_prompt_first(tmp_path: Path) -> None:
    [path] = save(torch.zeros(1, 4, 4, 3), tmp_path, metadata={"prompt": {"1": "狐"}, "workflow": {"a": 1}})
    text = Image.open(path).info
    assert list(text) == ["prompt", "workflow"] and text["prompt"].isascii()
    assert json.loads(text["prompt"]) == {"1": "狐"}


def test_a_prefix_may_name_a_subfolder_but_not_leave_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    [path] = save(torch.zeros(1, 4, 8, 3), out, "sets/%width%x%height%/%batch_num%_a")
    assert path == out / "sets/8x4/0_a_00001_.png"
    for prefix in ("../x", "/etc/x", "a/../../x", "x\0y"):
        with pytest.raises(SaveError, match="leaves the output folder"):
            save(torch.zeros(1, 4, 4, 3), out, prefix)
    assert sorted(p.name for p in tmp_path.rglob("*.png")) == ["0_a_00001_.png"]


def test_batch_number_in_the_prefix_never_overwrites(tmp_path: Path) -> None:
    save(torch.zeros(2, 4, 4, 3), tmp_path, "b%batch_num%")
    save(torch.zeros(2, 4, 4, 3), tmp_path, "b%batch_num%")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "b0_00001_.png",
        "b0_00002_.png",
        "b1_00001_.png",
        "b1_00002_.png",
    ]


def test_writers_at_the_same_time_never_share_a_number(tmp_path: Path) -> None:
    threads = [threading.Thread(target=save, args=(torch.zeros(5, 4, 4, 3), tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.iterdir())) == 20


def test_nan_pictures_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="--precision float32"):
        save(torch.full((1, 4, 4, 3), float("nan")), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(4, 4, 5), (4, 4, 2)])
def test_what_is_no_picture_is_refused_with_its_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=rf"shape \[4, 4, {shape[-1]}\]"):
        save(torch.zeros(1, *shape), tmp_path)
    assert not list(tmp_path.iterdir())


def test_unknown_tokens_stay() -> None:
    assert expand_tokens("%width%_%seed%_%nope%", 3, 4) == "3_%seed%_%nope%"


def test_reading_gives_rgb_and_one_minus_alpha(tmp_path: Path) -> None:
    Image.new("RGBA", (3, 2), (255, 0, 51, 64)).save(tmp_path / "a.png")
    image, mask = read_picture(tmp_path / "a.png")
    assert image.shape == (1, 2, 3, 3) and mask.shape == (1, 2, 3)
    assert image[0, 0, 0].numpy().tolist() == pytest.approx([1.0, 0.0, 0.2])
    assert float(mask[0, 0, 0]) == pytest.approx(1 - 64 / 255)


def test_a_picture_without_alpha_has_an_empty_64_mask(tmp_path: Path) -> None:
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg")
    assert torch.equal(read_picture(tmp_path / "a.jpg")[1], torch.zeros(1, 64, 64))


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 2)).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg")[0].shape == (1, 4, 2, 3)


def test_frames_of_an_animation_are_a_batch(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "a.gif")[0].shape == (3, 4, 4, 3)


@pytest.mark.parametrize("cut", [10, 60, 90])
def test_a_damaged_file_is_named(tmp_path: Path, cut: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) * cut // 100])
    with pytest.raises(PictureError, match=r"a\.png"):
        read_picture(tmp_path / "a.png")


def test_text_named_png_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("<html>not found</html>")
    with pytest.raises(PictureError, match="not a picture"):
        read_picture(tmp_path / "a.png")


def test_an_empty_prefix_takes_the_default_name(tmp_path: Path) -> None:
    assert [p.name for p in save(torch.zeros(1, 4, 4, 3), tmp_path, "")] == ["ComfyUI_00001_.png"]


def test_a_lone_percent_sign_does_not_hide_a_token() -> None:
    assert expand_tokens("50%_%width%", 3, 4) == "50%_3"


def test_a_metadata_key_png_cannot_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="狐"):
        save(torch.zeros(1, 4, 4, 3), tmp_path, metadata={"狐": 1})


def test_pages_with_and_without_alpha_share_a_batch(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (4, 4)), Image.new("RGBA", (4, 4), (0, 0, 0, 0))]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    image, mask = read_picture(tmp_path / "a.tiff")
    assert image.shape == (2, 4, 4, 3) and mask[:, 0, 0].numpy().tolist() == [0, 1]


def test_the_other_eye_of_a_stereo_picture_is_left_out(tmp_path: Path) -> None:
    eyes = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    eyes[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=eyes[1:])
    assert read_picture(tmp_path / "a.jpg")[0].shape == (1, 8, 8, 3)


def test_big_endian_16_bit_pictures_are_read(tmp_path: Path) -> None:
    values = np.full((4, 4), 25500, dtype=">u2")
    Image.frombuffer("I;16B", (4, 4), values.tobytes(), "raw", "I;16B", 0, 1).save(tmp_path / "a.tiff")
    assert float(read_picture(tmp_path / "a.tiff")[0].mean()) == pytest.approx(100 / 255)
