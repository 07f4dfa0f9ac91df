"""What a model family is: the tensors that tell it from others, and the constants that no tensor holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diffusion.model import LatentFormat
from diffusion.prediction import Prediction

Shape = tuple[int, ...]


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
class Family:
    """One architecture in its published single-file layout."""

    name: str
    required: tuple[Required, ...]
    network_prefix: str
    vae_prefix: str
    text_prefix: str
    latent_format: LatentFormat
    prediction: Callable[[], Prediction]
    embedding_key: str
    """The name learned embeddings of this text encoder go by in files made for several encoders."""

    def refusals(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        """Why a checkpoint with these tensors is not of this family; empty if it is."""
        found = (required.refusal(shapes) for required in self.required)
        refusals = tuple(reason for reason in found if reason is not None)
        return refusals or self._mismatch(shapes)

    def _mismatch(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        """The text the U-Net reads must be as wide as what the text encoder writes."""
        width = shapes[f"{self.text_prefix}embeddings.token_embedding.weight"][1]
        contexts = {
            shape[1]
            for name, shape in shapes.items()
            if name.startswith(self.network_prefix) and name.endswith("attn2.to_k.weight") and len(shape) == 2
        }
        if contexts == {width}:
            return ()
        widths = ", ".join(map(str, sorted(contexts))) or "no text at all"
        return (f"its U-Net reads {widths} where the text encoder is {width} wide",)


@dataclass(frozen=True)
class Match:
    """A checkpoint and the one family it belongs to."""

    family: Family
