"""What a job is, apart from where it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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


FINISHED = (State.SUCCESS, State.ERROR, State.INTERRUPTED)


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


@dataclass(frozen=True)
class Job(NewJob):
    """A job as the database has it."""

    id: int
    state: State
    attempts: int
    started: float | None = None
    finished: float | None = None
    outputs: Json = field(default_factory=dict[str, Any])
    meta: Json = field(default_factory=dict[str, Any])
    messages: list[Any] = field(default_factory=list[Any])

    @property
    def shown_number(self) -> float | int:
        """The priority as the client gave it: a float if it did, else an integer."""
        return self.number if self.explicit_number else int(self.number)

    def item(self) -> list[Any]:
        """The five-part queue item of the wire protocol."""
        return [self.shown_number, self.prompt_id, self.graph, self.extra_data, list(self.targets)]

    def entry(self) -> Json:
        """The history entry of the wire protocol."""
        done = self.state is State.SUCCESS
        status = {"status_str": "success" if done else "error", "completed": done, "messages": self.messages}
        return {"prompt": self.item(), "outputs": self.outputs, "status": status, "meta": self.meta}


@dataclass(frozen=True)
class Ending:
    """How a job ended, to be written in one commit."""

    state: State
    finished: float
    outputs: Json
    meta: Json
    messages: list[Any]
