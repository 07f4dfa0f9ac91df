"""A guard that belongs to a thread holds for a coroutine's own stretches, and for nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from engine.stepping import Stepped


class Guarded:
    def __init__(self) -> None:
        self.inside = False
        self.entered = 0

    @contextmanager
    def __call__(self) -> Generator[None]:
        assert not self.inside
        self.inside, self.entered = True, self.entered + 1
        try:
            yield
        finally:
            self.inside = False


async def test_every_stretch_is_guarded_and_none_between() -> None:
    guard, seen = Guarded(), list[bool]()

    async def work() -> int:
        for _ in range(3):
            seen.append(guard.inside)
            await asyncio.sleep(0)
        return 7

    async def outside() -> None:
        for _ in range(5):
            assert not guard.inside
            await asyncio.sleep(0)

    async def both() -> int:
        return await Stepped(work(), guard)

    result, _ = await asyncio.gather(both(), outside())
    assert (result, seen, guard.entered) == (7, [True] * 3, 4)


async def test_errors_and_cancellation_reach_the_coroutine() -> None:
    guard, ended = Guarded(), list[str]()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled" if guard.inside else "outside")
            raise

    async def stepped() -> None:
        await Stepped(waits(), guard)

    with pytest.raises(ValueError, match="no"):
        await Stepped(fails(), guard)
    task = asyncio.create_task(stepped())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled"] and not guard.inside
