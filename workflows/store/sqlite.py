"""The store in a file: SQLite in WAL mode, every commit on disk before it counts."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from workflows.store.errors import StoreBusy, StoreUnusable

PATIENCE = 10
"""Seconds to wait for another process that writes."""


def engine_for(path: Path) -> Engine:
    """The engine of a file, which need not be there yet. Transactions that write wait for each other."""
    arguments = {"timeout": PATIENCE, "check_same_thread": False}
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args=arguments, pool_size=4, max_overflow=28
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins too late: `_begin` does it
    # What replaces a row deletes it: only then do the triggers that protect it see that.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that first reads and then writes fails, without waiting, if another wrote in between.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def schema_of(path: Path) -> str | None:
    """The migration the file is at; None for a new file. Reads all of it. Raises StoreUnusable, StoreBusy."""
    try:
        tables, version = schema_in(path)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # what is damaged may be no text
        raise unusable(path, error) from error
    if tables and "alembic_version" not in tables:
        raise StoreUnusable(f"{path} is a database of something else: choose another file")
    return version


def keep_copy(path: Path, copy: Path) -> None:
    """Copy the file with all that was committed, also what still is in its log. Raises StoreUnusable."""
    try:
        back_up(path, copy)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def schema_in(path: Path) -> tuple[frozenset[str], str | None]:
    """Tables and migration of any database of ours; nothing of both for a new file. Reads all of the file.

    Asked without alembic, whose import takes longer. Raises sqlite3.Error and, for a file that is no
    database, also UnicodeDecodeError.
    """
    if not path.exists() or path.stat().st_size == 0:
        return frozenset(), None
    connection = sqlite3.connect(path, timeout=PATIENCE)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged ({found.splitlines()[-1]})")
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = frozenset(row[0] for row in rows)
        if "alembic_version" not in tables:
            return tables, None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return tables, str(row[0]) if row else None
    finally:
        connection.close()


def back_up(path: Path, copy: Path) -> None:
    """Copy a database with all that was committed, also what still is in its log. Raises sqlite3.Error."""
    partial = copy.with_name(f"{copy.name}.part")
    partial.unlink(missing_ok=True)
    source, target = sqlite3.connect(path, timeout=PATIENCE), sqlite3.connect(partial)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    partial.replace(copy)


def lacks_space(error: Exception) -> bool:
    """Whether it failed because the disk is full; it is also if the index of the log cannot grow."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


def unusable(path: Path, error: Exception) -> StoreBusy | StoreUnusable:
    """What to tell people about a file that does not work, and what they can do."""
    if lacks_space(error):
        return StoreUnusable(f"there is no space left to open {path}: free some and try again")
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"another program keeps {path} locked: close it and try again")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR:
            text = (
                f"{path} cannot be opened ({error}): check its disk, and who may write to it and its folder"
            )
            return StoreUnusable(text)
        case _:
            copies = ", ".join(sorted(copy.name for copy in path.parent.glob(f"{path.name}.before-*")))
            text = f"{path} cannot be used: {error}. It is left as it is: put a copy of it in its place"
            return StoreUnusable(f"{text} (there is {copies})" if copies else text)
