"""Texts as they are submitted: comments, alternatives, names of nodes, dates."""

from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows_formats.files import Sketch, klass
from workflows.formats.substitute import as_text, date, dynamic, named

NOW = datetime(2026, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain (text:1.2), [x]", "plain (text:1.2), [x]"),
        ("a /* b\nc */ d", "a  d"),
        ("a // b\nc", "a \nc"),
        ("{one}", "one"),
        ("{}", ""),
        ("{a{b}c}", "abc"),
        (r"\{a\|b\}", "{a|b}"),
        (r"{a\|b}", "a|b"),
        (r"\(round\) \\ back", r"\(round\) \\ back"),
        ("a } b", "a } b"),
        ("a {b|c", "a {b|c"),
        ("a | b", "a | b"),
        ("{{x}", "{x"),
    ],
)
def test_a_text_without_a_choice_has_one_result(text: str, expected: str) -> None:
    assert dynamic(text, Random(0)) == expected


def test_each_alternative_is_chosen_some_time_and_nothing_else() -> None:
    random = Random(1)
    found = {dynamic("{red|{dark|light} green|}!", random) for _ in range(300)}
    assert found == {"red!", "dark green!", "light green!", "!"}


@given(st.text(alphabet="ab{}|\\/*\n"), st.integers())
def test_any_text_gives_a_text_and_the_same_for_the_same_chance(text: str, seed: int) -> None:
    assert dynamic(text, Random(seed)) == dynamic(text, Random(seed))


def test_very_deep_braces_are_no_problem() -> None:
    assert dynamic("{" * 50_000 + "x" + "}" * 50_000, Random(0)) == "x"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd", "2026-03-04"),
        ("yy.M.d", "26.3.4"),
        ("hh:mm:ss", "05:06:07"),
        ("h-m-s", "5-6-7"),
        ("", ""),
    ],
)
def test_dates(pattern: str, expected: str) -> None:
    assert date(pattern, NOW) == expected
    assert named(f"<%date:{pattern}%>", lambda who, widget: (), NOW)[0] == f"<{expected}>"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (8.0, "8"),
        (7.5, "7.5"),
        (2**53, str(2**53)),
        (None, ""),
        ("a", "a"),
        (["a", 1], "a,1"),
    ],
)
def test_values_are_written_as_the_canvas_does(value: Any, expected: str) -> None:
    assert as_text(value) == expected


def saving(prefix: str, **options: Any) -> Any:
    sketch = Sketch()
    sketch.node("EmptyLatentImage", [640, 512, 1])
    sketch[1]["properties"] = {"Node name for S&R": "Size"}
    save = sketch.node("SaveImage", [prefix])
    return sketch.inputs(save, now=NOW, **options)["filename_prefix"]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("%Size.width%x%Size.height%", "640x512"),
        ("%Empty Latent Image.width%", "640"),
        ("%date:yyyy-MM-dd%/a", "2026-03-04/a"),
        ("%width%_%batch_num%", "%width%_%batch_num%"),
        ("%Size.depth%", "%Size.depth%"),
        ("100% sure", "100% sure"),
        ("100%_%Size.width%", "100%_640"),
        ("%Size.width", "%Size.width"),
    ],
)
def test_file_names(prefix: str, expected: str) -> None:
    assert saving(prefix) == expected
    assert saving(prefix, substitute=False) == prefix


@pytest.mark.parametrize("kind", ["SaveImageAs", "WorkflowOutput"])
def test_file_names_of_savers_that_only_darkroom_has(kind: str) -> None:
    sketch = Sketch(klass(kind, [], filename_prefix=["STRING", {"default": "output"}]))
    save = sketch.node(kind, ["%date:yyyy%/a"])
    assert sketch.inputs(save, now=NOW)["filename_prefix"] == "2026/a"


def test_a_name_that_means_nothing_is_told() -> None:
    sketch = Sketch()
    sketch.node("SaveImage", ["%Nobody.seed%"])
    assert sketch.codes() == [("unknown_substitution", "1")]


def test_a_name_for_texts_comes_before_a_title() -> None:
    sketch = Sketch()
    sketch.node("EmptyLatentImage", [1, 1, 1])
    sketch.node("EmptyLatentImage", [2, 2, 2])
    sketch[1]["title"] = "Size"
    sketch[2]["properties"] = {"Node name for S&R": "Size"}
    assert sketch.inputs(sketch.node("SaveImage", ["%Size.width%"]))["filename_prefix"] == "2"


def test_texts_of_other_nodes_are_left_alone() -> None:
    sketch = Sketch()
    assert sketch.inputs(sketch.node("PrimitiveString", ["{a|b} // c %date:yyyy%"])) == {
        "value": "{a|b} // c %date:yyyy%"
    }


def test_chance_comes_from_where_it_is_asked_for() -> None:
    sketch = Sketch()
    node = sketch.node("CLIPTextEncode", ["{a|b|c|d|e|f|g|h}"])
    found = [sketch.inputs(node, random=Random(7))["text"] for _ in range(3)]
    assert len(set(found)) == 1 and found[0] in "abcdefgh"
    assert len({sketch.inputs(node)["text"] for _ in range(200)}) > 3


def test_several_texts_of_a_node_draw_their_chances_in_order() -> None:
    text = ["STRING", {"dynamicPrompts": True}]
    sketch = Sketch(klass("Texts", [], **dict.fromkeys("abcdef", text)))
    node = sketch.node("Texts", ["{1|2|3|4|5|6|7|8|9}"] * 6)
    random = Random(3)
    drawn = [random.choice("123456789") for _ in range(6)]
    assert list(sketch.inputs(node, random=Random(3)).values()) == drawn
