"""Model files: checked headers, families recognised by them, and loading."""

from diffusion.checkpoint.header import CheckpointError, Header, TensorInfo, read_header
from diffusion.checkpoint.identify import identify
from diffusion.checkpoint.loader import Checkpoint, load, open_model

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Header",
    "TensorInfo",
    "identify",
    "load",
    "open_model",
    "read_header",
]
