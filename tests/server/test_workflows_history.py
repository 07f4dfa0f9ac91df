"""Keeping workflows: versions, names, conflicts, pictures, differences and merges over the API."""

from __future__ import annotations

import base64
import getpass
import sqlite3
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import ToyServer, connect
from tests.server.workflows import WORKFLOWS, ask, at, commit, create, document, thumbnail


async def test_a_workflow_is_kept_with_its_first_version(http: ClientSession) -> None:
    made = await create(http, "Portrait", message="begun", labels=["people"], description="A face.")
    assert made["number"] == 1 and made["parents"] == [] and made["branches"] == ["main"]
    assert made["author"] == getpass.getuser() and made["message"] == "begun"
    record = await ask(http, "GET", at("Portrait"))
    assert record["labels"] == ["people"] and record["description"] == "A face."
    assert record["head"] == made and record["branches"] == [{"name": "main", "version": made}]
    assert record["latest"] is None and record["releases"] == record["tags"] == []
    found = await ask(http, "GET", at("Portrait", "versions", made["id"]))
    assert found["document"] == document() and found["function"] is None
    assert {**found, "document": None, "function": None} == {**made, "document": None, "function": None}


async def test_a_name_is_given_once_whatever_its_case(http: ClientSession) -> None:
    await create(http, "Taken")
    body = {"name": "tAKEN", "document": document()}
    assert (await ask(http, "POST", "", body, 409))["error"]["code"] == "name_taken"


async def test_every_commit_is_a_version_and_the_history_comes_in_pages(http: ClientSession) -> None:
    last = await create(http, "Paged")
    for number in range(2, 8):
        done = await commit(http, "Paged", document(f"v{number}"), last["id"], message=f"to {number}")
        assert done["changed"] and done["branch"] == "main"
        last = done["version"]
    first = await ask(http, "GET", at("Paged", "versions"), limit="4")
    assert [version["number"] for version in first["versions"]] == [7, 6, 5, 4] and first["more"]
    rest = await ask(http, "GET", at("Paged", "versions"), limit="4", before="4")
    assert [version["number"] for version in rest["versions"]] == [3, 2, 1] and not rest["more"]
    old = await ask(http, "GET", at("Paged", "versions", "#3"))
    assert old["number"] == 3 and old["document"] == document("v3")


async def test_what_has_not_changed_makes_no_version(http: ClientSession) -> None:
    made = await create(http, "Same")
    done = await commit(http, "Same", document(), made["id"], message="again")
    assert not done["changed"] and done["version"]["id"] == made["id"]


async def test_two_who_save_at_once_both_keep_their_version(http: ClientSession) -> None:
    base = await create(http, "Shared")
    first = (await commit(http, "Shared", document("mine"), base["id"]))["version"]
    refused = await commit(http, "Shared", document("yours"), base["id"], 409)
    assert refused["error"]["code"] == "branch_conflict" and refused["head"]["id"] == first["id"]
    kept = await ask(http, "GET", at("Shared", "versions", refused["branch"]))
    assert kept["id"] == refused["version"]["id"] and kept["document"] == document("yours")
    head = await ask(http, "GET", at("Shared", "versions", "main"))
    assert head["document"] == document("mine")


async def test_a_conflict_ends_in_a_merge(http: ClientSession) -> None:
    base = await create(http, "Merged", document("a", 1))
    ours = (await commit(http, "Merged", document("b", 1), base["id"]))["version"]
    theirs = await commit(http, "Merged", document("a", 2), base["id"], 409)
    merged = await ask(http, "POST", "/merge", {"workflow": "Merged", "theirs": theirs["branch"]})
    assert merged["clean"] and merged["conflicts"] == []
    assert merged["base"]["id"] == base["id"] and merged["ours"]["id"] == ours["id"]
    assert merged["document"]["nodes"][0]["widgets_values"] == ["b", 2, "fixed"]
    done = await commit(
        http, "Merged", merged["document"], ours["id"], merged=theirs["version"]["id"], message="both"
    )
    assert done["version"]["parents"] == [ours["id"], theirs["version"]["id"]]


async def test_the_same_input_changed_twice_is_a_conflict_to_be_resolved(http: ClientSession) -> None:
    base = await create(http, "Disputed", document("a"))
    await commit(http, "Disputed", document("b"), base["id"])
    await commit(http, "Disputed", document("c"), base["id"], branch="other", status=200)
    question: dict[str, Any] = {"workflow": "Disputed", "theirs": "other"}
    asked = await ask(http, "POST", "/merge", question)
    assert not asked["clean"] and len(asked["conflicts"]) == 1
    conflict = asked["conflicts"][0]
    assert (conflict["input"], conflict["base"], conflict["ours"], conflict["theirs"]) == (
        "value",
        "a",
        "b",
        "c",
    )
    for choice, value in (("ours", "b"), ("theirs", "c"), ({"value": "d"}, "d")):
        settled = await ask(http, "POST", "/merge", {**question, "resolutions": {conflict["id"]: choice}})
        assert settled["clean"] and settled["document"]["nodes"][0]["widgets_values"][0] == value
    wrong = await ask(http, "POST", "/merge", {**question, "resolutions": {"/9/no": "ours"}}, 400)
    assert wrong["error"]["code"] == "invalid_resolution"


async def test_differences_name_nodes_and_inputs(http: ClientSession) -> None:
    first = await create(http, "Compared", document("a", 1))
    await commit(http, "Compared", document("b", 1), first["id"])
    sides = {"before": {"workflow": "Compared", "ref": "#1"}, "after": {"workflow": "Compared"}}
    found = await ask(http, "POST", "/diff", sides)
    assert found["meaningful"] and len(found["changes"]) == 1
    change = found["changes"][0]
    assert (change["kind"], change["node"], change["input"]) == ("value", "1", "value")
    assert (change["before"], change["after"]) == ("a", "b")
    assert "a" in found["text"] and "b" in found["text"]


async def test_a_moved_node_is_no_difference_in_meaning(http: ClientSession) -> None:
    await create(http, "Moved")
    moved = document()
    moved["nodes"][0]["pos"] = [500, 600]
    found = await ask(http, "POST", "/diff", {"before": {"workflow": "Moved"}, "after": {"document": moved}})
    assert not found["meaningful"]
    assert [change["kind"] for change in found["changes"]] == ["moved"]


async def test_branches_and_tags_name_versions(http: ClientSession) -> None:
    first = await create(http, "Named")
    second = (await commit(http, "Named", document("b"), first["id"]))["version"]
    branch = await ask(http, "PUT", at("Named", "branches", "old"), {"version": "#1", "expected": None})
    assert branch["version"]["id"] == first["id"]
    moved = {"version": "main", "expected": second["id"]}
    refused = await ask(http, "PUT", at("Named", "branches", "old"), moved, 409)
    assert refused["error"]["code"] == "branch_moved" and refused["head"]["id"] == first["id"]
    tag = await ask(http, "PUT", at("Named", "tags", "good"), {"version": second["id"][:10]})
    assert tag == {"name": "good", "version": second["id"]}
    assert (await ask(http, "GET", at("Named", "versions", "good")))["id"] == second["id"]
    await ask(http, "DELETE", at("Named", "tags", "good"), status=204)
    await ask(http, "DELETE", at("Named", "branches", "old"), status=204)
    record = await ask(http, "GET", at("Named"))
    assert [one["name"] for one in record["branches"]] == ["main"] and record["tags"] == []
    assert (await ask(http, "DELETE", at("Named", "branches", "main"), status=400))["error"][
        "code"
    ] == "invalid"


async def test_a_workflow_is_renamed_labelled_and_put_away(http: ClientSession) -> None:
    made = await create(http, "Before")
    changed = await ask(http, "PATCH", at("Before"), {"name": "After", "labels": ["x", "y"]})
    assert changed["name"] == "After" and changed["head"]["id"] == made["id"]
    assert sorted(changed["labels"]) == ["x", "y"]
    await ask(http, "PATCH", at("After"), {"archived": True})
    shown = await ask(http, "GET", "", search="After")
    hidden = await ask(http, "GET", "", search="After", archived="true")
    assert shown["total"] == 0 and [one["name"] for one in hidden["workflows"]] == ["After"]
    assert (await ask(http, "GET", at("After", "versions", "main")))["id"] == made["id"]


async def test_workflows_are_found_by_search_and_label(http: ClientSession) -> None:
    await create(http, "Harbour at night", labels=["sea", "night"])
    await create(http, "Harbour at noon", labels=["sea"])
    by_words = await ask(http, "GET", "", search="harbour noon")
    assert [one["name"] for one in by_words["workflows"]] == ["Harbour at noon"]
    by_label = await ask(http, "GET", "", search="harbour", label="night")
    assert [one["name"] for one in by_label["workflows"]] == ["Harbour at night"]
    page = await ask(http, "GET", "", search="harbour", limit="1", offset="1")
    assert page["total"] == 2 and len(page["workflows"]) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_is_served_so_that_nothing_in_it_can_act(http: ClientSession, kind: str) -> None:
    picture = thumbnail(kind)
    made = await create(http, f"Seen {kind}", thumbnail=picture)
    async with http.get(made["thumbnail"]) as response:
        assert await response.read() == base64.b64decode(picture.partition(",")[2])
        assert response.content_type == f"image/{kind.lower()}"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("data:image/svg+xml;base64," + base64.b64encode(b"<svg onload='x'/>").decode(), 415),
        ("data:image/png;base64," + base64.b64encode(b"<html>").decode(), 415),
        ("data:image/png;base64,%%%", 400),
        ("https://elsewhere.example/x.png", 400),
        (thumbnail(size=600), 413),
    ],
)
async def test_a_thumbnail_that_is_no_small_picture_is_refused(
    http: ClientSession, uri: str, status: int
) -> None:
    body = {"name": "Unseen", "document": document(), "thumbnail": uri}
    await ask(http, "POST", "", body, status)
    await ask(http, "GET", at("Unseen"), status=404)


async def test_a_store_that_cannot_be_used_leaves_everything_else_working(
    servers: Any, tmp_path: Any
) -> None:
    file = tmp_path / "user" / ".darkroom" / "workflows.sqlite"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"this is no database, but somebody's letter" * 100)
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        refused = await ask(http, "GET", "", status=503)
        assert refused["error"]["code"] == "store_unusable" and str(file) in refused["error"]["message"]
        async with http.get("/queue") as response:
            assert response.status == 200
    assert str(file) in server.log
    assert file.read_bytes().startswith(b"this is no database")


async def test_versions_outlive_the_server(servers: Any, tmp_path: Any) -> None:
    first: ToyServer = servers().wait()
    async with connect(first.url) as http:
        made = await create(http, "Kept")
    assert first.stop() == 0
    second: ToyServer = servers().wait()
    async with connect(second.url) as http:
        assert (await ask(http, "GET", at("Kept", "versions", "main")))["id"] == made["id"]
    with sqlite3.connect(tmp_path / "user" / ".darkroom" / "workflows.sqlite") as database:
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)


async def test_a_version_is_by_the_user_who_made_it(servers: Any) -> None:
    server: ToyServer = servers(multi_user=True).wait()
    async with connect(server.url) as http:
        async with http.post("/users", json={"username": "Ada"}) as response:
            user = await response.json()
        body = {"name": "Hers", "document": document()}
        async with http.post(WORKFLOWS, json=body, headers={"comfy-user": user}) as response:
            assert (await response.json())["author"] == "Ada"
        async with http.post(WORKFLOWS, json={**body, "name": "Nobody's"}) as response:
            assert response.status == 401


async def test_a_prompt_is_kept_too(http: ClientSession) -> None:
    graph = {"1": {"class_type": "Text", "inputs": {"value": "x", "seed": 1}}}
    await create(http, "Plain prompt", {"prompt": graph})
    assert (await ask(http, "GET", at("Plain prompt", "versions", "main")))["document"]["prompt"] == graph
