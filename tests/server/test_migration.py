"""From the first schema to the newest one: jobs keep their meaning, and a crash on the way costs nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from server.jobs.database import HEAD
from server.jobs.records import Filter, State
from server.jobs.store import JobStore
from tests.server.conftest import ROOT

_CRASH = 9


def old_database(path: Path) -> None:
    """A database as the first version of the program left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "server" / "jobs" / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    extra = json.dumps({"extra_pnginfo": {"workflow": {"id": "w1"}}})
    insert = (
        "INSERT INTO jobs (id, prompt_id, state, number, explicit_number, graph, extra_data, targets,"
        " attempts, created) VALUES (?, ?, ?, ?, 0, '{}', ?, '[]', 0, 1.0)"
    )
    rows: list[tuple[Any, ...]] = [
        (1, "done", "success", 0, extra),
        (2, "second", "pending", 2, "{}"),
        (3, "first", "pending", 1, extra),
    ]
    with sqlite3.connect(path) as connection:
        connection.executemany(insert, rows)


async def check(path: Path) -> None:
    store = JobStore.open(path)
    assert [place.prompt_id for place in await store.places()] == ["first", "second"]
    found, total = await store.page(Filter(list(State), workflow_id="w1"), 0, 10)
    assert ([job.prompt_id for job in found], total) == (["first", "done"], 2)
    await store.close()


async def test_jobs_of_the_first_version_keep_their_order_and_their_workflow(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    old_database(path)
    await check(path)
    backup = path.with_name(f"jobs.sqlite.before-{HEAD}")
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (3,)


async def test_a_crash_at_any_statement_of_a_migration_leaves_the_old_schema(tmp_path: Path) -> None:
    crashes = 0
    for statement in range(1, 200):
        path = tmp_path / str(statement) / "jobs.sqlite"
        old_database(path)
        arguments = ["-m", "tests.server.crashing_migration", str(path), str(statement)]
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True)
        if done.returncode != _CRASH:
            assert done.returncode == 0, done.stderr
            break
        crashes += 1
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        await check(path)
    assert crashes > 10
