"""The cache that grows until memory is short."""

from __future__ import annotations

import pytest

from engine.cache import Entry, Footprint, PressureCache, Share
from engine.keys import Key

MB = 2**20


class Machine:
    """Memory of which results take their part: what is available is counted from what the cache holds."""

    def __init__(self, total: int, active: int, inactive: int) -> None:
        self.total = total
        self.cache = PressureCache(
            active, inactive, self.available, lambda values: Footprint(Share(values[0]))
        )
        self.names: dict[Key, int] = {}

    def available(self) -> int:
        return self.total - sum(size for key, size in self.names.items() if self.cache.tier(key))

    def put(self, name: str, size: int) -> None:
        self.names[Key(name)] = size
        self.cache.put(Key(name), Entry((size,)))

    def run(self, *uses: str) -> None:
        self.cache.begin([Key(name) for name in uses])

    @property
    def held(self) -> str:
        return "".join(key for key in self.names if self.cache.tier(key))


def test_all_is_kept_while_there_is_memory() -> None:
    machine = Machine(total=1000 * MB, active=100 * MB, inactive=100 * MB)
    for name in "abcdefgh":
        machine.run()
        machine.put(name, 100 * MB)
    assert machine.held == "abcdefgh"


def test_large_results_of_earlier_runs_go_first_and_only_as_many_as_needed() -> None:
    machine = Machine(total=1000 * MB, active=100 * MB, inactive=300 * MB)
    machine.put("s", 50 * MB)
    machine.put("l", 300 * MB)
    machine.run()
    machine.put("x", 400 * MB)
    assert machine.held == "sx"


def test_results_age_with_every_run_that_does_not_use_them() -> None:
    machine = Machine(total=1000 * MB, active=0, inactive=300 * MB)
    machine.put("o", 200 * MB)
    machine.put("n", 250 * MB)
    machine.run("n")
    machine.run("n")
    machine.run()
    machine.put("x", 300 * MB)
    assert machine.held == "nx"


def test_the_run_in_progress_keeps_its_results_but_large_ones_in_need() -> None:
    machine = Machine(total=3000 * MB, active=1000 * MB, inactive=1500 * MB)
    machine.run()
    machine.put("a", 400 * MB)
    machine.put("b", 600 * MB)
    machine.put("c", 400 * MB)
    assert machine.held == "abc"
    machine.put("d", 700 * MB)
    assert machine.held == "abc", "the largest went, which brought back enough"
    machine.put("e", 400 * MB)
    machine.put("f", 400 * MB)
    assert machine.held == "acef"


@pytest.mark.parametrize("used", ["begin", "get"])
def test_what_a_run_uses_belongs_to_it(used: str) -> None:
    machine = Machine(total=1000 * MB, active=0, inactive=500 * MB)
    machine.put("a", 400 * MB)
    if used == "begin":
        machine.run("a")
    else:
        machine.run()
        assert machine.cache.get(Key("a")) is not None
    machine.put("b", 300 * MB)
    assert machine.held == "ab"
