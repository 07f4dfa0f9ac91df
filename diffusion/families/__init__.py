"""Model families: how a checkpoint is recognised from its header, and how its parts fit together."""

from diffusion.families.family import Family, Match
from diffusion.families.sd1 import SD1

FAMILIES: tuple[Family, ...] = (SD1,)

__all__ = ["FAMILIES", "Family", "Match"]
