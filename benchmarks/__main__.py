"""All benchmarks, one after the other: `make bench`."""

import subprocess
import sys

for name in ("engine", "peers", "stream", "queue", "durability", "restart", "program", "load", "step"):
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
