"""The workers of one run: how many there are in each lane, and when more are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.execution import Execution


@dataclass(frozen=True, slots=True)
class Hands:
    """The driver's part: `start_worker(lane)` is asked for workers, `over` called at the end.

    `handed_over` is called once, as soon as no node of the device lane is left to run.
    """

    widths: Mapping[str, int]
    start_worker: Callable[[str], None]
    over: Callable[[], None]
    handed_over: Callable[[], None]


class Workforce:
    """Used with the session's lock held."""

    def __init__(self, execution: Execution, hands: Hands) -> None:
        self._execution = execution
        self._hands = hands
        self._here: dict[str, int] = {}
        self._busy: dict[str, int] = {}
        self._handed_over = False

    @property
    def idle(self) -> bool:
        """Whether no worker is here."""
        return not any(self._here.values())

    def busy(self, lane: str, change: int) -> None:
        """A worker has got a node (1), or has done with it (-1)."""
        self._busy[lane] = self._busy.get(lane, 0) + change

    def left(self, lane: str) -> None:
        """A worker has gone."""
        self._here[lane] -= 1

    def wake(self) -> None:
        """Ask for workers for what is ready, beside those without a node: they are on their way to one."""
        execution, widths = self._execution, self._hands.widths
        for lane in execution.lanes:
            here = self._here.get(lane, 0)
            count = execution.ready(lane) - (here - self._busy.get(lane, 0))
            if count > 0:
                for _ in range(min(count, widths.get(lane, count + here) - here)):
                    self._here[lane] = self._here.get(lane, 0) + 1
                    self._hands.start_worker(lane)
        if not execution.open_in("device"):
            self.hand_over()

    def hand_over(self) -> None:
        """Say that another run may have the device."""
        if not self._handed_over:
            self._handed_over = True
            self._hands.handed_over()

    def over(self) -> None:
        """Say that the run is over."""
        self.hand_over()
        self._hands.over()
