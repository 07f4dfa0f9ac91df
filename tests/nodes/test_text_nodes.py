"""Nodes for texts, single values and regular expressions."""

from typing import Any

import pytest
import torch

from nodes.patterns import BadPattern, regex_extract, regex_match, regex_replace
from nodes.primitives import preview_any, primitive_float, primitive_int, primitive_string
from nodes.text import (
    case_converter,
    string_compare,
    string_concatenate,
    string_contains,
    string_length,
    string_replace,
    string_substring,
    string_trim,
)

TEXT = "a fox, (a Fox:1.2)\na wolf"


def test_texts_are_joined_cut_and_measured() -> None:
    assert string_concatenate(string_a="a", string_b="b", delimiter=", ") == "a, b"
    assert string_substring(string=TEXT, start=2, end=5) == "fox"
    assert string_substring(string=TEXT, start=-4, end=100) == "wolf"
    assert string_length(string="狐狸").length == 2
    assert string_replace(string=TEXT, find="fox", replace="cat") == "a cat, (a Fox:1.2)\na wolf"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("UPPERCASE", "RED FOX"),
        ("lowercase", "red fox"),
        ("Capitalize", "Red fox"),
        ("Title Case", "Red Fox"),
    ],
)
def test_letters_change(mode: Any, expected: str) -> None:
    assert case_converter(string="reD foX", mode=mode) == expected


def test_spaces_are_trimmed_at_either_end() -> None:
    modes: Any = {"Both": "x", "Left": "x \n", "Right": "\t x"}
    for mode, expected in modes.items():
        assert string_trim(string="\t x \n", mode=mode) == expected


def test_comparisons_may_ignore_capitals() -> None:
    assert string_contains(string=TEXT, substring="FOX", case_sensitive=False).contains
    assert not string_contains(string=TEXT, substring="FOX").contains
    cases: Any = [("Starts With", "A FOX"), ("Ends With", "WOLF"), ("Equal", TEXT.upper())]
    for mode, other in cases:
        assert string_compare(string_a=TEXT, string_b=other, mode=mode, case_sensitive=False)
        assert not string_compare(string_a=TEXT, string_b=other, mode=mode)


def test_patterns_find_match_and_replace() -> None:
    assert regex_match(string=TEXT, regex_pattern=r"FOX:\d").matches
    assert not regex_match(string=TEXT, regex_pattern=r"FOX:\d", case_insensitive=False).matches
    assert not regex_match(string=TEXT, regex_pattern=r"^a wolf").matches
    assert regex_match(string=TEXT, regex_pattern=r"^a wolf", multiline=True).matches
    assert regex_match(string=TEXT, regex_pattern=r"fox.*wolf", dotall=True).matches
    assert regex_replace(string=TEXT, regex_pattern=r"a (fox)", replace=r"the \1", count=1).startswith(
        "the fox, (a"
    )


@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        ("First Match", 1, "a fox"),
        ("All Matches", 1, "a fox\na Fox\na wolf"),
        ("First Group", 1, "fox"),
        ("All Groups", 1, "fox\nFox\nwolf"),
        ("All Groups", 2, ""),
    ],
)
def test_what_a_pattern_finds_is_taken_out(mode: Any, group: int, expected: str) -> None:
    found = regex_extract(string=TEXT, regex_pattern=r"a (fox|wolf)", mode=mode, group_index=group)
    assert found == expected
    assert regex_extract(string=TEXT, regex_pattern="bear", mode=mode) == ""


def test_a_pattern_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadPattern, match=r"'\(fox' cannot be read: missing \)"):
        regex_match(string=TEXT, regex_pattern="(fox")
    with pytest.raises(BadPattern, match="invalid group reference"):
        regex_replace(string=TEXT, regex_pattern="fox", replace=r"\3")


def test_single_values_pass_through_and_any_value_is_shown() -> None:
    assert (primitive_int(value=-3), primitive_float(value=0.5), primitive_string(value="x")) == (
        -3,
        0.5,
        "x",
    )
    values: Any = {
        "狐": "狐", 3: "3", 0.25: "0.25", True: "true", None: "null", (1, 2): "[\n    1,\n    2\n]",
    }  # fmt: skip
    for value, text in values.items():
        assert preview_any(source=value).ui == {"text": [text]}
    latent = {"samples": torch.zeros(1, 4, 8, 8), "batch_index": [3]}
    assert "tensor[1,4,8,8] float32 on cpu" in preview_any(source=latent).ui["text"][0]
