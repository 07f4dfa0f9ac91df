"""Bodies of requests and answers about jobs and the queue."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.answers import JobContents
from server.schemas import Body, ExtraData, NodeProblems, PromptRefused, Text
from server.shapes import Shape


class MadeFile(Shape):
    """One file of an output node; the first three are what `/view` takes."""

    filename: str
    subfolder: str
    type: str
    node: str
    media: str = Field(description="Its kind, such as `images` or `audio`.")
    replaced: bool | None = Field(
        None, description="True where the safety policy put another picture in the place of a flagged one."
    )


class JobItem(Shape):
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


class JobRecord(JobContents, JobItem):
    """A job with its graph and outputs."""


class JobPage(Shape):
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


class QueueFacts(Shape):
    """The queue as a whole."""

    paused: bool
    pending: int
    running: list[str] = Field(description="Ids of the jobs that run now.")
    order: list[str] = Field(description="Ids of the next 1,000 pending jobs, in the order they will run.")
    workers: list[dict[str, Any]]


class RunBody(Body):
    """Something to run: the canvas's workflow, a prompt, or both."""

    workflow: dict[str, Any] | None = Field(None, description="As the canvas saves it, in UI format.")
    prompt: dict[str, Any] | None = Field(None, description="The graph in API format, by node id.")
    client_id: Text | None = Field(None, description="Session of the WebSocket that gets the run's messages.")
    run_id: Text | None = Field(
        None, description="An id chosen by the caller; the server makes one otherwise."
    )
    targets: list[Text] | None = Field(None, description="Run only these output nodes.")
    front: bool = Field(False, description="Run before everything that waits.")
    priority: float | None = Field(None, allow_inf_nan=False, description="Lower runs first.")
    extra_data: ExtraData | None = Field(None, description="Kept with the run, as with `/prompt`.")


class ReportEntry(Shape):
    """Something to know about a workflow file. Fields without a value are left out."""

    code: str
    severity: Literal["error", "warning", "repaired"]
    message: str
    node: str | None = Field(None, description="Path of the node, such as `12:7` in a subgraph.")
    class_type: str | None = None
    input: str | None = None
    details: dict[str, Any] | None = None


class RunAccepted(Shape):
    """The run waits, and stays in the queue if the server stops."""

    run_id: str = Field(description="What `/prompt`, `/history` and the messages call `prompt_id`.")
    number: float | int
    node_errors: dict[str, NodeProblems] = Field(description="Outputs that were left out, by node, and why.")
    report: list[ReportEntry] = Field(description="What reading the workflow showed; empty for a prompt.")


class RunRefused(PromptRefused):
    """Why nothing can run."""

    report: list[ReportEntry]


class RunRecord(JobItem):
    """A run with all that is kept of it."""

    prompt: dict[str, Any]
    workflow: dict[str, Any] | None = Field(description="What the canvas had, if it was sent along.")
    targets: list[str] = Field(description="The output nodes that were to run.")
    outputs: dict[str, Any] = Field(description="What output nodes showed, by node.")
    nodes: dict[str, Any] = Field(
        description="What each node took, the source of its result and its warnings, by node."
    )
