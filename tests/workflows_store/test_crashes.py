"""Killed at any moment, or without space: what was acknowledged is there, and what was there before, too.

Fifty rounds in all: fifteen kills on each database, and twenty full disks.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflows_store.documents import document
from tests.workflows_store.saver import NAME, forks, save_until_killed, start
from workflows.store import Store, VersionId

ROOT = Path(__file__).parents[2]


def test_what_was_acknowledged_survives_kill_9(where: str) -> None:
    store = Store.open(where)
    first = store.create(NAME, document("first"), author="ann").id
    chance = random.Random(11)
    kept: dict[VersionId, str] = {first: "first"}
    for seed in range(15):
        told, tells = forks.Pipe(duplex=False)
        saver = start(save_until_killed, where, seed, tells)
        tells.close()
        told.recv()
        before = len(kept)
        for _ in range(chance.randrange(7)):
            version, text = told.recv()
            kept[version] = text
        time.sleep(chance.uniform(0, 0.015))  # into whatever the next one is doing
        saver.kill()
        saver.join()
        try:
            while True:
                version, text = told.recv()
                kept[version] = text
        except EOFError:
            pass
        for version in list(kept)[max(before - 3, 0) :]:
            assert store.document(version) == document(kept[version])
        log = store.log(NAME, ref="main", limit=1000)
        assert [each.number for each in log.items] == list(range(log.total, 0, -1))
        assert set(kept) <= {each.id for each in log.items}  # what was written but not told may be there
    assert len(kept) > 15
    assert {release.version for release in store.workflow(NAME).releases} <= set(kept) | {
        store.version(NAME).id
    }
    store.close()
    store = Store.open(where)
    assert store.verify() == []
    for version, text in kept.items():
        assert store.document(version) == document(text)
    store.close()
    if Path(where).is_file():
        with sqlite3.connect(where) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(
    sys.platform != "linux"
    or shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs a mount of its own",
)
def test_a_full_disk_costs_nothing_that_was_kept(tmp_path: Path) -> None:
    mounted = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" -m tests.workflows_store.saver "$1" 20'
    command = ["unshare", "-rm", "sh", "-c", mounted, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
