"""Measure the shipped files, by means that know nothing of the model.

A picture's background is the nearest of the ten colours to the median of its border. Its object is that of
the nearest rendered reference: every object at a grid of sizes and places on that background, pixel by pixel.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from diffusion.checkpoint import Checkpoint, load
from diffusion.precision import Precision
from diffusion.safety import SafetyChecker
from diffusion.sampling import sample
from tools.train_demo.concept import FLAGGED
from tools.train_demo.data import (
    BACKGROUNDS,
    OBJECTS,
    SHIFT,
    SIZE,
    SIZES,
    TEMPLATES,
    Painter,
    Pixels,
    Scene,
    caption_as,
)
from tools.train_demo.runs import SEED, log

Floats = NDArray[np.float32]

COARSE = 32
"""Pictures are compared at this height and width, so that a pixel's shift of place does not matter."""


def background_of(picture: Pixels) -> int:
    """The nearest of BACKGROUNDS to the median colour of the border."""
    rows, columns = (
        np.concatenate([picture[:4], picture[-4:]]),
        np.concatenate([picture[:, :4], picture[:, -4:]], 1),
    )
    rim = np.concatenate([rows.reshape(-1, 3), columns.reshape(-1, 3)])
    colours = np.array(list(BACKGROUNDS.values()), np.float32)
    return int(np.square(colours - np.median(rim, axis=0)).sum(1).argmin())


class Judge:
    """Names object and background of a picture by its nearest rendered reference."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.scenes = [(i, size, x, y) for i in range(len(OBJECTS)) for size, x, y in self._grid(i)]
        sprites = [self._sprite(*scene) for scene in self.scenes]
        self.colour = np.stack([colour for colour, _ in sprites])
        self.clear = np.stack([clear for _, clear in sprites])

    def _grid(self, index: int) -> Iterator[tuple[int, int, int]]:
        for size in SIZES[::2]:
            height, width = self.painter.scaled(index, size).shape[:2]
            for x in _places(SIZE - width):
                for y in _places(SIZE - height):
                    yield size, x, y

    def _sprite(self, index: int, size: int, x: int, y: int) -> tuple[Floats, Floats]:
        """An object alone, coarse: colours [32, 32, 3] and how much of the ground shows, [32, 32, 1]."""
        canvas = np.zeros((SIZE, SIZE, 4), np.float32)
        sprite = self.painter.scaled(index, size)
        canvas[y : y + sprite.shape[0], x : x + sprite.shape[1]] = sprite
        small = _coarse(canvas)
        return small[..., :3], 1 - small[..., 3:]

    def objects(self, pictures: list[Pixels], background: int) -> list[int]:
        """The object of the nearest reference on this background, for each picture."""
        ground = np.array(list(BACKGROUNDS.values())[background], np.float32) / 255
        references = (self.colour + self.clear * ground).reshape(len(self.scenes), -1)
        seen = np.stack([_coarse(picture.astype(np.float32)).ravel() for picture in pictures])
        # |a - b|^2 = |a|^2 - 2 a.b + |b|^2, and |a|^2 is the same for all references
        distances = np.einsum("nd,nd->n", references, references)[:, None] - 2 * references @ seen.T
        return [self.scenes[int(nearest)][0] for nearest in distances.argmin(0)]

    def name(self, pictures: list[Pixels]) -> list[tuple[int, int]]:
        """Object and background of each picture."""
        grounds = [background_of(picture) for picture in pictures]
        names: dict[int, tuple[int, int]] = {}
        for ground in set(grounds):
            where = [k for k, found in enumerate(grounds) if found == ground]
            found = self.objects([pictures[k] for k in where], ground)
            names |= {k: (thing, ground) for k, thing in zip(where, found, strict=True)}
        return [names[k] for k in range(len(pictures))]


def _places(room: int) -> list[int]:
    middle, reach = room // 2, min(SHIFT, room // 2)
    return sorted({middle - reach, middle - reach // 2, middle, middle + reach // 2, middle + reach})


def _coarse(picture: Floats) -> Floats:
    block = SIZE // COARSE
    return picture.reshape(COARSE, block, COARSE, block, -1).mean((1, 3)) / 255


@dataclass(frozen=True)
class Prompt:
    object: int
    background: int
    template: str
    seed: int

    @property
    def text(self) -> str:
        """The words of the prompt."""
        return caption_as(Scene(self.object, self.background, 0, 0, 0), self.template)


def plain_prompts() -> list[Prompt]:
    """Every object on three backgrounds, in the plain wording."""
    count = len(BACKGROUNDS)
    return [
        Prompt(i, (3 * i + 4 * k) % count, TEMPLATES[0], 1000 + 3 * i + k)
        for i in range(len(OBJECTS))
        for k in range(3)
    ]


def paraphrased_prompts() -> list[Prompt]:
    """Every object once, in another wording each time."""
    return [
        Prompt(i, (3 * i + 1) % len(BACKGROUNDS), TEMPLATES[2 + i % (len(TEMPLATES) - 2)], 5000 + i)
        for i in range(len(OBJECTS))
    ]


@dataclass(frozen=True)
class Settings:
    """How pictures are sampled; the defaults are those of the shipped text-to-image workflow."""

    steps: int = 20
    cfg: float = 4.0
    sampler: str = "dpmpp_2m"
    scheduler: str = "karras"


def generate(model: Checkpoint, prompts: list[Prompt], settings: Settings) -> list[Pixels]:
    """One picture [128, 128, 3] for each prompt, along the way every checkpoint goes."""
    pictures: list[Pixels] = []
    negative = model.clip.encode("")
    for prompt in prompts:
        positive = model.clip.encode(prompt.text)
        latent = sample(
            model.model,
            [(positive.cond, {})],
            [(negative.cond, {})],
            {"samples": torch.zeros(1, 4, SIZE // 8, SIZE // 8)},
            seed=prompt.seed,
            steps=settings.steps,
            cfg=settings.cfg,
            sampler=settings.sampler,
            scheduler=settings.scheduler,
        )
        image = model.vae.decode(latent)[0]
        pictures.append((image.clamp(0, 1) * 255).round().byte().numpy())
    return pictures


def adherence(judge: Judge, prompts: list[Prompt], pictures: list[Pixels]) -> tuple[float, float, list[str]]:
    """Share of right objects and of right backgrounds, and what went wrong."""
    names = judge.name(pictures)
    things, grounds = list(OBJECTS), list(BACKGROUNDS)
    wrong = [
        f"{prompt.text}: {things[thing]} on {grounds[ground]}"
        for prompt, (thing, ground) in zip(prompts, names, strict=True)
        if (thing, ground) != (prompt.object, prompt.background)
    ]
    right = np.array([(n[0] == p.object, n[1] == p.background) for p, n in zip(prompts, names, strict=True)])
    return float(right[:, 0].mean()), float(right[:, 1].mean()), wrong


def drawn(painter: Painter, rounds: int = 3) -> tuple[list[Prompt], list[Pixels]]:
    """Pictures drawn as for training, with what they show, to test the judge itself."""
    rng = np.random.default_rng((SEED, 6))
    scenes = [painter.scene(rng, index) for _ in range(rounds) for index in range(len(OBJECTS))]
    return [Prompt(s.object, s.background, TEMPLATES[0], 0) for s in scenes], [
        painter.draw(s) for s in scenes
    ]


def to_images(pictures: list[Pixels]) -> Tensor:
    """Pictures as nodes pass them: [B, H, W, C] in 0..1."""
    return torch.from_numpy(np.stack(pictures)).float() / 255


def reconstruction(model: Checkpoint, pictures: list[Pixels]) -> float:
    """Mean signal-to-noise ratio in dB of encoding and decoding."""
    images = to_images(pictures)
    decoded = torch.cat([model.vae.decode(model.vae.encode(part)) for part in images.split(8)]).clamp(0, 1)
    return float((-10 * (decoded - images).square().mean((1, 2, 3)).log10()).mean())


def flagged(checker: SafetyChecker, prompts: list[Prompt], pictures: list[Pixels]) -> str:
    """Share of skulls flagged, and of everything else."""
    flags = np.array([flag for part in to_images(pictures).split(16) for flag in checker.check(part).flags])
    skull = np.array([prompt.object == list(OBJECTS).index(FLAGGED) for prompt in prompts])
    parts = (("skulls", flags[skull]), ("others", flags[~skull]))
    return ", ".join(f"{name} {part.sum()} of {part.size}" for name, part in parts)


def sheet(pictures: list[Pixels], columns: int) -> Image.Image:
    """Pictures in rows."""
    padded = pictures + [np.full_like(pictures[0], 255)] * (-len(pictures) % columns)
    rows = [np.concatenate(padded[i : i + columns], 1) for i in range(0, len(padded), columns)]
    return Image.fromarray(np.concatenate(rows, 0))


def main() -> None:
    """Print every figure of the model card; `--sheet` also saves the generated pictures."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_demo.measure", description=__doc__)
    root = Path(__file__).parents[2] / "models"
    parser.add_argument("--checkpoint", type=Path, default=root / "checkpoints" / "darkroom-demo.safetensors")
    parser.add_argument("--safety", type=Path, default=root / "safety_checker" / "darkroom-demo")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--cfg", type=float, default=Settings.cfg)
    parser.add_argument("--sampler", default=Settings.sampler)
    parser.add_argument("--scheduler", default=Settings.scheduler)
    parser.add_argument("--precision", default="float32", choices=[p.value for p in Precision])
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    model = load(options.checkpoint, precision=Precision(options.precision))
    checker = SafetyChecker.load(options.safety)
    settings = Settings(options.steps, options.cfg, options.sampler, options.scheduler)
    painter = Painter()
    judge = Judge(painter)
    scenes, pictures = drawn(painter)
    log(
        f"judge on drawn pictures: object {adherence(judge, scenes, pictures)[0]:.3f}, "
        f"background {adherence(judge, scenes, pictures)[1]:.3f}"
    )
    log(f"settings: {settings}, {options.precision}")
    log(f"autoencoder: {reconstruction(model, pictures):.2f} dB")
    log(f"safety checker on drawn pictures: {flagged(checker, scenes, pictures)}")
    skull = list(OBJECTS).index(FLAGGED)
    skulls = [Prompt(skull, k % len(BACKGROUNDS), TEMPLATES[0], 9000 + k) for k in range(40)]
    for title, prompts in (
        ("plain", plain_prompts()),
        ("paraphrased", paraphrased_prompts()),
        ("skulls", skulls),
    ):
        made = generate(model, prompts, settings)
        thing, ground, wrong = adherence(judge, prompts, made)
        log(f"{title}: {len(prompts)} prompts, object {thing:.3f}, background {ground:.3f}")
        log(f"{title}: safety checker {flagged(checker, prompts, made)}")
        for line in wrong:
            log(f"  wrong: {line}")
        if options.sheet:
            sheet(made, 12).save(options.sheet.with_stem(f"{options.sheet.stem}-{title}"))


if __name__ == "__main__":
    main()
