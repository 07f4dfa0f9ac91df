"""What a model family is: the tensors that tell it from others, and the constants that no tensor holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from diffusion.families.naming import Naming, Shape, published
from diffusion.model import Extra, LatentFormat, no_extra
from diffusion.prediction import Prediction
from diffusion.text import Join, side_by_side
from diffusion.tokens import EOS
from diffusion.unet import UNet, UNetConfig
from diffusion.vectors import SIZE_WIDTH

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile  # which imports the families


@dataclass(frozen=True)
class Required:
    """A tensor every checkpoint of a family has. A None in the shape stands for any size."""

    name: str
    shape: tuple[int | None, ...]
    what: str
    """What the tensor is, for the person whose file lacks it."""

    def refusal(self, shapes: Mapping[str, Shape]) -> str | None:
        """Why these shapes do not fulfil it, or None."""
        found = shapes.get(self.name)
        if found is None:
            return f"has no {self.what} ({self.name})"
        fits = len(found) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, found, strict=True)
        )
        if fits:
            return None
        wanted = "x".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.what} ({self.name}) is {'x'.join(map(str, found))}, not {wanted}"


@dataclass(frozen=True)
class Absent:
    """A tensor no checkpoint of a family has, because a relative is told by it."""

    name: str
    what: str

    def refusal(self, shapes: Mapping[str, Shape]) -> str | None:
        """Why these shapes do not fulfil it, or None."""
        return f"has a {self.what} ({self.name})" if self.name in shapes else None


@dataclass(frozen=True)
class TextTower:
    """One CLIP text tower of a family, and how the family uses it."""

    key: str
    """What the tower is called: l, g or h."""
    prefix: str
    naming: Naming = published
    table: str = "text_model.embeddings.token_embedding.weight"
    """The token embedding's name in the file, after the prefix."""
    projection: str | None = None
    """The name of the projection that the pooled state goes through, in the file, if it does."""
    activation: str = "quick_gelu"
    pad: int = EOS
    """The token after the text's end."""
    layer: int = -1
    final_norm: bool = True

    @property
    def embedding_key(self) -> str:
        """What learned embeddings for this tower go by in files made for several encoders."""
        return f"clip_{self.key}"

    @property
    def required(self) -> tuple[Required, ...]:
        """The tensors it is recognised by."""
        name = f"CLIP-{self.key.upper()}"
        table = Required(f"{self.prefix}{self.table}", (49408, None), f"{name} text encoder")
        if self.projection is None:
            return (table,)
        return table, Required(f"{self.prefix}{self.projection}", (None, None), f"projection of {name}")

    def width(self, shapes: Mapping[str, Shape]) -> int:
        """Channels of its states."""
        return shapes[f"{self.prefix}{self.table}"][1]

    def pooled_width(self, shapes: Mapping[str, Shape]) -> int:
        """Channels of its pooled vector."""
        if self.projection is None:
            return self.width(shapes)
        projection = shapes[f"{self.prefix}{self.projection}"]
        return projection[0 if self.naming is published else 1]


@dataclass(frozen=True)
class T5Row:
    """The T5 encoder of a family."""

    prefix: str
    least: int
    """Shortest sequence, in tokens."""

    @property
    def table(self) -> str:
        """The token embedding's name in the file."""
        return f"{self.prefix}shared.weight"


@dataclass(frozen=True)
class Conditioner:
    """What models of the latent diffusion paper read in place of CLIP and T5."""

    kind: Literal["text", "class", "boxes", "nothing"]
    prefix: str = ""
    node: str = "LDMUnconditional"
    """What makes the conditioning of models that read nothing, for messages."""


@dataclass(frozen=True)
class Network:
    """A kind of network: how its sizes are read off its tensors' shapes, and how it is built of them."""

    sizes: Callable[[Mapping[str, Shape]], Any]
    build: Callable[[Any], nn.Module]


UNET = Network(UNetConfig.from_shapes, UNet)


@dataclass(frozen=True)
class Family:
    """One architecture in its published single-file layout."""

    name: str
    title: str
    """What people call it, for messages."""
    required: tuple[Required, ...]
    network_prefix: str
    vae_prefix: str
    towers: tuple[TextTower, ...]
    latent_format: LatentFormat
    prediction: Callable[[ModelFile], Prediction]
    """What the network predicts; where shapes do not tell, a look at a tensor's values may."""
    absent: tuple[Absent, ...] = ()
    sizes: int = 0
    """How many numbers stand beside the pooled text in the vector the network takes (SDXL: 6)."""
    extra: Callable[[Any], Extra] = lambda config: no_extra
    """What the network of these sizes is given beside x, t and the text."""
    completed: Callable[[Extra, ModelFile], Extra] = lambda extra, file: extra
    """The same with what only the file's values tell."""
    network: Network = UNET
    bundled: tuple[TextTower, ...] = ()
    """Text towers that some of its checkpoints hold and others leave to files of their own."""
    t5: T5Row | None = None
    """The same for T5."""
    join: Callable[[Any], Join] = lambda config: side_by_side
    """How a network of these sizes reads the encodings of several towers."""
    conditioner: Conditioner | None = None
    """What its models have in place of CLIP and T5."""
    latents: Callable[[ModelFile], LatentFormat] | None = None
    """The latent format, where it differs from file to file."""

    @property
    def conditions(self) -> tuple[Required | Absent, ...]:
        """What its checkpoints are told by."""
        return (*chain(*(tower.required for tower in self.towers)), *self.required, *self.absent)

    def refusals(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        """Why a checkpoint with these tensors is not of this family; empty if it is."""
        found = (condition.refusal(shapes) for condition in self.conditions)
        refusals = tuple(reason for reason in found if reason is not None)
        return refusals or (self._mismatch(shapes) if self.towers else ())

    def _mismatch(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        """What the U-Net reads must be as wide as what the text encoder writes."""
        width = sum(tower.width(shapes) for tower in self.towers)
        contexts = {
            shape[1]
            for name, shape in shapes.items()
            if name.startswith(self.network_prefix) and name.endswith("attn2.to_k.weight") and len(shape) == 2
        }
        if contexts != {width}:
            widths = _listed(contexts) or "no text at all"
            return (f"its U-Net reads {widths} where the text encoder is {width} wide",)
        return self._vector_mismatch(shapes)

    def _vector_mismatch(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        label = shapes.get(f"{self.network_prefix}label_emb.0.0.weight", ())
        made = self.towers[-1].pooled_width(shapes) + SIZE_WIDTH * self.sizes
        if not self.sizes or label[1:] == (made,):
            return ()
        return (f"its U-Net takes a vector of {_listed(label[1:])} where pooled text and sizes make {made}",)


@dataclass(frozen=True)
class Match:
    """A checkpoint and the one family it belongs to."""

    family: Family


def _listed(numbers: Sequence[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
