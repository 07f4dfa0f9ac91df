"""The program from outside: time to /object_info, a run with everything cached, and the demo picture.

    python -m benchmarks.program [--runs 5]

Each start is a new process on a folder that was used before; figures are the best of the runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.program import ROOT, Program

LIBRARY = ROOT / "workflows" / "library" / "text_to_image.json"


def second_start(base: Path) -> float:
    """Seconds from starting the process to the answer of /object_info."""
    with Program(base) as program:
        program.get("/object_info")
        return time.monotonic() - program.started


def cached_run(program: Program) -> float:
    """Milliseconds from execution_start to execution_success with nothing to do."""
    messages = dict(program.run(json.loads(LIBRARY.read_text()))["status"]["messages"])
    return messages["execution_success"]["timestamp"] - messages["execution_start"]["timestamp"]


def demo(base: Path) -> float:
    """Seconds of `main.py run` on the shipped workflow, imports and loading included."""
    started = time.monotonic()
    command = [
        sys.executable,
        "main.py",
        "run",
        str(LIBRARY),
        "--base-directory",
        str(base),
        "--no-cache-disk",
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = range(parser.parse_args().runs)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with Program(base) as program:
            program.run(json.loads(LIBRARY.read_text()))
            print(f"everything cached, start to success  {min(cached_run(program) for _ in runs):8.0f} ms")
        print(f"process start to /object_info        {min(second_start(base) for _ in runs):8.2f} s")
        print(f"the demo picture, whole command      {min(demo(base) for _ in runs):8.1f} s")


if __name__ == "__main__":
    main()
