"""What a prompt is made of."""

from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.folders import Folders
from engine.node import node
from engine.registry import Registry
from engine.spec import InputSpec, NodeSpec, OutputSpec
from engine.types import Files, SeedControl
from workflows.provenance.inventory import classes_of, files_of, seeds_of

Model = Annotated[str, Files("checkpoints")]
Picture = Annotated[str, Files("input")]


@node("Load", title="Load", category="test", version=3)
def load(*, model: Model) -> str:
    """Name a model."""
    return model


@node("Read", title="Read", category="test")
def read(*, image: Picture) -> str:
    """Name a picture."""
    return image


@node("Noise", title="Noise", category="test")
def noise(*, seed: int = 0, start: Annotated[int, SeedControl()] = 0, text: str = "") -> int:
    """Draw a number."""
    return seed + start


# As classes of packs look: they do not say what kind of files their lists hold.
PACK = NodeSpec(
    "Stack", "Stack", "test", "",
    (InputSpec("lora", "COMBO", choices=("None", "style.safetensors")), InputSpec("more", "*"),
     InputSpec("picture", "COMBO", {"image_upload": True}, choices=("a.png",))),
    (OutputSpec("out", "*"),), module="custom_nodes.stack",
)  # fmt: skip
REGISTRY = Registry([load, read, noise, PACK])


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("checkpoints/a.safetensors", "loras/style.safetensors", "loras/sub/two.safetensors",
                 "embeddings/red.pt", "embeddings/blue.safetensors"):  # fmt: skip
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Folders.at(tmp_path)


def prompt(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}


def found(graph: dict[str, Any], folders: Folders) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(file.kind, file.name): file.nodes for file in files_of(graph, REGISTRY.get, folders)}


def test_classes_are_named_with_version_and_code() -> None:
    graph = prompt(a=("Load", {"model": "a"}), b=("Load", {"model": "b"}), c=("Unheard", {}))
    classes = classes_of(graph, REGISTRY.get)
    assert list(classes) == ["Load", "Unheard"]
    assert (classes["Load"]["version"], len(classes["Load"]["code"])) == (3, 64)
    assert classes["Unheard"] == {}


def test_seeds_are_what_is_called_so_or_controlled_so() -> None:
    graph = prompt(
        a=("Noise", {"seed": 7, "start": 2**63}),
        b=("Noise", {"seed": ["a", 0], "start": True}),
        c=("Unheard", {"noise_seed": 5, "steps": 20, "seed": "text"}),
    )
    assert seeds_of(graph, REGISTRY.get) == {"a": {"seed": 7, "start": 2**63}, "c": {"noise_seed": 5}}


def test_files_are_found_by_the_kinds_of_inputs_once_each_even_if_missing(folders: Folders) -> None:
    graph = prompt(
        a=("Load", {"model": "a.safetensors"}),
        b=("Load", {"model": "gone.safetensors"}),
        c=("Load", {"model": {"__value__": "a.safetensors"}}),
        d=("Load", {"model": ["x", 0]}),
        e=("Read", {"image": "a.png [output]"}),
    )
    assert found(graph, folders) == {
        ("checkpoints", "a.safetensors"): ("a", "c"),
        ("checkpoints", "gone.safetensors"): ("b",),
        ("input", "a.png [output]"): ("e",),
    }


def test_files_that_packs_name_are_known_by_where_they_lie(folders: Folders) -> None:
    nested = {"on": True, "lora": "sub/two.safetensors"}
    graph = prompt(
        a=("Stack", {"lora": "style.safetensors", "more": {"lora_1": nested}, "picture": "a.png"}),
        b=("Stack", {"lora": "None", "more": "never.safetensors"}),
        c=("Unheard", {"x": "../../etc/style.safetensors"}),
    )
    assert found(graph, folders) == {
        ("loras", "style.safetensors"): ("a",),
        ("loras", "sub/two.safetensors"): ("a",),
        ("input", "a.png"): ("a",),
    }


def test_embeddings_are_named_in_prompts(folders: Folders) -> None:
    text = "a (embedding:red:1.2) fox, embedding:blue.safetensors, embedding:nowhere embedding:red"
    assert found(prompt(a=("Noise", {"text": text})), folders) == {
        ("embeddings", "red.pt"): ("a",),
        ("embeddings", "blue.safetensors"): ("a",),
    }


@pytest.mark.parametrize(
    "odd", [{"1": None}, {"1": {"inputs": 3}}, {"1": {"class_type": 5, "inputs": {}}}, {}]
)
def test_what_is_no_graph_holds_nothing(odd: dict[str, Any], folders: Folders) -> None:
    assert (seeds_of(odd, REGISTRY.get), files_of(odd, REGISTRY.get, folders)) == ({}, [])
    assert set(classes_of(odd, REGISTRY.get)) <= {"5"}
