"""Run every benchmark, each in a process of its own: python -m benchmarks."""

from __future__ import annotations

import subprocess
import sys

for name in ("engine", "load", "step"):
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
