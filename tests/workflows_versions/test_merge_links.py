"""Links and the nodes behind them in a merge: what one side needs the other cannot silently delete."""

from typing import Any

from tests.workflows_versions import edits
from tests.workflows_versions.edits import connect, drawing, find
from tests.workflows_versions.merging import chain, merged, put, remove
from workflows.document import split, with_function
from workflows.merge import merge


def test_a_node_one_deleted_and_the_other_changed_is_a_conflict() -> None:
    for ours, theirs, stays in ((remove(5), put(5, 0, "new"), False), (put(5, 0, "new"), remove(5), True)):
        result = merged(chain(), ours, theirs)
        assert [(conflict.id, conflict.kind) for conflict in result.conflicts] == [("/5", "deleted")]
        assert (find(result.document, 5) is not None) == stays
        decided = merged(chain(), ours, theirs, {"/5": "theirs"})
        assert decided.clean and (find(decided.document, 5) is not None) != stays


def test_moving_a_node_does_not_keep_it_from_being_deleted() -> None:
    result = merged(chain(), remove(5), lambda document: document["nodes"][4].update(pos=[9, 9]))
    assert result.clean and find(result.document, 5) is None


def test_a_link_to_a_node_the_other_deleted_is_a_conflict() -> None:
    def link(document: Any) -> None:
        connect(document, 5, 3, "b")

    for ours, theirs, stays in ((link, remove(5), True), (remove(5), link, False)):
        result = merged(chain(), ours, theirs)
        assert [(conflict.id, conflict.kind) for conflict in result.conflicts] == [("/3/b", "link")]
        assert (find(result.document, 5) is not None) == stays
        decided = merged(chain(), ours, theirs, {"/3/b": "theirs"})
        assert decided.clean and (find(decided.document, 5) is not None) != stays
        meaning = split(decided.document).meaning
        assert ("b" in meaning["nodes"]["3"]["inputs"]) != stays


def test_a_deleted_node_comes_back_with_what_it_needs() -> None:
    def both(document: Any) -> None:
        remove(1)(document)
        remove(2)(document)

    result = merged(chain(), lambda document: connect(document, 2, 3, "b"), both)
    assert [conflict.id for conflict in result.conflicts] == ["/3/b"]
    assert split(result.document).meaning["nodes"]["2"]["inputs"] == {"a": ["1", 0]}


def test_a_declared_input_of_a_node_the_other_deleted_is_a_conflict() -> None:
    declaration = {"inputs": [{"name": "t", "type": "STRING", "targets": [{"node": "5", "input": "text"}]}]}
    theirs = with_function(chain(), declaration)
    ours = chain()
    remove(5)(ours)
    found = merge(chain(), ours, theirs, edits.DEFINITIONS)
    assert [(conflict.id, conflict.kind) for conflict in found.conflicts] == [("/5", "deleted")]


def test_links_of_both_that_make_a_cycle_are_a_conflict() -> None:
    base = drawing(("Mix", [1, "fixed", 1]), ("Mix", [2, "fixed", 1]), ("Mix", [3, "fixed", 1]))

    def ours(document: Any) -> None:
        connect(document, 1, 2, "a")
        connect(document, 2, 3, "a")

    def theirs(document: Any) -> None:
        connect(document, 3, 1, "a")

    result = merged(base, ours, theirs)
    assert [(conflict.id, conflict.kind, conflict.theirs) for conflict in result.conflicts] == [
        ("/1/a", "cycle", {"link": ["3", 0]})
    ]
    inputs = {name: node["inputs"] for name, node in split(result.document).meaning["nodes"].items()}
    assert inputs == {"1": {}, "2": {"a": ["1", 0]}, "3": {"a": ["2", 0]}}
    decided = split(merged(base, ours, theirs, {"/1/a": "theirs"}).document).meaning["nodes"]
    assert decided["1"]["inputs"] == {"a": ["3", 0]}
    assert sum(len(node["inputs"]) for node in decided.values()) == 2
