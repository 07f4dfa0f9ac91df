"""The limits a worker sets itself, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from server.worker.limits import usual_limit
from tests.server.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits exist on Linux only")


def said(code: str) -> str:
    """What a Python process prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_allocation_beyond_the_limit_is_a_memory_error() -> None:
    code = """
from server.worker.limits import limit_memory
limit_memory(300_000_000)
small = bytearray(100_000_000)
try:
    bytearray(400_000_000)
except MemoryError:
    print("refused", len(small))
"""
    assert said(code) == "refused 100000000"


def test_mapped_files_do_not_count() -> None:
    code = """
import mmap, tempfile
from server.worker.limits import limit_memory
limit_memory(200_000_000)
with tempfile.TemporaryFile() as file:
    file.truncate(10**9)
    print(len(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
"""
    assert said(code) == str(10**9)


def test_the_usual_limit_leaves_a_tenth_and_is_divided() -> None:
    assert 0 < usual_limit() <= 0.9 * psutil.virtual_memory().total
    assert usual_limit(4) == pytest.approx(usual_limit() / 4, abs=1)


def test_a_worker_goes_before_everything_else() -> None:
    said_so = "print(open('/proc/self/oom_score_adj').read())"
    code = f"from server.worker.limits import go_first; go_first(); {said_so}"
    assert said(code) == "1000"
