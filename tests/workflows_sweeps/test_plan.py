"""What a sweep runs, in which order, with which seeds."""

from __future__ import annotations

import csv
import io
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.functions import Function, Input
from workflows.sweeps import MOST_RUNS, Axis, Seeds, Spec, SweepError, planned
from workflows.sweeps.tables import TableError, cell, read_table, write_table

FUNCTION = Function(
    (
        Input("text", "STRING", ()),
        Input("count", "INT", ()),
        Input("seed", "INT", (), seed=True, default=5, min=0, max=100),
    ),
    (),
)


def rows(spec: Spec, function: Function = FUNCTION, **more: Any) -> list[dict[str, Any]]:
    return [row.values for row in planned(spec, function, **more).rows]


def test_the_last_input_of_a_grid_changes_fastest() -> None:
    plan = planned(Spec({"seed": 1}, grid={"text": ["a", "b"], "count": [1, 2]}), FUNCTION)
    assert [(row.values["text"], row.values["count"]) for row in plan.rows] == [
        ("a", 1), ("a", 2), ("b", 1), ("b", 2),
    ]  # fmt: skip
    assert plan.axes == (Axis("text", ("a", "b")), Axis("count", (1, 2))) and plan.varied == ("text", "count")


def test_without_a_grid_there_is_one_run_or_one_for_each_seed() -> None:
    assert rows(Spec({"text": "a"})) == [{"text": "a"}]
    plan = planned(Spec({"text": "a"}, seed=Seeds("increment", 3)), FUNCTION)
    assert [row.values["seed"] for row in plan.rows] == [5, 6, 7]
    assert plan.axes == (Axis("seed", (5, 6, 7)),)


def test_rows_override_what_is_fixed_and_only_differences_count_as_varied() -> None:
    plan = planned(Spec({"text": "a", "count": 1}, rows=[{"count": 2}, {"text": "b"}]), FUNCTION)
    assert [row.values for row in plan.rows] == [{"text": "a", "count": 2}, {"text": "b", "count": 1}]
    assert plan.axes == () and plan.varied == ("text", "count")


def test_the_cells_of_a_table_are_texts_to_be_read() -> None:
    plan = planned(Spec({"seed": 3}, csv="text,count\r\n5,7\r\n"), FUNCTION)
    (row,) = plan.rows
    assert row.values == {"seed": 3, "text": "5", "count": "7"} and row.text == {"text", "count"}


def test_seeds_follow_their_range_and_are_the_same_for_every_combination() -> None:
    grid: dict[str, list[Any]] = {"text": ["a", "b", "c"]}
    assert [row["seed"] for row in rows(Spec({"seed": 99}, grid=grid, seed=Seeds("increment")))] == [
        99,
        100,
        0,
    ]
    drawn = [row["seed"] for row in rows(Spec(grid=grid, seed=Seeds("random", 2)), random=Random(1))]
    assert drawn[:2] == drawn[2:4] == drawn[4:] and all(0 <= seed <= 100 for seed in drawn)
    fixed = rows(Spec({"seed": "random"}, grid=grid, seed=Seeds("fixed")))
    assert len({row["seed"] for row in fixed}) == 1


def test_which_seed_is_meant_must_be_clear() -> None:
    two = Function((*FUNCTION.inputs, Input("noise", "INT", (), seed=True)), ())
    with pytest.raises(SweepError, match="name one of seed, noise"):
        planned(Spec(seed=Seeds("random")), two)
    assert rows(Spec(seed=Seeds("fixed", input="noise")), two) == [{"noise": 0}]
    with pytest.raises(SweepError, match="has no seed"):
        planned(Spec(seed=Seeds("random")), Function((), ()))


def test_a_sweep_has_a_most_and_is_never_unrolled_before_that_is_known() -> None:
    huge: dict[str, list[Any]] = {name: list(range(1000)) for name in "abcdef"}
    with pytest.raises(SweepError, match="1,000,000,000,000,000,000 runs; a sweep has at most 10,000"):
        planned(Spec(grid=huge), FUNCTION)
    assert len(rows(Spec(grid={"count": list(range(100))}, seed=Seeds("random", 100)))) == MOST_RUNS


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r"), max_size=20)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=5))
def test_a_table_that_was_written_is_read_back(content: list[list[str]]) -> None:
    kept = [dict(zip("ab", row, strict=True)) for row in content]
    kept = [{name: text for name, text in row.items() if text.strip()} for row in kept]
    # Lines without anything in them are left out.
    expected = [row for row, cells in zip(kept, content, strict=True) if any(cells)]
    assert read_table(write_table(["a", "b"], content)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the first line must hold"),
        ("a,,b\n", "line 1: column 2 has no name"),
        ("a,a\n", "line 1: 'a' is there several times"),
        ("a,b\n1,2\n1,2,3\n", "line 3: 3 cells, but 2 columns"),
        ('a\n"open\n', "line 2"),
        ('a\n"x"y\n', "line 2"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_table(text)


def test_cells_show_values_as_they_can_be_read_again() -> None:
    values = [None, True, 3, 2.5, "a,b", ["x", "y"]]
    assert [cell(value) for value in values] == ["", "true", "3", "2.5", "a,b", '["x", "y"]']
    assert list(csv.reader(io.StringIO(write_table(["v"], [["a,b"]])))) == [["v"], ["a,b"]]
