"""Runs done again from their records, with everything in place and with something changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cli.arguments import parse
from cli.run import run
from cli.workflows.replay import replay
from tests.diffusion.small import small_tensors
from tests.nodes.graphs import node, text_to_image
from tests.tensors import save_file
from workflows.provenance import FileHashes, RunRecord, pixel_hash
from workflows.provenance.runs import Runs
from workflows.store import Store

MODEL = Path("models/checkpoints/small.safetensors")
PICTURE = Path("output/t_00001_.png")


class Place:
    """A base folder in which something was run."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.file = base / "workflows.sqlite"

    def run(self, graph: Any) -> None:
        file = self.base / "graph.json"
        file.write_text(json.dumps(graph), encoding="utf-8")
        assert run(parse(["run", str(file), "--cpu", "--force-fp32", *self.folders, *self.database])) == 0

    def replay(self, asked: object, *flags: str) -> int:
        return replay(parse(["workflows", "replay", str(asked), *self.folders, *self.database, *flags]))

    def verify(self, asked: object, *flags: str) -> int:
        return self.replay(asked, "--verify", *flags)

    @property
    def folders(self) -> list[str]:
        return ["--base-directory", str(self.base)]

    @property
    def database(self) -> list[str]:
        return ["--workflows-database", str(self.file)]

    @property
    def records(self) -> list[RunRecord]:
        """Newest first."""
        store = Store.open(self.file)
        try:
            return Runs(store).latest()
        finally:
            store.close()

    def rewrite(self, record: RunRecord) -> None:
        """Change what is on record."""
        store = Store.open(self.file)
        try:
            Runs(store).save([(record, None)])
        finally:
            store.close()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where a picture was made; tests work on copies of it."""
    from tests.diffusion.small import save_small

    base = tmp_path_factory.mktemp("ran")
    (base / MODEL).parent.mkdir(parents=True)
    save_small(base / MODEL)
    Place(base).run(text_to_image())
    return base


@pytest.fixture
def place(ran: Path, tmp_path: Path) -> Place:
    shutil.copytree(ran, tmp_path / "base")
    return Place(tmp_path / "base")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """What was printed since it was last asked."""
    capsys.readouterr()
    yield lambda: "".join(capsys.readouterr())


def test_a_run_is_on_record_with_all_that_made_it(place: Place) -> None:
    [record] = place.records
    assert (record.status, record.complete) == ("success", True)
    assert record.seeds == {"sample": {"seed": 1}}
    assert set(record.nodes) == {n["class_type"] for n in text_to_image().values()}
    assert all(len(facts["code"]) == 64 for facts in record.nodes.values())
    [model] = record.files
    assert (model.kind, model.name, model.nodes) == ("checkpoints", "small.safetensors", ("load",))
    assert model.size == (place.base / MODEL).stat().st_size
    known = FileHashes().of(place.base / MODEL)
    assert known is not None and model.sha256 == known.sha256
    [output] = record.outputs
    assert output.pixels == pixel_hash(place.base / PICTURE)
    assert record.environment["device"]["type"] == "cpu"
    assert record.environment["precision"]["network"] == "float32"
    with Image.open(place.base / PICTURE) as picture:
        assert json.loads(picture.info["darkroom"]) == {"run": record.run}


def test_a_run_done_again_is_identical_and_leaves_nothing_behind(place: Place, said: Any) -> None:
    before = sorted(place.base.rglob("*.png"))
    assert place.verify(place.records[0].run[:8]) == 0
    assert "t_00001_.png: identical, bit for bit" in said()
    assert sorted(place.base.rglob("*.png")) == before
    assert len(place.records) == 1


def test_a_picture_leads_to_the_run_that_made_it(place: Place, said: Any) -> None:
    elsewhere = place.base / "sent by mail.png"
    (place.base / PICTURE).rename(elsewhere)
    assert place.verify(elsewhere) == 0
    assert "identical" in said()


def test_a_model_under_another_name_is_found_by_its_content(place: Place, said: Any) -> None:
    folder = place.base / "models/checkpoints/old"
    folder.mkdir()
    (place.base / MODEL).rename(folder / "first try.safetensors")
    assert place.verify(place.base / PICTURE) == 0
    assert "checkpoints 'small.safetensors' was found as checkpoints/old/first try.safetensors" in said()


def test_a_model_behind_a_changed_one_is_found_by_its_content(place: Place, said: Any) -> None:
    (place.base / "models/loras").mkdir()
    (place.base / MODEL).rename(place.base / "models/loras/moved.safetensors")
    save_file({name: tensor * 0.9 for name, tensor in small_tensors().items()}, place.base / MODEL)
    assert place.verify(place.base / PICTURE) == 0
    assert "found as loras/moved.safetensors" in said()


def test_a_changed_model_is_said_with_how_far_off_the_picture_is(place: Place, said: Any) -> None:
    save_file({name: tensor * 0.9 for name, tensor in small_tensors().items()}, place.base / MODEL)
    assert place.verify(place.base / PICTURE) == 1
    text = said()
    assert "t_00001_.png: different, PSNR " in text and " dB" in text
    warning = text.index("checkpoints small.safetensors is not what it was")
    assert warning < text.index("PSNR") < text.index("checkpoints small.safetensors: ")


def test_a_missing_model_is_named_before_anything_runs(place: Place, said: Any) -> None:
    [model] = place.records[0].files
    (place.base / MODEL).unlink()
    assert place.verify(place.base / PICTURE) == 2
    text = said()
    assert f"checkpoints 'small.safetensors' (sha256 {model.sha256}, " in text
    assert "Load" not in text


def test_another_torch_and_other_code_are_named_beside_the_distance(place: Place, said: Any) -> None:
    record, path = place.records[0], place.base / PICTURE
    # As if that environment had rounded one level differently everywhere in the first channel.
    with Image.open(path) as picture:
        bands = picture.split()
        first = bands[0].point([level ^ 1 for level in range(256)])
        Image.merge(picture.mode, (first, *bands[1:])).save(path)
    [output] = record.outputs
    known = FileHashes().of(path)
    assert known is not None
    libraries = {**record.environment["libraries"], "torch": "2.12.0"}
    place.rewrite(
        replace(
            record,
            environment={**record.environment, "libraries": libraries},
            nodes={**record.nodes, "KSampler": {**record.nodes["KSampler"], "code": "0" * 64}},
            outputs=(replace(output, sha256=known.sha256, pixels=pixel_hash(path)),),
        )
    )
    assert place.verify(record.run) == 1
    text = said()
    assert "t_00001_.png: different, PSNR 52.9 dB" in text  # 10 log10(255² / (1 / 3))
    assert "torch: 2.12.0 → " in text
    assert "KSampler code: 000000000000 → " in text


def test_a_picture_that_was_changed_since_is_said_to_be(place: Place, said: Any) -> None:
    path = place.base / "retouched.png"
    with Image.open(place.base / PICTURE) as picture:
        picture.putpixel((3, 3), (255, 0, 0))
        kept = PngInfo()
        kept.add_text("darkroom", picture.info["darkroom"])
        kept.add_text("prompt", picture.info["prompt"])
        picture.save(path, pnginfo=kept)
    assert place.verify(path) == 1
    text = said()
    assert "retouched.png is not as the run" in text
    assert "retouched.png: different, PSNR" in text and "t_00001_.png: identical, bit for bit" in text


def test_a_picture_without_a_record_is_made_from_the_graph_it_carries(place: Place, said: Any) -> None:
    place.file.unlink()
    assert place.verify(place.base / PICTURE, "--cpu", "--force-fp32") == 0
    text = said()
    assert "is not on record" in text and "running the graph that the picture carries" in text
    assert "t_00001_.png: identical, bit for bit" in text


def test_without_verifying_the_picture_is_made_and_put_on_record(place: Place, said: Any) -> None:
    assert place.replay(place.records[0].run) == 0
    again = place.base / "output/t_00002_.png"
    assert pixel_hash(again) == pixel_hash(place.base / PICTURE)
    assert f"Saved {again}" in said()
    assert len({record.run for record in place.records}) == 2


def test_what_cannot_be_found_is_said(place: Place, said: Any) -> None:
    assert place.verify("no such run") == 2
    assert "'no such run' is no file, and there is no run 'no such run' on record in" in said()
    place.file.unlink()
    assert place.verify("abcdef0123") == 2
    assert "no run is on record there" in said()
    assert not place.file.exists()


@pytest.mark.parametrize("how", ["kept", "renamed", "replaced", "gone"])
def test_a_picture_that_was_read_is_the_one_of_then(how: str, place: Place, said: Any) -> None:
    (place.base / "input").mkdir()
    path = place.base / "input/a.png"
    Image.new("RGB", (16, 16), (200, 30, 30)).save(path)
    place.run(
        {
            "1": node("LoadImage", image="a.png"),
            "2": node("SaveImage", images=["1", 0], filename_prefix="read"),
        }
    )
    run_id = place.records[0].run
    if how in ("renamed", "replaced"):
        path.rename(path.with_name("b.png"))
    if how == "replaced":
        Image.new("RGB", (16, 16), (30, 30, 200)).save(path)
    if how == "gone":
        path.unlink()
    assert place.verify(run_id) == (2 if how == "gone" else 0)
    text = said()
    assert ("input 'a.png' was found as" in text) == (how in ("renamed", "replaced"))
    assert ("input 'a.png' (sha256 " in text) == (how == "gone")
