"""Control networks: pictures that steer a diffusion model beside the text."""

from diffusion.control.applied import Applied, ControlModel, apply_control
from diffusion.control.kinds import T2IControl, UNetControl, UnionControl, with_union_type
from diffusion.control.latents import TransformerControl, with_mask
from diffusion.control.loading import load_control
from diffusion.control.lora import LoraControl
from diffusion.control.union import UNION_TYPES

CONTROL_MODELS = (UNetControl, UnionControl, T2IControl, LoraControl, TransformerControl)
"""Every kind of loaded control network."""

__all__ = [
    "CONTROL_MODELS",
    "UNION_TYPES",
    "Applied",
    "ControlModel",
    "apply_control",
    "load_control",
    "with_mask",
    "with_union_type",
]
