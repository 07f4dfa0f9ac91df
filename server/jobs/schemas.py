"""Bodies of requests and answers about jobs and the queue."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from server.schemas import Body, Text


class MadeFile(BaseModel):
    """One file of an output node; the first three are what `/view` takes."""

    filename: str
    subfolder: str
    type: str
    node: str
    media: str = Field(description="Its kind, such as `images` or `audio`.")


class JobItem(BaseModel):
    """A job, wherever it is. Fields without a value are left out."""

    id: str
    status: Literal["pending", "in_progress", "completed", "failed", "cancelled"]
    state: str = Field(description="More precise than `status`: `quarantined` jobs have failed, too.")
    priority: float | int
    attempts: int
    create_time: int
    execution_start_time: int | None = None
    execution_end_time: int | None = None
    execution_error: dict[str, Any] | None = None
    outputs_count: int
    previewable_outputs_count: int
    preview_output: dict[str, Any] | None = None
    workflow_id: str | None = None
    retry_of: str | None = None
    client_id: str | None = None
    name: str | None = Field(None, description="Of the workflow, if the client sent `workflow_name` along.")
    files: list[MadeFile] = Field(description="The pictures and other media it made, in the order of nodes.")
    nodes_run: int = Field(description="How many nodes ran.")
    nodes_cached: int = Field(description="How many results were there already.")


class JobPage(BaseModel):
    """Some of the jobs, and where they are in the whole list."""

    jobs: list[JobItem]
    pagination: dict[str, int | bool]


class MoveBody(Body):
    """Where a pending job is to run: name one other job."""

    before: Text | None = None
    after: Text | None = None


class PriorityBody(Body):
    """A priority number for a pending job; lower runs first."""

    number: float = Field(allow_inf_nan=False)


class QueueFacts(BaseModel):
    """The queue as a whole."""

    paused: bool
    pending: int
    running: list[str] = Field(description="Ids of the jobs that run now.")
    order: list[str] = Field(description="Ids of the next 1,000 pending jobs, in the order they will run.")
    workers: list[dict[str, Any]]
