"""Networks that enlarge pictures."""

from diffusion.upscaling.loading import load_upscaler
from diffusion.upscaling.upscaler import Upscaler

__all__ = ["Upscaler", "load_upscaler"]
