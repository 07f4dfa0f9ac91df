"""A worker that is let go finishes what it is writing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from engine.cache import DiskCache
from tests.engine.cache_worker import BytesCodec, key, result

ROOT = Path(__file__).parents[2]

WORKER = """
import sys, time
from pathlib import Path
from typing import Any
from engine.cache import DiskCache, Encoded
from engine.folders import Folders
from engine.registry import Registry
from server.worker.host import Host, serve
from tests.engine.cache_worker import BytesCodec, key, result

class Slow(BytesCodec):
    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        time.sleep(float(sys.argv[2]))
        return super().encode(values)

folder = Path(sys.argv[1])
cache = DiskCache(folder / "cache", Slow(), 2**30)
cache.put(key(4), result(4))
sys.exit(serve(Host(Registry([]), Folders.at(folder), cache)))
"""


def let_go(folder: Path, seconds: float) -> float:
    """Start a worker that takes `seconds` to write a result and end it at once; how long it took to go."""
    command = [sys.executable, "-c", WORKER, str(folder), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.read(1), "it says hello"
        began = time.monotonic()
        process.stdin.close()
        assert process.wait(20) == 0
        return time.monotonic() - began


def test_what_is_being_written_when_the_server_goes_is_written(tmp_path: Path) -> None:
    let_go(tmp_path, 0.5)
    assert DiskCache(tmp_path / "cache", BytesCodec(), 2**30).get(key(4)) == result(4)


def test_what_takes_too_long_is_left(tmp_path: Path) -> None:
    assert let_go(tmp_path, 30) < 15
    assert DiskCache(tmp_path / "cache", BytesCodec(), 2**30).get(key(4)) is None
