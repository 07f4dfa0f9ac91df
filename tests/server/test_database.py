"""The schema: migrations make what the code expects, and files that do not fit are refused and kept."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.jobs.database import HEAD, DatabaseUnusable, metadata, open_database
from server.jobs.dispatch import Dispatcher
from server.jobs.queue import Queue
from server.jobs.records import Ending, NewJob, State, StoreError
from server.jobs.store import JobStore
from server.observe.logs import LogBook
from server.specs import Specs
from server.stream.sockets import Hub
from server.supervision.pool import Pool
from tests.server.toy_server import settings


def test_migrations_make_exactly_the_tables_the_code_uses(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "jobs.sqlite")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    config = Config()
    config.set_main_option("script_location", "server/jobs/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_database_of_a_newer_program_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    open_database(path).dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseUnusable, match="newer version"):
        open_database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


async def test_a_database_damaged_inside_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    store = JobStore.open(path)
    for number in range(50):
        await store.add(job(str(number), number))
    await store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xa5" * (len(content) - 4096 * 2)  # header, schema and version are sound
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="Move it away"):
        open_database(path)
    assert path.read_bytes() == content


async def test_a_database_damaged_anywhere_opens_or_is_refused_but_never_changed(tmp_path: Path) -> None:
    path, chance = tmp_path / "jobs.sqlite", Random(0)
    store = JobStore.open(path)
    for number in range(20):
        await store.add(job(str(number), number))
    await store.close()
    sound, refused = path.read_bytes(), 0
    for turn in range(200):
        damaged = bytearray(sound)
        start = chance.randrange(4096)  # in the schema
        if turn % 2:  # where pages keep order
            start = 4096 * chance.randrange(len(damaged) // 4096) + chance.randrange(90)
        damaged[start : start + 40] = chance.randbytes(40)
        path.write_bytes(damaged)
        for beside in tmp_path.glob("jobs.sqlite-*"):
            beside.unlink()
        try:
            open_database(path).dispose()
        except DatabaseUnusable as error:
            refused += 1
            assert str(path) in str(error) and path.read_bytes() == damaged
    assert refused > 10


async def test_a_fault_of_the_database_is_told_without_the_statement(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    with pytest.raises(StoreError) as caught:
        await store.add(replace(job("secret-id"), client_id={"not": "a text"}))  # type: ignore[arg-type]
    assert "INSERT" not in str(caught.value) and "secret-id" not in str(caught.value)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("DROP TABLE jobs")
    with pytest.raises(StoreError, match="no such table"):
        await store.places()
    await store.close()


async def test_jobs_that_cannot_be_cancelled_stay_in_the_queue(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    queue = Queue(settings(tmp_path), Hub({}))
    await queue.open(store)
    for number in (2, 1):
        await queue.submit(job(str(number), number), {})
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("ALTER TABLE jobs RENAME TO elsewhere")
    with pytest.raises(StoreError):
        await queue.remove(None)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO jobs")
    assert [pending.prompt_id for pending in await queue.pending()] == ["1", "2"]
    assert await queue.remove(["1"]) == 1
    assert [pending.prompt_id for pending in await queue.pending()] == ["2"]
    await store.close()


async def test_a_database_that_fails_is_not_asked_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    options, hub, specs = settings(tmp_path), Hub({}), Specs(tmp_path / "specs.json", "")
    pool, queue = Pool(options, print, print, LogBook()), Queue(options, hub)
    dispatcher = Dispatcher(options, queue, pool, hub, specs)
    await queue.open(store)
    await queue.submit(job("waits"), {})
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("ALTER TABLE jobs RENAME TO elsewhere")
    attempts: list[float] = []

    def choose(*_: object, **__: object) -> object:
        attempts.append(0.0)
        return pool.workers[0]

    monkeypatch.setattr(pool, "choose", choose)
    dispatching = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0.5)
    assert len(attempts) == 1 and queue.remaining == 1 and not dispatching.done()
    dispatching.cancel()
    await store.close()


def job(name: str, number: float = 0) -> NewJob:
    return NewJob(name, number, False, None, {}, {}, (), 0.0)


async def test_open_jobs_come_back_in_order_and_numbers_go_on(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    for name, number in (("late", 3), ("front", -4), ("early", 1)):
        await store.add(job(name, number))
    await store.close()
    store = JobStore.open(tmp_path / "jobs.sqlite")
    assert [place.prompt_id for place in await store.places()] == ["front", "early", "late"]
    assert await store.next_number() == 5
    await store.close()


async def test_history_keeps_the_newest(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    for number in range(5):
        added = await store.add(job(str(number), number))
        await store.finish(added, Ending(State.SUCCESS, 1.0, {}, {}, []), keep=3)
    assert [found.prompt_id for found in await store.history(None, None, 100)] == ["2", "3", "4"]
    await store.close()
