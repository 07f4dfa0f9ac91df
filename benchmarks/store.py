"""The workflow store: saving, opening, a history of 10,000 versions and a library of 1,000 workflows.

    python -m benchmarks.store [--versions 10000] [--workflows 1000] [--folder DIR]

First in an SQLite file, every save synced to the disk of `--folder` (default: where temporary files go); then
on a PostgreSQL server on the same machine, started for this, which does not sync: not its disk is measured.
Times are those of the calls, one after the other, in one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.queue import report
from tests.workflows_store.documents import document
from tests.workflows_store.long import lengthen
from tests.workflows_store.postgres import NoServer, Postgres
from workflows.store import Store


def timed(count: int, work: Callable[[int], Any]) -> list[float]:
    """Seconds of each of `count` calls after a first one that does not count."""
    work(count)
    found: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - began)
    return found


def big(nodes: int) -> dict[str, Any]:
    """A workflow of so many nodes."""
    made = document()
    pattern = made["nodes"][0]
    last = int(made["last_node_id"])
    extra = [{**pattern, "id": last + number} for number in range(1, nodes - len(made["nodes"]) + 1)]
    made["nodes"] += [{**node, "inputs": [], "outputs": []} for node in extra]
    made["last_node_id"] = last + len(extra)
    return made


def saving(store: Store) -> None:
    """Saving and reading, at the beginning of a history."""
    head = store.create("Saved", document(), author="ann")

    def save(made: dict[str, Any]) -> None:
        nonlocal head
        head = store.commit("Saved", made, parent=head.id, author="ann").version

    report("save a workflow of 7 nodes", timed(200, lambda n: save(document(str(n)))))
    large = big(1000)
    report("save one of 1,000 nodes", timed(20, lambda n: save({**large, "extra": {"n": n}})))
    report("read it", timed(20, lambda _: store.document(head.id)))


def history(store: Store, versions: int) -> None:
    """Pages of a long history."""
    store.create("Long", document(), author="ann")
    lengthen(store, "Long", versions)
    for name, ref in (("the log", None), ("what led to main", "main")):
        for place, before in (("first", None), ("middle", versions // 2), ("last", 51)):
            times = timed(30, lambda _, ref=ref, before=before: store.log("Long", ref=ref, before=before))
            report(f"{place} page of {name}, {versions}", times)
    one, other = (store.version("Long", ref).id for ref in (f"#{versions // 2}", "main"))
    report(f"merge base, {versions} versions", timed(30, lambda _: store.base(one, other)))
    report("resolve a number", timed(100, lambda _: store.version("Long", "#77")))
    report("resolve 8 digits of an id", timed(100, lambda _: store.version("Long", one[:8])))
    parent = store.version("Long")
    report(
        f"save the version after {versions}",
        timed(
            20,
            lambda n: store.commit("Long", document(f"s{n}"), branch=f"b{n}", parent=parent.id, author="a"),
        ),
    )


def library(store: Store, workflows: int) -> None:
    """Lists of many workflows."""
    for number in range(workflows):
        store.create(f"Workflow {number}", document(str(number)), author="ann", labels=["many"])
    report(f"page of 100 of {workflows} workflows", timed(30, lambda _: store.workflows()))
    report(f"all {workflows}", timed(10, lambda _: store.workflows(limit=workflows)))
    report("search for two words", timed(30, lambda _: store.workflows(search="many 99")))


def measure(where: str, options: argparse.Namespace) -> None:
    """Everything, in a new store."""
    store = Store.open(where)
    saving(store)
    history(store, options.versions)
    library(store, options.workflows)
    began = time.perf_counter()
    wrong = store.verify()
    print(f"{'verify everything':46} {time.perf_counter() - began:.1f} s, {len(wrong)} faults")
    store.close()
    report("open the store", timed(10, lambda _: Store.open(where).close()))
    if Path(where).is_file():
        print(f"{'size':46} {Path(where).stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """SQLite, then PostgreSQL."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--workflows", type=int, default=1_000)
    parser.add_argument("--folder")
    options = parser.parse_args()
    print("SQLite", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure(f"{folder}/workflows.sqlite", options)
    print("PostgreSQL", flush=True)
    try:
        server = Postgres()
    except NoServer as error:
        print(error)
        return
    with server:
        measure(server.database(), options)


if __name__ == "__main__":
    main()
