"""`main.py workflows sweep` and `client`: many runs from one command, and a module that calls a workflow."""

from __future__ import annotations

import csv
import io
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Place

SIZE = ("--set", "width=64", "--set", "height=64", "--set", "steps=1")
COMPUTING = ("--cpu", "--force-fp32", "--no-cache-disk")
SMALL = (*SIZE, *COMPUTING)
ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_grid_of_runs_becomes_a_picture_and_a_table(place: Place) -> None:
    prompts = place.base / "prompts.txt"
    prompts.write_text("a fox, red\n\na boat\n", encoding="utf-8")
    picture, table = place.base / "grid.png", place.base / "table.csv"
    said = place(
        "sweep", "text_to_image", "--grid", f"prompt=@{prompts}", "--grid", "cfg=2,4.5", "--set", "seed=7",
        "--seed", "increment", "-o", picture, "--table", table, *SMALL,
    )  # fmt: skip
    assert said.status == 0, said.err
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert [(row["prompt"], row["cfg"], row["seed"]) for row in rows] == [
        ("a fox, red", "2.0", "7"),
        ("a fox, red", "4.5", "8"),
        ("a boat", "2.0", "9"),
        ("a boat", "4.5", "10"),
    ]
    assert {row["status"] for row in rows} == {"success"}
    for row in rows:
        with Image.open(row["image"]) as made:
            assert made.size == (64, 64)
    with Image.open(picture) as grid:
        assert grid.width > 2 * 64 and grid.height > 2 * 64


def test_values_that_do_not_fit_are_all_named_and_nothing_runs(place: Place) -> None:
    said = place("sweep", "text_to_image", "--grid", "steps=1,0,many", "--grid", "colour=red")
    assert said.status == 2
    assert "run 0: colour: there is no such input" in said.err and "run 1: steps: 0 is not" in said.err
    assert "run 2: steps: takes a whole number" in said.err
    assert not list((place.base / "output").rglob("*.png"))
    table = place.base / "rows.csv"
    table.write_text("prompt,steps\na,1,2\n", encoding="utf-8")
    assert "line 2: 3 cells" in place("sweep", "text_to_image", "--csv", table).err
    assert place("sweep", "text_to_image", "--seed", "fixed", "--count", "2").status == 2


def test_a_client_is_written_for_the_version_that_is_asked_for(place: Place) -> None:
    target = place.base / "portrait.py"
    assert place("client", "text_to_image@1.0.0", "-o", target).status == 0
    text = target.read_text(encoding="utf-8")
    compile(text, str(target), "exec")
    assert "def text_to_image(" in text and '"text_to_image@1.0.0"' in text
    assert 'scheduler: Literal["' in text and "image: list[Picture]" in text
    assert place("client", "text_to_image@1.0.0").out == text
    assert place("client", "no_such").status == 1


def test_the_page_about_sweeps_does_what_it_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/how-to/sweeps-and-webhooks.md").read_text(encoding="utf-8")
    monkeypatch.chdir(place.base)
    lines = [line for block in BLOCK.findall(page) for line in block.splitlines()]
    assert len(lines) > 3
    for line in lines:
        words = shlex.split(line)
        if words[:3] != [".venv/bin/python", "main.py", "workflows"]:
            subprocess.run(["bash", "-c", line], check=True)
            continue
        more = SIZE if words[3] == "sweep" and "--csv" not in words else ()
        done = place(*words[3:], *more, *(COMPUTING if words[3] == "sweep" else ()))
        assert done.status == 0, line + done.err
    assert len((place.base / "results.csv").read_text(encoding="utf-8").splitlines()) == 5
    assert "a rocket, orange" in (place.base / "rows-results.csv").read_text(encoding="utf-8")
    assert (place.base / "grid.png").exists() and (place.base / "text_to_image.py").exists()
