"""The program as people start it: `python main.py`, in a folder of its own."""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LISTENS = re.compile(r"To see the GUI go to: (http://\S+)")


class Program:
    """A running server; `url` is known once it listens."""

    def __init__(self, base: Path, *flags: str) -> None:
        self.base = base
        self.log: list[str] = []
        self._listens = threading.Event()
        self.url = ""
        self.started = time.monotonic()
        command = [sys.executable, "main.py", "--port", "0", "--base-directory", str(base), "--cpu"]
        self.process = subprocess.Popen(
            [*command, "--force-fp32", *flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if match := LISTENS.search(line):
                self.url = match[1].rstrip("/")
                self._listens.set()
        self._listens.set()

    def __enter__(self) -> "Program":
        assert self._listens.wait(60) and self.url, "".join(self.log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(20)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=120) as response:
            return json.load(response)

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Status and JSON of the answer, whether it is good or bad."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def run(self, graph: dict[str, Any], seconds: float = 120, poll: float = 0.05) -> dict[str, Any]:
        """Submit a graph that must be accepted; its history entry."""
        status, answer = self.post("/prompt", {"prompt": graph})
        assert status == 200, answer
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.get(f"/history/{answer['prompt_id']}"):
                return found[answer["prompt_id"]]
            time.sleep(poll)
        raise AssertionError(f"no result after {seconds} s; log:\n{''.join(self.log[-40:])}")
