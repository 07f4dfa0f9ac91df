"""What a run lends its nodes and shares with other runs of the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.context import Cancellation, Context, JobExtra, Report
from engine.flights import Flights
from engine.folders import Folders
from engine.grown import GrownGraph
from engine.invoke import Describe
from engine.journal import Journal
from engine.task import Meter
from engine.types import NodeId


@dataclass(frozen=True, slots=True)
class Surroundings:
    """See `engine.driver.run` for each of them."""

    job_id: str
    folders: Folders
    resources: Mapping[type, object]
    extra: JobExtra
    cancel: Cancellation
    describe: Describe
    meter: Meter | None = None
    flights: Flights | None = None
    journal: Journal | None = None

    def context(self, node: NodeId, graph: GrownGraph, report: Report) -> Context:
        """What one node is handed."""
        return Context(
            node_id=node,
            job_id=self.job_id,
            folders=self.folders,
            prompt=graph.submitted.prompt,
            extra=self.extra,
            graph=graph,
            resources=self.resources,
            cancellation=self.cancel,
            report=report,
        )
