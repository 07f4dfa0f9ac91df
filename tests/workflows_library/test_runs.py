"""Each shipped workflow called as a function on the demo model: what comes out is what it promises.

The bits are those of float32 on the processor; few steps are enough for what is asked of them here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.types import NodeId
from tests.nodes.graphs import Bench
from tests.workflows_library.definitions import definitions
from workflows.functions import bind, declared, prompt_of
from workflows.library import newest

Picture = NDArray[np.uint8]
WHITE, YELLOW, TEAL, BLUE = (248, 248, 248), (250, 224, 90), (20, 160, 165), (36, 70, 200)
"""Backgrounds the model was trained on."""
TOLERANCE = 24
"""Of a background's colour, in levels: the autoencoder is a small one."""


@dataclass(frozen=True)
class Answer:
    """What a call came to: pictures, and values, by the name of the output."""

    pictures: dict[str, list[Picture]]
    values: dict[str, list[Any]]

    def picture(self, name: str = "image") -> Picture:
        [only] = self.pictures[name]
        return only


class Library:
    """The functions over one host, which keeps the model and its cache between calls."""

    def __init__(self, base: Path) -> None:
        self.base = base
        (base / "input").mkdir(parents=True)
        self.bench = Bench(base)
        self.function = cache(self._function)

    def call(self, name: str, **values: Any) -> Answer:
        prompt, function = self.function(name)
        bound = bind(prompt, function, values)
        outcome = self.bench.run(bound.prompt, list(bound.targets))
        assert outcome.status == "success", outcome.errors
        shown = {output: outcome.ui[NodeId(node)] or {} for output, node in bound.outputs.items()}
        return Answer(
            {
                name: [self.read(file) for file in ui["images"]]
                for name, ui in shown.items()
                if "images" in ui
            },
            {name: ui["values"] for name, ui in shown.items() if "values" in ui},
        )

    def read(self, file: dict[str, str]) -> Picture:
        path = self.base / file["type"] / file["subfolder"] / file["filename"]
        return np.asarray(Image.open(path).convert("RGB"))

    def give(self, name: str, picture: Picture) -> str:
        """Put a picture into the input folder."""
        Image.fromarray(picture).save(self.base / "input" / name)
        return name

    def _function(self, name: str) -> Any:
        document = newest()[name].document
        prompt = prompt_of(document, definitions)
        return prompt, declared(document, definitions, prompt=prompt)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield Library(tmp_path_factory.mktemp("library"))


def background(picture: Picture) -> Any:
    """The usual colour of a picture's border."""
    edge = np.concatenate([picture[:4].reshape(-1, 3), picture[-4:].reshape(-1, 3)])
    return np.median(edge, axis=0)


def off(picture: Picture, colour: tuple[int, int, int]) -> float:
    return float(np.abs(background(picture) - np.array(colour)).max())


def apart(one: Picture, other: Picture) -> float:
    """Mean difference in levels."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def sharpness(picture: Picture) -> float:
    """The steepest edge, in levels a pixel."""
    return float(np.abs(np.diff(picture.astype(int), axis=1)).max())


def test_text_to_image_draws_what_the_prompt_says(library: Library) -> None:
    made = library.call("text_to_image", prompt="a lemon on a blue background", steps=8).picture()
    other = library.call("text_to_image", prompt="a lemon on a white background", steps=8).picture()
    assert made.shape == (128, 128, 3) and made.std() > 15
    assert off(made, BLUE) < TOLERANCE and off(other, WHITE) < TOLERANCE


def test_the_same_seed_draws_the_same_picture_and_another_one_another(library: Library) -> None:
    first = library.call("text_to_image", seed=1, steps=3).picture()
    again = Library(library.base / "again")  # nothing of the first run is there to be found again
    assert np.array_equal(first, again.call("text_to_image", seed=1, steps=3).picture())
    assert apart(first, library.call("text_to_image", seed=2, steps=3).picture()) > 1


def test_image_to_image_stays_nearer_to_the_picture_the_less_may_change(library: Library) -> None:
    given = library.call("text_to_image", prompt="a star on a yellow background", steps=8).picture()
    wide = np.pad(given, ((0, 0), (40, 40), (0, 0)), mode="edge")
    near, far = (
        library.call(
            "image_to_image", image=library.give("wide.png", wide), prompt="", steps=6, denoise=denoise
        ).picture()
        for denoise in (0.1, 1.0)
    )
    assert near.shape == (128, 128, 3), "the middle of the picture, at the model's size"
    assert apart(near, given) < 12 < apart(far, given)


def test_inpaint_draws_under_the_mask_and_keeps_the_rest_to_the_bit(library: Library) -> None:
    given = library.call("text_to_image", prompt="a balloon on a blue background", seed=3, steps=8).picture()
    mask = np.zeros_like(given)
    mask[32:96, 24:104] = 255
    made = library.call(
        "inpaint",
        image=library.give("balloon.png", given),
        mask=library.give("mask.png", mask),
        prompt="an owl on a blue background",
        steps=8,
    ).picture()
    outside = mask[..., 0] == 0
    assert np.array_equal(made[outside], given[outside])
    assert apart(made[~outside], given[~outside]) > 10


def test_inpaint_without_a_picture_shows_what_it_does(library: Library) -> None:
    made = library.call("inpaint", steps=4).picture()
    assert made.shape == (128, 128, 3) and made.std() > 15 and off(made, BLUE) < TOLERANCE


def test_the_second_pass_is_larger_and_shows_the_same(library: Library) -> None:
    made = library.call("hires_two_pass", steps=6, scale=1.25)
    large, small = made.picture(), made.picture("small")
    assert small.shape == (128, 128, 3) and large.shape == (160, 160, 3)
    reduced = np.asarray(Image.fromarray(large).resize((128, 128), Image.Resampling.LANCZOS))
    other = library.call("hires_two_pass", steps=6, scale=1.25, seed=99).picture("small")
    assert apart(reduced, small) < apart(other, small) / 2


def test_every_picture_of_a_batch_of_seeds_is_the_one_its_seed_draws(library: Library) -> None:
    prompt = "a tulip on a teal background"
    made = library.call("batch_of_seeds", prompt=prompt, seed=2**64 - 1, count=2, steps=3)
    assert made.values["seeds"] == [2**64 - 1, 0]
    for seed, picture in zip(made.values["seeds"], made.pictures["images"], strict=True):
        alone = library.call("text_to_image", prompt=prompt, seed=seed, steps=3).picture()
        assert np.array_equal(picture, alone)
    assert made.picture("grid").shape == (132, 262, 3)


def test_samplers_are_compared_on_one_prompt_and_one_seed(library: Library) -> None:
    made = library.call("compare_samplers", steps=3)
    pictures = made.pictures["images"]
    assert len(pictures) == 4
    alone = {"prompt": "a rocket on a yellow background", "seed": 5, "steps": 3}
    euler = library.call("text_to_image", **alone, sampler_name="euler", scheduler="normal").picture()
    assert np.array_equal(pictures[0], euler)
    assert all(apart(pictures[0], other) > 0.5 for other in pictures[1:])
    height, width, _ = made.picture("grid").shape
    assert width == 4 * 130 + 2 and height > 132, "a band for the names"


def test_a_grid_holds_every_pair_of_its_values(library: Library) -> None:
    made = library.call("xy_grid", cfg="1\n4", steps="2\n3\n4")
    pictures = made.pictures["images"]
    assert len(pictures) == 6
    alone = {"prompt": "a rocket on a yellow background", "seed": 5}
    for index, (cfg, steps) in {1: (4.0, 2), 4: (1.0, 4)}.items():
        assert np.array_equal(
            pictures[index], library.call("text_to_image", **alone, cfg=cfg, steps=steps).picture()
        )
    grid = made.picture("grid")
    band = grid.shape[0] - (3 * 130 + 2), grid.shape[1] - (2 * 130 + 2)
    top, left = band[0] + 2 + 130, band[1] + 2 + 130
    assert np.array_equal(grid[top : top + 128, left : left + 128], pictures[3])
    assert grid[: band[0]].max() > 128 and grid[:, : band[1]].max() > 128, "words beside it"


def test_what_nobody_should_see_is_kept_back(library: Library) -> None:
    skull = {"prompt": "a skull on a white background", "steps": 12}
    made = library.call("safety_checked", **skull)
    assert made.values["flagged"] == [True] and not made.picture().any()
    blurred = library.call("safety_checked", **skull, on_flagged="blur").picture()
    shown = library.call("text_to_image", **skull, seed=2).picture()
    assert blurred.any() and sharpness(blurred) < sharpness(shown) / 3


def test_what_anybody_may_see_is_shown_as_it_is(library: Library) -> None:
    made = library.call("safety_checked", prompt="a sunflower on a blue background", steps=8)
    shown = library.call("text_to_image", prompt="a sunflower on a blue background", seed=2, steps=8)
    assert made.values["flagged"] == [False] and np.array_equal(made.picture(), shown.picture())
    assert '"concepts"' in cast(str, made.values["scores"][0])
