"""Model families: how a checkpoint is recognised from its header, and how its parts fit together."""

from diffusion.families.family import Family, Match
from diffusion.families.flux import FLUX, FLUX_CONTROL, FLUX_FILL
from diffusion.families.ldm import LDM
from diffusion.families.sd1 import SD1, SD1_EDIT, SD1_INPAINT
from diffusion.families.sd2 import SD2, SD2_DEPTH, SD2_INPAINT, SD2_UNCLIP_H, SD2_UNCLIP_L
from diffusion.families.sd3 import SD3
from diffusion.families.sdxl import PLAYGROUND, SDXL, SDXL_EDIT, SDXL_REFINER

FAMILIES: tuple[Family, ...] = (
    SD1,
    SD1_INPAINT,
    SD1_EDIT,
    SD2,
    SD2_INPAINT,
    SD2_DEPTH,
    SD2_UNCLIP_H,
    SD2_UNCLIP_L,
    SDXL,
    SDXL_REFINER,
    SDXL_EDIT,
    PLAYGROUND,
    SD3,
    FLUX,
    FLUX_CONTROL,
    FLUX_FILL,
    *LDM,
)

__all__ = ["FAMILIES", "Family", "Match"]
