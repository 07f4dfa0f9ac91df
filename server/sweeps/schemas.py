"""Bodies of requests and answers about sweeps."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.schemas import Body, ErrorDetail, Text
from server.shapes import Shape
from server.workflows.call_schemas import InputProblem


class SeedsBody(Body):
    """How seeds vary."""

    mode: Literal["fixed", "increment", "random"] = Field(
        description="One seed for all runs, the next whole number each time, or drawn by the server."
    )
    count: int = Field(
        1,
        description="Runs for each combination. With several, every combination has the same seeds; with "
        "one, every run has a seed of its own.",
    )
    input: Text | None = Field(None, description="Needed only where a workflow has several seeds.")


class SweepBody(Body):
    """Many calls of a workflow: one of `grid`, `rows` and `csv` says which inputs vary."""

    inputs: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Inputs that are the same in all runs."
    )
    grid: dict[str, list[Any]] | None = Field(
        None, description="Values by input: every combination runs, the last input changing fastest."
    )
    rows: list[dict[str, Any]] | None = Field(None, description="The inputs of each run.")
    csv: str | None = Field(
        None, description="The same as a table with the names of inputs in its first line."
    )
    seed: SeedsBody | None = None
    title: Text = ""
    client_id: Text | None = Field(None, description="Session of the WebSocket that gets the messages.")


class SweepAxis(Shape):
    """An input that varies independently of the others."""

    input: str
    values: list[Any]


class SweepSummary(Shape):
    """A sweep, as lists show it."""

    id: str
    title: str
    workflow: str
    version: str = Field(description="Id of the version that runs.")
    release: str | None
    author: str
    created: int = Field(description="Milliseconds since 1970.")
    finished: int | None = Field(description="Milliseconds since 1970; null while there is something to run.")
    status: Literal["running", "done", "cancelled"]
    total: int
    done: int = Field(description="Runs that gave their outputs.")
    failed: int
    cancelled: int = Field(description="Runs that were cancelled.")
    axes: list[SweepAxis] = Field(description="Empty for rows.")
    varied: list[str] = Field(description="The inputs that may differ.")
    grid: str | None = Field(description="Path of the grid picture on this server, once there is one.")
    table: str = Field(description="Path of the table on this server.")


class SweepItemRecord(Shape):
    """One run of a sweep."""

    index: int
    inputs: dict[str, Any] = Field(description="All of them, with seeds that were drawn.")
    run_id: str
    status: str = Field(
        description="`pending`, `running`, `success`, `error`, `cancelled`, `interrupted`, `quarantined`, "
        "`refused` if it could not be queued, or `lost` if its job was deleted."
    )
    outputs: dict[str, Any] = Field(description="As a run by name answers them.")
    seconds: float | None
    error: str | None


class SweepRecord(SweepSummary):
    """A sweep with some of its runs."""

    items: list[SweepItemRecord]
    more: bool = Field(description="Whether there are runs after these; ask with `offset` for them.")


class SweepsAnswer(Shape):
    """Some sweeps, the newest first."""

    sweeps: list[SweepSummary]
    total: int


class RowProblem(InputProblem):
    """A value that cannot be used."""

    row: int = Field(description="The first run that has it, counted from 0.")


class InvalidRows(Shape):
    """Nothing runs, for values do not fit."""

    error: ErrorDetail = Field(description="Its code is `invalid_inputs`.")
    problems: list[RowProblem]
