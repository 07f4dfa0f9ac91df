"""What is remembered of a sweep and of each of its runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from workflows.sweeps.plan import Axis

Json = dict[str, Any]
SUCCESS = "success"
CANCELLED = "cancelled"
REFUSED = "refused"
"""The status of a run that could not be queued; its error says why."""
LOST = "lost"
"""The status of a run whose job was deleted before anybody saw its end."""


def run_id_of(sweep: str, index: int) -> str:
    """The id of the run of an item: the same each time, so that no run is queued twice."""
    return str(uuid.uuid5(uuid.UUID(sweep), str(index)))


@dataclass(frozen=True)
class Counts:
    """How the runs of a sweep stand. `failed`: all that ended otherwise and were not cancelled."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep. Times are seconds since the epoch.

    Args:
        workflow: its name by now.
        queue: the job table its runs are in.
        axes: the inputs that vary independently, in order; none if its runs are rows of a table.
        varied: all inputs that may differ.
        outputs: type by name of what each run gives.
        request: a hash of what was asked for.
    """

    id: str
    workflow: str
    version: str
    release: str | None
    queue: str
    title: str
    axes: tuple[Axis, ...]
    varied: tuple[str, ...]
    outputs: Mapping[str, str]
    total: int
    created: float
    author: str
    client_id: str | None = None
    request: str = ""
    cancelled: float | None = None
    finished: float | None = None
    counts: Counts = field(default_factory=Counts)

    @property
    def status(self) -> Literal["running", "done", "cancelled"]:
        """Whether there is something to wait for."""
        if self.cancelled is not None:
            return "cancelled"
        return "running" if self.finished is None else "done"

    def spec(self) -> Json:
        """What the row holds as JSON."""
        names = ("release", "title", "varied", "outputs", "client_id", "request")
        told: Json = {name: getattr(self, name) for name in names}
        return {**told, "axes": [axis.to_json() for axis in self.axes]}


@dataclass(frozen=True)
class Result:
    """What came of a run: its outputs as a run by name answers them, how long it took, why it failed."""

    outputs: Json = field(default_factory=dict[str, Any])
    seconds: float | None = None
    error: str | None = None

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Item:
    """One run of a sweep. `status` is None until it is over."""

    index: int
    inputs: Json
    run: str
    status: str | None = None
    result: Result = field(default_factory=Result)
