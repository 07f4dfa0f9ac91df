"""Finding files by kind and name, and refusing names that lead elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest

from engine.folders import Folders, MissingFile, nearest
from engine.node import node
from engine.paths import UnsafePath, identity
from engine.registry import Registry

Form = Literal["NFC", "NFD"]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("models/checkpoints/sub", "models/unet", "input/sub", "output", "temp", "user"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "models/checkpoints/one.safetensors").write_bytes(b"1")
    (tmp_path / "models/checkpoints/sub/two.ckpt").write_bytes(b"2")
    (tmp_path / "models/checkpoints/notes.txt").write_bytes(b"no model")
    (tmp_path / "models/unet/flux.safetensors").write_bytes(b"3")
    for name in ("b.png", "a.jpg", "notes.txt", "sub/deep.png"):
        (tmp_path / "input" / name).write_bytes(name.encode())
    (tmp_path / "output/made.png").write_bytes(b"made")
    return Folders.at(tmp_path)


def test_models_are_listed_by_kind_with_subfolders(folders: Folders) -> None:
    assert folders.list("checkpoints") == ["one.safetensors", "sub/two.ckpt"]


def test_old_kind_names_are_understood(folders: Folders) -> None:
    assert folders.list("diffusion_models") == folders.list("unet") == ["flux.safetensors"]


def test_unknown_kinds_and_missing_folders_are_empty(folders: Folders) -> None:
    assert folders.list("no such kind") == folders.list("loras") == []


def test_inputs_are_the_images_at_the_top(folders: Folders) -> None:
    assert folders.list("input") == ["a.jpg", "b.png"]


def test_a_missing_file_names_the_nearest_and_where_it_looked(folders: Folders) -> None:
    with pytest.raises(MissingFile, match=r"checkpoints: there is no file 'on.safetensors'") as caught:
        folders.find("checkpoints", "on.safetensors")
    assert caught.value.suggestions == ("one.safetensors",)
    assert caught.value.searched == (folders.base / "models/checkpoints",)
    assert "one.safetensors" in caught.value.remedy


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("nope.safetensors", ()),
        ("dreamshaper_7.ckpt", ("dreamshaper_8.safetensors",)),
        ("SD 1.5\\checkpoints\\base.safetensors", ("sdxl/base.safetensors",)),
        ("base.safetensors", ("sdxl/base.safetensors",)),
    ],
)
def test_files_are_near_by_what_they_are_called(asked: str, near: tuple[str, ...]) -> None:
    known = ["demo.safetensors", "dreamshaper_8.safetensors", "sdxl/base.safetensors"]
    assert nearest(asked, known) == near


def test_a_node_of_a_pack_is_not_taken_for_one_that_has_some_of_its_letters() -> None:
    @node("VAEEncodeTiled", category="latent")
    def tiled() -> int:
        """Encode."""
        return 0

    known = Registry([tiled])
    assert known.nearest("VAEEncodTiled") == ("VAEEncodeTiled",) and known.nearest("FaceDetailer") == ()


@pytest.mark.parametrize(("kept", "asked"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_stored_apart_from_their_letters_name_the_same_file(
    folders: Folders, kept: Form, asked: Form
) -> None:
    stored, name = normalize(kept, "fée/été.safetensors"), normalize(asked, "fée/été.safetensors")
    file = folders.base / "models/checkpoints" / stored
    file.parent.mkdir()
    file.write_bytes(b"4")
    (folders.base / "input" / normalize(kept, "œuvre é.png")).write_bytes(b"5")
    assert folders.find("checkpoints", name).read_bytes() == b"4"
    assert folders.find("input", normalize(asked, "œuvre é.png")).read_bytes() == b"5"
    with pytest.raises(MissingFile):
        folders.find("checkpoints", normalize(asked, "fée/autre.safetensors"))
    assert folders.annotated("neu é.png") == Path(os.path.realpath(folders.input)) / "neu é.png"


def test_extra_folders_are_searched_in_order(folders: Folders, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.safetensors").write_bytes(b"other")
    (other / "three.safetensors").write_bytes(b"3")
    after = folders.with_models({"checkpoints": [other]})
    assert after.find("checkpoints", "one.safetensors").read_bytes() == b"1"
    assert after.list("checkpoints") == ["one.safetensors", "sub/two.ckpt", "three.safetensors"]
    first = folders.with_models({"checkpoints": [other]}, first=True)
    assert first.find("checkpoints", "one.safetensors").read_bytes() == b"other"


def test_whole_directories_are_entries_of_kinds_that_have_them(folders: Folders) -> None:
    checker = folders.base / "models/safety_checker/demo"
    checker.mkdir(parents=True)
    (checker / "config.json").write_text("{}")
    (checker / "model.safetensors").write_bytes(b"")
    assert folders.list("safety_checker") == ["demo"]
    assert folders.find("safety_checker", "demo") == checker


def test_annotated_names_choose_the_folder(folders: Folders) -> None:
    assert folders.annotated("b.png") == folders.input / "b.png"
    assert folders.annotated("made.png [output]") == folders.output / "made.png"
    assert folders.annotated("sub/x.png [temp]") == folders.temp / "sub/x.png"
    assert folders.annotated("x.png", default="output") == folders.output / "x.png"


HOSTILE = ["../x", "/etc/passwd", "a/../../x", "..", "a\0b", "", "\\..\\x", "..\\x", "sub/../../../x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_elsewhere_are_refused(folders: Folders, name: str) -> None:
    with pytest.raises(UnsafePath):
        folders.annotated(name)
    with pytest.raises(UnsafePath):
        folders.find("checkpoints", name)


def test_links_out_of_the_input_folder_are_refused(folders: Folders) -> None:
    (folders.input / "way_out.png").symlink_to("/etc/passwd")
    (folders.input / "outside").symlink_to("/etc")
    for name in ("way_out.png", "outside/passwd"):
        with pytest.raises(UnsafePath):
            folders.annotated(name)


def test_links_inside_model_folders_are_followed(folders: Folders, tmp_path: Path) -> None:
    disk = tmp_path / "another disk"
    disk.mkdir()
    (disk / "big.safetensors").write_bytes(b"big")
    (folders.base / "models/checkpoints/linked").symlink_to(disk)
    assert "linked/big.safetensors" in folders.list("checkpoints")
    assert folders.find("checkpoints", "linked/big.safetensors").read_bytes() == b"big"


@pytest.mark.parametrize("size", [10, 5 * 2**20])
def test_identity_changes_with_content_even_when_time_is_put_back(tmp_path: Path, size: int) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"a" * size)
    before, stat = identity(file), file.stat()
    assert identity(file) == before
    with file.open("r+b") as handle:
        handle.seek(size - 1)
        handle.write(b"b")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert identity(file) != before


def test_identity_of_a_small_file_is_its_content_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"same")
    two.write_bytes(b"same")
    assert identity(one) == identity(two)


def test_identity_of_a_directory_covers_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = identity(tmp_path)
    (tmp_path / "config.json").write_text("{} ")
    assert identity(tmp_path) != before


def test_outputs_are_listed_newest_first_and_latents_by_their_ending(tmp_path: Path) -> None:
    folders = Folders.at(tmp_path)
    (tmp_path / "output/sub").mkdir(parents=True)
    (tmp_path / "input").mkdir()
    for number, name in enumerate(("b.png", "a.webp", "c.txt", "sub/d.png")):
        (tmp_path / "output" / name).touch()
        os.utime(tmp_path / "output" / name, (number, number))
    (tmp_path / "input/x.latent").touch()
    assert folders.list("output") == ["a.webp [output]", "b.png [output]"]
    assert folders.list("latents") == ["x.latent"] and folders.list("input") == []
    assert folders.find("output", "sub/d.png [output]") == tmp_path / "output/sub/d.png"
    with pytest.raises(UnsafePath):
        folders.find("latents", "../secret.latent")


def test_a_pair_of_tiny_autoencoder_files_is_listed_as_one_vae(tmp_path: Path) -> None:
    folders, approx = Folders.at(tmp_path), tmp_path / "models/vae_approx"
    approx.mkdir(parents=True)
    for name in ("taesd_encoder.pth", "taesd_decoder.safetensors", "taef1_decoder.pth"):
        (approx / name).touch()
    assert folders.list("vae") == ["taesd"]
    assert folders.find("vae", "taesd") == approx / "taesd_decoder.safetensors"
    assert folders.parts("vae", "taesd") == (
        approx / "taesd_decoder.safetensors",
        approx / "taesd_encoder.pth",
    )
    with pytest.raises(MissingFile):
        folders.find("vae", "taef1")
