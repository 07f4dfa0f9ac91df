"""One CLIP text tower: tokens in, a state per token and one pooled vector out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.clip_heads import attention_heads
from diffusion.placement import Placement, home_of
from diffusion.tokens import BOS, EOS, Chunk, ClipTokenizer
from diffusion.weighting import WEIGHTINGS, Weighting

WORKING_STATES = 32
"""Memory a transformer takes beside its weights: more than the states of so many layers."""
_TABLE = "text_model.embeddings.token_embedding.weight"


class Embeddings(Protocol):
    """Finds the learned embedding that a prompt calls by name."""

    def __call__(self, name: str, width: int, key: str) -> Tensor | None:
        """Vectors [N, width], or None when there are none of that name and width.

        `key` is what the text encoder is called in files made for several encoders.
        """
        ...


def no_embeddings(name: str, width: int, key: str) -> Tensor | None:
    """Knows no embedding."""
    return None


class Encoding(NamedTuple):
    """What an encoder says of a prompt, float32 on the CPU."""

    cond: Tensor
    """[1, 77 * chunks, width]: one state per token, the chunks in a row."""
    pooled: Tensor
    """[1, width]: the state at the end of the first chunk's text."""


def text_config(
    shapes: Mapping[str, Sequence[int]], *, activation: str = "quick_gelu", heads: int | None = None
) -> CLIPTextConfig:
    """The sizes of a CLIP text tower, from the shapes of its tensors.

    Args:
        shapes: by name (`text_model.…`, and `text_projection.weight` if there is one), without a prefix.
        activation: of the perceptrons: `quick_gelu` in OpenAI's CLIPs, `gelu` in OpenCLIP's H and G.
        heads: attention heads, which no shape tells; one for every 64 channels (as all CLIPs have) if None.

    Raises:
        KeyError: naming a tensor that a tower has and `shapes` lacks.
        ValueError: the heads cannot share the width.
    """
    vocabulary, width = shapes[_TABLE]
    layers = next(n for n in count() if f"text_model.encoder.layers.{n}.layer_norm1.weight" not in shapes)
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=shapes["text_model.encoder.layers.0.mlp.fc1.weight"][0],
        num_hidden_layers=layers,
        num_attention_heads=attention_heads(width, heads),
        max_position_embeddings=shapes["text_model.embeddings.position_embedding.weight"][0],
        projection_dim=shapes.get("text_projection.weight", (0,))[0],
        hidden_act=activation,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )


class ClipText(nn.Module):
    """The network of a text tower. Its tensors have the names transformers gives them.

    A `projection_dim` of 0 leaves out the projection of the pooled state, as CLIP-L does in SD 1.x and SDXL
    checkpoints.
    """

    def __init__(self, config: CLIPTextConfig) -> None:
        super().__init__()
        self.config = config
        self.text_model = CLIPTextModel(config)
        if config.projection_dim:
            self.text_projection = nn.Linear(config.hidden_size, config.projection_dim, bias=False)

    def forward(
        self, ids: Tensor, layer: int = -1, final_norm: bool = True, projected: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Token ids [B, 77] to the states [B, 77, W] of one layer and the pooled vector [B, P].

        `layer` counts from the end, -1 the last; one that the tower lacks means the last. The pooled vector
        is the state at the first EOS after the last layer and the final normalisation.
        """
        output: Any = self.text_model(ids, output_hidden_states=True)
        layers = cast("tuple[Tensor, ...]", output.hidden_states)
        states = layers[layer if -len(layers) < layer < 0 else -1]
        if final_norm:
            states = self.text_model.final_layer_norm(states)
        pooled = output.pooler_output
        return states, self.text_projection(pooled) if projected else pooled


@dataclass(frozen=True)
class ClipTower:
    """A text tower with its tokenizer, and which of its states are used.

    To change one, copy it with `dataclasses.replace`: the weights are shared.
    """

    model: ClipText
    tokenizer: ClipTokenizer
    embeddings: Embeddings = no_embeddings
    embedding_key: str = "clip_l"
    layer: int = -1
    """Whose output is used: -1 the last layer's, -2 that of the one before. One it lacks means the last."""
    final_norm: bool = True
    """Whether the chosen states go through the final normalisation (SD 1.x and 2.x, not SDXL)."""
    projected: bool = False
    """Whether the pooled vector goes through the tower's projection (OpenCLIP's H and G)."""
    weighting: Weighting = WEIGHTINGS["comfyui"]
    """How weights in prompts are written, and what they do."""
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the tower to the device when it is used."""

    @property
    def width(self) -> int:
        """Channels of the states."""
        return self._table.shape[1]

    @property
    def pooled_width(self) -> int:
        """Channels of the pooled vector."""
        return len(self.model.text_projection.weight) if self.projected else self.width

    def with_last_layer(self, layer: int) -> ClipTower:
        """The same tower stopped at another layer."""
        return replace(self, layer=layer)

    def tokenize(self, text: str) -> list[Chunk]:
        """The prompt as chunks of 77 weighted tokens."""
        return self.weighting.chunks(
            self.tokenizer, text, lambda name: self.embeddings(name, self.width, self.embedding_key)
        )

    @torch.no_grad()
    def encode(self, chunks: Sequence[Chunk]) -> Encoding:
        """Encode chunks as separate sequences and put them in a row. The pooled state is not weighted."""
        weights = torch.tensor([chunk.weights for chunk in chunks])
        weighted = bool((weights != 1).any())
        compared = weighted and self.weighting.compares
        states, pooled = self._run([*chunks, *(self.tokenizer.chunks("") if compared else [])])
        states, empty = states[: len(chunks)], states[len(chunks) :]
        if weighted:
            states = self.weighting.applied(states, weights, empty)
        return Encoding(states.reshape(1, -1, self.width), pooled[:1])

    @property
    def _table(self) -> Tensor:
        return self.model.text_model.embeddings.token_embedding.weight

    def _run(self, chunks: Sequence[Chunk]) -> tuple[Tensor, Tensor]:
        """States [B, 77, W] of the chosen layer and pooled states [B, P] of the last one."""
        table = self._table
        ids, vectors = _number(chunks, len(table))
        # Only a prompt with learned embeddings pays for a longer copy of the table.
        device = self.placement.device_for(table)
        longer = {_TABLE: _with_rows(home_of(table), vectors).to(device)} if vectors else {}
        arguments = (ids.to(device), self.layer, self.final_norm, self.projected)
        layers = self.model.config.num_hidden_layers
        need = (layers + WORKING_STATES) * ids.numel() * self.width * table.itemsize
        with self.placement.use(self.model, needs=(need + sum(each.nbytes for each in longer.values()),)):
            states, pooled = cast("tuple[Tensor, Tensor]", functional_call(self.model, longer, arguments))
            return states.float().cpu(), pooled.float().cpu()


def _with_rows(table: Tensor, vectors: Sequence[Tensor]) -> Tensor:
    return torch.cat([table, torch.stack(tuple(vectors)).to(table)])


def _number(chunks: Sequence[Chunk], vocabulary: int) -> tuple[Tensor, list[Tensor]]:
    """Ids [B, 77] in which learned vectors are numbered past the vocabulary, and those vectors in order."""
    vectors: list[Tensor] = []

    def number(token: int | Tensor) -> int:
        if isinstance(token, int):
            return token
        vectors.append(token)
        return vocabulary + len(vectors) - 1

    return torch.tensor([[number(token) for token in chunk.tokens] for chunk in chunks]), vectors
