"""Bodies of requests and answers about what runs were made of and what workflows need."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.schemas import Body
from server.shapes import Shape
from server.workflows.schemas import Document


class FileUsed(Shape):
    """A model or picture that a graph names."""

    kind: str = Field(description="Kind of model folder, or `input`.")
    name: str
    nodes: list[str] = Field(description="The nodes that name it.")
    sha256: str | None = Field(
        description="Of its content; null while it is not known, or if it was not there."
    )
    size: int | None = Field(description="In bytes.")


class RunOutput(Shape):
    """A file or value that came out of a run."""

    node: str
    name: str = Field(description="The list it is in, such as `images`.")
    index: int
    file: dict[str, str] | None = Field(description="What `/view` takes; null for a value.")
    value: Any = None
    sha256: str | None = Field(description="Of the file, or of the value as canonical JSON.")
    pixels: str | None = Field(description="Of the decoded pixels, whatever is written beside them.")
    size: int | None


class RunProvenance(Shape):
    """What a run was made of."""

    run: str
    status: str = Field(
        description="`running`, `success`, `error`, `interrupted` or `quarantined`; `lost` if nobody saw its "
        "end."
    )
    created: int = Field(description="Milliseconds since 1970.")
    started: int | None
    finished: int | None
    complete: bool = Field(description="Whether the hashes of models and outputs are in.")
    workflow: str | None
    version: str | None
    release: str | None
    modified: bool | None = Field(description="Whether the graph was changed since that version.")
    inputs: dict[str, Any] = Field(description="Every input of the function, with the values that were used.")
    seeds: dict[str, dict[str, int]] = Field(description="By node and input.")
    targets: list[str]
    nodes: dict[str, dict[str, Any]] = Field(description="Version and code hash by node class.")
    files: list[FileUsed]
    environment: dict[str, Any] = Field(description="Program, libraries, device, precision and threads.")
    reused: dict[str, str] = Field(
        description="Nodes whose results were there already, and where: `memory`, `disk`, or an equal node."
    )
    outputs: list[RunOutput]
    prompt: dict[str, Any] = Field(description="The graph exactly as it was run.")


class PackItem(Shape):
    """A pack that a workflow's nodes come from."""

    name: str
    version: str | None
    commit: str | None
    url: str | None
    code: str | None = Field(description="Hash of its Python files.")
    classes: list[str] = Field(description="The classes the workflow uses.")


class Lock(Shape):
    """What a workflow needs to run elsewhere as it does here."""

    models: list[FileUsed]
    packs: list[PackItem]
    nodes: dict[str, dict[str, Any]] = Field(description="Version and code hash by node class.")
    darkroom: str = Field(description="Version of this program.")


class ResolveBody(Body):
    """A workflow from elsewhere, with its lock in `extra.darkroom.lock` if it has one."""

    document: Document


class FoundModel(FileUsed):
    """A model that is needed, and what there is of it here."""

    state: Literal["here", "renamed", "similar", "elsewhere", "changed", "missing"] = Field(
        description="`renamed`: the same content has another name; `similar`: a file in another folder is "
        "only called the same; `elsewhere`: it lies in a folder of another kind; `changed`: the name holds "
        "another content."
    )
    found: str | None = Field(description="The name to put in its place.")
    place: str | None = Field(description="Where it lies: kind of folder and name.")


class FoundPack(PackItem):
    """A pack that is needed, and what there is of it here."""

    state: Literal["here", "changed", "missing"]
    here: PackItem | None


class Resolved(Shape):
    """What a workflow needs and what there is of it."""

    models: list[FoundModel]
    packs: list[FoundPack]
    document: Document = Field(description="With the names models have here.")
