"""What each node of a run took, why it ran and what it warned of: kept with the job."""

from __future__ import annotations

from engine.events import Event, NodeFinished, NodeStarted, NodeWarned
from server.jobs.records import Json


class NodeUsage:
    """`nodes` is `{id: {seconds, device_seconds, peak_bytes, source, reason, warnings}}`, each with what
    there is: of a node behind a hit only what it warned of.
    """

    def __init__(self) -> None:
        self.nodes: Json = {}

    def note(self, event: Event) -> None:
        """Take in an event of the run."""
        if isinstance(event, NodeStarted):
            if event.reason is not None:
                self.nodes.setdefault(event.node_id, {})["reason"] = event.reason.to_json()
        elif isinstance(event, NodeWarned):
            self.nodes.setdefault(event.node_id, {}).setdefault("warnings", []).append(event.message)
        elif isinstance(event, NodeFinished):
            entry: Json = self.nodes.setdefault(event.node_id, {})
            entry["source"] = event.source
            if event.usage is not None:
                entry.update(event.usage.to_json())
