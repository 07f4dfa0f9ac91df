"""`main.py workflows run`: a workflow as a command whose options are its inputs, and its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cli.workflows.calling import taken_in
from cli.workflows.telling import Refused
from engine.folders import Folders
from tests.cli.conftest import Place, Said
from workflows.formats.embedded import read_file
from workflows.provenance.runs import Runs

SMALL = ("--width", 64, "--height", 64, "--steps", 1, "--cpu", "--force-fp32", "--no-cache-disk")


def run(place: Place, *words: object) -> Said:
    return place("run", *words)


def test_help_is_made_from_the_inputs(place: Place) -> None:
    said = run(place, "text_to_image@1.0.0", "--help")
    out = " ".join(said.out.split())
    assert said.status == 0 and "text_to_image@1.0.0: Text to image." in out
    assert "--steps N Steps of denoising. INT 1..100, default 20" in out
    assert "--prompt TEXT" in out and 'default "a fox face on a teal background"' in out
    assert "--scheduler OPTION" in out and "one of simple, sgm_uniform, karras" in out
    assert "INT 0..18446744073709551615 or random" in out and "Outputs: image (IMAGE)." in out


def test_a_call_gives_a_picture_that_says_what_made_it(place: Place) -> None:
    target = place.base / "made/fox.png"
    said = run(place, "text_to_image", "--prompt", "a fox", "--seed", 7, "-o", target, *SMALL)
    assert said.status == 0 and str(target) in " ".join(said.out.split()) and "seed 7" in said.out
    with Image.open(target) as picture:
        assert picture.size == (64, 64)
    embedded = read_file(target)
    assert embedded.darkroom is not None and embedded.darkroom["release"] == "1.0.0"
    assert embedded.workflow is not None
    sampler = next(node for node in embedded.workflow["nodes"] if node["type"] == "KSampler")
    assert sampler["widgets_values"][0] == 7
    with place.store() as store:
        [record] = Runs(store).latest()
        version = store.version("text_to_image")
    assert (record.workflow, record.version, record.release) == ("text_to_image", version.id, "1.0.0")
    assert (record.inputs["prompt"], record.inputs["seed"], record.inputs["cfg"]) == ("a fox", 7, 4)
    assert record.run == embedded.darkroom["run"] and record.targets == ("output:image",)
    # Only what was asked for was run: the workflow's own Save Image saved nothing.
    assert [path.name for path in (place.base / "output").rglob("*.png")] == ["image_00001_.png"]
    assert "identical, bit for bit" in place("replay", record.run, "--verify").out


def test_values_come_from_options_files_and_names(place: Place) -> None:
    values = place.write("values.json", {"prompt": "a boat", "cfg": 3, "seed": 1})
    words = (
        "--inputs",
        values,
        "--set",
        "seed=5",
        "--sampler-name",
        "euler",
        "--json",
        "--no-record",
        *SMALL,
    )
    told = run(place, "text_to_image@main", *words).json
    given = {name: told["inputs"][name] for name in ("prompt", "cfg", "seed", "sampler_name")}
    assert given == {"prompt": "a boat", "cfg": 3, "seed": 5, "sampler_name": "euler"}
    assert told["status"] == "success" and Path(told["outputs"]["image"][0]).is_file()
    with place.store() as store:
        assert Runs(store).latest() == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--steps", "0"], "steps: 0 is not from 1 to 100"),
        (["--seed", "x"], "seed: takes a whole number or 'random' (INT), not \"x\""),
        (["--scheduler", "karas"], "did you mean 'karras'?"),
        (["--set", "stepz=3"], "did you mean 'steps'?"),
        (["--stepz", "3"], "did you mean --steps?"),
    ],
)
def test_values_that_do_not_fit_are_told_before_torch_is_loaded(
    place: Place, words: list[str], text: str
) -> None:
    said = run(place, "text_to_image", *words)
    assert said.status == 2 and text in " ".join(said.err.split()) and "Loading" not in said.err


def test_what_cannot_be_called_is_told(place: Place) -> None:
    said = run(place, "text_to_imag", "--prompt", "x")
    assert said.status == 1 and "did you mean 'text_to_image'" in said.err
    document = json.loads(place("export", "text_to_image").out)
    del document["extra"]["darkroom"]
    place("commit", "plain", place.write("plain.json", document))
    said = run(place, "plain")
    assert said.status == 1 and "publish it as a function first" in said.err


def test_pictures_are_given_by_path(place: Place) -> None:
    file = place.base / "photo.png"
    Image.new("RGB", (64, 64), "red").save(file)
    words = ("--image", file, "--steps", 1, "--cpu", "--force-fp32", "--no-cache-disk", "--json")
    told = run(place, "image_to_image", *words).json
    assert told["status"] == "success" and told["inputs"]["image"].startswith("calls/")
    assert (place.base / "input" / told["inputs"]["image"]).read_bytes() == file.read_bytes()
    said = run(place, "image_to_image", "--image", "nowhere.png")
    assert said.status == 1 and "--image: 'nowhere.png' is no file" in said.err


def test_the_same_picture_twice_is_one_file(tmp_path: Path) -> None:
    folders = Folders.at(tmp_path)
    for name in ("a.png", "b.PNG"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    assert taken_in(str(tmp_path / "a.png"), folders, "x") == taken_in(str(tmp_path / "b.PNG"), folders, "x")
    assert len(list((tmp_path / "input/calls").iterdir())) == 1
    assert taken_in(taken_in(str(tmp_path / "a.png"), folders, "x"), folders, "x").startswith("calls/")
    with pytest.raises(Refused, match="no file"):
        taken_in("../../etc/none.png", folders, "x")


def test_an_input_may_have_the_name_of_an_option(place: Place) -> None:
    document: Any = json.loads(place("export", "text_to_image").out)
    inputs = document["extra"]["darkroom"]["function"]["inputs"]
    next(one for one in inputs if one["name"] == "cfg")["name"] = "device"
    place("commit", "odd", place.write("odd.json", document))
    assert "--set device=VALUE" in " ".join(run(place, "odd", "--help").out.split())
    assert "device: 100.0 is not from 1 to 20" in run(place, "odd", "--set", "device=100").err
