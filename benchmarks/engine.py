"""What the engine costs per node, apart from what nodes do: chains and ladders of trivial nodes.

    python -m benchmarks.engine [--nodes 10000] [--runs 5]

Figures are microseconds a node, best of the runs, in process, with keys, memory cache and events. Python
looks for reference cycles as rarely as it does in a worker; `--usual-gc` leaves it at its defaults.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Annotated, Any, cast

from engine import (
    Context,
    Expand,
    Folders,
    ForceInput,
    Graph,
    Link,
    MemoryCache,
    NodeId,
    Registry,
    Ui,
    node,
    run_sync,
    validate,
)
from engine.events import Event, NodeFinished, to_json
from server.garbage import look_rarely

Number = Annotated[int, ForceInput()]


@node("Start", category="benchmark")
def start(value: int) -> int:
    """A number."""
    return value


@node("Add", category="benchmark")
def add(a: Number, b: Number) -> int:
    """The sum, cut to 16 bits."""
    return (a + b) & 0xFFFF


@node("Round", category="benchmark")
def round_(value: Number, rounds: int = 0, *, context: Context) -> int:
    """Add one in a node of its own, and go on with the next round in another."""
    if rounds == 0:
        return value
    root = context.graph.root(context.node_id)
    body, again = f"{root}.{rounds}.add", f"{root}.{rounds}"
    nodes = {
        body: {"class_type": "Add", "inputs": {"a": value, "b": 1}},
        again: {"class_type": "Round", "inputs": {"value": [body, 0], "rounds": rounds - 1}},
    }
    return cast(int, Expand(nodes, (Link(NodeId(again), 0),)))


@node("Pause", category="benchmark", lane="io")
def pause(value: Number, seconds: float = 1.0) -> int:
    """Wait as a file or a server on the network would have one wait."""
    time.sleep(seconds)
    return value


@node("Show", category="benchmark", output=True)
def show(value: Number) -> Ui[None]:
    """The end of the graph."""
    return Ui({"value": [value]})


def ladder(length: int, *, rungs: int, first: int = 1, last: int = 1) -> dict[str, Any]:
    """A graph of `length` additions; each uses the node before and, with two rungs, the one before that."""
    prompt: dict[str, Any] = {"0": {"class_type": "Start", "inputs": {"value": first}}}
    for i in range(1, length + 1):
        inputs = {"a": [str(i - 1), 0], "b": [str(max(0, i - rungs)), 0] if rungs > 1 else 1}
        prompt[str(i)] = {"class_type": "Add", "inputs": inputs}
    prompt[str(length)]["inputs"]["b"] = last
    prompt["end"] = {"class_type": "Show", "inputs": {"value": [str(length), 0]}}
    return prompt


def loop(rounds: int) -> dict[str, Any]:
    """A graph of one node that expands round after round."""
    return {
        "loop": {"class_type": "Round", "inputs": {"value": 0, "rounds": rounds}},
        "end": {"class_type": "Show", "inputs": {"value": ["loop", 0]}},
    }


def branches() -> dict[str, Any]:
    """Two branches that wait for a second each."""
    waits = {str(i): {"class_type": "Pause", "inputs": {"value": i}} for i in (1, 2)}
    return {
        **waits,
        "end": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
        "show": {"class_type": "Show", "inputs": {"value": ["end", 0]}},
    }


def best(runs: int, work: Callable[[], object]) -> tuple[float, float]:
    """The shortest of several measurements, in seconds of wall clock and of this process's CPU time."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(runs):
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def report(name: str, seconds: tuple[float, float], nodes: int) -> None:
    """One line: microseconds a node, by wall clock and by CPU time."""
    wall, cpu = (1e6 * s / nodes for s in seconds)
    print(f"{name:24} {wall:8.1f} {cpu:8.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--usual-gc", action="store_true")
    options = parser.parse_args()
    if not options.usual_gc:
        look_rarely()
    n, runs = options.nodes, options.runs
    registry, folders = Registry([start, add, round_, pause, show]), Folders.at(".")
    events: list[Event] = []

    def execute(prompt: dict[str, Any], cache: MemoryCache) -> None:
        events.clear()
        outcome = run_sync(Graph.parse(prompt), registry, cache, emit=events.append, folders=folders)
        assert outcome.status == "success", outcome.errors

    def cold(prompt: dict[str, Any]) -> tuple[float, float]:
        return best(runs, lambda: execute(prompt, MemoryCache(2**30)))

    print(f"{'microseconds a node':24} {'wall':>8} {'CPU':>8}")
    chain = ladder(n, rungs=1)
    report("chain, cold", cold(chain), n)
    report("ladder, cold", cold(ladder(n, rungs=2)), n)
    warm = MemoryCache(2**30)
    execute(chain, warm)
    report("chain, nothing changed", best(runs, lambda: execute(chain, warm)), n)
    edited = iter([ladder(n, rungs=1, last=2 + i) for i in range(runs)])
    report("chain, last changed", best(runs, lambda: execute(next(edited), warm)), n)
    report("validate", best(runs, lambda: validate(chain, registry, folders)), n)
    for size in (5_000, 10_000, 20_000, 40_000):
        report(f"chain of {size}, cold", cold(ladder(size, rungs=1)), size)
    for rounds in (125, 250, 500, 1_000):
        report(f"loop of {rounds} rounds", cold(loop(rounds)), rounds)
        sent = sum(len(json.dumps(to_json(event))) for event in events)
        longest = max(len(event.node_id) for event in events if isinstance(event, NodeFinished))
        print(f"  {sent / rounds:.0f} bytes of events a round, ids of up to {longest} characters")
    seconds, _ = best(runs, lambda: execute(branches(), MemoryCache(2**30)))
    print(f"two independent branches of one second each: {seconds:.2f} s")
    print(f"chain of 100000: {peak(ladder(100_000, rungs=1), registry, folders):.0f} bytes a node at most")


def peak(prompt: dict[str, Any], registry: Registry, folders: Folders) -> float:
    """Bytes a node that a run without a cache needs, its graph included."""
    tracemalloc.start()
    outcome = run_sync(Graph.parse(prompt), registry, folders=folders)
    assert outcome.status == "success", outcome.errors
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / len(prompt)


if __name__ == "__main__":
    main()
