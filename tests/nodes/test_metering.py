import subprocess
import sys
import time

import pytest
import torch

from nodes.metering import meter_of

CPU = torch.device("cpu")
MB = 2**20
PEAKS = """
import torch
from nodes.metering import meter_of
meter = meter_of(torch.device("cpu"))
torch.ones(300 * 2**18)
with meter() as small:
    torch.ones(40 * 2**18)
with meter() as large:
    torch.ones(200 * 2**18)
print(small.peak_bytes, large.peak_bytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a part of the time")
def test_the_peak_is_that_of_the_work_alone() -> None:
    # In a fresh process: memory that earlier work has left to the allocator is used again without growth.
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    small, large = map(int, done.stdout.split())
    assert 30 * MB < small < 80 * MB
    assert 180 * MB < large < 250 * MB


def test_time_is_measured_also_when_the_work_fails() -> None:
    with pytest.raises(ValueError), meter_of(CPU)() as reading:
        assert reading.device_seconds is None
        time.sleep(0.02)
        raise ValueError
    assert reading.device_seconds is not None and 0.02 <= reading.device_seconds < 1


def test_metering_costs_little_beside_a_node() -> None:
    meter = meter_of(CPU)
    best = 1.0
    for _ in range(200):
        began = time.perf_counter()
        with meter():
            pass
        best = min(best, time.perf_counter() - began)
    assert best < 500e-6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_timed_to_the_end_of_its_work() -> None:
    device = torch.device("cuda")
    x = torch.ones(4096, 4096, device=device)
    with meter_of(device)() as reading:
        for _ in range(20):
            x = x @ x
    assert reading.device_seconds is not None and reading.device_seconds > 0
    assert reading.peak_bytes is not None and reading.peak_bytes >= x.nbytes
