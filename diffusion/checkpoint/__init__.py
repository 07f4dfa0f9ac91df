"""Model files: checked headers, families recognised by them, and loading."""

from diffusion.checkpoint.header import CheckpointError, Header, TensorInfo, read_header
from diffusion.checkpoint.identify import identify
from diffusion.checkpoint.loader import Checkpoint, load, open_model
from diffusion.checkpoint.parts import TEXT_KINDS, load_diffusion_model, load_text_encoder, load_vae
from diffusion.checkpoint.placed import placed

__all__ = [
    "TEXT_KINDS",
    "Checkpoint",
    "CheckpointError",
    "Header",
    "TensorInfo",
    "identify",
    "load",
    "load_diffusion_model",
    "load_text_encoder",
    "load_vae",
    "open_model",
    "placed",
    "read_header",
]
