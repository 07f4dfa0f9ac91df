"""Numbers that people rely on: they say what changed for callers, and never move."""

from __future__ import annotations

import json
import re
import time

from sqlalchemy import Connection, select

from workflows.functions import Function, FunctionError, compare
from workflows.store import blobs
from workflows.store.errors import Invalid, NeedsHigher, NeedsMajor, NeedsMinor, ReleaseExists
from workflows.store.records import Level, Release, ReleaseCheck
from workflows.store.refs import seq_in, workflow_uid
from workflows.store.rows import highest_first, number_of, releases_where
from workflows.store.tables import releases, versions

_NUMBER = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)
_LEVELS: tuple[Level, ...] = ("major", "minor", "patch")

Number = tuple[int, int, int]


def check(connection: Connection, name: str, ref: str) -> ReleaseCheck:
    """What number a version may have, next to the releases there are. Raises NotFound, Invalid."""
    uid = workflow_uid(connection, name)
    return _check(connection, _released(connection, uid), seq_in(connection, uid, name, ref))


def add(connection: Connection, name: str, ref: str, number: str | None, notes: str, author: str) -> Release:
    """Release a version. Raises NotFound, Invalid, ReleaseExists, NeedsMajor, NeedsMinor."""
    uid = workflow_uid(connection, name, lock=True)
    seq = seq_in(connection, uid, name, ref)
    there = _released(connection, uid)
    made = _next(connection, there, seq, number)
    if made in there:
        raise ReleaseExists(f"{name}@{number_of(made)} exists and stays what it is: choose a higher number")
    _refuse_misleading(connection, there, seq, made)
    values = {"version": seq, "notes": notes, "author": author, "created": round(time.time(), 3)}
    place = dict(zip(_LEVELS, made, strict=True))
    connection.execute(releases.insert().values(workflow=uid, **place, **values))
    mine = (releases.c.workflow == uid) & (releases.c.version == seq)
    return next(
        release for release in releases_where(connection, mine)[uid] if release.number == number_of(made)
    )


def _released(connection: Connection, uid: str) -> dict[Number, int]:
    """The versions of releases, the highest number first."""
    query = select(releases).where(releases.c.workflow == uid).order_by(*highest_first())
    return {(row.major, row.minor, row.patch): row.version for row in connection.execute(query)}


def _next(connection: Connection, there: dict[Number, int], seq: int, number: str | None) -> Number:
    if number is not None and (match := _NUMBER.fullmatch(number)):
        major, minor, patch = map(int, match.groups())
        return major, minor, patch
    last = next(iter(there), None)
    if number in _LEVELS:
        return _raised(last or (0, 0, 0), number)
    if number is not None:
        raise Invalid(f"{number!r} is no release number: write one like 1.2.0, or major, minor or patch")
    if last is not None and there[last] == seq:
        raise ReleaseExists(f"this version is released as {number_of(last)} already")
    return _parsed(_check(connection, there, seq).smallest)


def _check(connection: Connection, there: dict[Number, int], seq: int) -> ReleaseCheck:
    last = next(iter(there), None)
    if last is None:
        return ReleaseCheck("1.0.0", "major", (), None)
    change = compare(_function(connection, there[last]), _function(connection, seq))
    smallest = number_of(_raised(last, change.level))
    return ReleaseCheck(smallest, change.level, tuple(change.reasons), number_of(last))


def _refuse_misleading(connection: Connection, there: dict[Number, int], seq: int, made: Number) -> None:
    """Compare with the releases right below and right above: whoever asks for `1` gets to both."""
    below = next((number for number in there if number < made), None)
    above = next((number for number in reversed(there) if number > made), None)
    function = _function(connection, seq)
    if below is not None:
        change = compare(_function(connection, there[below]), function)
        _refuse(change.level, change.reasons, below, made, there)
    if above is not None:
        change = compare(function, _function(connection, there[above]))
        reasons = [f"in {number_of(above)}, {reason}" for reason in change.reasons]
        _refuse(change.level, reasons, made, above, there)


def _refuse(
    level: Level, reasons: tuple[str, ...] | list[str], low: Number, high: Number, there: dict[Number, int]
) -> None:
    counted = _LEVELS.index(level)
    if level == "patch" or low[: counted + 1] < high[: counted + 1]:
        return
    error: type[NeedsHigher] = NeedsMajor if level == "major" else NeedsMinor
    raise error(level, reasons, number_of(_raised(max(low, *there), level)))


def _function(connection: Connection, seq: int) -> Function | None:
    row = connection.execute(
        select(versions.c.document, versions.c.function).where(versions.c.seq == seq)
    ).one()
    if not row.function:
        return None
    try:
        return Function.of(json.loads(blobs.get(connection, row.document)))
    except FunctionError as error:
        raise Invalid(f"the function it declares cannot be used: {error}") from error


def _raised(number: Number, level: str) -> Number:
    major, minor, patch = number
    match level:
        case "major":
            return major + 1, 0, 0
        case "minor":
            return major, minor + 1, 0
        case _:
            return major, minor, patch + 1


def _parsed(number: str) -> Number:
    major, minor, patch = map(int, number.split("."))
    return major, minor, patch
