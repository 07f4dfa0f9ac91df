"""Nodes that keep pictures nobody asked to see from leaving."""

import json
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image as PilImage
from torch import Tensor

from engine.node import node
from engine.types import OptionalInput, Socket
from nodes.resize import resize, to_bytes
from nodes.types import Image, SafetyChecker

BLUR_CELLS = 8


class FlaggedPictures(ValueError):
    """A run that is told to stop at flagged pictures found one."""

    remedy = (
        "Change the prompt or the seed, or set on_flagged to 'replace' or 'blur' to let the others through."
    )


class Checked(NamedTuple):
    IMAGE: Image
    flagged: Annotated[list[bool], Socket("BOOLEAN", is_list=True)]
    scores: str


@node("SafetyCheck", title="Safety Check", category="image/safety", lane="decode")
def safety_check(
    *,
    images: Image,
    safety_checker: SafetyChecker,
    on_flagged: Literal["replace", "blur", "block"] = "replace",
    replacement: Annotated[Image | None, OptionalInput()] = None,
) -> Checked:
    """Compare each picture with the concepts of a safety checker and hide the ones it flags.

    Args:
        images: The pictures to check.
        safety_checker: The checker, from Load Safety Checker.
        on_flagged: `replace` puts the replacement picture (black without one) in its place as CompVis'
            txt2img does, `blur` leaves only coarse colours, `block` fails the run.
        replacement: The picture shown instead of a flagged one; resized to fit.

    Returns:
        IMAGE: The pictures, flagged ones hidden.
        flagged: One BOOLEAN a picture.
        scores: JSON: each picture's margin over every concept's threshold; above 0 flags it.
    """
    result = safety_checker.check(images)
    if on_flagged == "block" and any(result.flags):
        which = ", ".join(str(index) for index, flag in enumerate(result.flags) if flag)
        raise FlaggedPictures(f"the safety checker flagged picture {which} of {len(images)}")
    hidden = [
        hide(image, on_flagged, replacement) if flag else image
        for image, flag in zip(images, result.flags, strict=True)
    ]
    scores = {"concepts": result.concept_scores, "special_care": result.special_scores}
    return Checked(torch.stack(hidden), list(result.flags), json.dumps(scores))


def hide(image: Tensor, how: str, replacement: Tensor | None) -> Tensor:
    """What is shown in place of a flagged `image` [H,W,C]."""
    height, width = image.shape[:2]
    planes = image.movedim(-1, 0)[None]
    if how == "blur":
        coarse = resize(planes, BLUR_CELLS, BLUR_CELLS, "area")
        return resize(coarse, width, height, "bicubic")[0].movedim(0, -1).clamp(0, 1)
    if replacement is None:
        return torch.zeros_like(image)
    picture = PilImage.fromarray(to_bytes(replacement[0, ..., :3])).resize((width, height))
    shown = torch.ones_like(image)
    shown[..., :3] = torch.as_tensor(np.array(picture)) / 255
    return shown
