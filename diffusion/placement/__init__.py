"""Where models live: on the host, on the device while they are used, or passing through it layer by layer."""

from diffusion.placement.batching import room_for
from diffusion.placement.device import choose_device
from diffusion.placement.memory import CountedMemory, CudaMemory, DeviceMemory
from diffusion.placement.placement import Placement
from diffusion.placement.strategy import Strategy, TooLittleMemory
from diffusion.placement.weights import home_of, module_of

__all__ = [
    "CountedMemory",
    "CudaMemory",
    "DeviceMemory",
    "Placement",
    "Strategy",
    "TooLittleMemory",
    "choose_device",
    "home_of",
    "module_of",
    "room_for",
]
