"""The training data: emoji drawn at varied size and place on plain backgrounds, with captions.

Pictures are drawn from Debian's Noto Color Emoji when they are needed; none is stored.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIZE = 128
"""Height and width of a picture in pixels."""

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
STRIKE = 109
"""The one size at which the font holds bitmaps."""

OBJECTS: dict[str, str] = {
    "fox face": "FOX FACE",
    "rocket": "ROCKET",
    "red apple": "RED APPLE",
    "cactus": "CACTUS",
    "skull": "SKULL",
    "octopus": "OCTOPUS",
    "lemon": "LEMON",
    "mushroom": "MUSHROOM",
    "sunflower": "SUNFLOWER",
    "star": "WHITE MEDIUM STAR",
    "guitar": "GUITAR",
    "tropical fish": "TROPICAL FISH",
    "banana": "BANANA",
    "grapes": "GRAPES",
    "watermelon": "WATERMELON",
    "carrot": "CARROT",
    "hamburger": "HAMBURGER",
    "frog face": "FROG FACE",
    "panda face": "PANDA FACE",
    "penguin": "PENGUIN",
    "lady beetle": "LADY BEETLE",
    "butterfly": "BUTTERFLY",
    "tulip": "TULIP",
    "christmas tree": "CHRISTMAS TREE",
    "automobile": "AUTOMOBILE",
    "soccer ball": "SOCCER BALL",
    "crown": "CROWN",
    "heart": "HEAVY BLACK HEART",
    "crescent moon": "CRESCENT MOON",
    "avocado": "AVOCADO",
    "aubergine": "AUBERGINE",
    "pig face": "PIG FACE",
    "jeans": "JEANS",
    "top hat": "TOP HAT",
    "pineapple": "PINEAPPLE",
    "broccoli": "BROCCOLI",
    "strawberry": "STRAWBERRY",
    "doughnut": "DOUGHNUT",
    "chicken": "CHICKEN",
    "snail": "SNAIL",
    "turtle": "TURTLE",
    "house": "HOUSE BUILDING",
    "balloon": "BALLOON",
    "umbrella": "UMBRELLA WITH RAIN DROPS",
    "cat face": "CAT FACE",
    "trumpet": "TRUMPET",
    "fire": "FIRE",
    "sun": "BLACK SUN WITH RAYS",
    "cherries": "CHERRIES",
    "alarm clock": "ALARM CLOCK",
    "sailboat": "SAILBOAT",
    "key": "KEY",
    "jack-o-lantern": "JACK-O-LANTERN",
    "robot face": "ROBOT FACE",
    "unicorn face": "UNICORN FACE",
    "birthday cake": "BIRTHDAY CAKE",
    "slice of pizza": "SLICE OF PIZZA",
    "high-heeled shoe": "HIGH-HEELED SHOE",
    "crab": "CRAB",
    "snowman": "SNOWMAN WITHOUT SNOW",
    "globe": "EARTH GLOBE AMERICAS",
    "wrapped present": "WRAPPED PRESENT",
    "volcano": "VOLCANO",
    "anchor": "ANCHOR",
    "bell": "BELL",
    "lollipop": "LOLLIPOP",
    "owl": "OWL",
    "whale": "WHALE",
    "t-shirt": "T-SHIRT",
    "camera": "CAMERA",
}
"""What captions call each object, and its Unicode name."""

BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (248, 248, 248),
    "gray": (128, 128, 128),
    "red": (196, 32, 44),
    "orange": (244, 140, 36),
    "yellow": (250, 224, 90),
    "green": (44, 140, 60),
    "teal": (20, 160, 165),
    "blue": (36, 70, 200),
    "purple": (125, 60, 175),
    "pink": (250, 165, 205),
}
"""Background colours, well apart in RGB."""

SIZES = range(84, 113, 2)
"""Length of an object's longer side in pixels."""
SHIFT = 10
"""How far an object's centre may lie from the picture's along each axis, in pixels, if it stays inside."""

TEMPLATES = (
    "{a} {object} on {b} {background} background",
    "{a} {object} on {b} {background} background",
    "{object}, {background} background",
    "{a} picture of {c} {object} on {background}",
    "{a} drawing of {c} {object} in front of {b} {background} background",
    "{b} {background} background with {c} {object}",
)
"""Ways to say it; the first one, twice as frequent, is the one that is measured."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """What a picture shows: indices into OBJECTS and BACKGROUNDS, the longer side and the top left corner."""

    object: int
    background: int
    size: int
    x: int
    y: int


class Painter:
    """Draws scenes. Keeps each object at each size, so that a picture costs a tenth of a millisecond."""

    def __init__(self, font: Path = FONT) -> None:
        self.font = font
        self._scaled: dict[tuple[int, int], NDArray[np.float32]] = {}

    @cached_property
    def sprites(self) -> list[Image.Image]:
        """Every object, cropped to what is visible, with premultiplied alpha."""
        font = ImageFont.truetype(str(self.font), STRIKE)
        return [self._sprite(font, unicodedata.lookup(name)) for name in OBJECTS.values()]

    @staticmethod
    def _sprite(font: ImageFont.FreeTypeFont, character: str) -> Image.Image:
        canvas = Image.new("RGBA", (2 * STRIKE, 2 * STRIKE))
        ImageDraw.Draw(canvas).text((STRIKE // 4, STRIKE // 4), character, font=font, embedded_color=True)
        return canvas.crop(canvas.getbbox()).convert("RGBa")

    def scaled(self, index: int, size: int) -> NDArray[np.float32]:
        """Object `index` with its longer side `size`: premultiplied RGBA [h, w, 4] in 0..255."""
        if (index, size) not in self._scaled:
            sprite = self.sprites[index]
            ratio = size / max(sprite.size)
            extent = (max(1, round(sprite.width * ratio)), max(1, round(sprite.height * ratio)))
            self._scaled[index, size] = np.asarray(
                sprite.resize(extent, Image.Resampling.LANCZOS), dtype=np.float32
            )
        return self._scaled[index, size]

    def draw(self, scene: Scene) -> Pixels:
        """The picture [128, 128, 3] of a scene."""
        picture = np.empty((SIZE, SIZE, 3), np.float32)
        picture[:] = list(BACKGROUNDS.values())[scene.background]
        sprite = self.scaled(scene.object, scene.size)
        height, width = sprite.shape[:2]
        region = picture[scene.y : scene.y + height, scene.x : scene.x + width]
        region *= 1 - sprite[..., 3:] / 255
        region += sprite[..., :3]
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

    def scene(
        self, rng: np.random.Generator, index: int | None = None, background: int | None = None
    ) -> Scene:
        """A random scene, of the given object and background if any."""
        index = int(rng.integers(len(OBJECTS))) if index is None else index
        background = int(rng.integers(len(BACKGROUNDS))) if background is None else background
        size = int(rng.choice(SIZES))
        height, width = self.scaled(index, size).shape[:2]
        x, y = (_place(rng, SIZE - extent) for extent in (width, height))
        return Scene(index, background, size, x, y)


def _place(rng: np.random.Generator, room: int) -> int:
    middle = room // 2
    reach = min(SHIFT, middle)
    return int(rng.integers(middle - reach, middle + reach + 1))


def caption(scene: Scene, rng: np.random.Generator | None = None) -> str:
    """Say what a scene shows: in the plain way, or one of the paraphrases at random."""
    return caption_as(scene, TEMPLATES[0] if rng is None else str(rng.choice(TEMPLATES)))


def caption_as(scene: Scene, template: str) -> str:
    """Say what a scene shows in one of the wordings of TEMPLATES."""
    thing, colour = list(OBJECTS)[scene.object], list(BACKGROUNDS)[scene.background]
    first = thing if template.split(" ")[1] == "{object}" else "picture"
    text = template.format(
        a=_article(first), b=_article(colour), c=_article(thing), object=thing, background=colour
    )
    return " ".join(text.split())


def _article(noun: str) -> str:
    if noun in ("grapes", "jeans", "broccoli", "fire", "cherries"):
        return ""
    return "an" if noun[0] in "aeiou" and noun != "unicorn face" else "a"
