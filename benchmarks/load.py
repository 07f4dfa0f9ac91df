"""How long Stable Diffusion 1.5 takes to load, and how much memory at its worst, each in a fresh process.

    python -m benchmarks.load [--runs 3]

The checkpoint is the published layout in float16 (2.1 GB), written once to build/benchmarks. It is read
before each run, so that the page cache is warm. Peak memory is counted against what the loaded tensors need
in the types they are computed in; the last column takes off what Python and the libraries use before loading.
Beside it stands the plain way: read every tensor with safetensors and convert it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "build" / "benchmarks" / "sd15-f16.safetensors"
LAYOUT = ROOT / "tests" / "golden" / "layouts" / "sd15.json"
PLAIN = "plain"
GIGA = 1e9


def checkpoint() -> Path:
    """The file to load; written on first use."""
    if not FILE.exists():
        from tests.fill import fill_layout
        from tests.tensors import save_file

        FILE.parent.mkdir(parents=True, exist_ok=True)
        part = FILE.with_suffix(".part")
        save_file(fill_layout(json.loads(LAYOUT.read_text(encoding="utf-8"))), part)
        part.rename(FILE)
    return FILE


def peak_bytes() -> int:
    """The most memory this process has had resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(path: Path, policy: str) -> dict[str, float]:
    """Load once in this process: seconds, peak, what was there before, and what the tensors need (bytes)."""
    import torch

    from diffusion.checkpoint import load
    from diffusion.precision import Precision

    cpu = torch.device("cpu")
    before, started = peak_bytes(), time.perf_counter()
    if policy == PLAIN:
        from tests.tensors import load_file

        network = Precision.AUTO.dtypes(cpu).network
        tensors = [value.to(network) for value in load_file(path).values()]
        seconds = time.perf_counter() - started
    else:
        loaded = load(path, precision=Precision(policy), device=cpu)
        seconds = time.perf_counter() - started
        towers = (tower.model for tower in loaded.clip.towers.values())
        parts = (loaded.model.network, *towers, loaded.vae.module)
        tensors = [p for part in parts if isinstance(part, torch.nn.Module) for p in part.parameters()]
    needed = sum(value.nbytes for value in tensors)
    return {"seconds": seconds, "peak": peak_bytes(), "before": before, "needed": needed}


def in_fresh_process(path: Path, policy: str) -> dict[str, float]:
    """`measure` in a process of its own, with the file in the page cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(2**24):
            pass
    command = [sys.executable, "-m", "benchmarks.load", "--measure", policy]
    result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", metavar="POLICY", help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = checkpoint()
    if options.measure:
        print(json.dumps(measure(path, options.measure)))
        return
    print(f"{'policy':10} {'seconds':>8} {'needed GB':>10} {'peak GB':>8} {'ratio':>6} {'less start':>10}")
    for policy in ("auto", "float32", "fp16", PLAIN):
        best = min(
            (in_fresh_process(path, policy) for _ in range(options.runs)), key=lambda run: run["seconds"]
        )
        peak, needed = best["peak"], best["needed"]
        print(
            f"{policy:10} {best['seconds']:8.2f} {needed / GIGA:10.2f} {peak / GIGA:8.2f} "
            f"{peak / needed:6.2f} {(peak - best['before']) / needed:10.2f}"
        )


if __name__ == "__main__":
    main()
