"""Functions of a real store: found by name and release, read once, nested, and told why not."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.toys import NOWHERE, REGISTRY, execute
from tests.workflows_functions.documents import double, gives, takes, toy
from workflows.formats.definitions import Definitions, definitions_of
from workflows.functions import FunctionError, UnknownFunction, expand
from workflows.functions.kept import Kept
from workflows.functions.released import DEEPEST, Classes, Released
from workflows.store import NotFound, Store

INFO = {spec.name: spec.object_info(NOWHERE.list) for spec in REGISTRY}


def classes(**files: list[str]) -> Classes:
    """The toy classes; the checkpoints that can be chosen are given."""
    load: dict[str, Any] = {
        **INFO["Load"],
        "input": {"required": {"name": [files.get("checkpoints", []), {}]}},
    }
    plain: Definitions = definitions_of({**INFO, "Load": load})
    return Classes(plain, REGISTRY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "workflows.sqlite")
    yield opened
    opened.close()


def publish(store: Store, name: str, document: dict[str, Any]) -> None:
    store.create(name, document, author="me")
    store.release(name, "main", author="me")


def around(inner: str) -> dict[str, Any]:
    """A function that does what another one does."""
    nodes: dict[str, Any] = {
        "1": {"class_type": inner, "inputs": {}},
        "2": {"class_type": "Add", "inputs": {"a": ["1", 0]}},
    }
    return toy(nodes, [takes("value", "INT", "1.value")], [gives("sum", "INT", "2")])


def test_a_call_means_the_newest_release_unless_it_says_otherwise(store: Store) -> None:
    publish(store, "Double", double())
    changed = double()
    changed["prompt"]["1"]["inputs"]["value"] = 7
    store.commit("Double", changed, parent=store.version("Double").id, author="me")
    released = Released(store)
    for ref, default in (("", 5), ("1", 5), ("1.0.0", 5), ("main", 7), ("#2", 7)):
        called = released.called("double", ref, classes())
        assert called.function.by_name["value"].default == default, ref
        assert called.release == ("1.0.0" if default == 5 else None)
    store.release("Double", "1.0.0", "1.0.1", author="me")
    assert [released.called("Double", ref, classes()).release for ref in ("1.0.0", "1")] == ["1.0.0", "1.0.1"]
    with pytest.raises(
        NotFound, match=r"no release '3\.0\.0' in workflow 'Double'; its releases: 1\.0\.1, 1\.0\.0"
    ):
        released.called("Double", "3.0.0", classes())


def test_a_workflow_without_a_declaration_cannot_be_called(store: Store) -> None:
    store.create("Plain", {"prompt": double()["prompt"]}, author="me")
    with pytest.raises(FunctionError, match="Plain #1 declares no inputs and outputs; publish it"):
        Released(store).called("Plain", "", classes())


def test_files_that_came_are_choices_when_asked_anew(store: Store) -> None:
    nodes = {"1": {"class_type": "Load", "inputs": {"name": "a"}}}
    publish(store, "Load", toy(nodes, [takes("name", "COMBO", "1.name")], [gives("text", "STRING", "1")]))
    released = Released(store)
    assert released.called("Load", "", classes(checkpoints=["a"])).function.inputs[0].options == ("a",)
    later = classes(checkpoints=["a", "b"])
    assert released.called("Load", "", later).function.inputs[0].options == ("a",)
    assert released.called("Load", "", later, fresh=True).function.inputs[0].options == ("a", "b")
    [info] = released.object_info(classes(checkpoints=["c"])).values()
    assert info["input"]["required"]["name"][0] == ["c"]


def test_put_away_workflows_are_not_offered_but_still_run(store: Store) -> None:
    publish(store, "Double", double())
    store.change("Double", archived=True, new_name="Twice")
    released = Released(store)
    assert released.object_info(classes()) == {}
    made = expand(
        {"12": {"class_type": "workflow/Double@1.0.0", "inputs": {"value": 2}}},
        lambda name: released.find(name, classes()),
    )
    assert execute(made, targets=["12:2"])[0].status == "success"


def test_deep_nesting_is_looked_up_once_each(store: Store) -> None:
    publish(store, "W0", double())
    for level in range(1, DEEPEST + 2):
        publish(store, f"W{level}", around(f"workflow/W{level - 1}@1.0.0"))
    released = Released(store)
    started = time.monotonic()
    names = set(released.object_info(classes()))
    assert time.monotonic() - started < 5
    assert f"workflow/W{DEEPEST - 1}@1.0.0" in names
    deep = f"workflow/W{DEEPEST - 1}@1.0.0"
    made = expand(
        {"x": {"class_type": deep, "inputs": {"value": 3}}}, lambda name: released.find(name, classes())
    )
    assert len(made) == 2 + DEEPEST - 1


def test_what_was_not_used_for_longest_goes_when_there_is_too_much() -> None:
    kept: Kept[str, int] = Kept(10)
    for number, key in enumerate("abc"):
        kept.put(key, number, 3)
    assert kept.get("a") == 0
    kept.put("d", 3, 3)
    assert [kept.get(key) for key in "abcd"] == [0, None, 2, 3]
    kept.put("a", 4, 1)  # lighter than it was: there is room for another now
    kept.put("e", 5, 3)
    assert [kept.get(key) for key in "acde"] == [4, 2, 3, 5]
    kept.put("huge", 6, 99)
    assert [kept.get(key) for key in ("a", "c", "d", "e", "huge")] == [None, None, None, None, 6]


@pytest.mark.parametrize(
    "name",
    ["workflow/", "workflow/@1.0.0", "workflow/Double@", "workflow/Double@latest", "workflow/Double@1.0",
     "workflow/../Double@1.0.0", "workflow/Double@1.0.0@2", "workflow/\x00@1.0.0",
     f"workflow/{'x' * 9999}@1.0.0", "workflow/%s@1.0.0", "workflow/\ud800@1.0.0",
     "workflow/Double@１.０.０"],
)  # fmt: skip
def test_hostile_names_are_unknown_and_nothing_worse(store: Store, name: str) -> None:
    publish(store, "Double", double())
    released = Released(store)
    assert released.info(name, classes()) is None
    with pytest.raises(UnknownFunction):
        released.find(name, classes())
