"""What a workflow needs, written down in one place and found again in another."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.folders import Folders
from engine.node import node
from engine.registry import Registry
from engine.spec import InputSpec, NodeSpec, OutputSpec
from engine.types import Files
from workflows.locks import (
    Lock,
    LockError,
    Pack,
    Stock,
    described,
    lock,
    lock_of,
    needs,
    resolve,
    with_lock,
    with_names,
)
from workflows.provenance import FileHashes, FileUsed


@node("Checkpoint", title="Checkpoint", category="test")
def checkpoint(*, ckpt_name: Annotated[str, Files("checkpoints")]) -> str:
    """Name a checkpoint."""
    return ckpt_name


@node("Vae", title="VAE", category="test")
def vae(*, vae_name: Annotated[str, Files("vae")]) -> str:
    """Name an autoencoder."""
    return vae_name


@node("Picture", title="Picture", category="test")
def picture(*, image: Annotated[str, Files("input")]) -> str:
    """Name a picture."""
    return image


STACK = NodeSpec(
    "Stack", "Stack", "test", "", (InputSpec("lora", "COMBO", choices=("None",)),),
    (OutputSpec("out", "*"),), module="custom_nodes.loras-of-mine", code_hash="ab", version=2,
)  # fmt: skip
REGISTRY = Registry([checkpoint, vae, picture, STACK])
PROMPT: dict[str, Any] = {
    "1": {"class_type": "Checkpoint", "inputs": {"ckpt_name": "a.safetensors"}},
    "2": {"class_type": "Stack", "inputs": {"lora": "style.safetensors", "model": ["1", 0]}},
    "3": {"class_type": "Vae", "inputs": {"vae_name": "gone.safetensors"}},
    "4": {"class_type": "Picture", "inputs": {"image": "a.png"}},
}


class Place:
    """A machine with model folders and packs."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.folders = Folders.at(base)

    def put(self, name: str, content: str) -> Path:
        path = self.base / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    @property
    def stock(self) -> Stock:
        return Stock(self.folders, FileHashes())

    def pack(self, name: str, code: str = "x = 1", version: str = "1.2.0") -> Path:
        pack = self.base / "custom_nodes" / name
        (pack / ".git/refs/heads").mkdir(parents=True)
        (pack / "__init__.py").write_text(code)
        urls = '[project.urls]\nRepository = "https://example.org/loras"'
        (pack / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{version}"\n{urls}\n')
        (pack / ".git/HEAD").write_text("ref: refs/heads/main\n")
        (pack / ".git/refs/heads/main").write_text("c0ffee\n")
        return pack


@pytest.fixture
def here(tmp_path: Path) -> Place:
    place = Place(tmp_path / "here")
    place.put("checkpoints/a.safetensors", "weights")
    place.put("loras/style.safetensors", "style")
    return place


@pytest.fixture
def there(tmp_path: Path) -> Place:
    return Place(tmp_path / "there")


def locked(place: Place, packs: tuple[Path, ...] = ()) -> Lock:
    return lock(PROMPT, REGISTRY.get, place.folders, FileHashes(), packs=packs, darkroom="0.1.0")


def states(models: Any, place: Place) -> dict[str, tuple[str, str | None, str | None]]:
    return {m.model.name: (m.state, m.name, m.place) for m in resolve(models, place.stock)}


def test_a_lock_names_models_by_content_packs_by_code_and_no_pictures(here: Place) -> None:
    made = locked(here, (here.pack("loras-of-mine"),))
    assert [(m.kind, m.name, m.nodes, m.size) for m in made.models] == [
        ("checkpoints", "a.safetensors", ("1",), 7),
        ("loras", "style.safetensors", ("2",), 5),
        ("vae", "gone.safetensors", ("3",), None),
    ]
    assert [m.name for m in made.incomplete] == ["gone.safetensors"]
    [pack] = made.packs
    assert (pack.name, pack.version, pack.commit) == ("loras-of-mine", "1.2.0", "c0ffee")
    assert (pack.url, pack.classes) == ("https://example.org/loras", ("Stack",))
    assert made.nodes["Stack"] == {"version": 2, "code": "ab"}


def test_a_lock_survives_json_and_travels_in_a_document(here: Place) -> None:
    made = locked(here, (here.pack("loras-of-mine"),))
    document: dict[str, Any] = {"prompt": PROMPT, "extra": {"ds": 1, "darkroom": {"function": {}}}}
    carried = json.loads(json.dumps(with_lock(document, made)))
    assert lock_of(carried) == made
    assert carried["extra"]["darkroom"]["function"] == {} and "lock" not in document["extra"]["darkroom"]
    assert lock_of({"nodes": []}) is None


ODD: list[Any] = [[], "x", {"models": [{"kind": "vae"}]}, {"models": ["a"]}, {"packs": [{}]}]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_lock_is_refused(odd: Any) -> None:
    with pytest.raises(LockError):
        lock_of({"extra": {"darkroom": {"lock": odd}}})


def test_models_are_found_by_content_wherever_they_lie(here: Place, there: Place) -> None:
    there.put("checkpoints/sub/renamed.safetensors", "weights")
    there.put("checkpoints/a.safetensors", "others!")  # the same name and size
    there.put("upscale_models/x.safetensors", "style")
    assert states(locked(here).models, there) == {
        "a.safetensors": ("renamed", "sub/renamed.safetensors", "checkpoints/sub/renamed.safetensors"),
        "style.safetensors": ("elsewhere", None, "upscale_models/x.safetensors"),
        "gone.safetensors": ("missing", None, None),
    }


def test_what_has_the_name_counts_only_with_the_content(here: Place, there: Place) -> None:
    there.put("checkpoints/a.safetensors", "weights")
    there.put("loras/style.safetensors", "another style")
    found = states(locked(here).models[:2], there)
    assert found["a.safetensors"] == ("here", "a.safetensors", "checkpoints/a.safetensors")
    assert found["style.safetensors"] == ("changed", None, None)


def test_without_a_hash_a_file_of_that_name_is_found_if_there_is_only_one(there: Place) -> None:
    wanted = [FileUsed("vae", "best/Fine.safetensors"), FileUsed("loras", "x.safetensors")]
    there.put("vae/mine/fine.safetensors", "v")
    there.put("loras/a/x.safetensors", "1")
    there.put("loras/b/x.safetensors", "2")
    assert states(wanted, there) == {
        "best/Fine.safetensors": ("similar", "mine/fine.safetensors", "vae/mine/fine.safetensors"),
        "x.safetensors": ("missing", None, None),
    }


def test_models_that_are_directories_are_found_too(here: Place, there: Place) -> None:
    for place, name in ((here, "checker"), (there, "other name")):
        place.put(f"safety_checker/{name}/config.json", "{}")
        place.put(f"safety_checker/{name}/model.safetensors", "w")
    hashes = FileHashes()
    known = hashes.of(here.base / "models/safety_checker/checker")
    assert known is not None
    wanted = [FileUsed("safety_checker", "checker", (), known.sha256, known.size)]
    assert states(wanted, there)["checker"][:2] == ("renamed", "other name")


def test_packs_are_compared_by_their_code(here: Place, there: Place) -> None:
    pack = described("loras-of-mine", [here.pack("loras-of-mine")])
    assert pack is not None
    same, other = there.pack("loras-of-mine"), Place(there.base / "x").pack("loras-of-mine", "x = 2", "1.3.0")
    assert needs([pack], [same])[0].state == "here"
    [changed] = needs([pack], [other])
    assert (changed.state, changed.here and changed.here.version) == ("changed", "1.3.0")
    assert needs([pack, Pack("nowhere")], [other])[1].state == "missing"


NAMES = {("checkpoints", "a.safetensors"): "b.safetensors", ("vae", "both"): "x", ("loras", "both"): "y"}
DOCUMENT: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "Checkpoint", "widgets_values": ["a.safetensors", "kept"]},
        {"id": 2, "type": "Vae", "widgets_values": ["both"]},
        {"id": 3, "type": "Vae", "widgets_values": ["a.safetensors"]},  # a VAE that happens to be called so
        {"id": 4, "type": "PrimitiveNode", "widgets_values": ["a.safetensors", "fixed"]},
        {"id": 5, "type": "PrimitiveNode", "widgets_values": ["both"]},  # nobody can say which
        {"id": 6, "type": "Loras (pack)", "widgets_values": [{"on": True, "file": ["a.safetensors"]}]},
        {"id": 7, "type": "Reroute"},
    ],
    "definitions": {"subgraphs": [{"id": "s", "nodes": [
        {"id": 1, "type": "Checkpoint", "widgets_values": {"ckpt_name": "a.safetensors"}}]}]},
    "extra": {"darkroom": {"lock": {"models": [{"kind": "checkpoints", "name": "a.safetensors"}]}}},
}  # fmt: skip


def test_names_are_put_where_nodes_name_them_and_nowhere_else() -> None:
    before = copy.deepcopy(DOCUMENT)
    made = with_names(DOCUMENT, NAMES, REGISTRY.get)
    assert before == DOCUMENT
    assert [node.get("widgets_values") for node in made["nodes"]] == [
        ["b.safetensors", "kept"], ["x"], ["a.safetensors"], ["b.safetensors", "fixed"], ["both"],
        [{"on": True, "file": ["b.safetensors"]}], None,
    ]  # fmt: skip
    [inner] = made["definitions"]["subgraphs"]
    assert inner["nodes"][0]["widgets_values"] == {"ckpt_name": "b.safetensors"}
    assert made["extra"]["darkroom"]["lock"]["models"] == [{"kind": "checkpoints", "name": "b.safetensors"}]


def test_names_are_put_into_prompts_too() -> None:
    made = with_names({"prompt": PROMPT}, NAMES, REGISTRY.get)
    assert made["prompt"]["1"]["inputs"] == {"ckpt_name": "b.safetensors"}
    assert made["prompt"]["2"] == PROMPT["2"]
