"""What models of the latent diffusion paper read in place of text: classes, boxes, or nothing.

A checkpoint of theirs has one of these readers in its text encoder; the nodes named here use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffusion.ldm.bert import Bert
from diffusion.ldm.boxes import Box, BoxTokens


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
    remedy: str = "this model draws classes and reads no text: use the node LDMClassLabel"

    @property
    def classes(self) -> int:
        """How many labels it knows."""
        return self.table.embedding.num_embeddings

    @torch.no_grad()
    def encode(self, label: int) -> Tensor:
        """The vector of a label, [1, 1, W], float32 on the CPU.

        Raises:
            ValueError: there is no such class.
        """
        if not 0 <= label < self.classes:
            raise ValueError(
                f"the model knows the classes 0 to {self.classes - 1}, not {label}"
                + ("" if label >= 0 else ": it has no label that stands for any class, so run it with cfg 1")
            )
        labels = torch.tensor([[label]], device=self.table.embedding.weight.device)
        return self.table(labels).float().cpu()


@dataclass(frozen=True)
class BoxReader:
    """Layouts: which objects are where in the picture."""

    model: Bert
    remedy: str = "this model draws layouts of boxes and reads no text: use the node LDMBoxes"

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
        tokens = torch.tensor([self.tokens.build(boxes, crop)], device=self.model.token_emb.weight.device)
        return self.model(self.model.token_emb(tokens)).float().cpu()


@dataclass(frozen=True)
class NoReader:
    """Models that read nothing, or pictures alone."""

    remedy: str = "this model reads no text: use the node LDMUnconditional"
