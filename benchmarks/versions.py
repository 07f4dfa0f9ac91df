"""Taking workflows apart, comparing and merging them: `python -m benchmarks.versions [--nodes 1000]`."""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path

from tests.workflows_versions.large import large
from workflows.canonical import digest
from workflows.diff import diff
from workflows.document import formatted, join, split
from workflows.formats import definitions_of
from workflows.merge import merge

OBJECT_INFO = Path(__file__).parents[1] / "tests" / "workflows" / "object_info.json"


def best(work: Callable[[], object], times: int = 9) -> float:
    """The shortest of so many runs, in milliseconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return min(found)


def main() -> None:
    """Print one line a measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000, help="size of the workflow (default: 1000)")
    count = parser.parse_args().nodes
    definitions = definitions_of(json.loads(OBJECT_INFO.read_text(encoding="utf-8")))
    before = large(count)
    after, other = copy.deepcopy(before), copy.deepcopy(before)
    for node in after["nodes"][::20]:
        node["widgets_values"][0] = "changed"
        node["pos"] = [0, 0]
    for node in other["nodes"][1::20]:
        node["title"] = "changed"
    shifted = copy.deepcopy(before)
    for node in shifted["nodes"]:
        node["id"] += 7
    for link in shifted["links"]:
        link[1], link[3] = link[1] + 7, link[3] + 7
    parts = split(before)
    rows: dict[str, Callable[[], object]] = {
        "diff, one node in 20 changed": lambda: diff(before, after, definitions),
        "diff, nothing changed": lambda: diff(before, before, definitions),
        "diff, all ids new": lambda: diff(before, shifted, definitions),
        "merge, 50 changes on each side": lambda: merge(before, after, other, definitions),
        "split": lambda: split(before),
        "join": lambda: join(*parts),
        "digest of the meaning": lambda: digest(parts.meaning),
        "formatted": lambda: formatted(before),
    }
    print(f"{count:,} nodes, {len(before['links']):,} links; best of nine, in milliseconds")
    for name, work in rows.items():
        print(f"{name:32} {best(work):7.1f}")


if __name__ == "__main__":
    main()
