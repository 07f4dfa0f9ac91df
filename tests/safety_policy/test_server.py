"""A server with the safety policy, as people start it, with a pack that knows nothing of it."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli.arguments import parse
from cli.safety import PolicyError, checker_of, words_of
from engine.folders import Folders
from tests.e2e.program import ROOT, Program

HERE = Path(__file__).parent
PACK = """
import base64
from pathlib import Path

import folder_paths
import numpy as np
from aiohttp import web
from PIL import Image
from server import PromptServer


def saved(images, folder):
    picture = Image.fromarray((images[0].numpy() * 255).astype(np.uint8))
    picture.save(Path(folder) / "by_itself.png")


@PromptServer.instance.routes.get("/smuggler/picture")
async def picture(request):
    return web.FileResponse(Path(folder_paths.get_input_directory()) / "skull.png")


@PromptServer.instance.routes.get("/smuggler/json")
async def letters(request):
    data = (Path(folder_paths.get_input_directory()) / "fox.png").read_bytes()
    return web.json_response({"thumbnail": base64.b64encode(data).decode()})


@PromptServer.instance.routes.get("/smuggler/words")
async def words(request):
    return web.json_response({"ok": True})


class Smuggle:
    CATEGORY = "image"
    FUNCTION = "go"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"images": ("IMAGE",)}}

    def go(self, images):
        saved(images, folder_paths.get_output_directory())
        return (images,)


NODE_CLASS_MAPPINGS = {"Smuggle": Smuggle}
WEB_DIRECTORY = "web"
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    base = tmp_path_factory.mktemp("required")
    for name in ("input", "output", "custom_nodes"):
        (base / name).mkdir()
    shutil.copy(HERE / "skull.png", base / "input")
    shutil.copy(HERE / "fox.png", base / "input")
    shutil.copy(HERE / "skull.png", base / "output" / "old.png")
    (base / "output" / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    letters = base64.b64encode((HERE / "skull.png").read_bytes()).decode()
    (base / "output" / "words.json").write_text(f'{{"a": 1, "picture": "{letters}"}}')
    grey = np.asarray(Image.open(HERE / "skull.png").convert("L"))
    Image.fromarray(grey.astype(np.uint16)).save(base / "output" / "deep.png")
    pack = base / "custom_nodes" / "smuggler"
    (pack / "web").mkdir(parents=True)
    (pack / "__init__.py").write_text(PACK)
    (pack / "web" / "main.js").write_text("export {};")
    shutil.copy(HERE / "skull.png", pack / "web")
    with Program(base, "--safety", "required", "--safety-checker", "darkroom-demo") as started:
        yield started


@pytest.fixture(scope="module")
def shown(program: Program) -> dict[str, Any]:
    """What a run gives of a forbidden picture and a harmless one."""
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "skull.png"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}},
        "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
        "4": {"class_type": "Smuggle", "inputs": {"images": ["3", 0]}},
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "two"}},
    }
    entry = program.run(graph)
    assert entry["status"]["status_str"] == "success", entry["status"]
    return entry["outputs"]["5"]


def get(program: Program, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(program.url + path, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def brightest(data: bytes) -> int:
    return int(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).max())


def test_a_run_says_what_was_replaced_and_the_metrics_count_it(
    program: Program, shown: dict[str, Any]
) -> None:
    assert shown["safety"] == [{"pictures": 2, "replaced": [0], "unmarked": []}]
    assert shown["text"] == ["1 of 2 pictures replaced by the safety policy"]
    assert b"darkroom_pictures_replaced_total 1.0" in get(program, "/metrics")[1]
    [job] = program.get("/api/v1/jobs?limit=1")["jobs"]
    assert [file.get("replaced", False) for file in job["files"]] == [True, False]


def test_the_other_pictures_are_saved_as_ever(program: Program, shown: dict[str, Any]) -> None:
    skull, fox = (get(program, f"/view?filename={file['filename']}") for file in shown["images"])
    assert brightest(skull[1]) == 0
    ours = np.asarray(Image.open(HERE / "fox.png").convert("RGB"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(fox[1]))), ours)
    with Image.open(io.BytesIO(skull[1])) as kept:
        assert "prompt" in kept.info


@pytest.mark.parametrize(
    "query",
    [
        "filename=old.png",
        "filename=old.png&preview=webp;90",
        "filename=old.png&channel=rgb",
        "filename=by_itself.png",
        "filename=skull.png&type=input",
        "filename=deep.png",
        "filename=deep.png&preview=webp;90",
    ],
)
def test_no_file_of_a_forbidden_picture_is_handed_out(
    program: Program, shown: dict[str, Any], query: str
) -> None:
    assert shown
    status, data = get(program, f"/view?{query}")
    assert status == 200 and brightest(data) <= 1
    assert Image.open(io.BytesIO(data)).size == (64, 64)


def test_what_nobody_can_look_into_is_refused(program: Program) -> None:
    status, data = get(program, "/view?filename=film.mp4")
    assert status == 403 and b"not_checkable" in data and b"video/mp4" in data


def test_routes_of_packs_give_words_and_no_pictures(program: Program, shown: dict[str, Any]) -> None:
    assert shown
    assert get(program, "/smuggler/words") == (200, b'{"ok": true}')
    status, data = get(program, "/smuggler/picture")
    assert status == 403 and b"not_checkable" in data


def test_routes_of_packs_give_no_pictures_in_words(program: Program, shown: dict[str, Any]) -> None:
    assert shown
    status, data = get(program, "/smuggler/json")
    assert status == 403 and b"no pictures in texts" in data


def test_pictures_among_the_browser_files_of_packs_are_checked(
    program: Program, shown: dict[str, Any]
) -> None:
    assert shown
    assert get(program, "/extensions/smuggler/main.js") == (200, b"export {};")
    status, data = get(program, "/extensions/smuggler/skull.png")
    assert status == 200 and brightest(data) == 0


def test_pictures_in_files_of_text_are_taken_out(program: Program, shown: dict[str, Any]) -> None:
    assert shown
    status, data = get(program, "/view?filename=words.json")
    assert status == 200
    assert json.loads(data) == {"a": 1, "picture": "(removed by the safety policy)"}


@pytest.mark.parametrize(("name", "kept"), [("skull.png", False), ("fox.png", True)])
def test_pictures_of_workflows_are_checked(
    name: str, kept: bool, program: Program, shown: dict[str, Any]
) -> None:
    assert shown
    data = (HERE / name).read_bytes()
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    workflow = f"of-{name[:-4]}"
    document: dict[str, Any] = {"nodes": [], "links": []}
    body = {"name": workflow, "document": document, "thumbnail": uri}
    status, made = program.post("/api/v1/workflows", body)
    assert status < 300, made
    status, given = get(program, f"/api/v1/workflows/{workflow}/versions/main/thumbnail")
    assert status == 200 and (given == data if kept else brightest(given) == 0)
    assert not list((program.base / "user" / ".darkroom" / "safety").glob("*.part"))


def test_the_server_does_not_start_without_a_checker(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "main.py", "--base-directory", str(tmp_path), "--safety", "required"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "there is no checker" in done.stderr and "stable-diffusion-safety-checker" in done.stderr


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--safety-checker", "nsfw"], "there is no file 'nsfw'"),
        (["--safety-checker", "../x"], "leads outside"),
        (["--safety-replacement", "nowhere.png"], "there is no file nowhere.png"),
        ([], "say which --safety-checker: one, two"),
        (["--safety-checker", "two"], "two holds no weights"),
        (["--safety-replacement", __file__], "no picture"),
        (["--safety", "off", "--safety-checker", "one"], "--safety-checker does nothing by itself"),
        (["--watermark-text", "ours"], "--watermark-text does nothing by itself"),
        (["--watermark", "required", "--watermark-text", "a" * 129], "129 bytes; from 1 to 128"),
        (["--watermark", "required", "--watermark-text="], "0 bytes"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(flags: list[str], says: str, tmp_path: Path) -> None:
    for name in ("one", "two", "darkroom-demo"):
        folder = tmp_path / "models" / "safety_checker" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        if name == "one":
            (folder / "model.safetensors").touch()
    named = [] if not flags or "--safety-checker" in flags else ["--safety-checker", "one"]
    options = parse(["serve", "--safety", "required", *flags, *named])
    with pytest.raises(PolicyError, match=says):
        checker_of(options, Folders.at(tmp_path))


def test_a_worker_is_given_the_policy_of_its_server(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "safety_checker" / "one"
    folder.mkdir(parents=True)
    for file in ("config.json", "model.safetensors"):
        (folder / file).touch()
    words = words_of(parse(["serve", "--safety", "required"]), Folders.at(tmp_path))
    assert words == [
        "--watermark=off",
        "--watermark-text=StableDiffusionV1",
        "--safety=required",
        "--safety-checker=one",
    ]
    assert words_of(parse(["serve"]), Folders.at(tmp_path)) == []
    marked = parse(["serve", "--watermark", "required", "--watermark-text", "ours"])
    assert words_of(marked, Folders.at(tmp_path)) == ["--watermark=required", "--watermark-text=ours"]
