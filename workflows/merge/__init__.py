"""Three-way merge of workflows: nodes, links and values, with conflicts where both sides changed the same."""

from workflows.merge.conflicts import Conflict, Kind, Merge, ResolutionError
from workflows.merge.three_way import merge

__all__ = ["Conflict", "Kind", "Merge", "ResolutionError", "merge"]
