"""Write the API types of the canvas: `python -m tools.api_types`. A test fails when they are out of date."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.folders import Folders
from server.app import build_app
from server.openapi import document
from server.settings import Settings

WEB = Path(__file__).resolve().parent.parent / "web"
TYPES = WEB / "src" / "api" / "schema.ts"
GENERATOR = WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


def openapi() -> str:
    """The API document of a server that is not started."""
    with TemporaryDirectory() as folder:
        app = build_app(Settings(folders=Folders.at(folder), worker_command=()))
        return json.dumps(document(app))


def types(api: str) -> str:
    """The document as TypeScript. Needs the canvas's packages: `make canvas` installs them."""
    beside = Path(sys.executable).with_name("node")
    node = str(beside) if beside.exists() else "node"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_text(api, encoding="utf-8")
        made = Path(folder) / "schema.ts"
        # Fields with a default may be left out, in requests and in answers.
        options = ["--default-non-nullable=false", "--output", str(made)]
        command = [node, str(GENERATOR), str(file), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"openapi-typescript failed:\n{done.stderr}{done.stdout}")
        return made.read_text(encoding="utf-8")


if __name__ == "__main__":
    TYPES.write_text(types(openapi()), encoding="utf-8")
