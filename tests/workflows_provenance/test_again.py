"""A release is for ever: whatever is saved after it, it gives the same picture to the byte."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.types import NodeId
from tests.nodes.graphs import Bench
from tests.workflows_library.definitions import definitions
from workflows.functions import bind, declared, prompt_of
from workflows.library import newest
from workflows.store import Store, Version

NAME = "portrait"
CALL = {"prompt": "a cactus on a yellow background", "seed": 7, "steps": 4}
Document = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "workflows.sqlite")
    yield opened
    opened.close()


def widget(node: int, position: int, value: Any) -> Callable[[Document], None]:
    """An edit that types a value into a widget."""

    def edit(document: Document) -> None:
        next(n for n in document["nodes"] if n["id"] == node)["widgets_values"][position] = value

    return edit


def without_notes(document: Document) -> None:
    document["nodes"] = [n for n in document["nodes"] if n["type"] != "MarkdownNote"]


def moved(document: Document) -> None:
    for node in document["nodes"]:
        node["pos"] = [node["pos"][0] + 40, node["pos"][1] - 10]


def retitled(document: Document) -> None:
    document["nodes"][0]["title"] = "The model"


# What a person does in an afternoon: of each of these some picture would be another one.
EDITS = [
    widget(5, 4, "euler"), widget(5, 5, "normal"), widget(5, 3, 6.5), widget(2, 0, "a rocket"), moved,
    widget(3, 0, "blurry"), widget(4, 0, 192), widget(4, 1, 96), retitled, widget(5, 0, 99),
    widget(5, 6, 0.9), widget(7, 0, "later"), without_notes, widget(4, 2, 2), widget(5, 4, "heun"),
    widget(5, 5, "simple"), widget(5, 2, 30), moved, widget(2, 0, "a mushroom"), widget(3, 0, "text"),
]  # fmt: skip


def picture(store: Store, version: Version, base: Path) -> bytes:
    """The pixels of a call of a version, computed anew in a fresh host over an empty folder."""
    document = store.document(version.id)
    prompt = prompt_of(document, definitions)
    bound = bind(prompt, declared(document, definitions, prompt=prompt), CALL)
    outcome = Bench(base, "--cache-none", "--no-cache-disk").run(bound.prompt, list(bound.targets))
    assert outcome.status == "success", outcome.errors
    file = (outcome.ui[NodeId(bound.outputs["image"])] or {})["images"][0]
    with Image.open(base / file["type"] / file["subfolder"] / file["filename"]) as image:
        return image.tobytes()


def test_a_release_gives_the_same_picture_twenty_versions_later(store: Store, tmp_path: Path) -> None:
    document = copy.deepcopy(newest()["text_to_image"].document)
    first = store.create(NAME, document, author="ada")
    store.release(NAME, first.id, "1.0.0", author="ada")
    before = picture(store, store.version(NAME, "1.0.0"), tmp_path / "before")

    head = first
    for count, edit in enumerate(EDITS, 1):
        edit(document)
        head = store.commit(NAME, document, parent=head.id, author="bob", message=f"edit {count}").version
    store.release(NAME, head.id, "minor", author="bob")
    assert (head.number, store.version(NAME).id) == (len(EDITS) + 1, head.id)

    again = store.version(NAME, "1.0.0")
    assert again.id == first.id
    assert picture(store, again, tmp_path / "after") == before
    assert picture(store, head, tmp_path / "head") != before
