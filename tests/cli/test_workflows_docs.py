"""The commands on the pages about versions run as they stand there, one after the other."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cli.conftest import Place
from workflows.document import formatted

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = [".venv/bin/python", "main.py", "workflows"]


def lines_of(page: str) -> str:
    return "".join(BLOCK.findall((ROOT / "docs/how-to" / page).read_text(encoding="utf-8")))


@pytest.fixture
def home(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with a ComfyUI in it, where the commands are typed."""
    home = place.base / "home"
    monkeypatch.setenv("HOME", str(home))
    graph = json.loads((ROOT / "tests/workflows/text_to_image.json").read_text(encoding="utf-8"))
    place.write("home/ComfyUI/user/default/workflows/portrait.json", graph)
    info = PngInfo()
    info.add_text("workflow", json.dumps(graph))
    (home / "ComfyUI/output").mkdir()
    Image.new("RGB", (64, 64)).save(home / "ComfyUI/output/ComfyUI_00001_.png", pnginfo=info)
    monkeypatch.chdir(home)
    return home


def test_the_page_about_versions_does_what_it_says(place: Place, home: Path) -> None:
    said: dict[str, str] = {}
    for line in lines_of("version-your-workflows.md").splitlines():
        words = shlex.split(line)
        if words[:3] == OURS:
            more = ["--cpu", "--force-fp32"] if words[3] == "run" else []
            done = place(*(str(Path(word).expanduser()) for word in words[3:]), *more)
            assert done.status == 0, line + done.err
            said[" ".join(words[3:])] = done.out
        else:
            subprocess.run(["bash", "-c", line], check=True)
    assert said["diff portrait"] == '~ KSampler (#3)\n    sampler_name "euler" → "dpmpp_2m"\n'
    assert "1 change\n" in said["merge portrait main slow"]
    text = place("show", "portrait@good", "--text").out
    assert "    steps: 30\n" in text and '    sampler_name: "dpmpp_2m"\n' in text
    assert "identical, bit for bit" in said["replay house.png --verify"]
    with Image.open(home / "house.png") as picture:
        assert picture.size == (128, 128)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_page_about_git_does_what_it_says(place: Place, home: Path) -> None:
    script = lines_of("workflows-in-git.md")
    for command in ("merge-driver", "textconv"):
        script = script.replace(f"workflows {command}", f"workflows {command} --base-directory {place.base}")
    script = script.replace("$DARKROOM/.venv/bin/python", sys.executable).replace("$DARKROOM", str(ROOT))
    shutil.copytree(home / "ComfyUI/user/default/workflows", home / "workflows")
    begin = "git init -qb main && git config user.name ada && git config user.email ada@example.org\n"
    done = subprocess.run(["bash", "-euc", begin + script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = (home / "workflows/portrait.json").read_text(encoding="utf-8")
    assert text == formatted(json.loads(text))
    sampler = next(node for node in json.loads(text)["nodes"] if node["type"] == "KSampler")
    assert (sampler["widgets_values"][2], sampler["widgets_values"][4]) == (30, "dpmpp_2m")
