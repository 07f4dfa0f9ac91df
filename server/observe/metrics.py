"""Figures for a collector such as Prometheus: counted from the event stream, or read when asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.events import Event, NodeFailed, NodeFinished, RunCached
from server.jobs.queue import Queue
from server.jobs.records import Ending, Job
from server.stream.sockets import Hub
from server.supervision.pool import Pool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LOOK_EVERY = 0.5
_SECONDS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


class Metrics:
    """All figures of one server, in a registry of its own."""

    def __init__(self, queue: Queue, pool: Pool, hub: Hub) -> None:
        self.registry = registry = CollectorRegistry()
        self._wait = _histogram("darkroom_job_wait_seconds", "From submission to the start", registry)
        self._run = _histogram("darkroom_job_run_seconds", "From the start to the end", registry)
        self._jobs = Counter("darkroom_jobs_finished", "Jobs that have ended", ["state"], registry=registry)
        self._node_seconds = Histogram(
            "darkroom_node_seconds", "Time nodes ran", ["class_type"], registry=registry, buckets=_SECONDS
        )
        self._results = Counter(
            "darkroom_node_results",
            "Results of nodes, by where they came from",
            ["source"],
            registry=registry,
        )
        self._cached = Counter(
            "darkroom_nodes_cached", "Nodes whose results were at hand when a run began", registry=registry
        )
        self._failures = Counter(
            "darkroom_node_failures", "Nodes that failed", ["class_type"], registry=registry
        )
        self._replaced = Counter(
            "darkroom_pictures_replaced", "Pictures the safety policy did not let out", registry=registry
        )
        self._lag = _histogram("darkroom_event_loop_lag_seconds", "How late the event loop was", registry)
        self._by_source: dict[str, Counter] = {}
        self._by_class: dict[str, Histogram] = {}
        registry.register(_State(queue, pool, hub))
        queue.observers.append(self.observe)
        queue.on_finish.append(self.finished)

    def text(self) -> bytes:
        """Everything in the text format."""
        return generate_latest(self.registry)

    def observe(self, job: Job, event: Event) -> None:
        """Count an event of a run."""
        match event:
            case NodeFinished():
                self._count(event)
            case NodeFailed():
                self._failures.labels(event.error.class_type).inc()
            case RunCached():
                self._cached.inc(len(event.nodes))
            case _:
                pass

    def _count(self, event: NodeFinished) -> None:
        # Looking labels up costs more than counting, and there may be thousands of nodes in a second.
        result = self._by_source.get(event.source)
        if result is None:
            result = self._by_source[event.source] = self._results.labels(event.source)
        result.inc()
        if event.ui is not None and event.source == "run":
            for facts in event.ui.get("safety", ()):
                self._replaced.inc(len(facts["replaced"]))
        if event.usage is not None:
            seconds = self._by_class.get(event.class_type)
            if seconds is None:
                seconds = self._by_class[event.class_type] = self._node_seconds.labels(event.class_type)
            seconds.observe(event.usage.seconds)

    def finished(self, job: Job, ending: Ending) -> None:
        """Count a run that is over."""
        self._jobs.labels(ending.state).inc()
        if job.started is not None:
            self._wait.observe(max(job.started - job.created, 0.0))
            self._run.observe(max(ending.finished - job.started, 0.0))

    async def watch(self) -> None:
        """Measure the event loop until cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_LOOK_EVERY)
            self._lag.observe(max(time.perf_counter() - began - _LOOK_EVERY, 0.0))


class _State(Collector):
    """What is read off the parts of the server at the moment of asking."""

    def __init__(self, queue: Queue, pool: Pool, hub: Hub) -> None:
        self._queue, self._pool, self._hub = queue, pool, hub

    def collect(self) -> Iterator[Metric]:
        running = len(self._queue.running)
        jobs = GaugeMetricFamily("darkroom_jobs", "Jobs that wait or run", labels=["state"])
        jobs.add_metric(["pending"], self._queue.remaining - running)
        jobs.add_metric(["running"], running)
        yield jobs
        yield GaugeMetricFamily("darkroom_queue_paused", "1 while no job may start", self._queue.paused)
        workers = GaugeMetricFamily("darkroom_workers", "Worker processes", labels=["state"])
        states = [worker.state for worker in self._pool.workers]
        for state in sorted(set(states)):
            workers.add_metric([state], states.count(state))
        yield workers
        yield CounterMetricFamily("darkroom_worker_restarts", "Workers started again", self._pool.restarts)
        yield GaugeMetricFamily("darkroom_clients", "Open WebSockets", len(self._hub.clients))
        yield GaugeMetricFamily("darkroom_tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        yield CounterMetricFamily(
            "darkroom_previews_dropped", "Pictures clients were too slow for", self._hub.dropped_previews
        )


def _histogram(name: str, documentation: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, documentation, registry=registry, buckets=_SECONDS)
