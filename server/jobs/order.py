"""The order in which pending jobs will run, in memory."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import replace

from server.jobs.records import Place


class Order:
    """Pending jobs by id and in order. Finding the next one, adding and removing cost next to nothing."""

    def __init__(self) -> None:
        self._sorted: list[Place] = []
        self._by_id: dict[str, Place] = {}

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._sorted)

    def __contains__(self, prompt_id: str) -> bool:
        return prompt_id in self._by_id

    def get(self, prompt_id: str) -> Place | None:
        """Where a job is, if it waits."""
        return self._by_id.get(prompt_id)

    def first(self) -> Place | None:
        """The job to run next."""
        return self._sorted[0] if self._sorted else None

    def holds(self, place: Place) -> bool:
        """Whether exactly this place is still taken: the job neither removed nor moved."""
        return self._by_id.get(place.prompt_id) == place

    def put(self, place: Place) -> None:
        """Add a job, or move it."""
        self.pop(place.prompt_id)
        insort(self._sorted, place)
        self._by_id[place.prompt_id] = place

    def pop(self, prompt_id: str) -> Place | None:
        """Take a job out."""
        place = self._by_id.pop(prompt_id, None)
        if place is not None:
            del self._sorted[bisect_left(self._sorted, place)]
        return place

    def beside(self, moved: Place, anchor: Place, *, after: bool) -> list[Place]:
        """The places that bring `moved` directly before or after `anchor`: usually one, its own.

        Ranks between two others run out after some fifty halvings; then all jobs of that number get new ones.
        """
        found = _between(self._neighbours(moved, anchor, after), anchor, moved)
        if found is not None:
            return [found]
        same = [p for p in self._sorted if p.number == anchor.number and p.prompt_id != moved.prompt_id]
        last = same[-1].rank
        same = [replace(place, rank=last - (len(same) - 1 - index)) for index, place in enumerate(same)]
        index = next(i for i, place in enumerate(same) if place.prompt_id == anchor.prompt_id)
        rank = same[index].rank + (0.5 if after else -0.5)
        return [replace(moved, number=anchor.number, rank=rank), *same]

    def _neighbours(self, moved: Place, anchor: Place, after: bool) -> tuple[float, float]:
        """The ranks between which the moved job has to come."""
        step = 1 if after else -1
        index = bisect_left(self._sorted, anchor) + step
        while 0 <= index < len(self._sorted) and self._sorted[index].prompt_id == moved.prompt_id:
            index += step
        beyond = self._sorted[index] if 0 <= index < len(self._sorted) else None
        other = beyond.rank if beyond and beyond.number == anchor.number else anchor.rank + step
        return min(anchor.rank, other), max(anchor.rank, other)


def _between(ranks: tuple[float, float], anchor: Place, moved: Place) -> Place | None:
    low, high = ranks
    middle = (low + high) / 2
    return replace(moved, number=anchor.number, rank=middle) if low < middle < high else None
