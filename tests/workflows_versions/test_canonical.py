"""Equal values have equal bytes, whoever wrote them and however."""

import json
import math
from typing import Any, Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph import as_list, as_object
from workflows.canonical import MAX_DEPTH, CanonicalError, canonical, digest, dumps, lines

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
)
keys = st.text("abcdeé\u0301ok2", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


def shuffled(value: Any) -> Any:
    """The same value with the keys of every object the other way round."""
    if (entries := as_object(value)) is not None:
        return {key: shuffled(entries[key]) for key in reversed(list(entries))}
    items = as_list(value)
    return value if items is None else [shuffled(item) for item in items]


def composed(value: Any, form: Literal["NFC", "NFD"]) -> Any:
    if isinstance(value, str):
        return normalize(form, value)
    if (entries := as_object(value)) is not None:
        return {normalize(form, key): composed(item, form) for key, item in entries.items()}
    items = as_list(value)
    return value if items is None else [composed(item, form) for item in items]


def usable(value: Any) -> bool:
    try:
        canonical(value)
    except CanonicalError:
        return False
    return True


@given(values.filter(usable))
def test_the_order_of_keys_and_the_unicode_form_do_not_matter(value: Any) -> None:
    assert dumps(shuffled(value)) == dumps(value)
    assert dumps(composed(value, "NFD")) == dumps(composed(value, "NFC")) == dumps(value)


@given(values.filter(usable))
def test_both_written_forms_read_back_as_the_canonical_value(value: Any) -> None:
    same = canonical(value)
    assert dumps(json.loads(dumps(value))) == dumps(json.loads(lines(value))) == dumps(same)
    assert lines(json.loads(lines(value))) == lines(value)
    assert canonical(same) == same


@pytest.mark.parametrize("written", ["1", "1.0", "1.00", "1e0", "10e-1", "0.1e1"])
def test_the_ways_to_write_a_number_are_one(written: str) -> None:
    assert dumps(json.loads(f'{{"a": {written}}}')) == '{"a":1}'


def test_numbers_have_their_shortest_exact_form() -> None:
    assert dumps([0.1, -0.0, 0.30000000000000004, 1e22, 1e-7, 8.0]) == (
        "[0.1,0,0.30000000000000004,10000000000000000000000,1e-07,8]"
    )
    assert dumps([2**53 + 1, 2**64 - 1, -(2**70)]) == f"[{2**53 + 1},{2**64 - 1},{-(2**70)}]"


def test_true_is_not_one() -> None:
    assert digest([True]) != digest([1])


def test_nothing_of_the_original_is_shared() -> None:
    original = {"a": [1, {"b": 2}]}
    copy = canonical(original)
    copy["a"][1]["b"] = 3
    assert original == {"a": [1, {"b": 2}]}


def test_half_a_character_is_written_as_an_escape() -> None:
    assert dumps("a\ud83d") == '"a\\ud83d"'
    assert dumps("\ud83d" + "\ude00") == dumps("\U0001f600")
    assert len(digest("\ud83d")) == 64


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_its_place(number: float) -> None:
    with pytest.raises(CanonicalError, match="/nodes/0/widgets_values"):
        canonical({"nodes": [{"widgets_values": number}]})


def test_keys_that_become_equal_are_refused() -> None:
    with pytest.raises(CanonicalError, match="twice"):
        canonical({"é": 1, "e\u0301": 2})
    with pytest.raises(CanonicalError, match="no text"):
        canonical({1: 2})


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(CanonicalError, match="is a set"):
        canonical({"a": {1}})
    with pytest.raises(CanonicalError, match="too long"):
        dumps(10**5000)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_a_clear_error(opening: str) -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value] if opening == "[" else {"a": value}
    for entrance in (canonical, dumps, digest, lines):
        with pytest.raises(CanonicalError, match=f"more than {MAX_DEPTH} deep"):
            entrance(value)
    for _ in range(100_000):  # freed one by one: all at once would recurse
        value = value[0] if opening == "[" else value["a"]


def test_lines_hold_one_entry_each() -> None:
    text = lines({"b": {"deep": [[1, 2], []]}, "id": 3, "a": [], "values": [1, 2]}, first=("id",),
                 spread=frozenset({"values"}))  # fmt: skip
    assert text == (
        '{\n  "id": 3,\n  "a": [],\n  "b": {\n    "deep": [\n      [1, 2],\n      []\n    ]\n  },\n'
        '  "values": [\n    1,\n    2\n  ]\n}\n'
    )
