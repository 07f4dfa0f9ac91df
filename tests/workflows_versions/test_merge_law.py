"""Merging is doing what two people did apart one after the other; the same input of both is a conflict."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workflows_versions.drawn import documents
from tests.workflows_versions.edits import BASES, DEFINITIONS, Edit, apply, commute, scripts
from workflows.diff import diff
from workflows.document import split
from workflows.merge import merge


def cells(document: Any) -> dict[tuple[str, ...], Any]:
    """Everything of a file that two people could both set: read plainly, by the names that edits use."""
    origins = {link[0]: (link[1], link[2]) for link in document["links"]}
    found: dict[tuple[str, ...], Any] = {}
    for node in document["nodes"]:
        name = str(node["id"])
        found["title", name] = node.get("title")
        found["mode", name] = node.get("mode", 0)
        values = node["widgets_values"]
        widgets = {"Load": ["name"], "Text": ["text"], "Save": ["prefix"]}.get(
            node["type"], ["seed", "seed:control", "strength"]
        )
        links = {slot["name"]: origins.get(slot["link"]) for slot in node["inputs"]}
        for key in {*widgets, *links}:
            value = values[widgets.index(key)] if key in widgets else None
            found["input", name, key] = (value, links.get(key))
    return found


@given(st.sampled_from(BASES), scripts(), scripts())
@settings(max_examples=1000)
def test_merging_edits_that_commute_is_doing_both(base: Any, one: list[Edit], other: list[Edit]) -> None:
    ours, theirs = apply(one, base, base, 100), apply(other, base, base, 200)
    assume(commute(ours, theirs))
    merged = merge(base, ours.document, theirs.document, DEFINITIONS)
    assert merged.clean
    both = apply(one, theirs.document, base, 100).document
    # Node by node, and equal but for ids where all there was in the base is gone.
    assert split(merged.document).meaning == split(both).meaning or (
        not kept(base, ours.document, theirs.document)
        and not diff(merged.document, both, DEFINITIONS).meaningful
    )
    assert "exact" not in split(merged.document).layout  # a sound file


def kept(*documents: Any) -> set[int]:
    """The ids of nodes that all of them have."""
    return set[int].intersection(*({node["id"] for node in document["nodes"]} for document in documents))


EDITS = ["set", "link", "unlink", "retitle", "mute", "move", "add"]


@given(st.sampled_from(BASES), scripts(EDITS), scripts(EDITS))
@settings(max_examples=1000)
def test_conflicts_are_exactly_where_both_changed_the_same(
    base: Any, one: list[Edit], other: list[Edit]
) -> None:
    ours, theirs = apply(one, base, base, 100).document, apply(other, base, base, 200).document
    before, mine, others = cells(base), cells(ours), cells(theirs)
    expected = {
        key
        for key in {*mine, *others}
        if key[1] in {str(node["id"]) for node in base["nodes"]}
        and mine.get(key, before.get(key)) != before.get(key, unlinked(mine, key))
        and others.get(key, before.get(key)) != before.get(key, unlinked(others, key))
        and mine.get(key) != others.get(key)
    }
    merged = merge(base, ours, theirs, DEFINITIONS)
    found = {
        ("input", str(conflict.node), str(conflict.input))
        if conflict.kind in ("value", "link")
        else (conflict.kind, str(conflict.node))
        for conflict in merged.conflicts
    }
    assert found == expected
    # As long as nobody decides it is as in ours; decided for theirs it is as in theirs.
    result = cells(merged.document)
    assert all(result[key] == mine[key] for key in expected)
    decided = merge(base, ours, theirs, DEFINITIONS, {conflict.id: "theirs" for conflict in merged.conflicts})
    assert decided.clean and all(cells(decided.document)[key] == others[key] for key in expected)


def unlinked(side: dict[tuple[str, ...], Any], key: tuple[str, ...]) -> Any:
    """What an input without a socket in the base held there: no link, and no value a link could hide."""
    return (None, None) if key[0] == "input" and side.get(key, (0,))[0] is None else None


@given(st.sampled_from(BASES), scripts(), scripts())
@settings(max_examples=80)
def test_any_merge_is_sound_whatever_is_decided(base: Any, one: list[Edit], other: list[Edit]) -> None:
    ours, theirs = apply(one, base, base, 100).document, apply(other, base, base, 100).document
    merged = merge(base, ours, theirs, DEFINITIONS)
    for side in ("ours", "theirs"):
        decided = merge(base, ours, theirs, DEFINITIONS, {conflict.id: side for conflict in merged.conflicts})
        assert decided.clean
        parts = split(decided.document)
        assert "exact" not in parts.layout
        ids = parts.meaning["nodes"]
        assert all(source[0] in ids for node in ids.values() for source in node["inputs"].values())
    assert split(merge(base, ours, ours, DEFINITIONS).document).meaning == split(ours).meaning
    assert split(merge(base, base, theirs, DEFINITIONS).document).meaning == split(theirs).meaning
    assert split(merge(base, ours, base, DEFINITIONS).document).meaning == split(ours).meaning


@given(documents(), documents(), documents())
@settings(max_examples=25)
def test_any_three_files_can_be_merged(base: Any, ours: Any, theirs: Any) -> None:
    merged = merge(base, ours, theirs, DEFINITIONS)
    ids = [conflict.id for conflict in merged.conflicts]
    assert len(ids) == len(set(ids))
    meaning = split(merged.document).meaning
    for graph in (meaning, *meaning["subgraphs"].values()):
        sources = [source[0] for node in graph["nodes"].values() for source in node["inputs"].values()]
        assert all(source in graph["nodes"] or source == "-10" for source in sources)
    assert split(merge(base, ours, ours, DEFINITIONS).document).meaning == split(ours).meaning
