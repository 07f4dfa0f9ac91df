"""Which packs are loaded, what the command line says of them, and that nothing is loaded for none."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.arguments import parse
from cli.packs import flags_of, paths_of
from cli.setup import folders_of
from server.packs.files import pack_stamp

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("beta", "alpha", "old.disabled", "__pycache__", ".git"):
        (tmp_path / "custom_nodes" / name).mkdir(parents=True)
    (tmp_path / "custom_nodes" / "single.py").touch()
    (tmp_path / "custom_nodes" / "readme.md").touch()
    (tmp_path / "more" / "gamma").mkdir(parents=True)
    (tmp_path / "extra.yaml").write_text("any:\n    custom_nodes: more\n")
    return tmp_path


def names(base: Path, *flags: str) -> list[str]:
    options = parse(["worker", "--base-directory", str(base), *flags])
    return [path.name for path in paths_of(options, folders_of(options))]


def test_folders_and_files_are_packs_in_sorted_order(base: Path) -> None:
    assert names(base) == ["alpha", "beta", "single.py"]


def test_packs_of_the_extra_model_paths_come_after(base: Path) -> None:
    found = names(base, "--extra-model-paths-config", str(base / "extra.yaml"))
    assert found == ["alpha", "beta", "single.py", "gamma"]


def test_packs_can_be_left_out_and_some_kept(base: Path) -> None:
    assert names(base, "--disable-all-custom-nodes") == []
    kept = ("--disable-all-custom-nodes", "--whitelist-custom-nodes", "beta", "single")
    assert names(base, *kept) == ["beta", "single.py"]
    options = parse(["serve", *kept])
    assert parse(["worker", *flags_of(options)]).whitelist_custom_nodes == ["beta", "single"]


def test_the_stamp_changes_with_the_code_of_a_pack(base: Path) -> None:
    pack = base / "custom_nodes" / "alpha"
    seen = {pack_stamp([pack])}
    (pack / "__init__.py").write_text("x = 1")
    seen.add(pack_stamp([pack]))
    time.sleep(0.01)
    (pack / "__init__.py").write_text("x = 2")
    seen.add(pack_stamp([pack]))
    (pack / "notes.txt").touch()
    seen.add(pack_stamp([pack]))
    assert len(seen) == 3


def test_listing_nodes_says_which_packs_cannot_be_used(base: Path) -> None:
    command = [sys.executable, "main.py", "nodes", "--base-directory", str(base)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pack alpha cannot be used: NoNodes: there is no __init__.py in it" in done.stdout


def test_without_packs_nothing_they_need_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from cli.arguments import parse; from cli.host import host_of; "
        "from cli.setup import folders_of; "
        f"o = parse(['worker', '--cpu', '--base-directory', {str(tmp_path)!r}]); host_of(o, folders_of(o)); "
        "print([m for m in sys.modules if m.startswith(('nodes.comfy', 'aiohttp', 'comfy'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr
