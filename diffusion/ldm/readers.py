"""What models of the latent diffusion paper read in place of text: classes, boxes, or nothing.

A checkpoint of theirs has one of these readers in its text encoder; the nodes named here use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from diffusion.ldm.bert import Bert
from diffusion.ldm.boxes import Box, BoxTokens
from diffusion.placement import Placement

_GUIDED = 1001
"""Rows of a table for ImageNet's 1000 classes and one for any of them."""


class ClassTable(nn.Module):
    """A learned vector for each class; the tensors are those of the published `ClassEmbedder`."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, width)

    def forward(self, labels: Tensor) -> Tensor:
        return self.embedding(labels)


@dataclass(frozen=True)
class ClassReader:
    """Class labels, e.g. those of ImageNet."""

    table: ClassTable
    placement: Placement = field(default_factory=Placement, compare=False)
    remedy: ClassVar[str] = "this model draws classes and reads no text: use the node LDMClassLabel"

    @property
    def classes(self) -> int:
        """How many labels it knows."""
        return self.table.embedding.num_embeddings

    @property
    def anything(self) -> int:
        """The label that stands for any class: ImageNet's 1001st, in models trained for guidance.

        Raises:
            ValueError: the model has none.
        """
        if self.classes != _GUIDED:
            raise ValueError(
                f"none of the model's {self.classes} labels stands for any class: sample with a cfg of 1"
            )
        return self.classes - 1

    @torch.no_grad()
    def encode(self, label: int) -> Tensor:
        """The vector of a label, [1, 1, W], float32 on the CPU.

        Raises:
            ValueError: there is no such class.
        """
        if not 0 <= label < self.classes:
            raise ValueError(f"the model knows the classes 0 to {self.classes - 1}, not {label}")
        device = self.placement.device_for(self.table.embedding.weight)
        with self.placement.use(self.table):
            return self.table(torch.tensor([[label]], device=device)).float().cpu()


@dataclass(frozen=True)
class BoxReader:
    """Layouts: which objects are where in the picture."""

    model: Bert
    placement: Placement = field(default_factory=Placement, compare=False)
    remedy: ClassVar[str] = "this model draws layouts of boxes and reads no text: use the node LDMBoxes"

    @property
    def tokens(self) -> BoxTokens:
        """How layouts are written as tokens."""
        return BoxTokens.for_sizes(self.model.config.vocabulary, self.model.config.places)

    @torch.no_grad()
    def encode(self, boxes: Sequence[Box], crop: Box) -> Tensor:
        """The states of a layout, [1, N, W], float32 on the CPU.

        Raises:
            ValueError: too many boxes, or one outside the picture.
        """
        tokens = torch.tensor([self.tokens.build(boxes, crop)])
        device = self.placement.device_for(self.model.token_emb.weight)
        with self.placement.use(self.model, needs=(self.model.working_bytes(tokens.numel()),)):
            return self.model(self.model.token_emb(tokens.to(device))).float().cpu()


@dataclass(frozen=True)
class NoReader:
    """Models that read nothing, or pictures alone."""

    node: str

    @property
    def remedy(self) -> str:
        """What to do where text is asked for."""
        return f"this model reads no text: use the node {self.node}"
