"""What differs between two workflows: nodes, links and values, not lines of a file."""

from workflows.diff.changes import Change, Diff, Kind
from workflows.diff.compare import diff

__all__ = ["Change", "Diff", "Kind", "diff"]
