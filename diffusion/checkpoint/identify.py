"""Recognise a checkpoint by its header alone: exactly one family must match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diffusion.checkpoint.header import CheckpointError, Header
from diffusion.checkpoint.kinds import kind_of
from diffusion.families import FAMILIES, Family, Match
from diffusion.families.naming import Shape

_NEAREST = 2
"""How many families a refusal names."""


def identify(header: Header, families: Sequence[Family] = FAMILIES, *, network: bool = False) -> Match:
    """Find the family of a checkpoint, or of a `network` alone. The order of `families` does not matter.

    Raises:
        CheckpointError: no family matches (it says what the file is, or what it lacks of the nearest
            families), or more than one.
    """
    shapes = header.shapes()
    refusals = {family.name: family.refusals(shapes) for family in families}
    matches = [family for family in families if not refusals[family.name]]
    if len(matches) == 1:
        return Match(matches[0])
    if matches:
        names = ", ".join(family.name for family in matches)
        raise CheckpointError(
            header.path, f"it fits more than one model family ({names})", "report this file"
        )
    kind = kind_of(shapes, network=network)
    if kind is not None:
        wanted = "diffusion model" if network else "checkpoint"
        raise CheckpointError(header.path, f"it is {kind.title}, and no {wanted}", kind.remedy)
    looked = _looked(shapes, refusals, families)
    reason = f"its {len(shapes)} tensors belong to no supported model family ({looked})"
    raise CheckpointError(header.path, reason, "choose a full checkpoint of a supported family")


def _looked(
    shapes: Mapping[str, Shape], refusals: Mapping[str, Sequence[str]], families: Sequence[Family]
) -> str:
    """What the file lacks of the nearest families, or its first tensor where it has nothing of any."""
    if not any(condition.name in shapes for family in families for condition in family.conditions):
        return f"the first is {next(iter(shapes), 'missing')}"
    nearest = sorted(families, key=lambda family: len(refusals[family.name]) / len(family.conditions))
    told = (f"{family.name}: it {', '.join(refusals[family.name])}" for family in nearest[:_NEAREST])
    return f"nearest are {'; '.join(told)}"
