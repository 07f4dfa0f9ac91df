"""The schema: migrations make what the code expects, and files that do not fit are refused and kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.database import HEAD, DatabaseUnusable, metadata, open_database
from server.jobs import JobStore
from server.records import Ending, NewJob, State


def test_migrations_make_exactly_the_tables_the_code_uses(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "jobs.sqlite")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    config = Config()
    config.set_main_option("script_location", "server/migrations")
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


def job(name: str, number: float = 0) -> NewJob:
    return NewJob(name, number, False, None, {}, {}, (), 0.0)


async def test_open_jobs_come_back_in_order_and_numbers_go_on(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    for name, number in (("late", 3), ("front", -4), ("early", 1)):
        await store.add(job(name, number))
    await store.close()
    store = JobStore.open(tmp_path / "jobs.sqlite")
    assert [found.prompt_id for found in await store.recover()] == ["front", "early", "late"]
    assert await store.next_number() == 5
    await store.close()


async def test_history_keeps_the_newest(tmp_path: Path) -> None:
    store = JobStore.open(tmp_path / "jobs.sqlite")
    for number in range(5):
        added = await store.add(job(str(number), number))
        await store.finish(added, Ending(State.SUCCESS, 1.0, {}, {}, []), keep=3)
    assert [found.prompt_id for found in await store.history(None, None, 100)] == ["2", "3", "4"]
    await store.close()
