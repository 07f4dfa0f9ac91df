"""Workers for one run: threads of the lanes, and tasks of the loop for coroutine nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, closing
from functools import partial
from typing import Any, cast

from engine.cache import Cache
from engine.context import Context, Interrupted, calling
from engine.events import Status
from engine.hooks import accepted, finished, settled
from engine.items import Arguments
from engine.lanes import ASYNC, Lanes
from engine.plan import Plan
from engine.relay import Emit, Relay
from engine.reports import Reports
from engine.returns import Blocker
from engine.session import Session
from engine.stepping import Stepped
from engine.surroundings import Surroundings
from engine.task import Called, Reading, Task
from engine.warning import Hearing
from engine.workforce import Hands

_SILENT = Blocker()
"""What a call that was not made gives: whoever the blocker reached has reported its message."""
Guard = Callable[[], AbstractContextManager[object]]


class Drive:
    """Workers for one session: threads of the lanes, and tasks of the loop for coroutine nodes."""

    def __init__(
        self,
        plan: Plan,
        cache: Cache,
        around: Surroundings,
        lanes: Lanes,
        guard: Guard,
        emit: Emit,
        handed_over: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._lanes = lanes
        self._guard = guard
        self._meter = around.meter
        self._cancel = around.cancel
        self._over = asyncio.Event()
        self._coroutines: set[asyncio.Task[None]] = set()
        self._starting: set[asyncio.Task[None]] = set()
        """Those that have not begun: a task cancelled before that would never say that it is over."""
        self._relay = Relay(self._loop, emit)
        hands = Hands(
            widths=lanes.widths,
            start_worker=self._start,
            over=lambda: self._on_loop(self._over.set),
            handed_over=lambda: self._on_loop(handed_over),
        )
        reports = Reports(around.job_id, plan.graph, self._relay.send)
        self._session = Session(plan, cache, around, reports, hands)
        self._relay.broken = self._session.break_off

    async def to_the_end(self) -> tuple[Session, Status]:
        """Run everything. Raises what broke the engine or the receiver of events, not what a node raised."""
        self._cancel.on_cancel(self._stop)
        self._session.begin()
        abandoned = False
        while not self._over.is_set():
            try:
                await self._over.wait()
            except asyncio.CancelledError:
                # The nodes in progress hold threads and memory: end them properly before giving up.
                abandoned = True
                self._cancel.cancel()
        self._cancel.forget(self._stop)
        status = self._session.finish()
        self._relay.close()
        if abandoned:
            raise asyncio.CancelledError
        if self._session.broken is not None:
            raise self._session.broken
        return self._session, status

    def _on_loop(self, call: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(call)

    def _start(self, lane: str) -> None:
        if lane == ASYNC:
            self._on_loop(self._start_coroutine)
        else:
            self._lanes.start(lane, lambda: self._work(lane))

    def _start_coroutine(self) -> None:
        task = self._loop.create_task(self._work_async())
        self._starting.add(task)
        task.add_done_callback(self._coroutines.discard)

    def _stop(self) -> None:
        self._on_loop(self._cancel_coroutines)

    def _cancel_coroutines(self) -> None:
        self._session.stop()
        for task in self._coroutines:
            task.cancel()

    def _work(self, lane: str) -> None:
        """A lane's thread: run nodes until none is ready."""
        session = self._session
        try:
            while (task := session.take(lane)) is not None:
                called = self._call(task, lane)
                session.settle(task, called, lane)
                # Else the result would stay alive while the next node runs.
                del called
        except BaseException as error:  # noqa: BLE001 - the run has to end, whatever broke
            session.break_off(error, lane)

    async def _work_async(self) -> None:
        """The same for coroutine nodes, as a task of the loop."""
        session = self._session
        if (this := asyncio.current_task()) is not None:
            self._starting.discard(this)
            self._coroutines.add(this)
        try:
            while (task := session.take(ASYNC)) is not None:
                called = await self._await(task)
                session.settle(task, called, ASYNC)
                del called
        except BaseException as error:  # noqa: BLE001 - the run has to end, whatever broke
            session.break_off(error, ASYNC)

    def _call(self, task: Task, lane: str) -> Called:
        spec = task.spec
        if spec.function is None:
            return Called([], _not_loaded(task))
        reading: Reading | None = None
        try:
            with self._hearing(task), self._guard():
                if task.open_lazy and (asked := self._needs(task)):
                    return Called([], asked=asked)
                if self._meter is None or lane != "device":
                    returned = self._calls(task, spec.function)
                else:
                    with self._meter() as reading:
                        returned = self._calls(task, spec.function)
                return Called(returned, reading=reading)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: a node must not end the process
            return Called([], error)

    def _hearing(self, task: Task) -> Hearing:
        return Hearing(partial(self._session.warned, task.node.id))

    def _calls(self, task: Task, function: Callable[..., Any]) -> list[Any]:
        """Call once for each set of arguments, until the run is cancelled."""
        returned: list[Any] = []
        for index, given in enumerate(task.each()):
            self._cancel.check()
            if isinstance(given, Blocker):
                returned.append(_SILENT)
            elif task.context is None:
                returned.append(function(**given))
            else:
                with calling(task.context, index):
                    returned.append(function(**given))
        return returned

    def _needs(self, task: Task) -> frozenset[str]:
        with closing(self._questions(task)) as questions:
            return _named(task, [settled(asked) for asked in questions])

    def _questions(self, task: Task) -> Generator[Any]:
        """What each call says it needs; answers of coroutine functions are still to be awaited.

        To be closed by whoever asks: each answer comes while its call is the current one.
        """
        needs = task.spec.needs
        if needs is not None:
            for index, given in enumerate(task.each()):
                if not isinstance(given, Blocker):
                    context = task.context or Context(node_id=task.node.id)
                    with calling(context, index):
                        yield needs(**accepted(needs, given))

    async def _await(self, task: Task) -> Called:
        function = task.spec.function
        if function is None:
            return Called([], _not_loaded(task))
        try:
            with self._hearing(task):
                if task.open_lazy:
                    with closing(self._questions(task)) as questions:
                        asked = _named(task, [await finished(one) for one in questions])
                    if asked:
                        return Called([], asked=asked)
                self._cancel.check()
                calls = [self._await_one(task, function, i, given) for i, given in enumerate(task.each())]
                return Called([await calls[0]] if len(calls) == 1 else await _together(calls))
        except asyncio.CancelledError as error:
            return Called([], Interrupted("the run was cancelled") if self._cancel.cancelled else error)
        except BaseException as error:  # noqa: BLE001 - as above
            return Called([], error)

    async def _await_one(
        self, task: Task, function: Callable[..., Any], index: int, given: Arguments | Blocker
    ) -> Any:
        if isinstance(given, Blocker):
            return _SILENT
        with calling(task.context or Context(node_id=task.node.id), index):
            return await Stepped(function(**given), self._guard)


class _Left(Exception):
    """Stands for SystemExit and the like, which a task would take to the loop."""


async def _together(calls: list[Any]) -> list[Any]:
    """Await all; when one fails the others are cancelled and have ended before it is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_staying(call)) for call in calls]
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
        raise (first.__cause__ or first if isinstance(first, _Left) else first) from None
    return [task.result() for task in tasks]


async def _staying(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except (SystemExit, KeyboardInterrupt) as error:
        raise _Left from error


def _named(task: Task, answers: list[Any]) -> frozenset[str]:
    """The inputs asked for that are not there yet. One that the node does not have is an error later."""
    lists = [cast("list[Any]", one) for one in answers if isinstance(one, list | tuple | set)]
    asked = {str(name) for one in lists for name in one}
    known = {*task.node.literals, *task.node.links}
    return frozenset(n for n in asked if n in task.open_lazy or n not in known)


def _not_loaded(task: Task) -> RuntimeError:
    return RuntimeError(f"the code of {task.spec.name} is not loaded in this process")
