"""The same workflow after a restart: how long it takes, and how many sampling steps are made again.

    python -m benchmarks.restart [--runs 5]

Every run is a new server on the same folder. Seconds are from sending the prompt, with the worker up, to its
end in the history, best of the runs; `new file name` changes the node that saves, so the picture itself comes
from the disk and is written again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.program import ROOT, Program

LIBRARY = ROOT / "workflows" / "library" / "text_to_image.json"


def measured(program: Program, graph: Mapping[str, Any]) -> tuple[float, int]:
    """Seconds from sending a prompt to its end, and the sampling steps made for it."""
    while program.get("/api/v1/health")["worker"]["state"] != "ready":
        time.sleep(0.02)
    began = time.perf_counter()
    entry = program.run(dict(graph), poll=0.002)
    seconds = time.perf_counter() - began
    assert entry["status"]["status_str"] == "success", entry["status"]
    messages = dict(entry["status"]["messages"])
    samplers = {name for name, node in graph.items() if node["class_type"] == "KSampler"}
    again = samplers - set(messages["execution_cached"]["nodes"])
    return seconds, sum(graph[name]["inputs"]["steps"] for name in again)


def renamed(graph: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The graph with another name for its files."""
    changed = json.loads(json.dumps(graph))
    for node in changed.values():
        if node["class_type"] == "SaveImage":
            node["inputs"]["filename_prefix"] = prefix
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    graph: dict[str, Any] = json.loads(LIBRARY.read_text())
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with Program(base) as program:
            first = measured(program, graph)
        same: list[tuple[float, int]] = []
        other: list[tuple[float, int]] = []
        for run in range(runs):
            with Program(base) as program:
                same.append(measured(program, graph))
            with Program(base) as program:
                other.append(measured(program, renamed(graph, f"again-{run}")))
    print(f"{'':24} {'seconds':>8} {'steps':>6}")
    for name, (seconds, steps) in (
        ("first time", first),
        ("restart, same workflow", min(same)),
        ("restart, new file name", min(other)),
    ):
        print(f"{name:24} {seconds:8.3f} {steps:6}")
    print(f"most steps of any restart: {max(steps for _, steps in same + other)}")


if __name__ == "__main__":
    main()
