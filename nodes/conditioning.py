"""Nodes that turn words into conditioning."""

from typing import Annotated

from diffusion.embeddings import EmbeddingFolders
from diffusion.tokens import embedding_names
from diffusion.weighting import WEIGHTINGS
from engine.folders import Folders
from engine.node import node
from engine.paths import identity
from engine.types import Choices, Multiline, Range
from nodes.types import Clip, Conditioning


def embeddings_used(*, text: str | None, folders: Folders) -> str:
    """Content of the embedding files a prompt names; of all of them while the prompt is not known yet."""
    files = EmbeddingFolders(folders.roots("embeddings"))
    if text is None:
        found = [folders.find("embeddings", name) for name in folders.list("embeddings")]
    else:
        found = [path for name in embedding_names(text) if (path := files.find(name))]
    return " ".join(identity(path) for path in found)


@node(
    "CLIPTextEncode",
    title="CLIP Text Encode (Prompt)",
    category="conditioning",
    fingerprint=embeddings_used,
)
def clip_text_encode(*, text: Annotated[str, Multiline(dynamic_prompts=True)], clip: Clip) -> Conditioning:
    """Encode a text prompt with a CLIP model into conditioning that guides the diffusion model.

    `(word:1.3)` weighs words, `embedding:name` inserts a textual inversion, long prompts go in chunks.

    Args:
        text: The text to be encoded.
        clip: The CLIP model used for encoding the text.

    Returns:
        CONDITIONING: The embedded text used to guide the diffusion model.
    """
    cond, pooled = clip.encode(text)
    return [[cond, {"pooled_output": pooled}]]


@node("CLIPSetLastLayer", title="CLIP Set Last Layer", category="conditioning")
def clip_set_last_layer(
    *, clip: Clip, stop_at_clip_layer: Annotated[int, Range(-24, -1, step=1)] = -1
) -> Clip:
    """Take the text embedding from an earlier layer of the CLIP model ("clip skip").

    Args:
        clip: The CLIP model.
        stop_at_clip_layer: Counted from the end: -1 is the last layer, -2 skips one.
    """
    return clip.with_last_layer(stop_at_clip_layer)


@node("CLIPSetWeighting", title="CLIP Set Weighting", category="conditioning")
def clip_set_weighting(*, clip: Clip, weighting: Annotated[str, Choices(tuple(WEIGHTINGS))]) -> Clip:
    """Choose what weights in prompts mean, for every node that encodes text with this CLIP.

    Prompts copied from the AUTOMATIC1111 web UI look as they do there with `a1111`.

    Args:
        clip: The CLIP model.
        weighting: `comfyui`: `(text:1.3)` sets a weight, relative to the empty prompt. `a1111`: weights
            multiply and keep the mean of each chunk, `[text]` weakens, `BREAK` starts a new chunk, long
            prompts are cut behind a comma.
    """
    return clip.with_weighting(WEIGHTINGS[weighting])
