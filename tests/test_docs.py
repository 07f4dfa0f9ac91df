"""Every snippet of the documentation runs, generated pages are up to date, links lead somewhere."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.problems import CODES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SECTION = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(language: str) -> Iterator[tuple[Path, list[str]]]:
    for page in PAGES:
        found = [code for kind, code in FENCE.findall(page.read_text()) if kind == language]
        if found:
            yield page, found


def commands() -> list[str]:
    return [
        line.split("#")[0].strip()
        for _, code in blocks("sh")
        for block in code
        for line in block.splitlines()
    ]


@pytest.mark.parametrize(
    ("page", "code"), list(blocks("python")), ids=lambda value: getattr(value, "stem", "")
)
def test_python_blocks_of_a_page_run_in_order(
    page: Path, code: list[str], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "snippet"}
    if any("SERVER" in block for block in code):
        namespace["SERVER"] = request.getfixturevalue("demo_server")
    for number, block in enumerate(code):
        exec(compile(block, f"{page.name}, block {number}", "exec"), namespace)


@pytest.mark.parametrize("command", sorted({c for c in commands() if "main.py" in c}))
def test_command_lines_run(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    assert words[:2] == [".venv/bin/python", "main.py"]
    folder = [] if "--help" in words else ["--base-directory", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "main.py", *words[2:], *folder], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {c.split()[1] for c in commands() if c.startswith("make ")}
    assert named and named <= targets


def test_links_lead_to_files() -> None:
    broken = [
        f"{page.name}: {link}"
        for page in PAGES
        for link in LINK.findall(FENCE.sub("", page.read_text()))
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_links_to_sections_find_their_heading() -> None:
    anchors = {page.resolve(): {slug(heading) for heading in HEADING.findall(text)} for page, text in texts()}
    broken = [
        f"{page.name}: {link}#{anchor}"
        for page, text in texts()
        for link, anchor in SECTION.findall(text)
        if anchor not in anchors[(page.parent / link).resolve() if link else page.resolve()]
    ]
    assert broken == []


def texts() -> Iterator[tuple[Path, str]]:
    """Every page without what its code blocks hold."""
    for page in PAGES:
        yield page, FENCE.sub("", page.read_text())


def slug(heading: str) -> str:
    """What GitHub calls a section."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_error_code_has_a_row() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    assert [code for code in CODES if f"`{code}`" not in page] == []


def test_library_workflows_are_plain_json() -> None:
    for path in (ROOT / "workflows/library").glob("*.json"):
        assert (
            path.read_text() == json.dumps(json.loads(path.read_text()), indent=2, ensure_ascii=False) + "\n"
        ), path.name
