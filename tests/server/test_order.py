"""The order of pending jobs, against a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.jobs.order import Order
from server.jobs.records import Place


def order_of(*numbers: float) -> Order:
    """Jobs a, b, c ... with these priority numbers."""
    order = Order()
    for row, number in enumerate(numbers, 1):
        order.put(Place(number, float(row), row, chr(96 + row)))
    return order


def names(order: Order) -> str:
    return "".join(place.prompt_id for place in order)


def move(order: Order, name: str, anchor: str, *, after: bool = False) -> list[Place]:
    moved, beside = order.get(name), order.get(anchor)
    assert moved is not None and beside is not None
    places = order.beside(moved, beside, after=after)
    for place in places:
        order.put(place)
    return places


def test_the_smallest_number_comes_first_then_who_came_first() -> None:
    assert names(order_of(5, 1, 5, -2)) == "dbac"


def test_a_job_moves_directly_before_or_after_another() -> None:
    order = order_of(1, 2, 3, 4)
    assert len(move(order, "d", "b")) == 1 and names(order) == "adbc"
    move(order, "a", "c", after=True)
    assert names(order) == "dbca"
    move(order, "a", "c", after=True)
    assert names(order) == "dbca"


def test_what_is_taken_out_is_gone() -> None:
    order = order_of(1, 1, 1)
    assert order.pop("b") is not None and order.pop("b") is None
    assert names(order) == "ac" and "b" not in order and len(order) == 2


def test_two_hundred_moves_to_the_same_place_never_run_out_of_room() -> None:
    order = order_of(1, 2, 3)
    for turn in range(200):
        name = "ac"[turn % 2]
        move(order, name, "b")
        assert names(order).index("b") - names(order).index(name) == 1
    assert names(order).endswith("cb")


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=120),
)
def test_moves_do_what_they_do_to_a_list(numbers: list[int], moves: list[tuple[int, int, bool]]) -> None:
    order = order_of(*numbers)
    plain = list(names(order))
    for first, second, after in moves:
        name, anchor = sorted(plain)[first % len(plain)], sorted(plain)[second % len(plain)]
        if name == anchor:
            continue
        move(order, name, anchor, after=after)
        plain.remove(name)
        plain.insert(plain.index(anchor) + after, name)
        assert list(names(order)) == plain
