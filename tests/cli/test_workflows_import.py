"""Files and folders of ComfyUI taken in, and versions written out again."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cli.conftest import Place
from workflows.canonical import canonical
from workflows.document import split
from workflows.formats import convert, definitions_of
from workflows.transfer import document_of
from workflows.transfer.importing import name_for, plan, read_files
from workflows.transfer.pictures import SIDE, thumbnail_of

FILES = Path(__file__).parents[1] / "workflows"
OBJECT_INFO: dict[str, Any] = json.loads((FILES / "object_info.json").read_text(encoding="utf-8"))
GRAPH: dict[str, Any] = json.loads((FILES / "text_to_image.json").read_text(encoding="utf-8"))
CANVAS = sorted(
    path for path in FILES.glob("*.json") if not path.name.endswith((".api.json", "object_info.json"))
)
API = sorted(FILES.glob("*.api.json"))


def seeded(seed: int, **root: Any) -> dict[str, Any]:
    """The graph with another seed, and other keys at its root."""
    made = {**copy.deepcopy(GRAPH), **root}
    next(node for node in made["nodes"] if node["type"] == "KSampler")["widgets_values"][0] = seed
    return made


def picture(path: Path, *, size: tuple[int, int] = (800, 600), mode: str = "RGB", **texts: Any) -> Path:
    """A picture that carries documents as ComfyUI writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Image.new(mode, size, "teal" if mode != "P" else 3)
    if path.suffix == ".webp":
        exif = drawn.getexif()
        for tag, (name, document) in zip((0x010F, 0x010E), texts.items(), strict=False):
            exif[tag] = f"{name}:{json.dumps(document)}"
        drawn.save(path, exif=exif)
        return path
    info = PngInfo()
    for name, document in texts.items():
        info.add_text(name, json.dumps(document))
    drawn.save(path, pnginfo=info)
    return path


def age(path: Path, days: int) -> Path:
    """Let a file be that old."""
    time = 1_700_000_000 - days * 86_400
    os.utime(path, (time, time))
    return path


def test_a_folder_becomes_workflows_with_their_history(place: Place) -> None:
    root = place.base / "comfy"
    age(place.write("comfy/portrait.json", seeded(1)), 9)
    age(place.write("comfy/faces/portrait.json", seeded(2)), 5)
    age(picture(root / "faces/ComfyUI_00001_.png", workflow=seeded(3), prompt={}), 4)
    age(picture(root / "faces/ComfyUI_00002_.png", workflow=seeded(4), prompt={}), 3)
    age(picture(root / "again_00001_.png", workflow=seeded(1)), 2)
    age(picture(root / "old/flower.webp", workflow=seeded(5)), 1)
    (root / "notes.txt").write_text("no workflow")
    picture(root / "photo.png")
    place.write("comfy/settings.json", {"theme": "dark"})
    (root / "broken.json").write_text('{"nodes": [')
    said = place("import", root, "--author", "ada")
    assert said.status == 1
    assert "broken.json: is not valid JSON" in said.err and "settings.json" not in said.err
    assert "Imported 3 new workflows, 5 versions in all" in said.out
    assert "Left out 1 file with what is there already, 2 without a workflow" in said.out
    with place.store() as store:
        versions = store.log("portrait").items
        assert [one.message[:26] for one in versions] == ["Imported from portrait.json"[:26]] * 2
        assert "2023-11-05" in versions[1].message and versions[0].author == "ada"
        assert store.document(versions[0].id) == canonical(seeded(2))
        assert store.workflow("portrait").item.labels == ("faces",)
        # The picture that carries the first version came along with it.
        assert versions[1].has_thumbnail and not versions[0].has_thumbnail
        small = store.thumbnail(store.version("comfyui").id)
        assert small is not None and len(small) < 20_000
        assert store.version("comfyui").number == 2
        assert store.workflow("flower").item.labels == ("old",)


def test_importing_again_changes_nothing(place: Place) -> None:
    place.write("comfy/portrait.json", seeded(1))
    picture(place.base / "comfy/ComfyUI_00001_.png", workflow=seeded(2))
    assert place("import", place.base / "comfy").status == 0
    again = place("import", place.base / "comfy", "--json").json
    assert again["workflows"] == [] and len(again["same"]) == 2
    assert {one["as"] for one in again["same"]} == {"portrait#1", "ComfyUI#1"}


def test_new_files_of_a_known_name_are_its_next_versions(place: Place) -> None:
    place("import", place.write("comfy/portrait.json", seeded(1)))
    said = place("import", place.write("other/Portrait.json", seeded(2)), "--json").json
    assert said["workflows"] == [{"name": "portrait", "new": False, "versions": 1}]
    with place.store() as store:
        head = store.version("portrait")
        assert (head.number, len(head.parents)) == (2, 1)


def test_different_workflows_of_one_name_stay_apart(place: Place) -> None:
    """The canvas gives every workflow an id of its own."""
    place("import", place.write("a/flow.json", seeded(1, id="one")))
    place.write("b/x/flow.json", seeded(2, id="two"))
    place.write("b/y/flow.json", seeded(3, id="three"))
    place.write("b/y/z/flow.json", seeded(4, id="one"))
    said = place("import", place.base / "b", "--json").json
    assert sorted((one["name"], one["new"]) for one in said["workflows"]) == [
        ("flow", False), ("flow (x)", True), ("flow (y)", True)
    ]  # fmt: skip


def test_a_trial_saves_nothing(place: Place) -> None:
    said = place("import", place.write("portrait.json", seeded(1)), "--dry-run")
    assert said.status == 0 and "Would import 1 new workflow" in said.out
    assert place("show", "portrait").status == 1


def test_nothing_is_saved_if_saving_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from workflows.store import StoreFull, commits

    place.write("comfy/a.json", seeded(1))
    place.write("comfy/b.json", seeded(2))
    create, made = commits.create, list[int]()

    def full(*given: Any) -> int:
        if made:
            raise StoreFull("there is no space left")
        made.append(create(*given))
        return made[0]

    monkeypatch.setattr(commits, "create", full)
    said = place("import", place.base / "comfy")
    assert said.status == 1 and "no space left" in said.err
    assert place("show", "a").status == place("show", "b").status == 1


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ComfyUI_00012_.png", "ComfyUI"),
        ("portrait_00001_.webp", "portrait"),
        ("flow_00012.json", "flow_00012"),
        ("a:b?.json", "a-b-"),
        (".png", "png"),
        ("x" * 200 + ".json", "x" * 100),
        ("cafe\u0301.json", "caf\u00e9"),
        ("...json", "workflow"),
    ],
)
def test_names_are_made_from_files(file: str, name: str) -> None:
    assert name_for(Path(file)) == name


@pytest.mark.parametrize("path", CANVAS, ids=lambda path: path.stem)
def test_what_comes_in_goes_out_equal(path: Path, place: Place) -> None:
    before = json.loads(path.read_text(encoding="utf-8"))
    [made] = place("import", path, "--json").json["workflows"]
    out = place("export", made["name"]).out
    assert canonical(sorted_nodes(json.loads(out))) == canonical(sorted_nodes(before))
    assert split(json.loads(out)).meaning == split(before).meaning


def sorted_nodes(document: dict[str, Any]) -> dict[str, Any]:
    """Without the order of nodes and links, which a file in line form has by id."""
    made = {**document}
    for graph in (made, *(made.get("definitions", {}).get("subgraphs", []))):
        for key in ("nodes", "links"):
            if key in graph:
                graph[key] = sorted(graph[key], key=json.dumps)
    if "subgraphs" in made.get("definitions", {}):
        made["definitions"]["subgraphs"].sort(key=json.dumps)
    return made


@pytest.mark.parametrize("path", API, ids=lambda path: path.stem)
def test_prompts_come_in_and_go_out(path: Path, place: Place) -> None:
    before = json.loads(path.read_text(encoding="utf-8"))
    place("import", path)
    assert place("export", path.stem).out == place("export", path.stem, "--format", "api").out
    assert canonical(json.loads(place("export", path.stem).out)) == canonical(before)
    said = place("export", path.stem, "--format", "workflow")
    assert said.status == 1 and "format api" in said.err


def test_an_exported_prompt_is_what_the_workflow_stands_for(place: Place) -> None:
    found = json.loads(place("export", "text_to_image", "--format", "api").out)
    document = json.loads(place("export", "text_to_image").out)
    classes = {node["type"] for node in document["nodes"]}
    assert {node["class_type"] for node in found.values()} <= classes
    assert found["5"]["inputs"]["steps"] == 20 and found["5"]["inputs"]["model"] == ["1", 0]


def test_a_picture_carries_the_workflow_out_and_in(place: Place) -> None:
    target = place.base / "out.png"
    assert place("export", "text_to_image", "-o", target).status == 0
    document = document_of(target)
    assert split(document).meaning == split(json.loads(place("export", "text_to_image").out)).meaning
    with Image.open(target) as drawn:
        assert json.loads(drawn.info["prompt"])["5"]["class_type"] == "KSampler"
    assert "-o FILE.png" in place("export", "text_to_image", "--format", "png").err


def test_workflows_as_nodes_are_told_and_replaced_in_prompts(place: Place) -> None:
    document = {
        "nodes": [
            {"id": 1, "type": "workflow/text_to_image@1.0.0", "mode": 0, "inputs": [], "widgets_values": [],
             "outputs": [{"name": "image", "type": "IMAGE", "links": [1]}]},
            {"id": 2, "type": "PreviewImage", "mode": 0, "outputs": [],
             "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
        "version": 0.4,
    }  # fmt: skip
    place("commit", "nested", place.write("nested.json", document))
    said = place("export", "nested")
    assert said.status == 0 and "ComfyUI does not know workflow/text_to_image@1.0.0" in " ".join(
        said.err.split()
    )
    found = json.loads(place("export", "nested", "--format", "api").out)
    assert "KSampler" in {node["class_type"] for node in found.values()}
    assert not any(node["class_type"].startswith("workflow/") for node in found.values())


def test_a_lock_travels_with_the_workflow(place: Place) -> None:
    target = place.base / "locked.json"
    assert place("export", "text_to_image", "--lock", "-o", target).status == 0
    lock = json.loads(target.read_text(encoding="utf-8"))["extra"]["darkroom"]["lock"]
    [model] = lock["models"]
    assert model["name"] == "darkroom-demo.safetensors" and len(model["sha256"]) == 64


def test_exported_prompts_of_functions_stay_functions(place: Place) -> None:
    document = json.loads(place("export", "text_to_image").out)
    kept = {
        "prompt": json.loads(place("export", "text_to_image", "--format", "api").out),
        "extra": document["extra"],
    }
    place("import", place.write("kept.json", kept))
    with place.store() as store:
        assert store.version("kept").has_function


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "I;16"])
def test_small_pictures_are_made_of_any(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new(mode, (1500, 700)).save(path)
    made = thumbnail_of(path)
    assert made is not None
    (tmp_path / "b.jpg").write_bytes(made)
    with Image.open(tmp_path / "b.jpg") as small:
        assert max(small.size) == SIDE and small.mode == "RGB"


def test_what_is_no_picture_has_no_small_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert thumbnail_of(tmp_path / "a.png") is None


def test_files_are_sorted_by_time_whatever_their_names(tmp_path: Path) -> None:
    for number, days in enumerate((1, 3, 2)):
        age(picture(tmp_path / f"p_{number:05}_.png", workflow=seeded(number)), days)
    [line] = plan(read_files([tmp_path]).found).lines
    assert [one.path.name for one in line.versions] == ["p_00001_.png", "p_00002_.png", "p_00000_.png"]


def test_workflows_that_were_run_are_found_in_pictures_without_a_canvas(tmp_path: Path) -> None:
    prompt = convert(GRAPH, definitions_of(OBJECT_INFO)).prompt
    noted = {name: {**node, "is_changed": ["x"]} for name, node in prompt.items()}
    assert document_of(picture(tmp_path / "a.png", prompt=noted)) == {"prompt": prompt}
