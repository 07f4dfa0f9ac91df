"""Drafts: saved change by change, never lost, never overwritten by another tab."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from server.files import drafts as files
from server.files.drafts import Conflict, Drafts, read
from server.http import Problem
from tests.server.conftest import ToyServer, connect, get


async def add(
    http: ClientSession, draft: str, after: int, *entries: Any, status: int = 200, **more: Any
) -> Any:
    body = {"after": after, "entries": list(entries), **more}
    async with http.post(f"/api/v1/drafts/{draft}/changes", json=body) as response:
        found = await response.json()
        assert response.status == status, found
        return found


def snapshot(value: Any) -> dict[str, Any]:
    return {"snapshot": value}


def change(value: Any) -> dict[str, Any]:
    return {"change": value}


async def test_a_draft_comes_back_as_it_was_left(http: ClientSession) -> None:
    assert await add(http, "one", 0, snapshot({"nodes": []}), name="My draft") == {"revision": 1}
    assert await add(http, "one", 1, change([1, None]), change({"deep": {"er": "ü𝄞"}})) == {"revision": 3}
    found = await get(http, "/api/v1/drafts/one")
    assert found["entries"] == [snapshot({"nodes": []}), change([1, None]), change({"deep": {"er": "ü𝄞"}})]
    assert (found["id"], found["revision"], found["name"]) == ("one", 3, "My draft")
    assert found["updated"] > 1.6e12
    listed = (await get(http, "/api/v1/drafts"))["drafts"]
    assert [entry["revision"] for entry in listed if entry["id"] == "one"] == [3]
    assert "entries" not in listed[0]


async def test_entries_begin_with_the_last_snapshot(http: ClientSession) -> None:
    await add(http, "snap", 0, snapshot(1), change(2))
    await add(http, "snap", 2, change(3), snapshot(4), change(5))
    found = await get(http, "/api/v1/drafts/snap")
    assert found["entries"] == [snapshot(4), change(5)] and found["revision"] == 5


async def test_a_second_tab_is_told_and_loses_nothing(http: ClientSession) -> None:
    await add(http, "tabs", 0, snapshot("a"))
    await add(http, "tabs", 1, change("first tab"))
    conflict = await add(http, "tabs", 1, change("second tab"), status=409)
    assert conflict["revision"] == 2 and conflict["error"]["code"] == "draft_conflict"
    assert (await get(http, "/api/v1/drafts/tabs"))["entries"][1:] == [change("first tab")]
    assert await add(http, "tabs", 2, change("second tab")) == {"revision": 3}


async def test_of_many_writers_at_once_one_wins_each_revision(http: ClientSession) -> None:
    await add(http, "race", 0, snapshot(0))

    async def attempt(number: int) -> int:
        body = {"after": 1, "entries": [change(number)]}
        async with http.post("/api/v1/drafts/race/changes", json=body) as response:
            return response.status

    statuses = await asyncio.gather(*(attempt(number) for number in range(20)))
    assert sorted(statuses) == [200] + [409] * 19
    assert (await get(http, "/api/v1/drafts/race"))["revision"] == 2


async def test_deleting_a_draft_ends_it_for_other_tabs_too(http: ClientSession) -> None:
    await add(http, "gone", 0, snapshot(0), change(1))
    async with http.delete("/api/v1/drafts/gone") as response:
        assert response.status == 204
    await get(http, "/api/v1/drafts/gone", 404)
    assert (await add(http, "gone", 2, change(2), status=409))["revision"] == 0
    async with http.delete("/api/v1/drafts/gone") as response:
        assert response.status == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"after": 0, "entries": [change(1)]}, "entries"),
    ({"after": 0, "entries": []}, "entries"),
    ({"after": -1, "entries": [snapshot(1)]}, "after"),
    ({"after": 0, "entries": [{"snapshot": 1, "change": 2}]}, "entries.0"),
    ({"after": 0, "entries": [{}]}, "entries.0"),
    ({"entries": [snapshot(1)]}, "after"),
]


@pytest.mark.parametrize(("body", "where"), WRONG)
async def test_a_wrong_body_is_told_where(http: ClientSession, body: Any, where: str) -> None:
    async with http.post("/api/v1/drafts/wrong/changes", json=body) as response:
        error = (await response.json())["error"]
        assert response.status == 400 and error["code"] == "invalid_body" and error["where"] == where
    await get(http, "/api/v1/drafts/wrong", 404)


@pytest.mark.parametrize("draft_id", ["..%2Fx", "a.b", "x" * 65, "%20"])
async def test_an_id_that_could_be_a_path_is_refused(http: ClientSession, draft_id: str) -> None:
    async with http.post(
        f"/api/v1/drafts/{draft_id}/changes", json={"after": 0, "entries": [snapshot(1)]}
    ) as r:
        assert r.status in (400, 404)


async def test_drafts_survive_kill_9(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await add(http, "tough", 0, snapshot({"n": 1}))
        await add(http, "tough", 1, change("last words"))
    server.stop(signal.SIGKILL)
    async with connect(servers().wait().url) as http:
        found = await get(http, "/api/v1/drafts/tough")
        assert found["entries"] == [snapshot({"n": 1}), change("last words")]
        assert await add(http, "tough", 2, change("and on")) == {"revision": 3}


async def test_a_line_cut_off_by_a_crash_counts_as_not_written(tmp_path: Path) -> None:
    drafts, path = Drafts(), tmp_path / "d.jsonl"
    await drafts.add(tmp_path, "d", 0, [snapshot(1)], None)
    whole = path.read_bytes()
    await drafts.add(tmp_path, "d", 1, [change("x" * 50)], None)
    line = path.read_bytes()[len(whole) :]
    for length in range(len(line)):
        path.write_bytes(whole + line[:length])
        assert read(path).revision == 1, length
    assert await drafts.add(tmp_path, "d", 1, [change(2)], None) == 2
    assert read(path).entries == (snapshot(1), change(2))
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.jsonl"]


async def test_damage_in_the_middle_is_set_aside_before_it_is_written_over(tmp_path: Path) -> None:
    drafts, path = Drafts(), tmp_path / "d.jsonl"
    for number, entry in enumerate([snapshot(1), change(2), change(3)]):
        await drafts.add(tmp_path, "d", number, [entry], None)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0" * 8 + lines[1][8:] + lines[2])
    damaged = path.read_bytes()
    assert read(path).entries == (snapshot(1),)
    assert await drafts.add(tmp_path, "d", 1, [change("new")], None) == 2
    [kept] = [entry for entry in tmp_path.iterdir() if "damaged" in entry.name]
    assert kept.read_bytes() == damaged and read(path).entries == (snapshot(1), change("new"))


async def test_old_changes_are_dropped_when_a_snapshot_makes_them_spare(tmp_path: Path) -> None:
    drafts, path = Drafts(), tmp_path / "d.jsonl"
    await drafts.add(tmp_path, "d", 0, [snapshot(0)], "kept name")
    for number in range(1, 5):
        await drafts.add(tmp_path, "d", number, [change("x" * 100_000)], None)
    assert path.stat().st_size > 400_000
    assert await drafts.add(tmp_path, "d", 5, [change("before"), snapshot("all"), change("after")], None) == 8
    assert path.stat().st_size < 1_000
    found = read(path)
    assert found.entries == (snapshot("all"), change("after")) and found.revision == 8
    assert found.name == "kept name"
    with pytest.raises(Conflict):
        await drafts.add(tmp_path, "d", 7, [change(1)], None)


async def test_a_full_disk_is_told_and_leaves_the_draft_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts, path = Drafts(), tmp_path / "d.jsonl"
    await drafts.add(tmp_path, "d", 0, [snapshot(0)], None)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(Problem) as caught:
            await drafts.add(tmp_path, "d", 1, [change(1)], None)
    assert caught.value.status == 507 and path.read_bytes() == before
    assert await drafts.add(tmp_path, "d", 1, [change(1)], None) == 2


async def test_a_draft_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000)
    drafts = Drafts()
    await drafts.add(tmp_path, "d", 0, [snapshot(0)], None)
    with pytest.raises(Problem, match="send a snapshot") as caught:
        await drafts.add(tmp_path, "d", 1, [change("x" * 1_000)], None)
    assert caught.value.status == 413 and read(tmp_path / "d.jsonl").revision == 1


async def test_there_is_a_largest_number_of_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_DRAFTS", 2)
    drafts = Drafts()
    for name in ("a", "b"):
        await drafts.add(tmp_path, name, 0, [snapshot(0)], None)
    with pytest.raises(Problem, match="delete some") as caught:
        await drafts.add(tmp_path, "c", 0, [snapshot(0)], None)
    assert caught.value.code == "too_many_drafts"
    assert [name for name, _ in await drafts.list(tmp_path)] == ["b", "a"]


def test_a_line_is_one_request(tmp_path: Path) -> None:
    asyncio.run(Drafts().add(tmp_path, "d", 0, [snapshot(1), change("two\nlines")], "n"))
    [line] = (tmp_path / "d.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["entries"] == [snapshot(1), change("two\nlines")]
