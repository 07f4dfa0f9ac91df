"""A run as it is seen when it begins and when it ends, and the record made of that."""

from __future__ import annotations

from dataclasses import dataclass

from engine.folders import Folders
from engine.registry import Registry
from server.jobs.records import Ending, Job, Json
from server.provenance.stamp import origin_of
from workflows.provenance.beginning import begun
from workflows.provenance.outputs import outputs_of
from workflows.provenance.record import RunRecord


@dataclass(frozen=True)
class Sight:
    """A job with what surrounds it at that moment; `ending` if it is over."""

    job: Job
    registry: Registry
    environment: Json
    ending: Ending | None = None

    def record(self, folders: Folders) -> RunRecord:
        """The record of the run so far, without hashes. Looks into folders."""
        job = self.job
        record = begun(
            job.prompt_id,
            origin_of(job.extra_data),
            job.graph,
            self.registry.get,
            folders,
            created=job.created,
            started=job.started,
            targets=job.targets,
            environment=self.environment,
        )
        return record if self.ending is None else self.ended(record)

    def ended(self, begun: RunRecord) -> RunRecord:
        """The record of the run's beginning, with its end."""
        ending = self.ending
        if ending is None:
            return begun
        sources = {node: str(usage.get("source", "run")) for node, usage in ending.nodes.items()}
        reused = {node: source for node, source in sources.items() if source != "run"}
        return begun.ended(str(ending.state), ending.finished, outputs_of(ending.outputs), reused)
