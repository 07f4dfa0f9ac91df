"""Cache keys: equal exactly when results must be equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.folders import Folders
from engine.graph import Graph
from engine.keys import keys
from engine.registry import Registry
from engine.types import NodeId
from tests.engine.test_graphs import chain
from tests.toys import NOWHERE, REGISTRY, link, prompt, sum_prompt


def key(wired: dict[str, Any], node: str, registry: Registry = REGISTRY, folders: Folders = NOWHERE) -> str:
    return keys(Graph.parse(wired), registry, folders, [NodeId(node)]).of[NodeId(node)]


def shown(value: Any) -> str:
    return key({"s": {"class_type": "Show", "inputs": {"value": {"__value__": value}}}}, "s")


def test_literals_of_different_types_make_different_keys() -> None:
    values: list[Any] = [
        1,
        1.0,
        True,
        "1",
        None,
        "None",
        [1],
        ["1"],
        [1.0],
        {"1": 1},
        {"1": True},
        "[1]",
        "",
        [],
    ]
    assert len({shown(value) for value in values}) == len(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def tagged(value: Any) -> str:
    """An independent reading of "the same literal": type and value all the way down."""
    if isinstance(value, list):
        return f"[{','.join(tagged(v) for v in cast('list[Any]', value))}]"
    if isinstance(value, dict):
        members = sorted(cast("dict[str, Any]", value).items())
        return f"{{{','.join(f'{k!r}:{tagged(v)}' for k, v in members)}}}"
    return f"{type(value).__name__}({value!r})"


@settings(max_examples=300, deadline=None)
@given(JSON, JSON)
def test_keys_are_equal_exactly_for_equal_literals(one: Any, two: Any) -> None:
    assert (shown(one) == shown(two)) is (tagged(one) == tagged(two))


def test_ids_titles_and_order_do_not_matter() -> None:
    renamed = prompt(
        c=("Show", {"label": "value", "value": link("b")}),
        b=("Add", {"b": link("a2"), "a": link("a1")}),
        a2=("Number", {"value": 2}),
        a1=("Number", {"value": 1}),
    )
    renamed["c"]["_meta"] = {"title": "A title"}
    assert key(renamed, "c") == key(sum_prompt(1, 2), "show")


def test_everything_upstream_matters() -> None:
    assert key(sum_prompt(1, 2), "show") != key(sum_prompt(2, 1), "show")
    assert key(sum_prompt(1, 2), "one") == key(sum_prompt(1, 3), "one")


def test_the_slot_of_a_link_matters() -> None:
    def divided(slot: int) -> str:
        wired = prompt(
            n=("Number", {"value": 7}), d=("Divide", {"a": link("n")}), s=("Add", {"a": link("d", slot)})
        )
        return key(wired, "s")

    assert divided(0) != divided(1)


def test_a_literal_is_not_mistaken_for_a_link() -> None:
    linked = prompt(n=("Number", {"value": 1}), s=("Show", {"value": link("n")}))
    pretending = [key(linked, "n"), 0]
    assert key(linked, "s") != shown(pretending)


@pytest.mark.parametrize("change", [{"version": 2}, {"code_hash": "edited"}])
def test_version_and_code_matter(change: dict[str, Any]) -> None:
    edited = Registry(replace(spec, **change) if spec.name == "Add" else spec for spec in REGISTRY)
    assert key(sum_prompt(), "show") != key(sum_prompt(), "show", edited)
    assert key(sum_prompt(), "one") == key(sum_prompt(), "one", edited)


def test_the_content_of_named_files_matters(tmp_path: Path) -> None:
    file = tmp_path / "models/checkpoints/m.safetensors"
    file.parent.mkdir(parents=True)
    wired = prompt(load=("Load", {"name": "m.safetensors"}))
    folders = Folders.at(tmp_path)
    file.write_bytes(b"one")
    before = key(wired, "load", folders=folders)
    file.write_bytes(b"two")
    changed = key(wired, "load", folders=folders)
    file.write_bytes(b"one")
    assert before != changed
    assert before == key(wired, "load", folders=folders)


def test_a_missing_file_cannot_be_cached() -> None:
    made = keys(Graph.parse(prompt(load=("Load", {"name": "no.ckpt"}))), REGISTRY, NOWHERE, [NodeId("load")])
    assert "cannot be read" in made.uncacheable[NodeId("load")]


def test_what_depends_on_the_uncacheable_is_uncacheable_too() -> None:
    wired = prompt(t=("Clock", {}), n=("Number", {}), s=("Add", {"a": link("t"), "b": link("n")}))
    graph = Graph.parse(wired)
    once, again = (keys(graph, REGISTRY, NOWHERE, [NodeId("s")]) for _ in range(2))
    assert dict(once.uncacheable) == {"t": "it reads the clock", "s": "it depends on node 't'"}
    assert once.of[NodeId("s")] != again.of[NodeId("s")]
    assert once.of[NodeId("n")] == again.of[NodeId("n")]


def test_a_fingerprint_that_raises_makes_its_node_uncacheable() -> None:
    def broken() -> str:
        raise OSError("no disk")

    spec = replace(REGISTRY["Number"], fingerprint=broken)
    made = keys(Graph.parse(prompt(n=("Number", {}))), Registry([spec]), NOWHERE, [NodeId("n")])
    assert made.uncacheable[NodeId("n")] == "its fingerprint raised OSError: no disk"


def test_a_fingerprint_sees_the_literals_it_names_and_the_folders() -> None:
    seen: list[Any] = []

    def fingerprint(value: int, folders: Folders) -> str:
        seen.append((value, folders))
        return f"{value % 2}"

    registry = Registry([replace(REGISTRY["Number"], fingerprint=fingerprint)])
    key(prompt(n=("Number", {"value": 4})), "n", registry)
    assert seen == [(4, NOWHERE)]


def test_nodes_that_ask_for_their_id_do_not_share_results() -> None:
    registry = Registry([replace(REGISTRY["Number"], own_id=True)])
    wired = prompt(a=("Number", {}), b=("Number", {}))
    assert key(wired, "a", registry) != key(wired, "b", registry)


def test_values_that_are_no_json_make_a_node_uncacheable() -> None:
    wired = {"s": {"class_type": "Show", "inputs": {"value": object()}}}
    made = keys(Graph.parse(wired), REGISTRY, NOWHERE, [NodeId("s")])
    assert "object" in made.uncacheable[NodeId("s")]


def test_a_chain_of_a_hundred_thousand_nodes_has_keys() -> None:
    made = keys(Graph.parse(chain(100_000)), REGISTRY, NOWHERE, [NodeId("99999")])
    assert len(set(made.of.values())) == 100_000
