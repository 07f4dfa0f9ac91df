"""A prompt that changes during the run."""

from typing import Annotated

import torch

from diffusion.prompt_editing import chunks_between_breaks, percents, spans
from diffusion.schedules import sigmas_for
from diffusion.text import Encoding
from engine.node import node
from engine.types import Multiline, OptionalInput, Range
from nodes.conditioning import embeddings_used
from nodes.types import Clip, Conditioning, Model, SamplerName, SchedulerName, Steps


@node(
    "CLIPTextEncodeScheduled",
    title="CLIP Text Encode (Scheduled)",
    category="conditioning",
    fingerprint=embeddings_used,
)
def clip_text_encode_scheduled(
    *,
    text: Annotated[str, Multiline(dynamic_prompts=True)],
    clip: Clip,
    model: Model,
    steps: Steps = 20,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    denoise: Annotated[float, Range(0.0, 1.0, step=0.01), OptionalInput()] = 1.0,
) -> Conditioning:
    """Encode a prompt that changes during the run, as written for the AUTOMATIC1111 web UI.

    `[from:to:when]` changes after that many steps, or that share of them (0.5); `[to:when]` adds,
    `[from::when]` takes away; `[a|b]` takes turns, a step each; `BREAK` starts a new chunk. The rest is as in
    CLIP Text Encode.

    Args:
        text: The text to be encoded.
        clip: The CLIP model used for encoding the text.
        model: The model that will be sampled from: it says which noise levels the steps are at.
        steps: The number of steps, as at the sampler.
        sampler_name: The algorithm, as at the sampler.
        scheduler: How noise is removed, as at the sampler.
        denoise: The amount of denoising, as at the sampler.

    Returns:
        CONDITIONING: The prompts, each with its part of the run.
    """
    sigmas = sigmas_for(model.prediction, sampler_name, scheduler, steps, denoise)
    found = spans(text, max(1, len(sigmas) - 1))
    encoded = {prompt: encode_chunks(clip, prompt) for prompt in {span.text for span in found}}
    conditioning: Conditioning = []
    for span in found:
        cond, pooled = encoded[span.text]
        start, end = percents(span, sigmas, model.prediction)
        conditioning.append(
            [cond, {"pooled_output": pooled, "start_percent": start, "end_percent": end}]
            if len(found) > 1
            else [cond, {"pooled_output": pooled}]
        )
    return conditioning


def encode_chunks(clip: Clip, prompt: str) -> Encoding:
    """Each part between BREAKs in chunks of its own; the pooled vector is the first part's."""
    parts = [clip.encode(part) for part in chunks_between_breaks(prompt)]
    return Encoding(torch.cat([part.cond for part in parts], dim=1), parts[0].pooled)
