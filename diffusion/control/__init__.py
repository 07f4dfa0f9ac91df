"""Control networks: pictures that steer a diffusion model beside the text."""

from diffusion.control.applied import Applied, ControlModel, apply_control
from diffusion.control.kinds import with_union_type
from diffusion.control.loading import load_control
from diffusion.control.union import UNION_TYPES

__all__ = ["UNION_TYPES", "Applied", "ControlModel", "apply_control", "load_control", "with_union_type"]
