"""What came of running something again: output by output, and what is different around it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.workflows.replay_source import Source
from engine.folders import Folders
from server.worker.host import Host
from workflows.provenance.comparison import Compared, compared, nearest
from workflows.provenance.environment import Difference, code_differences, differences
from workflows.provenance.hashes import FileHashes
from workflows.provenance.inventory import classes_of
from workflows.provenance.outputs import path_of
from workflows.provenance.pictures import pixel_hash
from workflows.provenance.record import Output

_WORDS = {
    "identical": "[green]identical, bit for bit[/green]",
    "different": "[red]different[/red]",
    "missing": "[red]there is no such output this time[/red]",
    "unknown": "[yellow]nothing is known of the first one to compare with[/yellow]",
}


@dataclass(frozen=True)
class Report:
    """Outputs beside those of the record, and what differs in models, code and environment."""

    outputs: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    surroundings_known: bool
    reused: Mapping[str, str] = field(default_factory=dict[str, str])
    """Nodes that the first run did not run, but had results of."""

    @property
    def identical(self) -> bool:
        """Whether every output is the same, to the bit."""
        return bool(self.outputs) and all(one.state == "identical" for one in self.outputs)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        differing = [{"what": d.what, "recorded": d.recorded, "now": d.now} for d in self.differences]
        outputs = [one.to_json() for one in self.outputs]
        return {"identical": self.identical, "outputs": outputs, "differences": differing}

    def show(self, console: Console) -> None:
        """Print it."""
        for one in self.outputs:
            console.print(f"{escape(_name(one.output))}: {_verdict(one)}", highlight=False, soft_wrap=True)
        if not self.outputs:
            console.print("There is nothing to compare: the run is not on record with any output")
        for difference in self.differences:
            console.print(f"  {escape(str(difference))}", highlight=False, soft_wrap=True)
        if not self.identical and not self.differences:
            told = (
                "nothing that is known of differs" if self.surroundings_known else "what differs is not known"
            )
            console.print(f"  {told}")
        if not self.identical and self.reused:
            nodes = escape(", ".join(self.reused))
            told = f"  in that run the results of these nodes were there already: {nodes}"
            console.print(told, highlight=False, soft_wrap=True)


def report_of(
    source: Source,
    outputs: Sequence[Output],
    changed: Sequence[Difference],
    host: Host,
    before: Sequence[Folders],
) -> Report:
    """Compare the outputs of a run done again in `host` with those on record.

    Args:
        changed: models that are not what they were.
        before: folders in which the first outputs may lie.
    """

    def new(output: Output) -> Path | None:
        return path_of(output, host.folders)

    record = source.record
    if record is None:
        assert source.picture is not None
        return Report((nearest(source.picture, outputs, new),), tuple(changed), False)
    first = _First(source.picture, before)
    now = classes_of(source.prompt, host.registry.get)
    found = [
        *changed,
        *code_differences(record.nodes, now),
        *differences(record.environment, host.environment),
    ]
    results = compared(record.outputs, outputs, first.of, new)
    if source.picture is not None and source.is_changed:
        # It is what was asked about: that the run comes out as it did says nothing of it.
        results.insert(0, nearest(source.picture, outputs, new))
    return Report(tuple(results), tuple(found), True, record.reused)


class _First:
    """Where the outputs of the first run lie, as long as they are what they were."""

    def __init__(self, picture: Path | None, places: Sequence[Folders]) -> None:
        self._picture = picture
        self._places = places
        self._hashes = FileHashes()

    def of(self, output: Output) -> Path | None:
        """The file, None if it is gone or was changed."""
        if self._picture is not None and output.pixels == pixel_hash(self._picture):
            return self._picture
        paths = (path_of(output, folders) for folders in self._places)
        return next((path for path in paths if path is not None and self._same(path, output)), None)

    def _same(self, path: Path, output: Output) -> bool:
        found = self._hashes.of(path)
        return found is not None and found.sha256 == output.sha256


def _name(output: Output) -> str:
    if output.file is None:
        return f"{output.name} of node {output.node}"
    return output.file["filename"]


def _verdict(one: Compared) -> str:
    if one.state == "different" and one.psnr is not None and not math.isinf(one.psnr):
        return f"[red]different[/red], PSNR {one.psnr:.1f} dB"
    if one.state == "different" and one.output.pixels is not None:
        return (
            "[red]different[/red]; the first one is gone, or of another size, so there is no telling how much"
        )
    return _WORDS[one.state]
