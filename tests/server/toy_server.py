"""A server with the toy worker: `python -m tests.server.toy_server FOLDER [OPTION=JSON ...]`."""

import json
import sys
from pathlib import Path
from typing import Any

from engine.folders import Folders
from server.serving import serve
from server.settings import Settings

HERE = Path(__file__).parent


def settings(base: Path, **options: Any) -> Settings:
    """Settings of a server over `base` whose worker runs the toy nodes."""
    words = options.pop("worker_words", [])
    worker = (sys.executable, "-m", "tests.server.toy_worker", str(base), *words)
    usual: dict[str, Any] = {"port": 0, "kill_after": 1.0, "code_roots": (HERE,), "worker_command": worker}
    return Settings(folders=Folders.at(base), **{**usual, **options})


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[2:])
    sys.exit(serve(settings(Path(sys.argv[1]), **{name: json.loads(value) for name, value in given.items()})))
