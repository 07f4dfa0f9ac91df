"""What a reader of workflow files has to tell: each finding names its node and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "repaired"]

CODES: dict[str, Severity] = {
    "invalid_workflow": "error",
    "workflow_cycle": "error",
    "recursive_subgraph": "error",
    "missing_subgraph": "error",
    "unknown_class": "warning",
    "unnamed_values": "warning",
    "value_misfit": "warning",
    "unresolved_link": "warning",
    "input_dropped": "warning",
    "unknown_substitution": "warning",
    "duplicate_id": "repaired",
    "renamed_class": "repaired",
}
"""Every code: errors are faults of the file itself, warnings may keep a node from running, what is
repaired is told and otherwise harmless.
"""


class FormatError(ValueError):
    """The file is no workflow at all, or is damaged beyond reading."""


class NoWorkflow(FormatError):
    """The file is sound, and there is no workflow in it."""


@dataclass(frozen=True)
class Finding:
    """Something about a file that somebody should know. `node` is a path id such as `12:7`."""

    code: str
    message: str
    node: str | None = None
    class_type: str | None = None
    input: str | None = None
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return CODES[self.code]

    def to_json(self) -> dict[str, Any]:
        """All of it, without what is not known."""
        known = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        return {**known, "severity": self.severity}
