"""Saving: what was written is there for ever, and nobody's work is written over."""

from __future__ import annotations

import json
import time
from hashlib import sha256

import pytest

from tests.workflows_store.documents import document, function
from workflows.document import DocumentError
from workflows.store import (
    BranchConflict,
    BranchMoved,
    Invalid,
    NameTaken,
    NotFound,
    Store,
    Version,
    VersionId,
)

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NOWHERE = VersionId("0" * 64)


def begun(store: Store, name: str = "Harbour") -> Version:
    return store.create(name, document(), author="ann", message="first")


def test_what_is_saved_is_read_back_whole(store: Store) -> None:
    saved = store.create(
        "Harbour", document("ähnlich 海 🌊"), author="ann", message="first\r\nlight", thumbnail=PICTURE
    )
    assert store.document(saved.id) == document("ähnlich 海 🌊")
    assert store.thumbnail(saved.id) == PICTURE and saved.has_thumbnail
    assert (saved.author, saved.message, saved.number, saved.parents) == ("ann", "first\nlight", 1, ())
    assert saved.branches == ("main",) and not saved.has_function
    assert abs(saved.created - time.time()) < 60
    assert store.find(saved.id) == store.version("Harbour") == saved


def test_a_version_is_addressed_by_the_hash_of_all_it_says(store: Store) -> None:
    first = begun(store)
    second = store.commit("Harbour", document("fog"), parent=first.id, author="bob").version
    record = {
        "workflow": store.workflow("Harbour").item.uid,
        "document": second.document,
        "layout": second.layout,
        "parents": [first.id],
        "author": "bob",
        "message": "",
        "time": second.created,
    }
    text = json.dumps(record, sort_keys=True, separators=(",", ":")).replace(".0,", ",")
    assert second.id == sha256(text.encode()).hexdigest()
    meaning = json.dumps(store.meaning(second.id), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert second.document == sha256(meaning.encode()).hexdigest()


def test_moving_a_node_is_a_version_of_the_same_document(store: Store) -> None:
    first = begun(store)
    moved = store.commit("Harbour", document(at=500), parent=first.id, author="ann")
    assert moved.changed and moved.version.document == first.document
    assert moved.version.layout != first.layout
    assert store.find_document(first.document) == [store.find(first.id), store.find(moved.version.id)]
    assert store.document(first.id) == document() and store.document(moved.version.id) == document(at=500)


def test_saving_what_is_there_already_makes_no_version(store: Store) -> None:
    first = begun(store)
    again = store.commit("Harbour", document(), parent=first.id, author="bob", message="again")
    assert (again.version, again.changed) == (first, False)
    second = store.commit("Harbour", document("fog"), parent=first.id, author="ann")
    # As does a client whose first answer was lost, and which still believes in the parent it had.
    retried = store.commit("Harbour", document("fog"), parent=first.id, author="ann")
    assert (retried.version.id, retried.changed, retried.branch) == (second.version.id, False, "main")
    assert store.log("Harbour").total == 2


def test_the_same_saved_twice_within_a_moment_are_two_versions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.commits._now", lambda: 1_700_000_000.5)
    first = begun(store)
    there = store.commit("Harbour", document("fog"), parent=first.id, author="ann").version
    store.commit("Harbour", document("rain"), parent=there.id, author="ann")
    with pytest.raises(BranchConflict) as caught:
        store.commit("Harbour", document("fog"), parent=first.id, author="ann")
    assert caught.value.version.id != there.id
    assert caught.value.version.created == pytest.approx(there.created + 0.001)


def test_who_saves_on_a_branch_that_moved_on_keeps_both(store: Store) -> None:
    first = begun(store)
    theirs = store.commit("Harbour", document("fog"), parent=first.id, author="bob").version
    with pytest.raises(BranchConflict, match="'main' was saved by bob meanwhile") as caught:
        store.commit("Harbour", document("rain"), parent=first.id, author="ann", thumbnail=PICTURE)
    mine = caught.value.version
    assert caught.value.head == theirs and caught.value.branch == f"main-{mine.id[:8]}"
    assert mine.branches == (caught.value.branch,) and mine.parents == (first.id,)
    assert store.document(mine.id) == document("rain") and store.thumbnail(mine.id) == PICTURE
    assert store.version("Harbour", "main") == theirs
    merged = store.commit(
        "Harbour", document("fog and rain"), parent=theirs.id, merged=mine.id, author="ann"
    ).version
    assert merged.parents == (theirs.id, mine.id) and store.version("Harbour").id == merged.id
    again = store.commit("Harbour", document("fog and rain"), parent=theirs.id, merged=mine.id, author="ann")
    assert not again.changed


def test_a_merge_that_changes_nothing_still_says_what_was_merged(store: Store) -> None:
    first = begun(store)
    side = store.commit("Harbour", document("fog"), branch="side", parent=first.id, author="ann").version
    main = store.commit("Harbour", document("rain"), parent=first.id, author="ann").version
    merged = store.commit("Harbour", document("rain"), parent=main.id, merged=side.id, author="ann")
    assert merged.changed and merged.version.parents == (main.id, side.id)


def test_a_branch_begins_where_it_is_first_saved_from(store: Store) -> None:
    first = begun(store)
    second = store.commit("Harbour", document("fog"), parent=first.id, author="ann").version
    other = store.commit("Harbour", document("sun"), branch="sunny", parent=first.id, author="ann")
    assert other.version.parents == (first.id,) and other.branch == "sunny"
    assert store.version("Harbour").id == second.id
    same = store.commit("Harbour", document(), branch="as-it-was", parent=first.id, author="ann")
    assert not same.changed and set(store.find(first.id).branches) == {"as-it-was"}
    new = store.commit("Harbour", document("snow"), branch="afresh", parent=None, author="ann")
    assert new.version.parents == () and new.version.number == 4
    with pytest.raises(BranchConflict):
        store.commit("Harbour", document("hail"), parent=None, author="ann")


def test_long_branch_names_keep_their_conflicts_apart(store: Store) -> None:
    first, branch = begun(store), "b" * 100
    store.commit("Harbour", document("fog"), branch=branch, parent=first.id, author="ann")
    with pytest.raises(BranchConflict) as caught:
        store.commit("Harbour", document("rain"), branch=branch, parent=first.id, author="ann")
    assert len(caught.value.branch) == 100


def test_versions_of_other_workflows_are_no_parents(store: Store) -> None:
    first, other = begun(store), begun(store, "Elsewhere")
    for parent, merged in ((other.id, None), (NOWHERE, None), (first.id, other.id)):
        with pytest.raises(NotFound, match=r"no version .* in workflow 'Harbour'"):
            store.commit("Harbour", document("fog"), parent=parent, merged=merged, author="ann")
    assert store.log("Harbour").total == 1


def test_what_is_no_workflow_is_not_saved(store: Store) -> None:
    first = begun(store)
    with pytest.raises(DocumentError):
        store.commit("Harbour", {"hello": "world"}, parent=first.id, author="ann")
    with pytest.raises(DocumentError):
        store.create("Nothing", {"nodes": 7}, author="ann")
    with pytest.raises(Invalid, match="message has 10001 characters"):
        store.commit("Harbour", document("fog"), parent=first.id, author="ann", message="x" * 10_001)
    with pytest.raises(Invalid, match="no text"):
        store.commit("Harbour", document("fog"), parent=first.id, author="a\0b")
    assert store.log("Harbour").total == 1 and store.workflows().total == 1


def test_texts_that_only_json_can_hold_are_kept_in_documents(store: Store) -> None:
    odd = document('nul \0, quote ", lone half, \u2028')
    saved = store.create("Odd", odd, author="ann")
    assert store.document(saved.id) == odd


def test_a_name_belongs_to_one_workflow_however_it_is_written(store: Store) -> None:
    begun(store, "Straße café")
    for same in ("Straße café", "STRASSE CAFÉ", "strasse cafe\u0301"):
        with pytest.raises(NameTaken, match="choose another name"):
            begun(store, same)
        assert store.workflow(same).item.name == "Straße café"


def test_a_copy_knows_where_it_comes_from(store: Store) -> None:
    first = begun(store)
    copy = store.create("Copy", document(), author="bob", origin=first.id)
    assert store.workflow("Copy").item.origin == first.id
    assert copy.parents == () and copy.id != first.id and copy.document == first.document
    with pytest.raises(NotFound):
        store.create("Of nothing", document(), author="bob", origin=NOWHERE)


def test_equal_contents_are_kept_once(store: Store) -> None:
    from sqlalchemy import func, select

    from workflows.store.tables import blobs

    begun(store)
    before = store.read(lambda on: on.execute(select(func.count()).select_from(blobs)).scalar())
    begun(store, "Same again")
    assert store.read(lambda on: on.execute(select(func.count()).select_from(blobs)).scalar()) == before


def test_branches_move_only_from_where_they_are_expected(store: Store) -> None:
    first = begun(store)
    second = store.commit("Harbour", document("fog"), parent=first.id, author="ann").version
    assert store.set_branch("Harbour", "try", first.id, expected=None).branches == ("try",)
    with pytest.raises(BranchMoved, match="is now at #1"):
        store.set_branch("Harbour", "try", second.id, expected=None)
    with pytest.raises(BranchMoved, match="no longer exists"):
        store.set_branch("Harbour", "gone", second.id, expected=first.id)
    assert set(store.set_branch("Harbour", "try", second.id, expected=first.id).branches) == {"main", "try"}
    store.set_branch("Harbour", "main", first.id)
    assert store.version("Harbour").id == first.id
    store.delete_branch("Harbour", "try")
    assert [branch.name for branch in store.workflow("Harbour").branches] == ["main"]
    assert store.document(second.id) == document("fog")  # no name leads to it any more, and still it is there
    with pytest.raises(Invalid, match="every workflow has"):
        store.delete_branch("Harbour", "main")
    with pytest.raises(NotFound, match="no branch 'try'"):
        store.delete_branch("Harbour", "try")


def test_a_declared_function_is_noticed(store: Store) -> None:
    saved = store.create("Callable", function("prompt"), author="ann")
    assert saved.has_function and store.meaning(saved.id)["extra"]["darkroom"]["function"]
