"""What a database's error means, without the statement and the values it failed on."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from workflows.store.errors import Invalid, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreUnreachable
from workflows.store.sqlite import lacks_space

_DEADLOCKS = ("40001", "40P01")


def faults_of(engine: Engine) -> tuple[type[Exception], ...]:
    """What to catch: its driver's errors come as they are while it connects, else in SQLAlchemy's."""
    return (DBAPIError, engine.dialect.loaded_dbapi.Error, UnicodeError)


def told(error: Exception, place: str) -> StoreError:
    """The error to raise for one of the database at `place`, a file or a URL without its password."""
    cause = _cause(error)
    if isinstance(cause, UnicodeEncodeError):
        return Invalid("a text has half a character in it, which cannot be kept: leave it out")
    if isinstance(cause, UnicodeDecodeError):
        return _damaged(place, cause)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, place)
    return _of_postgres(cause, place, lost=isinstance(error, DBAPIError) and error.connection_invalidated)


def passes(error: Exception) -> bool:
    """Whether another transaction was in the way, so that the same would work now."""
    # What is unique was not there when it was looked for and is now: looking again finds it.
    state = getattr(_cause(error), "sqlstate", None) or ""
    return state in _DEADLOCKS or state.startswith("23")


def _cause(error: Exception) -> BaseException:
    return error if not isinstance(error, DBAPIError) or error.orig is None else error.orig


def _damaged(place: str, why: object) -> StoreDamaged:
    return StoreDamaged(f"{place} is damaged ({why}): stop the program and restore a copy of it")


def _of_sqlite(cause: sqlite3.Error, place: str) -> StoreError:
    if lacks_space(cause):
        return StoreFull(f"there is no space left for {place}: nothing was changed. Free some and try again")
    if str(cause).startswith("Could not decode"):
        return _damaged(place, cause)
    match getattr(cause, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"another program keeps {place} locked: nothing was changed. Try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(place, cause)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return StoreError(
                f"{place} cannot be written ({cause}): check who may write to it and its folder"
            )
        case _:
            return StoreError(f"{place} failed: {cause}")


def _of_postgres(cause: BaseException, place: str, *, lost: bool) -> StoreError:
    from psycopg import OperationalError  # there if it raised this, and only then

    state = getattr(cause, "sqlstate", None) or ""
    said = getattr(getattr(cause, "diag", None), "message_primary", None)
    if state == "53100":
        return StoreFull(f"the server of {place} has no space left ({said}): nothing was changed")
    if state in ("55P03", "57014", *_DEADLOCKS):
        return StoreBusy(f"another program keeps {place} locked: nothing was changed. Try again")
    if state.startswith("XX"):
        return _damaged(place, said)
    # Without a state it never got as far as the server; what the driver says then holds no statement.
    if lost or state.startswith(("08", "57P")) or (not state and isinstance(cause, OperationalError)):
        return StoreUnreachable(f"{place} does not answer ({said or cause}): is the server running?")
    return StoreError(f"{place} failed: {said or cause}")
