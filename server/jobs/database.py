"""The job database: SQLite in WAL mode, every commit on disk before it counts, migrated at start."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)

from workflows.store.sqlite import back_up, schema_in

HEAD = "0002"
"""The newest migration; a test compares it with the migration scripts."""

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("prompt_id", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("number", Float, nullable=False),
    Column("explicit_number", Integer, nullable=False),
    Column("client_id", Text),
    Column("graph", Text, nullable=False),
    Column("extra_data", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("finish_order", Integer),
    Column("outputs", Text),
    Column("meta", Text),
    Column("messages", Text),
    Column("rank", Float, nullable=False, server_default="0"),
    Column("retry_of", Text),
    Column("workflow_id", Text),
    Column("nodes", Text),
    Column("events", LargeBinary),
    Index("jobs_by_state", "state", "number", "rank"),
    Index("jobs_by_finish", "finish_order"),
    Index("jobs_by_workflow", "workflow_id"),
    sqlite_autoincrement=True,
)
"""Pending jobs run in the order of `number`, then `rank`. `nodes` is what each node took, as JSON; `events`
the run's events, compressed.
"""

submissions = Table(
    "submissions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created", Float, nullable=False),
    Index("submissions_by_age", "created"),
)
"""What was answered to a submission with an `Idempotency-Key`."""

queue_state = Table(
    "queue_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What is true of the queue as a whole, such as that it is paused."""


class DatabaseUnusable(Exception):
    """The job database cannot be opened; the message names the file and what to do."""


def open_database(path: Path) -> Engine:
    """Open (or create) the database and apply missing migrations.

    Raises DatabaseUnusable if the file is damaged, newer than this program, or cannot be written. All of it
    is read to find that out. A damaged file is never replaced; before a migration a copy is kept beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10, "check_same_thread": False})
    event.listen(engine, "connect", _configure)
    try:
        _, version = schema_in(path)
        if version != HEAD:
            _migrate(engine, path, version)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # what is damaged may be no text
        raise DatabaseUnusable(unusable(path, error)) from error
    return engine


def _configure(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


def _migrate(engine: Engine, path: Path, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import DBAPIError

    if version is not None:
        back_up(path, path.with_name(f"{path.name}.before-{HEAD}"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        text = f"{path} was written by a newer version of this program (schema {version}): update the program"
        raise DatabaseUnusable(text) from error
    except DBAPIError as error:
        raise DatabaseUnusable(unusable(path, error.orig or error)) from error


def unusable(path: Path, error: BaseException) -> str:
    """What to tell people about a database that does not work, and what they can do."""
    return f"the job database {path} cannot be used: {error}. Move it away to start with an empty queue"
