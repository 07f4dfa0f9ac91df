"""The same chain of trivial nodes in other schedulers, where they are installed: Dask and Hamilton.

    pip install dask sf-hamilton && python -m benchmarks.peers [--nodes 10000] [--runs 5]

Microseconds a node, best of the runs. Neither keeps results, so there is one figure each; Hamilton's graph is
built first and counted apart. It recurses over the depth of a graph: chains beyond some 2,000 do not run.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def best(runs: int, work: Callable[[], object]) -> float:
    """The shortest of several measurements in seconds."""
    times: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def dask_chain(nodes: int, runs: int) -> None:
    """Dask's synchronous scheduler on a graph of tasks."""
    dask: Any = importlib.import_module("dask")
    get: Any = importlib.import_module("dask.local").get_sync

    def add(a: int) -> int:
        return (a + 1) & 0xFFFF

    graph: dict[str, Any] = {"0": 1, **{str(i): (add, str(i - 1)) for i in range(1, nodes + 1)}}
    seconds = best(runs, lambda: get(graph, str(nodes)))
    print(f"Dask {dask.__version__}, local scheduler, {nodes} nodes: {1e6 * seconds / nodes:.1f}")


def hamilton_chain(nodes: int, runs: int) -> None:
    """Hamilton's driver on a module of functions written for it."""
    driver: Any = importlib.import_module("hamilton.driver")
    lines = ["def n0() -> int:\n    return 1\n"]
    for i in range(1, nodes):
        lines.append(f"def n{i}(n{i - 1}: int) -> int:\n    return (n{i - 1} + 1) & 0xFFFF\n")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "chain_of_functions.py").write_text("\n".join(lines))
        sys.path.insert(0, folder)
        module = importlib.import_module("chain_of_functions")
    made: list[Any] = []
    building = best(1, lambda: made.append(driver.Builder().with_modules(module).build()))
    running = best(runs, lambda: made[0].execute([f"n{nodes - 1}"]))
    build, run = (1e6 * seconds / nodes for seconds in (building, running))
    print(f"Hamilton, {nodes} nodes: {build:.1f} to build, {run:.1f} to run")


def main() -> None:
    """Measure and print those that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for name, measure, nodes in (
        ("dask", dask_chain, options.nodes),
        ("hamilton", hamilton_chain, min(options.nodes, 400)),
    ):
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed")
        else:
            measure(nodes, options.runs)


if __name__ == "__main__":
    main()
