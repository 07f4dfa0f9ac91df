"""The store beside the server: opened when it can be, tried again when it cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.http import Problem
from server.workflows.access import Workflows
from tests.server.conftest import PATIENCE
from tests.server.workflows import document


async def test_who_asks_before_the_store_is_open_waits_for_it(tmp_path: Path) -> None:
    workflows = Workflows(tmp_path / "store.sqlite")
    asking = asyncio.create_task(
        workflows.call(lambda store: store.create("Early", document(), author="me").number)
    )
    await asyncio.sleep(0)
    await workflows.open()
    assert await asking == 1
    await workflows.close()


async def test_a_store_that_was_unusable_is_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_bytes(b"somebody's letter " * 100)
    workflows = Workflows(file, pause=0.05)
    opening = asyncio.create_task(workflows.open())
    with pytest.raises(Problem) as refused:
        await workflows.call(lambda store: store.workflows().total)
    assert refused.value.status == 503 and str(file) in refused.value.message
    file.unlink()
    async with asyncio.timeout(PATIENCE):
        await opening
    assert await workflows.call(lambda store: store.workflows().total) == 0
    await workflows.close()


async def test_preparing_comes_before_everybody_else_and_its_failure_is_survived(tmp_path: Path) -> None:
    workflows = Workflows(tmp_path / "store.sqlite")
    workflows.on_open.append(lambda store: store.create("Shipped", document(), author="us"))
    workflows.on_open.append(lambda _: 1 // 0)
    await workflows.open()
    assert await workflows.call(lambda store: store.version("Shipped").author) == "us"
    await workflows.close()


async def test_an_unreachable_database_is_named_without_its_password() -> None:
    workflows = Workflows("postgresql+psycopg://ada:secret@127.0.0.1:1/none", pause=60)
    opening = asyncio.create_task(workflows.open())
    with pytest.raises(Problem) as refused:
        await workflows.ready()
    assert "127.0.0.1" in refused.value.message and "secret" not in refused.value.message
    opening.cancel()
    await workflows.close()
