"""Recognise a checkpoint by its header alone: exactly one family must match."""

from __future__ import annotations

from collections.abc import Sequence

from diffusion.checkpoint.header import CheckpointError, Header
from diffusion.families import FAMILIES, Family, Match


def identify(header: Header, families: Sequence[Family] = FAMILIES) -> Match:
    """Find the family of a checkpoint. The order of `families` does not matter.

    Raises:
        CheckpointError: no family matches (it says what was looked for and found), or more than one.
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
    looked = "; ".join(f"{name}: it {', '.join(reasons)}" for name, reasons in refusals.items())
    reason = f"its {len(shapes)} tensors belong to no supported model family ({looked})"
    raise CheckpointError(header.path, reason, "choose a full checkpoint of a supported family")
