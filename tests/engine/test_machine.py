"""Random edits of random graphs: caches never change a result, and exactly the work that is new is done."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.cache import Cache, LruCache, MemoryCache, NoCache, TieredCache
from engine.cache.disk import DiskCache, Encoded
from engine.driver import Outcome, run
from engine.flights import Flights
from engine.folders import Folders
from engine.graph import Graph
from engine.lanes import Lanes
from engine.registry import Registry
from tests.engine.model import Model, Prompt
from tests.engine.model_nodes import LITERALS, REGISTRY, SOURCES
from tests.toys import Journal

KINDS = [kind for kind in SOURCES if kind != "Show"]
FEWEST, MOST, SHOWN, LINKED = 8, 22, 3, 0.8
CHANCES = st.builds(Random, st.integers(0, 2**32))


class Edits(RuleBasedStateMachine):
    """Nodes are in an order in which links lead backwards."""

    def __init__(self, steps: list[int], caches: Callable[[Path], list[Cache]]) -> None:
        super().__init__()
        self._steps = steps
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self._files = root / "models/checkpoints"
        self._files.mkdir(parents=True)
        self._folders = Folders.at(root)
        for name in "xy":
            self._write(name, 0)
        self._caches = [(cache, Model(self._files)) for cache in caches(root)]
        self._lanes = Lanes()
        self._runner = asyncio.Runner()
        self._versions: dict[str, int] = {}
        self._made = 0
        self.prompt: Prompt = {}
        self._before: list[str] = []

    def teardown(self) -> None:
        self._runner.close()
        self._lanes.close()
        for cache, _ in self._caches:
            cache.close()
        self._folder.cleanup()

    @initialize(chance=CHANCES)
    def start(self, chance: Random) -> None:
        """A graph of one node of every class, in some order."""
        for kind in chance.sample(KINDS, len(KINDS)):
            self._add(kind, chance)
        for _ in range(SHOWN):
            self._add("Show", chance)

    @rule(kind=st.sampled_from(KINDS), chance=CHANCES)
    def add(self, kind: str, chance: Random) -> None:
        """A new node, and something that shows it or another one; what was shown is not any more."""
        if len(self.prompt) < MOST:
            self._add(kind, chance)
        self._add("Show", chance)
        shows = [name for name, entry in self.prompt.items() if entry["class_type"] == "Show"]
        for name in chance.sample(shows, len(shows) - SHOWN):
            del self.prompt[name]

    @rule(chance=CHANCES)
    def set_input(self, chance: Random) -> None:
        """Another value or link."""
        name = chance.choice(list(self.prompt))
        entry = self.prompt[name]
        key = chance.choice(list(entry["inputs"]))
        place = list(self.prompt).index(name)
        entry["inputs"][key] = self._value(entry["class_type"], key, place, chance)

    @rule(chance=CHANCES)
    def remove(self, chance: Random) -> None:
        """A node goes; what it was linked to gets a value."""
        inner = [name for name, entry in self.prompt.items() if entry["class_type"] != "Show"]
        if len(inner) < FEWEST:
            return
        gone = chance.choice(inner)
        del self.prompt[gone]
        for entry in self.prompt.values():
            for key, value in entry["inputs"].items():
                if isinstance(value, list) and value[0] == gone:
                    entry["inputs"][key] = "x" if key == "name" else 1

    @rule(chance=CHANCES)
    def rename(self, chance: Random) -> None:
        """Another id."""
        old, new = chance.choice(list(self.prompt)), self._name()
        text = json.dumps(self.prompt).replace(json.dumps([old, 0]), json.dumps([new, 0]))
        self.prompt = {new if name == old else name: entry for name, entry in json.loads(text).items()}

    @rule(kind=st.sampled_from(KINDS), version=st.integers(1, 3))
    def change_code(self, kind: str, version: int) -> None:
        """A class has another version."""
        self._versions[kind] = version

    @rule(name=st.sampled_from("xy"), number=st.integers(0, 2))
    def replace_file(self, name: str, number: int) -> None:
        """A file has other content."""
        self._write(name, number)

    @precondition(lambda self: len(self._before) > 1)
    @rule(chance=CHANCES)
    def go_back(self, chance: Random) -> None:
        """An earlier graph."""
        self.prompt = json.loads(chance.choice(self._before[-8:]))

    @invariant()
    def runs_are_right(self) -> None:
        """Every cache and none give the same, and with a cache just what is new runs."""
        self._steps.append(len(self.prompt))
        self._before.append(json.dumps(self.prompt))
        fresh = Model(self._files).run(self.prompt, self._versions)
        outcome = self._run(NoCache())
        assert outcome.ui == fresh.ui
        for cache, model in self._caches:
            outcome = self._run(cache)
            expected = model.run(self.prompt, self._versions)
            assert outcome.ui == fresh.ui == expected.ui
            ran = Counter(map(expected.number_of, outcome.executed))
            # What cannot be kept may be made once more, for a branch that turns out to be needed late.
            once = {number: 1 if number in expected.fleeting else n for number, n in ran.items()}
            assert once == Counter(expected.ran), (outcome.executed, expected.ids, self.prompt)

    def _run(self, cache: Cache) -> Outcome:
        registry = Registry(replace(s, version=self._versions.get(s.name, s.version)) for s in REGISTRY)
        outcome = self._runner.run(
            run(
                Graph.parse(self.prompt),
                registry,
                cache,
                resources={Journal: Journal()},
                folders=self._folders,
                lanes=self._lanes,
                flights=Flights(),
            )
        )
        assert outcome.status == "success", outcome.errors
        return outcome

    def _add(self, kind: str, chance: Random) -> None:
        place = len(self.prompt)
        keys = (*SOURCES[kind], *([LITERALS[kind][0]] if kind in LITERALS else []))
        inputs = {key: self._value(kind, key, place, chance) for key in keys}
        self.prompt[self._name()] = {"class_type": kind, "inputs": inputs}

    def _value(self, kind: str, key: str, place: int, chance: Random) -> Any:
        if kind in LITERALS and key == LITERALS[kind][0]:
            return chance.randrange(LITERALS[kind][1]) + (kind == "Grow")
        earlier = [
            name
            for name, entry in list(self.prompt.items())[:place]
            if entry["class_type"] != "Show" and (key != "name" or entry["class_type"] == "Name")
        ]
        if earlier and chance.random() < LINKED:
            return [chance.choice(earlier[-8:]), 0]
        return chance.choice("xy") if key == "name" else chance.randrange(3)

    def _name(self) -> str:
        self._made += 1
        return f"n{self._made}"

    def _write(self, name: str, number: int) -> None:
        (self._files / name).write_text(str(number))


def in_memory(root: Path) -> list[Cache]:
    return [MemoryCache(2**26), LruCache(10_000)]


def hammer(caches: Callable[[Path], list[Cache]], examples: int, **options: Any) -> int:
    """How many steps were taken."""
    steps: list[int] = []
    run_state_machine_as_test(
        lambda: Edits(steps, caches),  # pyright: ignore[reportArgumentType]
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            phases=[Phase.generate, Phase.shrink],
            **options,
        ),
    )
    return len(steps)


def test_caches_save_exactly_the_work_whose_result_is_known() -> None:
    assert hammer(in_memory, 60, derandomize=True) >= 2000


class Bare:
    """A codec for results that consist of what they showed."""

    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        return None if values else Encoded([])

    def decode(self, tree: Any, data: bytes) -> tuple[Any, ...]:
        return tuple(tree)


def on_disk(root: Path) -> list[Cache]:
    return [TieredCache(MemoryCache(2**26), DiskCache(root / "results", Bare(), 2**26))]


def test_a_disk_behind_the_memory_changes_nothing() -> None:
    assert hammer(on_disk, 6, derandomize=True) >= 100
