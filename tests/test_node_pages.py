"""Every node has a page that is up to date; the graphs on the pages are sound and give what they say."""

import json
from pathlib import Path

import pytest
from PIL import Image as PilImage

from engine import validate
from engine.registry import Registry
from nodes import builtin
from nodes.encoding import MODEL
from nodes.pictures import read_picture
from tools.docs import NODES
from tools.docs.examples import Example, examples
from tools.docs.pages import pages, picture_of, pictures
from tools.docs.pictures import LIMIT, Runner, compare


@pytest.fixture(scope="module")
def registry() -> Registry:
    return builtin()


@pytest.fixture(scope="module")
def known(registry: Registry) -> dict[str, Example]:
    return examples(registry)


@pytest.fixture(scope="module")
def runner(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(registry, tmp_path_factory.mktemp("runs"))


def test_every_page_and_graph_is_up_to_date(registry: Registry) -> None:
    written = pages(registry)
    there = {*NODES.rglob("*.md"), *NODES.rglob("*.json")}
    assert {path.relative_to(NODES).as_posix() for path in there} == set(written), "run `make docs`"
    stale = [name for name, text in written.items() if (NODES / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


def test_the_example_of_every_node_can_run(
    registry: Registry, known: dict[str, Example], runner: Runner
) -> None:
    for name, example in known.items():
        checked = validate(example.prompt, registry, runner.folders)
        assert checked.graph is not None and checked.problems == (), (name, checked.problems)


def test_every_example_has_its_picture_or_its_text(registry: Registry) -> None:
    there = {path.relative_to(NODES).as_posix() for path in (NODES / "pictures").iterdir()}
    assert there == pictures(registry), "run `python -m tools.docs pictures CLASS`"


def test_pictures_carry_the_graph_of_their_page(known: dict[str, Example]) -> None:
    stale = [name for name, e in known.items() if not e.gives and graph_in(picture_of(name)) != e.prompt]
    assert stale == [], f"run `python -m tools.docs pictures {' '.join(stale)}`"


def graph_in(picture: str) -> object:
    """The graph in a file's metadata, where the canvas looks for it."""
    with PilImage.open(NODES / picture) as file:
        return json.loads(file.getexif()[MODEL].removeprefix("prompt:"))


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (NODES / "pictures").iterdir()}
    assert [name for name, size in sizes.items() if size > LIMIT] == []
    assert sum(sizes.values()) < 1.5 * 2**20


def test_examples_that_end_in_text_give_what_their_page_says(
    known: dict[str, Example], runner: Runner
) -> None:
    for name, example in known.items():
        if example.gives:
            shown = runner.shown(example.prompt)
            assert isinstance(shown, str)
            compare(name, example, shown)


@pytest.mark.parametrize("name", ["PreviewImage", "ImageBlur", "MaskComposite", "LatentFlip"])
def test_a_picture_on_a_page_is_what_its_graph_makes(
    known: dict[str, Example], runner: Runner, name: str
) -> None:
    shown = runner.shown(known[name].prompt)
    assert isinstance(shown, Path)
    made, kept = (read_picture(path)[0] for path in (shown, NODES / picture_of(name)))
    assert made.shape == kept.shape
    assert float((made - kept).abs().mean()) < 0.03  # compression only; another picture is 0.1 away and more
