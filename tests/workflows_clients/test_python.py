"""Python modules made from workflows: typed to the letter, and good for calling a real server."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image

from tests.server.conftest import ToyServer, connect, get, running, sleep, submit
from tests.server.workflows import ask, flipping, function, publish
from workflows.clients import python_client
from workflows.functions import Function, Input, Output, Source


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyServer]:
    server = ToyServer(tmp_path_factory.mktemp("toy")).wait()
    yield server
    server.stop()


@pytest.fixture
async def http(toy: ToyServer) -> AsyncIterator[ClientSession]:
    async with connect(toy.url) as session:
        yield session


async def client_of(http: ClientSession, name: str, folder: Path) -> ModuleType:
    """The module for a released workflow, imported."""
    record = await get(http, f"/api/v1/functions/{name}")
    found = Function.of(record["function"])
    assert found is not None
    return module(python_client(found, name=name, reference=record["release"]), folder / f"{name.lower()}.py")


def module(text: str, path: Path) -> ModuleType:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made  # where dataclasses look their types up
    spec.loader.exec_module(made)
    return made


async def test_calling_it_gives_the_outputs_and_says_what_ran(
    http: ClientSession, toy: ToyServer, tmp_path: Path
) -> None:
    version = await publish(http, "Said", function())
    client = await client_of(http, "Said", tmp_path)
    made = await asyncio.to_thread(client.said, text="hey", count=3, server=toy.url)
    assert made.said == "hey hey hey"
    assert (made.run.version, made.run.release) == (version["id"], "1.0.0")
    assert made.run.inputs == {"text": "hey", "count": 3, "seed": 0}
    drawn = await asyncio.to_thread(client.said, seed="random", server=toy.url + "/")
    assert drawn.said == "ho ho" and drawn.run.inputs["seed"] > 0


async def test_pictures_go_there_and_come_back(http: ClientSession, toy: ToyServer, tmp_path: Path) -> None:
    await publish(http, "Flipped", flipping())
    client = await client_of(http, "Flipped", tmp_path)
    picture = Image.new("RGB", (4, 4), "black")
    picture.paste("white", (0, 2, 4, 4))
    path = tmp_path / "a b.png"
    picture.save(path)
    for given in (path, path.read_bytes()):
        made = await asyncio.to_thread(client.flipped, picture=given, server=toy.url)
        shown = Image.open(io.BytesIO(await asyncio.to_thread(made.flipped[0].bytes)))
        assert shown.getpixel((0, 0)) == (255, 255, 255) and shown.getpixel((0, 3)) == (0, 0, 0)
    back = await asyncio.to_thread(client.flipped, picture=made.flipped[0], server=toy.url)
    saved = await asyncio.to_thread(back.flipped[0].save, tmp_path / "back.png")
    assert Image.open(saved).getpixel((0, 0)) == (0, 0, 0)


async def test_what_goes_wrong_is_an_exception_with_the_servers_words(
    http: ClientSession, toy: ToyServer, tmp_path: Path
) -> None:
    await publish(http, "Wrong", function())
    client = await client_of(http, "Wrong", tmp_path)

    async def error(kind: type[Exception], **values: Any) -> Any:
        with pytest.raises(kind) as caught:
            await asyncio.to_thread(client.wrong, **{"server": toy.url, **values})
        return caught.value

    invalid = await error(client.InvalidInputs, count=99)
    assert [problem["input"] for problem in invalid.problems] == ["count"] and "99" in str(invalid)
    failed = await error(client.RunFailed, text="fail")
    assert "asked to fail" in str(failed) and failed.run_id
    gone = await error(client.CallError, server="http://127.0.0.1:9", timeout=0.2)
    assert gone.code == "unreachable" and "127.0.0.1:9" in str(gone)
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    late = await error(client.StillRunning, timeout=1.0)
    await ask(http, "POST", f"/api/jobs/{busy['prompt_id']}/cancel")
    assert (await get(http, f"/api/v1/runs/{late.run_id}"))["id"] == late.run_id


async def test_a_connection_that_breaks_does_not_run_it_twice(
    http: ClientSession, toy: ToyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(http, "Broken", function())
    client = await client_of(http, "Broken", tmp_path)
    real, calls = client.urlopen, 0

    def breaking(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        response = real(*arguments, **options)
        if calls == 1:
            response.close()
            raise ConnectionResetError("cut off")
        return response

    monkeypatch.setattr(client, "urlopen", breaking)
    before = (await get(http, "/api/v1/jobs"))["pagination"]["total"]
    made = await asyncio.to_thread(client.broken, server=toy.url)
    assert made.said == "ho ho" and calls == 2
    assert (await get(http, "/api/v1/jobs"))["pagination"]["total"] == before + 1


ODD = Function(
    (
        Input("prompt", "STRING", (), description='Says "hello" \\ and """more""".', default='a "b" \n c\\'),
        Input("run", "INT", (), default=3, min=1, max=9),
        Input("class", "COMBO", (), options=("a", "it's"), default="a"),
        Input("seed", "INT", (), seed=True, default=0, min=0, max=2**64 - 1),
        Input("strength", "COMBO", (), options=(0.5, 1, "x"), default=0.5),
        Input("many", "COMBO", (), options=("a", "b"), several=True),
        Input("server", "FLOAT", (), default=2),
        Input("list", "BOOLEAN", (), default=True),
        Input("picture", "IMAGE", (), required=True),
        Input("str", "STRING", (), default="{a|b}", dynamic=True),
        Input("model", "MODEL", ()),
        Input("free", "COMBO", ()),
    ),
    (
        Output("image", "IMAGE", Source("1", 0), description="The picture"),
        Output("run", "STRING", Source("1", 0)),
        Output("str", "INT", Source("2", 0)),
        Output("Picture", "MASK", Source("2", 0)),
    ),
    title="Cast",
    description="Draws things. " * 20,
)


def test_the_module_is_typed_strictly_whatever_names_a_workflow_uses(tmp_path: Path) -> None:
    for number, name in enumerate(("cast", "Portrait (soft) – 2", "3d", "\u732b", "import")):
        text = python_client(ODD, name=name, reference="1.0.0")
        (tmp_path / f"client{number}.py").write_text(text, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    command = [sys.executable, "-m", "pyright", "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    client = module(python_client(ODD, name="import", reference="1.0.0"), tmp_path / "imported.py")
    assert client.import_.__kwdefaults__["prompt"] == 'a "b" \n c\\'
    assert "model" not in client.import_.__kwdefaults__


def test_it_needs_nothing_but_the_standard_library() -> None:
    text = python_client(ODD, name="alone", reference="1.0.0")
    imported = {
        line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported and imported <= set(sys.stdlib_module_names)
