"""All benchmarks, one after the other: `make bench`."""

import subprocess
import sys

NAMES = (
    "engine",
    "peers",
    "stream",
    "queue",
    "durability",
    "restart",
    "program",
    "versions",
    "store",
    "calls",
    "load",
    "step",
)

for name in NAMES:
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
