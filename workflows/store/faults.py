"""What a database's error means, without the statement and the values it failed on."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from workflows.store.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreUnreachable

_DEADLOCKS = ("40001", "40P01")


def told(error: DBAPIError, place: str) -> StoreError:
    """The error to raise for one of the database at `place`, a file or a URL without its password."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, place)
    return _of_postgres(error, place)


def passes(error: DBAPIError) -> bool:
    """Whether another transaction was in the way, so that the same would work now."""
    # What is unique was not there when it was looked for and is now: looking again finds it.
    state = getattr(error.orig, "sqlstate", None) or ""
    return state in _DEADLOCKS or state.startswith("23")


def damaged(place: str, why: str) -> StoreDamaged:
    """The error to raise for a database that cannot be read."""
    return StoreDamaged(f"{place} is damaged ({why}): stop the program and restore a copy of it")


def _of_sqlite(cause: sqlite3.Error, place: str) -> StoreError:
    code = getattr(cause, "sqlite_errorcode", 0)
    # The index of the log cannot grow: that, too, is how a full disk shows.
    if code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFull(f"there is no space left for {place}: nothing was changed. Free some and try again")
    if str(cause).startswith("Could not decode"):
        return damaged(place, str(cause))
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"another program keeps {place} locked: nothing was changed. Try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(place, str(cause))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return StoreError(
                f"{place} cannot be written ({cause}): check who may write to it and its folder"
            )
        case _:
            return StoreError(f"{place} failed: {cause}")


def _of_postgres(error: DBAPIError, place: str) -> StoreError:
    state = getattr(error.orig, "sqlstate", None) or ""
    diagnosis = getattr(error.orig, "diag", None)
    said = getattr(diagnosis, "message_primary", None)
    if state in ("53100", "53200"):
        return StoreFull(f"the server of {place} has no space left ({said}): nothing was changed")
    if state in ("55P03", "57014", *_DEADLOCKS):
        return StoreBusy(f"another program keeps {place} locked: nothing was changed. Try again")
    if state.startswith("XX"):
        return damaged(place, str(said))
    # Without a state it never got as far as the server; what the driver says then holds no statement.
    if not state or error.connection_invalidated or state.startswith(("08", "57P")):
        return StoreUnreachable(f"{place} does not answer ({said or error.orig}): is the server running?")
    return StoreError(f"{place} failed: {said or state}")
