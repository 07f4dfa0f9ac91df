"""The shipped templates make pictures with the demo model, and pictures make workflows again."""

import io
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.program import ROOT, Program
from workflows import TEMPLATES
from workflows.formats.embedded import read_file

NAMES = sorted(path.stem for path in TEMPLATES.glob("*.json"))
TEXT_TO_IMAGE = TEMPLATES / "text_to_image.json"


def run(program: Program, workflow: Any) -> dict[str, Any]:
    """POST /api/v1/runs, and the record of the run once it is over."""
    request = urllib.request.Request(
        f"{program.url}/api/v1/runs",
        json.dumps({"workflow": workflow}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        accepted = json.load(response)
    assert accepted["report"] == [] and accepted["node_errors"] == {}
    while (record := program.get(f"/api/v1/runs/{accepted['run_id']}"))["status"] in (
        "pending",
        "in_progress",
    ):
        time.sleep(0.1)
    return record


def pixels(program: Program, file: dict[str, str]) -> bytes:
    query = f"/view?filename={file['filename']}&subfolder={file['subfolder']}&type={file['type']}"
    with urllib.request.urlopen(program.url + query) as response:
        return response.read()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_makes_pictures_that_hold_it(program: Program, name: str, tmp_path: Path) -> None:
    workflow = json.loads((TEMPLATES / f"{name}.json").read_text(encoding="utf-8"))
    record = run(program, workflow)
    assert record["state"] == "success", record
    outputs = [node for node in workflow["nodes"] if node["type"] in ("SaveImage", "PreviewImage")]
    assert {file["node"] for file in record["files"]} == {str(node["id"]) for node in outputs}
    assert record["workflow"] == workflow
    for file in record["files"]:
        data = pixels(program, file)
        assert np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).std() > 15
        (tmp_path / "made.png").write_bytes(data)
        assert read_file(tmp_path / "made.png").workflow == workflow


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", "run", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_workflow_and_the_picture_it_made_run_from_the_command_line(tmp_path: Path) -> None:
    done = command(TEXT_TO_IMAGE, "--base-directory", tmp_path, "--cpu")
    assert done.returncode == 0, done.stderr
    [first] = (tmp_path / "output").glob("*.png")
    held = read_file(first)
    assert held.workflow == json.loads(TEXT_TO_IMAGE.read_text(encoding="utf-8")) and held.prompt is not None
    done = command(first, "--base-directory", tmp_path / "again", "--cpu")
    assert done.returncode == 0, done.stderr
    [second] = (tmp_path / "again" / "output").glob("*.png")
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(second)))


def test_a_change_reaches_a_node_by_its_title(tmp_path: Path) -> None:
    done = command(TEXT_TO_IMAGE, "--base-directory", tmp_path, "--cpu", "--dry-run", "--set", "Promt.text=x")
    assert done.returncode == 1 and "Did you mean 'Prompt'?" in done.stderr
    change = ("--set", "Prompt.text=a lemon", "--set", "KSampler.steps=1")
    done = command(TEXT_TO_IMAGE, "--base-directory", tmp_path, "--cpu", *change)
    assert done.returncode == 0, done.stderr
    [made] = (tmp_path / "output").glob("*.png")
    prompt = read_file(made).prompt
    assert prompt is not None and "a lemon" in json.dumps(prompt)
    assert read_file(made).workflow is None, "the workflow has another prompt than the picture"


def test_what_is_wrong_with_a_workflow_is_told_by_node(tmp_path: Path) -> None:
    workflow = json.loads(TEXT_TO_IMAGE.read_text(encoding="utf-8"))
    workflow["nodes"][3]["type"] = "EmptyLatentImagine"
    file = tmp_path / "unknown.json"
    file.write_text(json.dumps(workflow), encoding="utf-8")
    done = command(file, "--base-directory", tmp_path, "--cpu", "--dry-run")
    assert done.returncode == 1
    assert "4 (EmptyLatentImagine): no installed pack has the class" in done.stderr
