"""Every workflow file converts to the prompt that was worked out by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph import as_link
from workflows.formats import convert, definitions_of, kind_of

FILES = Path(__file__).parents[1] / "workflows"
NAMES = sorted(path.name.removesuffix(".api.json") for path in FILES.glob("*.api.json"))


def load(name: str) -> Any:
    return json.loads((FILES / name).read_text(encoding="utf-8"))


DEFINITIONS = definitions_of(load("object_info.json"))


def test_there_are_pairs_for_every_file() -> None:
    others = {"object_info"}
    names = {path.stem for path in FILES.glob("*.json") if not path.name.endswith(".api.json")}
    assert names - others == set(NAMES)
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_converts_to_its_prompt(name: str) -> None:
    document = load(f"{name}.json")
    before = json.dumps(document)
    found = convert(document, DEFINITIONS).prompt
    assert found == load(f"{name}.api.json")
    assert json.dumps(document) == before, "the document was changed"
    assert kind_of(document) == "workflow" and kind_of(found) == "prompt"


@pytest.mark.parametrize("name", NAMES)
def test_sources_come_before_what_they_feed(name: str) -> None:
    prompt = convert(load(f"{name}.json"), DEFINITIONS).prompt
    done: set[str] = set()
    for node, entry in prompt.items():
        links = [link for value in entry["inputs"].values() if (link := as_link(value))]
        assert {link.node for link in links} <= done, node
        done.add(node)


FAULTY = {"bypass_mute", "object_widgets", "stray_values", "subgraph_modes", "subgraph_muted", "substitution"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - FAULTY))
def test_there_is_nothing_to_say_of_a_sound_file(name: str) -> None:
    assert convert(load(f"{name}.json"), DEFINITIONS).findings == ()
