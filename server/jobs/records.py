"""What a job is, apart from where it is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

Json = dict[str, Any]


class StoreError(Exception):
    """The job database cannot do what was asked just now: full, locked, read-only or damaged."""

    @property
    def full(self) -> bool:
        """Whether it lacks space."""
        return "full" in str(self)


class State(StrEnum):
    """Where a job is. The first two are open, the others final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"
    """Given up, because the worker or the server died each time it ran."""


OPEN = (State.PENDING, State.RUNNING)
FINISHED = (State.SUCCESS, State.ERROR, State.INTERRUPTED, State.QUARANTINED)
"""What the history shows: a job cancelled before it ran left nothing to show."""


@dataclass(frozen=True)
class NewJob:
    """A validated prompt on its way into the queue. `extra_data` holds no secrets."""

    prompt_id: str
    number: float
    explicit_number: bool
    client_id: str | None
    graph: Json
    extra_data: Json
    targets: tuple[str, ...]
    created: float
    retry_of: str | None = field(default=None, kw_only=True)
    """The job whose graph this one runs again."""

    @property
    def shown_number(self) -> float | int:
        """The priority as the client gave it: a float if it did, else an integer."""
        return self.number if self.explicit_number else int(self.number)

    @property
    def workflow_id(self) -> str | None:
        """The id of the workflow the graph was made from, if the canvas sent it along."""
        found: Any = self.extra_data
        for name in ("extra_pnginfo", "workflow", "id"):
            found = cast(Json, found).get(name) if isinstance(found, dict) else None
        return found if isinstance(found, str) else None

    @property
    def workflow_name(self) -> str | None:
        """What the client calls the workflow."""
        found = self.extra_data.get("workflow_name")
        return found if isinstance(found, str) else None


@dataclass(frozen=True)
class Job(NewJob):
    """A job as the database has it."""

    id: int
    state: State
    attempts: int
    rank: float = 0.0
    """Its place among pending jobs of the same `number`."""
    started: float | None = None
    finished: float | None = None
    outputs: Json = field(default_factory=dict[str, Any])
    meta: Json = field(default_factory=dict[str, Any])
    messages: list[Any] = field(default_factory=list[Any])
    nodes: Json = field(default_factory=dict[str, Any])
    """What each node took, by id."""

    def item(self) -> list[Any]:
        """The five-part queue item of the wire protocol."""
        return [self.shown_number, self.prompt_id, self.graph, self.extra_data, list(self.targets)]

    def entry(self) -> Json:
        """The history entry of the wire protocol."""
        done = self.state is State.SUCCESS
        status = {"status_str": "success" if done else "error", "completed": done, "messages": self.messages}
        shown = {"prompt": self.item(), "outputs": self.outputs, "status": status, "meta": self.meta}
        return {**shown, "nodes": self.nodes}


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place among the jobs that have ended. Those that were cancelled together have one `order`."""

    order: int = 0
    row: int = 0

    @classmethod
    def parse(cls, text: str) -> Position:
        """From what `str` makes of one. Raises ValueError."""
        order, _, row = text.partition("-")
        return cls(int(order), int(row or 0))

    def __str__(self) -> str:
        return f"{self.order}-{self.row}"


@dataclass(frozen=True)
class Ended:
    """A job that is over, and its place among these."""

    position: Position
    job: Job


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A pending job's place in the queue: smallest number first, then in order of arrival, unless moved."""

    number: float
    rank: float
    row: int
    prompt_id: str = field(compare=False)
    attempts: int = field(compare=False, default=0)


@dataclass(frozen=True)
class Filter:
    """Which jobs a list holds, and in what order."""

    states: Sequence[State]
    workflow_id: str | None = None
    by_creation: bool = True
    """Rather than by how long they ran."""
    newest_first: bool = True


@dataclass(frozen=True)
class Submission:
    """A request that carried an `Idempotency-Key`: the hash of its body, and the answer it got."""

    key: str
    body_hash: str
    answer: str
    created: float

    def answered_with(self, number: float | int) -> Submission:
        """The same, answered with the priority number of a job there already was."""
        return replace(self, answer=json.dumps({**json.loads(self.answer), "number": number}))


@dataclass(frozen=True)
class Ending:
    """How a job ended, to be written in one commit."""

    state: State
    finished: float
    outputs: Json
    meta: Json
    messages: list[Any]
    nodes: Json = field(default_factory=dict[str, Any])
    events: bytes = b""


def without_secrets(extra_data: Json) -> tuple[Json, Json]:
    """`extra_data` as it may be stored and shown, and the credentials that must not be."""
    names = {"auth_token_comfy_org", "api_key_comfy_org"}
    secrets = {name: value for name, value in extra_data.items() if name in names}
    return {name: value for name, value in extra_data.items() if name not in names}, secrets
