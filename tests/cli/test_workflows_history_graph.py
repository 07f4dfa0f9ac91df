"""The column of the log that shows where versions come from."""

from hypothesis import given
from hypothesis import strategies as st

from cli.workflows.history_graph import HistoryGraph


def drawn(*versions: tuple[str, str]) -> list[str]:
    """The lines for versions with their parents, newest first."""
    graph = HistoryGraph()
    return [line for version, parents in versions for line in graph.add(version, list(parents))]


def test_a_plain_history_is_one_line() -> None:
    assert drawn(("c", "b"), ("b", "a"), ("a", "")) == ["●", "●", "●"]


def test_a_merge_opens_a_column_and_the_fork_closes_it() -> None:
    assert drawn(("m", "ab"), ("b", "r"), ("a", "r"), ("r", "")) == [
        "●",
        "├─╮",
        "│ ●",
        "● │",
        "╰─┤",
        "  ●",
    ]


def test_two_branches_side_by_side_end_where_they_began() -> None:
    assert drawn(("x", "r"), ("y", "r"), ("r", "")) == ["●", "│ ●", "├─╯", "●"]


def test_a_line_that_crosses_others_is_followed() -> None:
    lines = drawn(("x", "p"), ("y", "q"), ("m", "rp"), ("r", ""), ("q", ""), ("p", ""))
    assert lines == ["●", "│ ●", "│ │ ●", "├─┼─┤", "│ │ ●", "│ ●", "●"]


def test_columns_that_became_free_are_used_again() -> None:
    assert drawn(("a", ""), ("b", "c"), ("c", "")) == ["●", "●", "●"]


@given(st.lists(st.sets(st.integers(1, 6), max_size=3), min_size=1, max_size=30))
def test_every_history_is_drawn_to_its_end(steps: list[set[int]]) -> None:
    """Each version has its dot, lines go only to versions that are there, and none goes on at the end."""
    graph, last = HistoryGraph(), len(steps) - 1
    for number, back in enumerate(steps):
        parents = [str(number + step) for step in sorted(back) if number + step <= last]
        node, *connections = graph.add(str(number), parents)
        assert node.count("●") == 1 and not any("●" in line for line in connections)
        assert len(connections) <= max(len(parents), 1)
    assert graph.below == ""
