"""Workflow files as hypothesis draws them: sound ones, and ones that third parties broke."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from engine.graph import as_object
from workflows.formats import kind_of

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((ROOT / "tests" / "workflows").glob("*.json")),
    *sorted((ROOT / "workflows" / "library").rglob("*.json")),
]


def document_in(path: Path) -> Any | None:
    """The document in a file; None if it holds something else."""
    loaded = as_object(json.loads(path.read_text(encoding="utf-8")))
    if loaded is None or kind_of(loaded) == "prompt":
        return None if loaded is None else {"prompt": loaded}
    return loaded if kind_of(loaded) == "workflow" else None


NAMES = [path.relative_to(ROOT).as_posix() for path in FILES if document_in(path) is not None]

_values = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(0, 2) | st.text("ab é", max_size=3)
_oddities = st.dictionaries(
    st.sampled_from(
        ["color", "flags", "order", "title", "mode", "mine", "showAdvanced", "properties", "size"]
    ),
    _values | st.lists(_values, max_size=2) | st.dictionaries(st.text("ab", max_size=2), _values, max_size=2),
    max_size=3,
)


@st.composite
def graphs(draw: st.DrawFn, *, inner: bool = False, types: tuple[str, ...] = ("A", "B")) -> dict[str, Any]:
    """A graph: nodes with slots and links, in either form, some of them broken."""
    ids: Any = st.integers(1, 9) | st.sampled_from(["7", "x", "", None, 2.0])
    nodes: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(0, 4))):
        slot = st.fixed_dictionaries(
            {"name": st.sampled_from(["model", "text", ""]), "type": st.sampled_from(["X", "*", ["a"], 0])},
            optional={"link": st.none() | st.integers(0, 6), "label": st.just("shown")},
        )
        output = st.fixed_dictionaries(
            {"name": st.just("out"), "type": st.just("X")},
            optional={"links": st.none() | st.lists(st.integers(0, 6), max_size=2)},
        )
        record: dict[str, Any] = {"id": draw(ids), "type": draw(st.sampled_from(types))}
        record |= draw(_oddities)
        for key, entries in (("inputs", slot), ("outputs", output)):
            if draw(st.integers(0, 4)):
                record[key] = draw(st.none() | st.lists(entries, max_size=3))
        if draw(st.booleans()):
            record["widgets_values"] = draw(
                st.none()
                | st.lists(_values, max_size=3)
                | st.dictionaries(st.text("ab"), _values, max_size=2)
            )
        nodes.append(record)
    ends: Any = st.integers(1, 9) | st.just("x") | (st.sampled_from([-10, -20]) if inner else st.nothing())
    slots: Any = st.integers(0, 2) | st.just("1")
    links: list[Any] = []
    for _ in range(draw(st.integers(0, 5))):
        parts = [draw(st.integers(0, 6)), draw(ends), draw(slots), draw(ends), draw(slots), "X"]
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links.append(
            draw(st.sampled_from([parts, {**dict(zip(keys, parts, strict=True)), "parentId": 1}, None]))
        )
    graph: dict[str, Any] = {"nodes": nodes, "links": links}
    if draw(st.booleans()):
        graph["extra"] = {"ds": {"scale": 1.0}, "mine": draw(_values)}
    if draw(st.booleans()):
        graph |= {"reroutes": [{"id": 1, "linkIds": [1, 9]}]} if inner else {"last_link_id": 4, "state": {}}
    return graph


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A whole file with up to two subgraph definitions."""
    ids = draw(st.lists(st.sampled_from(["S", "T"]), max_size=2))
    root = draw(graphs(types=("A", "B", "S")))
    ports = st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "b"])},
            optional={"id": st.sampled_from(["p", "q"]), "linkIds": st.lists(st.integers(0, 6), max_size=2)},
        ),
        max_size=2,
    )
    definitions: list[Any] = []
    for name in ids:
        graph = draw(graphs(inner=True, types=("A", "T")))
        definitions.append({"id": name, "inputs": draw(ports), "outputs": draw(ports), **graph})
    if definitions or draw(st.booleans()):
        root["definitions"] = {"subgraphs": definitions}
    return root
