"""What a sweep runs: from a grid, rows or a table to the inputs of each run, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from random import Random, SystemRandom
from typing import Any, Literal, NamedTuple

from workflows.functions import Function, Input, InputProblem, InvalidInputs
from workflows.functions.bind import LARGEST_SEED
from workflows.functions.released import Called
from workflows.functions.values import RANDOM
from workflows.sweeps.tables import TableError, read_table

Json = dict[str, Any]
MOST_RUNS = 10_000
"""Runs of one sweep."""
_MOST_PROBLEMS = 100
Mode = Literal["fixed", "increment", "random"]


class SweepError(ValueError):
    """A sweep that cannot be planned: `where` is the part of the request, the text says what to change."""

    def __init__(self, where: str, message: str) -> None:
        self.where = where
        super().__init__(f"{where}: {message}")


class RowProblem(NamedTuple):
    """A value that cannot be taken, and the first run that has it, counted from 0."""

    row: int
    problem: InputProblem

    def to_json(self) -> Json:
        return {"row": self.row, **self.problem.to_json()}


class InvalidRows(ValueError):
    """Values that the workflow does not take; `problems` holds each once."""

    def __init__(self, problems: Sequence[RowProblem], count: int) -> None:
        self.problems = tuple(problems)
        shown = [f"run {row}: {problem.input}: {problem.message}" for row, problem in problems[:5]]
        more = [f"and {count - 5} more"] if count > 5 else []
        super().__init__("; ".join(shown + more))


@dataclass(frozen=True)
class Seeds:
    """How seeds vary.

    Args:
        mode: `fixed`: one seed for all runs; `increment`: the next whole number each; `random`: drawn.
        count: runs for each combination. With several, these have the same seeds in each combination, so
            that combinations can be compared; with one, every run of the sweep has a seed of its own.
        input: the input to vary; needed only where a workflow has several seeds.
    """

    mode: Mode
    count: int = 1
    input: str | None = None


@dataclass(frozen=True)
class Spec:
    """What is asked for: `inputs` for all runs, and one of `grid`, `rows` and `csv`, or none of them.

    A grid runs every combination of its values, the last input changing fastest. `csv` is a table with the
    names of inputs in its first line.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    grid: Mapping[str, Sequence[Any]] | None = None
    rows: Sequence[Mapping[str, Any]] | None = None
    csv: str | None = None
    seed: Seeds | None = None
    text: frozenset[str] = frozenset()
    """Inputs whose values in `inputs` and `grid` are texts to be read, as from a command line."""


@dataclass(frozen=True)
class Axis:
    """An input that varies independently of the others, and the values it goes through."""

    input: str
    values: tuple[Any, ...]

    def to_json(self) -> Json:
        return {"input": self.input, "values": list(self.values)}


@dataclass(frozen=True)
class Row:
    """The inputs of one run; those named in `text` are texts to be read."""

    values: Json
    text: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """All runs, in order. `axes` is empty for rows, which need not be combinations of anything."""

    rows: tuple[Row, ...]
    axes: tuple[Axis, ...]
    varied: tuple[str, ...]
    """The inputs that may differ between runs."""

    def resolved(self, called: Called, random: Random | None = None) -> list[Json]:
        """Each run's values checked and completed, seeds and choices among them. Raises InvalidRows."""
        chance = random or SystemRandom()
        found: list[Json] = []
        problems: dict[tuple[str, str], RowProblem] = {}
        for index, row in enumerate(self.rows):
            try:
                found.append(called.bound(row.values, text=row.text, random=chance).values)
            except InvalidInputs as error:
                for one in error.problems:
                    problems.setdefault((one.input, one.message), RowProblem(index, one))
        if problems:
            raise InvalidRows(list(problems.values())[:_MOST_PROBLEMS], len(problems))
        return found


def planned(spec: Spec, function: Function, random: Random | None = None) -> Plan:
    """The runs a sweep of a function is. Raises SweepError; the values are checked by `Plan.resolved`."""
    if sum(part is not None for part in (spec.grid, spec.rows, spec.csv)) > 1:
        raise SweepError("grid", "give one of grid, rows and csv")
    entry = None if spec.seed is None else _seed_input(spec.seed, function)
    seeds = 1 if spec.seed is None else _count(spec.seed)
    if spec.grid is not None or (spec.rows is None and spec.csv is None):
        axes = _axes(spec.grid or {})
        _limit(prod(len(axis.values) for axis in axes) * seeds, "grid")
        names = tuple(axis.input for axis in axes)
        combined = (dict(zip(names, values, strict=True)) for values in product(*(a.values for a in axes)))
        rows = [Row({**spec.inputs, **values}, spec.text) for values in combined]
    else:
        axes, rows = (), list(_rows(spec))
        _limit(len(rows) * seeds, "rows" if spec.csv is None else "csv")
        names = _differing(rows)
    if spec.seed is None or entry is None:
        return Plan(tuple(rows), axes, names)
    return _seeded(Plan(tuple(rows), axes, names), spec.seed, entry, random or SystemRandom())


def _limit(count: int, where: str) -> None:
    if count == 0:
        raise SweepError(where, "there is nothing to run")
    if count > MOST_RUNS:
        raise SweepError(where, f"these are {count:,} runs; a sweep has at most {MOST_RUNS:,}")


def _axes(grid: Mapping[str, Sequence[Any]]) -> tuple[Axis, ...]:
    for name, values in grid.items():
        if not values:
            raise SweepError(f"grid.{name}", "there are no values; leave it out or give some")
    return tuple(Axis(name, tuple(values)) for name, values in grid.items())


def _rows(spec: Spec) -> Iterator[Row]:
    if spec.csv is None:
        for values in spec.rows or ():
            yield Row({**spec.inputs, **values}, spec.text - values.keys())
        return
    try:
        table = read_table(spec.csv)
    except TableError as error:
        raise SweepError("csv", str(error)) from error
    for cells in table:
        yield Row({**spec.inputs, **cells}, spec.text | cells.keys())


def _differing(rows: Sequence[Row]) -> tuple[str, ...]:
    """The inputs that are not the same in all rows."""
    names = dict.fromkeys(name for row in rows for name in row.values)
    return tuple(name for name in names if len({repr(row.values.get(name)) for row in rows}) > 1)


def _seed_input(seeds: Seeds, function: Function) -> Input:
    names = [entry.name for entry in function.inputs if entry.seed]
    if seeds.input is not None:
        entry = function.by_name.get(seeds.input)
        if entry is None or not entry.seed:
            known = ", ".join(names) or "it has none"
            raise SweepError("seed.input", f"{seeds.input!r} is no seed of this workflow; seeds: {known}")
        return entry
    if len(names) != 1:
        which = f"name one of {', '.join(names)}" if names else "this workflow has no seed among its inputs"
        raise SweepError("seed.input", which)
    return function.by_name[names[0]]


def _count(seeds: Seeds) -> int:
    if seeds.count < 1:
        raise SweepError("seed.count", "must be at least 1")
    if seeds.mode == "fixed" and seeds.count > 1:
        text = f"with one fixed seed the {seeds.count} runs of a combination would be the same"
        raise SweepError("seed.count", f"{text}: use increment or random")
    return seeds.count


def _seeded(plan: Plan, seeds: Seeds, entry: Input, random: Random) -> Plan:
    """The same with seeds. They are the same in every combination if there are several for each."""
    name = entry.name
    if name in plan.varied:
        raise SweepError("seed.input", f"{name} already varies; leave out seed, or the values of {name}")
    low = 0 if entry.min is None else int(entry.min)
    high = min(LARGEST_SEED if entry.max is None else int(entry.max), LARGEST_SEED)
    given = plan.rows[0].values.get(name)
    first = _first(entry.default if given is None else given, low, high, random)

    def seed(index: int) -> int:
        if seeds.mode == "random":
            return random.randint(low, high)
        return first if seeds.mode == "fixed" else low + (first - low + index) % (high - low + 1)

    if seeds.count > 1:
        drawn = [seed(index) for index in range(seeds.count)]
        rows = [_with(row, name, value) for row in plan.rows for value in drawn]
        axes = (*plan.axes, Axis(name, tuple(drawn))) if plan.axes or len(plan.rows) == 1 else ()
        return Plan(tuple(rows), axes, (*plan.varied, name))
    rows = [_with(row, name, seed(index)) for index, row in enumerate(plan.rows)]
    varied = plan.varied if seeds.mode == "fixed" else (*plan.varied, name)
    return Plan(tuple(rows), plan.axes, varied)


def _with(row: Row, name: str, seed: int) -> Row:
    return Row({**row.values, name: seed}, row.text - {name})


def _first(value: Any, low: int, high: int, random: Random) -> int:
    """The seed to begin with."""
    if value is None:
        return low
    if value == RANDOM:
        return random.randint(low, high)
    try:
        return min(max(int(value), low), high)
    except (TypeError, ValueError) as error:
        raise SweepError("inputs", f"{value!r} is no seed: give a whole number or {RANDOM!r}") from error
