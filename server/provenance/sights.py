"""A run as it is seen when it begins and when it ends, and the record made of that."""

from __future__ import annotations

from dataclasses import dataclass

from engine.folders import Folders
from engine.registry import Registry
from server.jobs.records import Ending, Job, Json
from server.provenance.stamp import Origin
from workflows.provenance.inventory import classes_of, files_of, seeds_of
from workflows.provenance.outputs import outputs_of
from workflows.provenance.record import RUNNING, RunRecord


@dataclass(frozen=True)
class Sight:
    """A job with what surrounds it at that moment; `ending` if it is over."""

    job: Job
    registry: Registry
    environment: Json
    ending: Ending | None = None

    def record(self, folders: Folders) -> RunRecord:
        """The record of the run so far, without hashes. Looks into folders."""
        job, origin, find = self.job, Origin.of(self.job.extra_data), self.registry.get
        record = RunRecord(
            run=job.prompt_id,
            status=RUNNING,
            created=job.created,
            started=job.started,
            workflow=origin.workflow,
            version=origin.version,
            release=origin.release,
            modified=origin.modified,
            inputs=origin.inputs,
            seeds=seeds_of(job.graph, find),
            targets=job.targets,
            nodes=classes_of(job.graph, find),
            files=tuple(files_of(job.graph, find, folders)),
            environment=self.environment,
        )
        if self.ending is None:
            return record
        return record.ended(str(self.ending.state), self.ending.finished, outputs_of(self.ending.outputs))
