"""`main.py workflows ...`: names, versions and releases from the command line."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.workflows.commands import COMMANDS, parser
from tests.cli.conftest import Place

ROOT = Path(__file__).parents[2]
GRAPH: dict[str, Any] = json.loads((ROOT / "tests/workflows/text_to_image.json").read_text(encoding="utf-8"))
SAMPLER, POSITIVE = 3, 6


def changed(node: int, index: int, value: Any, document: dict[str, Any] = GRAPH) -> dict[str, Any]:
    """The graph with another value in a widget."""
    made = copy.deepcopy(document)
    next(one for one in made["nodes"] if one["id"] == node)["widgets_values"][index] = value
    return made


@pytest.fixture
def portrait(place: Place) -> Place:
    """The workflow `portrait` with two versions: the second has 30 steps."""
    assert (
        place("commit", "portrait", place.write("one.json", GRAPH), "-m", "first", "--author", "ada").status
        == 0
    )
    assert (
        place("commit", "portrait", place.write("two.json", changed(SAMPLER, 2, 30)), "-m", "more").status
        == 0
    )
    return place


def test_every_command_of_the_table_is_there_with_its_help() -> None:
    made = parser()
    for name in COMMANDS:
        if name != "run":
            with pytest.raises(SystemExit) as ended:
                made.parse_args([name, "--help"])
            assert ended.value.code == 0


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["list"], ["torch", "numpy", "aiohttp", "PIL"]),
        (["log", "text_to_image"], ["torch", "numpy", "aiohttp", "PIL"]),
        (["diff", "text_to_image", "inpaint"], ["torch", "numpy"]),
        (["show", "text_to_image"], ["torch", "numpy"]),
        (["export", "text_to_image", "--format", "api"], ["torch", "numpy"]),
    ],
    ids=lambda words: words[0],
)
def test_what_computes_nothing_loads_nothing_heavy(place: Place, words: list[str], heavy: list[str]) -> None:
    """Nodes are known from the last time they were loaded, as long as their code is the same."""
    code = (
        "import sys; from cli.arguments import parse; from cli.workflows.commands import workflows;"
        f"status = workflows(parse(sys.argv[1:])); sys.exit(status or any(n in sys.modules for n in {heavy}))"
    )
    command = [sys.executable, "-c", code, "workflows", *words, *place.folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


def test_lists_are_searched_and_are_what_the_api_answers(portrait: Place) -> None:
    portrait("label", "portrait", "people", "--describe", "Faces of people")
    found = portrait("list", "--label", "people", "--json").json
    assert [one["name"] for one in found["workflows"]] == ["portrait"] and found["total"] == 1
    assert found["workflows"][0]["head"]["number"] == 2
    assert "Faces of people" in portrait("list", "faces").out
    assert portrait("list", "--all", "--json").json["total"] == 9
    assert "no such workflow" in portrait("list", "--search", "cathedral").out


def test_an_unknown_name_is_met_with_the_nearest(portrait: Place) -> None:
    said = portrait("log", "portrat")
    assert (said.status, said.out) == (1, "")
    assert "there is no workflow 'portrat'; did you mean 'portrait'?" in said.err
    said = portrait("show", "portrait@mian")
    assert said.status == 1 and "did you mean 'main'?" in said.err


def test_the_log_tells_who_saved_what_and_where_names_are(portrait: Place) -> None:
    portrait("tag", "portrait@#1", "keep")
    portrait("release", "portrait@#1", "1.0.0")
    out = portrait("log", "portrait").out
    assert out.index("#2") < out.index("#1") and "(main)" in out and "(1.0.0, tag keep)" in out
    assert "ada, " in out and "    first" in out
    assert [one["number"] for one in portrait("log", "portrait@1.0.0", "--json").json["versions"]] == [1]
    assert len(portrait("log", "portrait", "-n", 1, "--oneline").out.splitlines()) == 2


def test_saving_the_same_again_makes_no_version(portrait: Place) -> None:
    said = portrait("commit", "portrait", portrait.base / "two.json")
    assert said.status == 0 and "Nothing changed: main is at portrait #2" in said.out


def test_saving_what_was_made_from_an_older_version_keeps_both(portrait: Place) -> None:
    late = portrait.write("late.json", changed(SAMPLER, 0, 5))
    said = portrait("commit", "portrait", late, "--parent", "#1")
    assert said.status == 1
    with portrait.store() as store:
        names = [one.name for one in store.workflow("portrait").branches]
        assert len(names) == 2 and store.version("portrait", names[1]).number == 3
    assert f"main.py workflows merge portrait main {names[1]}" in " ".join(said.err.split())


def test_differences_are_told_in_names_and_by_exit_status(portrait: Place) -> None:
    assert portrait("diff", "portrait").out == "~ KSampler (#3)\n    steps 20 → 30\n"
    assert portrait("diff", "portrait@#1", "portrait", "--exit-code").status == 1
    assert portrait("diff", "portrait@#1", portrait.base / "one.json", "--exit-code").status == 0
    [change] = portrait("diff", "portrait@#2", "portrait@#1", "--json").json["changes"]
    assert (change["kind"], change["input"], change["before"], change["after"]) == ("value", "steps", 30, 20)
    assert "\x1b[33m" in portrait("diff", "portrait", "--colour", "always").out
    said = portrait("diff", "portrait@#1")
    assert said.status == 1 and "nothing before it" in said.err


def test_layout_alone_is_no_difference_for_the_exit_status(portrait: Place) -> None:
    moved = changed(SAMPLER, 2, 30)
    moved["nodes"][0]["pos"] = [1, 2]
    said = portrait("diff", "portrait", portrait.write("moved.json", moved), "--exit-code")
    assert (said.status, said.out) == (0, "layout: 1 node moved\n")


def test_branches_are_merged(portrait: Place) -> None:
    portrait("branch", "portrait@#1", "soft")
    portrait("commit", "portrait", portrait.write("a.json", changed(SAMPLER, 3, 5.5)), "--branch", "soft")
    said = portrait("merge", "portrait", "main", "soft", "--dry-run")
    assert (said.status, said.out) == (0, "~ KSampler (#3)\n    cfg 8 → 5.5\n")
    said = portrait("merge", "portrait", "main", "soft", "-m", "both")
    assert said.status == 0 and "1 change" in said.out
    with portrait.store() as store:
        head = store.version("portrait")
        assert (len(head.parents), head.message) == (2, "both")
        values = next(one for one in store.document(head.id)["nodes"] if one["id"] == SAMPLER)[
            "widgets_values"
        ]
    assert values[2:4] == [30, 5.5]
    assert "already has all of" in portrait("merge", "portrait", "main", "soft").out
    assert "soft moved on to portrait #4" in portrait("merge", "portrait", "soft", "main").out
    log = portrait("log", "portrait", "--oneline").out
    assert [line[:3] for line in log.splitlines()][:2] == ["● #", "├─╮"]


def test_conflicts_are_listed_and_settled(portrait: Place) -> None:
    portrait("branch", "portrait@#1", "slow")
    portrait("commit", "portrait", portrait.write("a.json", changed(SAMPLER, 2, 50)), "--branch", "slow")
    said = portrait("merge", "portrait", "main", "slow")
    assert said.status == 1 and "1 conflict: nothing was saved" in said.out
    assert [line.split() for line in said.out.splitlines()[:4]] == [
        ["/3/steps", "KSampler", "(#3),", "steps"], ["base:", "20"], ["ours:", "30"], ["theirs:", "50"]
    ]  # fmt: skip
    assert portrait("merge", "portrait", "main", "slow", "--json").json["conflicts"][0]["id"] == "/3/steps"
    assert (
        "there is no conflict /3/cfg"
        in portrait("merge", "portrait", "main", "slow", "--resolve", "/3/cfg=ours").err
    )
    assert portrait("merge", "portrait", "main", "slow", "--resolve", "/3/steps=40").status == 0
    assert "steps 30 → 40" in portrait("diff", "portrait").out


@pytest.mark.parametrize(("side", "steps"), [("ours", 30), ("theirs", 50)])
def test_one_side_is_taken_for_all_conflicts(portrait: Place, side: str, steps: int) -> None:
    portrait("branch", "portrait@#1", "slow")
    portrait("commit", "portrait", portrait.write("a.json", changed(SAMPLER, 2, 50)), "--branch", "slow")
    assert portrait("merge", "portrait", "main", "slow", "--take", side).status == 0
    assert f"steps: {steps}" in portrait("show", "portrait", "--text").out


def test_a_merge_goes_into_a_branch(portrait: Place) -> None:
    said = portrait("merge", "portrait", "#2", "#1")
    assert said.status == 1 and "'#2' is no branch" in said.err


def test_branches_and_tags_do_not_move_by_accident(portrait: Place) -> None:
    assert portrait("branch", "portrait@#1", "soft").status == 0
    assert "--move" in portrait("branch", "portrait@#2", "soft").err
    assert portrait("branch", "portrait@#2", "soft", "--move").status == 0
    assert portrait("branch", "portrait", "--json").json[1]["version"]["number"] == 2
    assert portrait("branch", "portrait", "soft", "-d").status == 0
    assert portrait("branch", "portrait", "main", "-d").status == 1
    portrait("tag", "portrait@#1", "keep")
    assert portrait("tag", "portrait@#2", "keep").status == 1
    assert portrait("tag", "portrait@#1", "keep").status == 0
    assert "keep" in portrait("tag", "portrait").out
    assert (
        portrait("tag", "portrait", "keep", "-d").status == 0 and "no tags" in portrait("tag", "portrait").out
    )


def test_a_release_that_breaks_callers_needs_a_major_number(place: Place) -> None:
    document = json.loads(place("show", "text_to_image", "--document").out)
    del document["extra"]["darkroom"]["function"]["inputs"][0]
    place("commit", "text_to_image", place.write("less.json", document))
    said = place("release", "text_to_image", "minor")
    assert said.status == 1 and "needs a major release" in said.err and "prompt" in said.err
    assert "main.py workflows release text_to_image 2.0.0" in " ".join(said.err.split())
    assert place("release", "text_to_image", "--check").out.startswith("2.0.0 or higher after 1.0.0")
    made = place("release", "text_to_image", "2.0.0", "--notes", "No prompt", "--json").json
    assert (made["number"], made["notes"]) == ("2.0.0", "No prompt")
    assert [one["number"] for one in place("release", "text_to_image", "--list", "--json").json] == [
        "2.0.0",
        "1.0.0",
    ]
    assert "stays what it is" in place("release", "text_to_image", "2.0.0").err


def test_renaming_and_putting_away_lose_nothing(portrait: Place) -> None:
    assert portrait("rename", "portrait", "face").status == 0
    assert portrait("show", "portrait", "--json").json["workflow"] == "face"
    assert portrait("archive", "face", "--json").json["archived"] is True
    assert "face" not in portrait("list").out and "face" in portrait("list", "--archived").out
    assert portrait("archive", "face", "--undo").status == 0 and "face" in portrait("list").out


def test_show_tells_inputs_nodes_and_gives_document_and_prompt(place: Place) -> None:
    out = place("show", "text_to_image@1.0.0").out
    assert "Shipped as 1.0.0" in out and "INT 1..100, default 20" in out and "KSampler (#5)" in out
    assert "    steps: 20" in place("show", "text_to_image", "--text").out
    assert place("show", "text_to_image", "--prompt").json["5"]["inputs"]["steps"] == 20
    assert place("show", "text_to_image", "--document").json["nodes"]


def test_a_file_that_is_not_there_is_told_as_a_file(portrait: Place) -> None:
    assert portrait("diff", "portrait", "gone.json").err == "gone.json: there is no such file\n"
    assert portrait("commit", "portrait", "gone.json").err.startswith("gone.json: cannot be read")


def test_text_names_values_outputs_and_what_inputs_set(place: Place) -> None:
    text = place("show", "text_to_image", "--text").out
    assert "    input seed INT → #5 seed, description" in text
    assert "    output image IMAGE ← #6 output 0, description" in text
    assert "    clip ← CheckpointLoaderSimple (#1) CLIP\n" in text
    place("commit", "nested", ROOT / "tests/workflows/subgraph.json")
    text = place("show", "nested", "--text").out
    assert re.search(r'^subgraph "\w.*"\n    inputs: ', text, re.MULTILINE)
    assert re.search(r'← subgraph ".*" \(#\d+\) \w+$', text, re.MULTILINE)


def test_damage_is_found(portrait: Place) -> None:
    assert "as they were saved" in portrait("verify").out
    import sqlite3

    with sqlite3.connect(portrait.base / "user/.darkroom/workflows.sqlite") as database:
        database.execute("PRAGMA ignore_check_constraints=1")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE blobs SET body = x'00' WHERE rowid = (SELECT min(rowid) FROM blobs)")
    said = portrait("verify", "--json")
    assert said.status == 1 and "damaged" in said.json["problems"][0]


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path, place: Place) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 400)
    said = place("list", "--workflows-database", broken)
    assert said.status == 1 and "broken.sqlite" in said.err and "Traceback" not in said.err
