"""What the engine costs per node, apart from what nodes do: chains and ladders of trivial nodes.

    python -m benchmarks.engine [--nodes 10000] [--runs 5]

Figures are microseconds a node, best of the runs, in process, with keys, memory cache and events.
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Annotated, Any

from engine.cache import MemoryCache
from engine.driver import run_sync
from engine.events import Event
from engine.folders import Folders
from engine.graph import Graph
from engine.node import Ui, node
from engine.registry import Registry
from engine.types import ForceInput
from engine.validate import validate

Number = Annotated[int, ForceInput()]


@node("Start", category="benchmark")
def start(value: int) -> int:
    """A number."""
    return value


@node("Add", category="benchmark")
def add(a: Number, b: Number) -> int:
    """The sum, cut to 16 bits."""
    return (a + b) & 0xFFFF


@node("Show", category="benchmark", output=True)
def show(value: Number) -> Ui:
    """The end of the graph."""
    return Ui({"value": [value]})


def ladder(length: int, *, rungs: int, first: int = 0, last: int = 1) -> dict[str, Any]:
    """A graph of `length` additions; each uses the node before and, with two rungs, the one before that."""
    prompt: dict[str, Any] = {"0": {"class_type": "Start", "inputs": {"value": first}}}
    for i in range(1, length + 1):
        inputs = {"a": [str(i - 1), 0], "b": [str(max(0, i - rungs)), 0] if rungs > 1 else 1}
        prompt[str(i)] = {"class_type": "Add", "inputs": inputs}
    prompt[str(length)]["inputs"]["b"] = last
    prompt["end"] = {"class_type": "Show", "inputs": {"value": [str(length), 0]}}
    return prompt


def best(runs: int, work: Callable[[], object]) -> float:
    """The shortest of several measurements, in seconds."""
    times: list[float] = []
    for _ in range(runs):
        gc.collect()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    registry, folders = Registry([start, add, show]), Folders.at(".")
    events: list[Event] = []

    def execute(prompt: dict[str, Any], cache: MemoryCache) -> None:
        events.clear()
        outcome = run_sync(Graph.parse(prompt), registry, cache, emit=events.append, folders=folders)
        assert outcome.status == "success", outcome.errors

    n = options.nodes
    print(f"{'graph':24} {'us a node':>10}")
    for name, rungs in (("chain", 1), ("ladder", 2)):
        prompt = ladder(n, rungs=rungs)
        cold = best(options.runs, lambda prompt=prompt: execute(prompt, MemoryCache(2**30)))
        print(f"{name + ', cold':24} {cold / n * 1e6:10.1f}")
    prompt = ladder(n, rungs=1)
    warm = MemoryCache(2**30)
    execute(prompt, warm)
    print(f"{'chain, nothing changed':24} {best(options.runs, lambda: execute(prompt, warm)) / n * 1e6:10.1f}")
    fresh = iter(range(2, 1000))
    edit = best(options.runs, lambda: execute(ladder(n, rungs=1, last=next(fresh)), warm))
    build = best(options.runs, lambda: ladder(n, rungs=1))
    print(f"{'chain, last changed':24} {(edit - build) / n * 1e6:10.1f}")
    checked = best(options.runs, lambda: validate(prompt, registry, folders))
    print(f"{'validate':24} {checked / n * 1e6:10.1f}")
    for size in (5_000, 10_000, 20_000, 40_000):
        prompt = ladder(size, rungs=1)
        cold = best(options.runs, lambda prompt=prompt: execute(prompt, MemoryCache(2**30)))
        print(f"{f'chain of {size}, cold':24} {cold / size * 1e6:10.1f}")
    prompt = ladder(100_000, rungs=1)
    tracemalloc.start()
    graph = Graph.parse(prompt)
    began = time.perf_counter()
    run_sync(graph, registry, folders=folders)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"chain of 100000: done, peak {peak / 100_000:.0f} bytes a node (traced, {time.perf_counter() - began:.1f} s)")


if __name__ == "__main__":
    main()
