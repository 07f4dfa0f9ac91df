"""The Stable Diffusion safety checker: CLIP similarity of a picture to 17 concepts it must not show.

Weights: CompVis/stable-diffusion-safety-checker. Three further "special care" concepts do not flag a picture
by themselves; they lower the bar of all that follow. Cf. Rando et al. 2022, arXiv 2210.04610.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.clip_vision import image_size, preprocess, vision_config
from diffusion.placement import Placement, room_for

_ENCODER = "vision_model.vision_model."
_FILES = ("model.safetensors", "model.fp16.safetensors", "pytorch_model.bin")
_CARE = 0.01


@dataclass(frozen=True)
class Safety:
    """What the checker found, a row per picture. A score is how far a similarity is above its threshold."""

    flags: list[bool]
    concept_scores: list[list[float]]
    special_scores: list[list[float]]


class SafetyNetwork(nn.Module):
    """The published layout: a CLIP vision encoder, its projection, and the concepts with their thresholds."""

    def __init__(self, config: CLIPVisionConfig, projection: int, concepts: int, specials: int) -> None:
        super().__init__()
        self.vision_model = nn.ModuleDict({"vision_model": CLIPVisionModel(config)})
        self.visual_projection = nn.Linear(config.hidden_size, projection, bias=False)
        self.concept_embeds = nn.Parameter(torch.empty(concepts, projection))
        self.special_care_embeds = nn.Parameter(torch.empty(specials, projection))
        self.concept_embeds_weights = nn.Parameter(torch.empty(concepts))
        self.special_care_embeds_weights = nn.Parameter(torch.empty(specials))

    def embed(self, pixel_values: Tensor) -> Tensor:
        """Image embeddings [B, projection] of preprocessed pictures."""
        pooled = self.vision_model["vision_model"](pixel_values).pooler_output
        return self.visual_projection(pooled)

    def similarities(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines [B, specials] and [B, concepts]."""
        image = F.normalize(embeddings)
        special = image @ F.normalize(self.special_care_embeds).T
        return special, image @ F.normalize(self.concept_embeds).T


@dataclass(frozen=True)
class SafetyChecker:
    """Flags pictures. Always float32: scores are rounded to 3 digits, so small errors change answers."""

    network: SafetyNetwork
    image_size: int
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the network to the device when it is used."""

    @classmethod
    def load(cls, path: Path, placement: Placement | None = None) -> SafetyChecker:
        """Load the published folder (config.json and weights) or a single file of its weights.

        Args:
            path: the folder or the file.
            placement: where it computes; on the CPU if None.

        Raises:
            CheckpointError: there are no weights, or they are not a safety checker's.
        """
        source = _weights(path)
        placement = Placement() if placement is None else placement
        file = open_model(source)
        shapes = file.header.shapes()
        if (missing := _missing(shapes)) is not None:
            raise CheckpointError(
                source, f"it is no safety checker: it lacks {missing}", "choose another file"
            )
        heads = _heads(source.parent / "config.json")
        config = sizes(lambda shapes: vision_config(shapes, heads), file, _ENCODER)
        concepts, projection, specials = sizes(_concepts, file, "")
        network = assemble(
            lambda: SafetyNetwork(config, projection, concepts, specials),
            file,
            "",
            torch.float32,
            placement.home,
            ignore=(f"{_ENCODER}embeddings.position_ids",),
        )
        return cls(network, sizes(image_size, file, _ENCODER), placement)

    @torch.no_grad()
    def check(self, images: Tensor) -> Safety:
        """Judge pictures [B, H, W, C] in 0..1."""
        pixels = preprocess((images * 255).round() / 255, self.image_size, fit=int)
        with room_for(self.placement, self.network, 1, [pixels], {}, "embed"):
            pixels = pixels.to(self.placement.device)
            return self.judge(*self.network.similarities(self.network.embed(pixels)))

    def judge(self, special: Tensor, concept: Tensor) -> Safety:
        """Compare similarities [B, 3] and [B, 17] with their thresholds."""
        special_margins = special - self.network.special_care_embeds_weights
        concept_margins = concept - self.network.concept_embeds_weights
        special_scores: list[list[float]] = []
        concept_scores: list[list[float]] = []
        for specials, concepts in zip(special_margins, concept_margins, strict=True):
            care = 0.0
            scores: list[float] = []
            for margin in specials:
                scores.append(round(float(margin) + care, 3))
                care = _CARE if scores[-1] > 0 else care
            special_scores.append(scores)
            concept_scores.append([round(float(margin) + care, 3) for margin in concepts])
        flags = [any(score > 0 for score in scores) for scores in concept_scores]
        return Safety(flags, concept_scores, special_scores)


def _missing(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    needed = ("concept_embeds", "special_care_embeds", f"{_ENCODER}embeddings.patch_embedding.weight")
    return next((name for name in needed if name not in shapes), None)


def _concepts(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, int, int]:
    """Numbers of concepts, of channels they are compared in, and of special concepts."""
    concepts, projection = shapes["concept_embeds"]
    return concepts, projection, shapes["special_care_embeds"][0]


def _weights(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = (path / name for name in _FILES)
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise CheckpointError(path, f"the folder holds none of {', '.join(_FILES)}", "choose another folder")
    return found


def _heads(config: Path) -> int | None:
    """Attention heads as the configuration beside the weights says, if there is one."""
    if not config.is_file():
        return None
    try:
        content: object = json.loads(config.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(config, "it is not JSON", "download the file again") from error
    vision = _mapping(_mapping(content).get("vision_config"))
    heads = vision.get("num_attention_heads")
    return heads if isinstance(heads, int) else None


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
