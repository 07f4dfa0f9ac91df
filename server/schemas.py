"""Bodies of requests and answers. The same models check what comes in and make the API document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from server.shapes import Shape


def _text(value: object) -> object:
    if isinstance(value, str) and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("this is half a character (a lone surrogate), which is no text")
    return str(value) if isinstance(value, bool | int | float) else value


Text = Annotated[str, BeforeValidator(_text), Field(max_length=1024)]
LongText = Annotated[str, BeforeValidator(_text), Field(max_length=20_000)]


class Body(Shape):
    """Unknown fields are ignored, as ComfyUI's clients expect."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class ExtraData(Body):
    """What travels with a job. Fields of any name are kept."""

    model_config = ConfigDict(extra="allow")

    client_id: Text | None = Field(None, description="Session, if it is not named beside `extra_data`.")

    def as_json(self) -> dict[str, Any]:
        """All of it, as it came."""
        known = {"client_id": self.client_id} if "client_id" in self.model_fields_set else {}
        return {**(self.model_extra or {}), **known}


class PromptBody(Body):
    """A graph to run."""

    prompt: dict[str, Any] | list[Any] | None = Field(
        None, description="The graph in API format, by node id."
    )
    client_id: Text | None = Field(None, description="Session of the WebSocket that gets the run's messages.")
    prompt_id: Text | None = Field(
        None, description="An id chosen by the caller; the server makes one otherwise."
    )
    number: float | None = Field(None, allow_inf_nan=False, description="Priority; lower runs first.")
    front: Any = Field(False, description="Run before everything that waits.")
    extra_data: ExtraData | None = Field(None, description="`extra_pnginfo` is written into pictures.")
    partial_execution_targets: list[Text] | None = Field(None, description="Run only these output nodes.")


class PromptAccepted(Shape):
    """The graph is in the queue, and stays there if the server stops."""

    prompt_id: str
    number: float | int
    node_errors: dict[str, Any] = Field(description="Outputs that were left out, by node, and why.")


class NodeProblem(Shape):
    """One thing wrong with a graph."""

    type: str
    message: str
    details: str
    extra_info: dict[str, Any]


class NodeProblems(Shape):
    """Everything wrong with one node."""

    errors: list[NodeProblem]
    dependent_outputs: list[str]
    class_type: str


class PlanBody(Body):
    """A graph to explain: as a prompt, or as the canvas's workflow."""

    prompt: dict[str, Any] | None = Field(None, description="The graph in API format, by node id.")
    workflow: dict[str, Any] | None = Field(None, description="What the canvas saves, instead of a prompt.")
    partial_execution_targets: list[Text] | None = Field(None, description="Only these output nodes.")


class PlanReason(Shape):
    """What makes a node run again."""

    code: str = Field(description="Such as `first_run`, `input_changed`, `source_changed` or `evicted`.")
    input: str | None = Field(None, description="The input that differs from the last run.")
    detail: str = Field(description="The same for people.")


class PlanUsage(Shape):
    """What a node took when it, or one of its class, last ran."""

    seconds: float
    device_seconds: float | None = None
    peak_bytes: int | None = None


class PlanStep(Shape):
    """What would happen to a node."""

    class_type: str
    fate: Literal["run", "maybe", "hit", "behind_hit", "twin"] = Field(
        description="`maybe`: only if a lazy input is asked for; `behind_hit`: not needed, for what it feeds "
        "is a hit; `twin`: an equal node runs for it."
    )
    tier: Literal["memory", "disk"] | None = Field(None, description="Where the result is.")
    reason: PlanReason | None = None
    usage: PlanUsage | None = None


class PlanAnswer(Shape):
    """What running a graph now would do. Fields without a value are left out of the nodes."""

    nodes: dict[str, PlanStep]
    seconds: float | None = Field(description="Expected time of the nodes that run, one after the other.")
    peak_bytes: int | None = Field(description="Largest expected memory of one of them.")
    unknown: int = Field(description="How many of them have no known time.")
    node_errors: dict[str, Any] = Field(description="Outputs that cannot run, by node, and why.")


class PromptRefused(Shape):
    """Why nothing of the graph can run."""

    error: NodeProblem
    node_errors: dict[str, NodeProblems]


class ErrorDetail(Shape):
    """A code for programs, a text for people, and the place of the fault."""

    code: str
    message: str
    where: str


class ErrorBody(Shape):
    """The shape of every error but those of a graph."""

    error: ErrorDetail


class ExecInfo(Shape):
    """How many jobs wait or run."""

    queue_remaining: int


class QueueInfo(Shape):
    """The length of the queue."""

    exec_info: ExecInfo


class QueueState(Shape):
    """Items are `[number, prompt_id, prompt, extra_data, outputs]`; pending ones in the order they will
    run.
    """

    queue_running: list[list[Any]]
    queue_pending: list[list[Any]]


class DeleteBody(Body):
    """What to remove from the queue or the history."""

    clear: bool = False
    delete: list[Text] = Field(default_factory=list[str])


class InterruptBody(Body):
    """Which run to stop; without an id the one that runs now."""

    prompt_id: Text | None = None


class FreeBody(Body):
    """What to give back once the worker is idle."""

    unload_models: bool = False
    free_memory: bool = False


class UserBody(Body):
    """A user to make."""

    username: str = ""


class Health(Shape):
    """Whether the server can run jobs."""

    status: Literal["ok", "starting", "failed"]
    worker: dict[str, Any] = Field(description="The first of the workers.")
    workers: list[dict[str, Any]]
    queue: dict[str, int | bool]


class JobEvents(Shape):
    """What happened in a job after a number. Numbers grow by one, but of a node's progress only the newest
    step is kept, and none once it has finished.
    """

    job_id: str
    events: list[dict[str, Any]]
    last: int = Field(description="Ask for what comes after this the next time.")
    over: bool = Field(description="Whether the job has ended.")


class CancelBody(Body):
    """Jobs to cancel, waiting or running."""

    job_ids: list[Text]


class Cancelled(Shape):
    """Whether anything was cancelled."""

    cancelled: bool


class Uploaded(Shape):
    """Where an upload went."""

    name: str
    subfolder: str
    type: Literal["input", "temp", "output"]


class OriginalRef(Body):
    """The picture a mask belongs to."""

    filename: str
    subfolder: str = ""
    type: Literal["input", "temp", "output"] = "output"
