"""Nodes that make an operation on latents, and that apply one."""

from dataclasses import replace
from typing import Annotated

from diffusion.latent_operations import InGuidance, Operation, Sharpen, TonemapReinhard
from engine.node import node
from engine.types import Range, Socket
from nodes.types import Latent, Model

LatentOperation = Annotated[Operation, Socket("LATENT_OPERATION")]


@node("LatentApplyOperation", title="LatentApplyOperation", category="latent/advanced/operations", lane="cpu")
def latent_apply_operation(*, samples: Latent, operation: LatentOperation) -> Latent:
    """Apply an operation to latents.

    Args:
        samples: The latents.
        operation: What to do with them, from a LatentOperation node.
    """
    return {**samples, "samples": operation(samples["samples"])}


@node(
    "LatentApplyOperationCFG",
    title="LatentApplyOperationCFG",
    category="latent/advanced/operations",
    lane="cpu",
)
def latent_apply_operation_cfg(*, model: Model, operation: LatentOperation) -> Model:
    """Apply an operation in each step to what guidance adds: the positive minus the negative prediction.

    Tone mapping lets a high cfg keep its colours. At a cfg of 1, without guidance, the operation changes the
    prediction itself.

    Args:
        model: The model.
        operation: What to do, from a LatentOperation node.
    """
    return replace(model, before_guidance=(*model.before_guidance, InGuidance(operation)))


@node(
    "LatentOperationTonemapReinhard",
    title="LatentOperationTonemapReinhard",
    category="latent/advanced/operations",
    lane="cpu",
)
def latent_operation_tonemap_reinhard(
    *, multiplier: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0
) -> LatentOperation:
    """An operation that compresses what is bright, as Reinhard's tone mapping does.

    Args:
        multiplier: Where it levels off: below 1 everything is compressed more.
    """
    return TonemapReinhard(multiplier)


@node(
    "LatentOperationSharpen",
    title="LatentOperationSharpen",
    category="latent/advanced/operations",
    lane="cpu",
)
def latent_operation_sharpen(
    *,
    sharpen_radius: Annotated[int, Range(1, 31, step=1)] = 9,
    sigma: Annotated[float, Range(0.1, 10.0, step=0.1)] = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, step=0.01)] = 0.1,
) -> LatentOperation:
    """An operation that sharpens.

    Args:
        sharpen_radius: How many cells (8 pixels each) to every side count; latents must be larger.
        sigma: The width of the Gaussian bell, in units of the radius.
        alpha: How much.
    """
    return Sharpen(sharpen_radius, sigma, alpha)
