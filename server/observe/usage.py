"""What each node of a run took, and why it ran: kept with the job, for people who ask where time went."""

from __future__ import annotations

from engine.events import Event, NodeFinished, NodeStarted
from server.jobs.records import Json


class NodeUsage:
    """`nodes` is `{id: {seconds, device_seconds, peak_bytes, source, reason}}`, without what is not known."""

    def __init__(self) -> None:
        self.nodes: Json = {}

    def note(self, event: Event) -> None:
        """Take in an event of the run."""
        if isinstance(event, NodeStarted):
            if event.reason is not None:
                self.nodes[event.node_id] = {"reason": event.reason.to_json()}
        elif isinstance(event, NodeFinished):
            entry: Json = self.nodes.setdefault(event.node_id, {})
            entry["source"] = event.source
            if event.usage is not None:
                entry.update(event.usage.to_json())
