"""What is remembered of a run: enough to make its pictures again, and to tell why they came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]
_NONE: Mapping[str, str] = MappingProxyType({})
RUNNING = "running"
LOST = "lost"
"""The status of a run whose end nobody saw: the machine stopped, and its job is gone too."""


@dataclass(frozen=True)
class FileUsed:
    """A file that a run read.

    Args:
        kind: kind of model folder it was looked for in, or `input`.
        name: as the graph has it.
        nodes: ids of the nodes that name it.
        sha256: of its content, in hex; for a directory of the names and contents in it. None while it is not
            known, or if the file was gone, or changed, before it could be read.
        size: in bytes.
    """

    kind: str
    name: str
    nodes: tuple[str, ...] = ()
    sha256: str | None = None
    size: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FileUsed:
        """The inverse of `dataclasses.asdict`, through JSON."""
        size: int | None = data.get("size")
        nodes = tuple(data.get("nodes") or ())
        return cls(str(data["kind"]), str(data["name"]), nodes, data.get("sha256"), size)


@dataclass(frozen=True)
class Output:
    """One thing that an output node gave: a file, or a plain value.

    Args:
        node: id of the node.
        name: the list it is in, such as `images`.
        index: its place in that list.
        file: how clients ask for it: `filename`, `subfolder`, `type`; None for a value.
        value: the value, if it is no file.
        sha256: of the file, or of the value as canonical JSON.
        pixels: sha256 of the decoded picture, which is the same however the file was compressed and whatever
            text is in it; None if it is no picture.
        size: of the file in bytes.
    """

    node: str
    name: str
    index: int
    file: Mapping[str, str] | None = None
    value: Any = None
    sha256: str | None = None
    pixels: str | None = None
    size: int | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """What the same output of another run has in common with this one."""
        return self.node, self.name, self.index


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run. Times are seconds since the epoch.

    Args:
        run: the id its pictures carry.
        workflow, version, release: what was run, as far as it is known.
        modified: whether the graph differed from that version.
        inputs: the values of a function's inputs, all of them.
        seeds: by node and input.
        targets: the output nodes that were asked for.
        nodes: version and code hash by node class.
        files: models and pictures that were read.
        environment: see `workflows.provenance.environment`.
        reused: nodes whose results were there already, and where from; see `engine.events.Source`.
        complete: whether the hashes are in.
    """

    run: str
    status: str
    created: float
    workflow: str | None = None
    version: str | None = None
    release: str | None = None
    modified: bool | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seeds: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    targets: tuple[str, ...] = ()
    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    files: tuple[FileUsed, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reused: Mapping[str, str] = field(default_factory=dict[str, str])
    outputs: tuple[Output, ...] = ()
    started: float | None = None
    finished: float | None = None
    complete: bool = False

    def ended(
        self,
        status: str,
        finished: float | None,
        outputs: tuple[Output, ...],
        reused: Mapping[str, str] = _NONE,
    ) -> RunRecord:
        """The record of the run once it is over; hashes are still to come."""
        over = replace(self, status=status, finished=finished, outputs=outputs, complete=False)
        return replace(over, reused={**self.reused, **reused})

    def to_json(self) -> Json:
        """All fields as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRecord:
        """The inverse of `to_json`."""
        values: Json = dict(data)
        values["targets"] = tuple(data["targets"])
        values["files"] = tuple(FileUsed.from_json(one) for one in data["files"])
        values["outputs"] = tuple(Output(**one) for one in data["outputs"])
        return cls(**values)
