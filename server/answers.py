"""Answers of ComfyUI's routes as models. They shape the API document only: what is answered is not changed
by them, and a test holds real answers against them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.shapes import Bare, Shape


class SystemFacts(Shape):
    """The machine and the program."""

    os: str
    ram_total: int
    ram_free: int
    comfyui_version: str = Field(description="The version of the protocol spoken.")
    darkroom_version: str
    required_frontend_version: str | None
    installed_templates_version: str | None
    required_templates_version: str | None
    python_version: str
    pytorch_version: str | None
    embedded_python: bool
    argv: list[str]


class DeviceFacts(Shape):
    """A device that runs nodes; sizes in bytes."""

    name: str
    type: str
    index: int | None
    vram_total: int
    vram_free: int
    torch_vram_total: int | None = None
    torch_vram_free: int | None = None


class SystemStats(Shape):
    """Memory, versions and devices."""

    system: SystemFacts
    devices: list[DeviceFacts]


class PackFacts(Shape):
    """A pack that was found."""

    name: str
    path: str
    nodes: list[str]
    seconds: float
    error: str | None = Field(description="Why it cannot be used.")
    traceback: str | None
    notes: list[str]


class PacksAnswer(Shape):
    """Every pack, in the order of loading."""

    packs: list[PackFacts]


class ReleasedClass(Shape):
    """Where a node class comes from that is a workflow."""

    workflow: str
    release: str


class NodeInfo(Shape):
    """A node class. Packs add entries of their own."""

    input: dict[str, dict[str, Any]] = Field(
        description="`required`, `optional` and `hidden`: name to `[type, options]`; a combo may have its "
        "choices in place of the type."
    )
    input_order: dict[str, list[str]]
    output: list[str | list[Any]]
    output_is_list: list[bool]
    output_name: list[str]
    name: str
    display_name: str
    description: str
    python_module: str
    category: str
    output_node: bool
    output_tooltips: list[str | None] | None = None
    deprecated: bool | None = None
    experimental: bool | None = None
    api_node: bool | None = None
    darkroom: ReleasedClass | None = Field(None, description="Which workflow it is, if it is one.")


class ObjectInfo(Bare[dict[str, NodeInfo]]):
    """Node classes by name."""


class NodeExample(Shape):
    """A graph that shows what a built-in node does. Of `gives` and `picture` one is there."""

    about: str
    gives: str = Field(description="The text that comes out at the end.")
    picture: str | None = Field(description="Path of what it makes on this server.")
    graph: str = Field(description="Path of the graph, in API format.")


class NodeHelp(Shape):
    """What there is to read of a node beside its entry in `/object_info`."""

    name: str
    lane: Literal["device", "decode", "cpu", "io"] | None = Field(
        description="What a run of it occupies; null for a workflow."
    )
    page: str | None = Field(description="Path of the Markdown that its pack has of it.")
    example: NodeExample | None


class NodeGraph(Bare[dict[str, dict[str, Any]]]):
    """A graph in API format."""


class HistoryStatus(Shape):
    """How a job ended."""

    status_str: Literal["success", "error"]
    completed: bool
    messages: list[tuple[str, dict[str, Any]]]


class HistoryEntry(Shape):
    """A finished job."""

    prompt: list[Any] = Field(description="`[number, prompt_id, prompt, extra_data, outputs]`.")
    outputs: dict[str, dict[str, Any]] = Field(description="What output nodes showed, by node.")
    status: HistoryStatus
    meta: dict[str, Any]
    nodes: dict[str, Any] = Field(description="What each node took, by node.")


class History(Bare[dict[str, HistoryEntry]]):
    """Finished jobs by id, from oldest to newest."""


class Names(Bare[list[str]]):
    """A list of names."""


class ModelFolder(Shape):
    """A kind of model files and where they lie."""

    name: str
    folders: list[str]


class ModelFolders(Bare[list[ModelFolder]]):
    """The kinds of model files."""


class ModelFile(Shape):
    """A model file."""

    name: str
    pathIndex: int = Field(description="Which of the folders of its kind it lies in.")
    modified: float
    created: float
    size: int


class ModelFiles(Bare[list[ModelFile]]):
    """The files of one kind."""


class Values(Bare[dict[str, Any]]):
    """Values by name."""


class UsersAnswer(Shape):
    """Where user data is kept; `users` if there may be several, else `migrated`."""

    storage: str
    users: dict[str, str] | None = None
    migrated: bool | None = None


class TreeEntry(Shape):
    """A file or folder of a user."""

    name: str
    path: str
    type: Literal["file", "directory"]
    size: int | None = None
    modified: float | None = None


class Tree(Bare[list[TreeEntry]]):
    """Folders and files, folders first."""


class UserFile(Shape):
    """A file of a user, as `full_info` has it."""

    path: str
    size: int
    modified: float
    created: float


class UserFiles(Bare[list[str | UserFile | list[str]]]):
    """Names; with `full_info` sizes and times, with `split` the parts of each path."""


class JobSummary(Shape):
    """A job in the words of ComfyUI's protocol. Fields without a value are left out."""

    id: str
    status: Literal["pending", "in_progress", "completed", "failed", "cancelled"]
    priority: float | int
    create_time: int
    execution_start_time: int | None = None
    execution_end_time: int | None = None
    execution_error: dict[str, Any] | None = None
    outputs_count: int
    previewable_outputs_count: int
    preview_output: dict[str, Any] | None = None
    workflow_id: str | None = None


class JobSummaries(Shape):
    """Some of the jobs, and where they are in the whole list."""

    jobs: list[JobSummary]
    pagination: dict[str, int | bool]


class JobGraph(Shape):
    """What a job was made of."""

    prompt: dict[str, Any]
    extra_data: dict[str, Any]


class JobContents(Shape):
    """What a list of jobs leaves out."""

    outputs: dict[str, Any]
    execution_status: HistoryStatus
    workflow: JobGraph
    nodes: dict[str, Any] = Field(
        description="What each node took, the source of its result and its warnings, by node."
    )


class JobDetail(JobContents, JobSummary):
    """A job with its graph and outputs."""


class LogLine(Shape):
    """A line of the log."""

    t: str
    m: str


class LogLines(Shape):
    """The last lines logged."""

    entries: list[LogLine]
    size: dict[str, int]
