"""Bodies of requests and answers about workflows that are called: what they take, what they give."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from server.schemas import Body, ErrorDetail
from server.shapes import Bare, Shape
from server.workflows.schemas import Document, VersionItem


class InputTarget(Shape):
    """An input of a node that gets the caller's value."""

    node: str = Field(description="Path of the node, such as `12:7` in a subgraph.")
    input: str


class FunctionInput(Shape):
    """Something a caller may or must give. Fields without a value are left out."""

    name: str
    type: str = Field(description="STRING, INT, FLOAT, BOOLEAN, COMBO or a type of sockets such as IMAGE.")
    targets: list[InputTarget]
    description: str | None = None
    default: Any = None
    min: float | int | None = None
    max: float | int | None = None
    step: float | int | None = None
    multiline: bool | None = None
    options: list[Any] | None = None
    several: bool | None = Field(None, description="Whether a COMBO takes a list of its options.")
    required: bool | None = None
    seed: bool | None = Field(None, description="Whether `random` is a value, which the server then draws.")
    dynamic: bool | None = Field(
        None, description="Whether alternatives in its default, as `{red|blue}`, are chosen among each time."
    )


class OutputSource(Shape):
    """The output of a node that a caller gets."""

    node: str = Field(description="Path of the node.")
    slot: int


class FunctionOutput(Shape):
    """Something a caller gets."""

    name: str
    type: str
    source: OutputSource
    description: str | None = None


class FunctionDeclaration(Shape):
    """What a workflow takes and gives when it is called."""

    title: str | None = None
    description: str | None = None
    inputs: list[FunctionInput]
    outputs: list[FunctionOutput]


class FunctionItem(FunctionDeclaration):
    """A released workflow that can be called, by its newest release."""

    name: str = Field(description="Of the workflow.")
    release: str
    version: str = Field(description="Id of the version.")
    class_type: str = Field(description="What it is called as a node: `workflow/NAME@RELEASE`.")
    labels: list[str]
    thumbnail: str | None = Field(description="Path of its picture on this server.")
    problem: str | None = Field(description="Why it cannot be called here, such as a node that is missing.")


class FunctionsAnswer(Shape):
    """Every workflow that is released as a function."""

    functions: list[FunctionItem]


class FunctionRecord(Shape):
    """A version that can be called."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str
    version: VersionItem
    release: str | None
    function: FunctionDeclaration
    input_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema of the body of a call.")
    class_type: str | None = Field(description="What it is called as a node, if it is released.")


class FunctionCheckBody(Body):
    """A document that is to be a function."""

    document: Document


class FunctionProblem(Shape):
    """Something wrong with what a workflow declares."""

    where: str = Field(description="Path in the declaration, such as `inputs.prompt.min`.")
    message: str


class InputProblem(Shape):
    """A value that cannot be used."""

    input: str
    code: str = Field(
        description="`unknown_input`, `required`, `invalid_type`, `out_of_range`, `not_an_option`, "
        "`not_callable` or `refused`: by the node that gets it, such as a file that is not there."
    )
    message: str


class FunctionCheck(Shape):
    """What a document declares, with what its nodes say filled in."""

    function: FunctionDeclaration | None = Field(description="Null if it declares nothing that is sound.")
    problems: list[FunctionProblem]


class CallBody(Bare[dict[str, Any]]):
    """Values by the names of inputs; those that are left out have their defaults.

    Pictures are names of uploaded files in JSON, and files in a form.
    """


class CallAccepted(Shape):
    """The run waits, and stays in the queue if the server stops."""

    run_id: str
    number: float | int
    workflow: str
    version: str = Field(description="Id of the version that runs.")
    release: str | None
    inputs: dict[str, Any] = Field(description="The value of every input, with seeds that were drawn.")


class ResultFile(Shape):
    """A file that a run made."""

    url: str = Field(description="Path on this server.")
    filename: str
    subfolder: str
    type: str


class CallDone(CallAccepted):
    """The run was waited for, and is over."""

    status: Literal["success"]
    outputs: dict[str, list[ResultFile] | list[Any] | Any] = Field(
        description="By name: pictures as files, anything else as the value."
    )


class CallFailed(Shape):
    """The run was waited for, and failed or was cancelled."""

    error: ErrorDetail = Field(description="Its code is `run_failed` or `run_cancelled`.")
    run_id: str
    status: str
    details: dict[str, Any] | None = Field(description="`execution_error` as the WebSocket tells it.")


class InvalidInputs(Shape):
    """Nothing ran, for values do not fit."""

    error: ErrorDetail = Field(description="Its code is `invalid_inputs`.")
    problems: list[InputProblem]
