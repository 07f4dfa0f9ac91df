"""Bodies of requests and answers. The same models check what comes in and make the API document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _text(value: object) -> object:
    if isinstance(value, str) and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("this is half a character (a lone surrogate), which is no text")
    return str(value) if isinstance(value, bool | int | float) else value


Text = Annotated[str, BeforeValidator(_text), Field(max_length=1024)]


class Body(BaseModel):
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


class PromptAccepted(BaseModel):
    """The graph is in the queue, and stays there if the server stops."""

    prompt_id: str
    number: float | int
    node_errors: dict[str, Any] = Field(description="Outputs that were left out, by node, and why.")


class NodeProblem(BaseModel):
    """One thing wrong with a graph."""

    type: str
    message: str
    details: str
    extra_info: dict[str, Any]


class NodeProblems(BaseModel):
    """Everything wrong with one node."""

    errors: list[NodeProblem]
    dependent_outputs: list[str]
    class_type: str


class PromptRefused(BaseModel):
    """Why nothing of the graph can run."""

    error: NodeProblem
    node_errors: dict[str, NodeProblems]


class ErrorDetail(BaseModel):
    """A code for programs, a text for people, and the place of the fault."""

    code: str
    message: str
    where: str


class ErrorBody(BaseModel):
    """The shape of every error but those of a graph."""

    error: ErrorDetail


class ExecInfo(BaseModel):
    """How many jobs wait or run."""

    queue_remaining: int


class QueueInfo(BaseModel):
    """The length of the queue."""

    exec_info: ExecInfo


class QueueState(BaseModel):
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


class Health(BaseModel):
    """Whether the server can run jobs."""

    status: Literal["ok", "starting", "failed"]
    worker: dict[str, Any] = Field(description="The first of the workers.")
    workers: list[dict[str, Any]]
    queue: dict[str, int | bool]


class CancelBody(Body):
    """Jobs to cancel, waiting or running."""

    job_ids: list[Text]


class Cancelled(BaseModel):
    """Whether anything was cancelled."""

    cancelled: bool


class Uploaded(BaseModel):
    """Where an upload went."""

    name: str
    subfolder: str
    type: Literal["input", "temp", "output"]


class OriginalRef(Body):
    """The picture a mask belongs to."""

    filename: str
    subfolder: str = ""
    type: Literal["input", "temp", "output"] = "output"
