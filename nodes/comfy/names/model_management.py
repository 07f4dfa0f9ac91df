"""`comfy.model_management`: devices, number types, memory, and the cancel flag."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from enum import Enum
from types import ModuleType
from typing import Any

import psutil
import torch
from torch import Tensor, nn

from diffusion.placement import Placement
from diffusion.precision import Dtypes, Precision
from engine.context import Interrupted, current_call


class VRAMState(Enum):
    """Strategies of ComfyUI; `diffusion.placement` has its own."""

    DISABLED = 0
    NO_VRAM = 1
    LOW_VRAM = 2
    NORMAL_VRAM = 3
    HIGH_VRAM = 4
    SHARED = 5


class CPUState(Enum):
    """What computes."""

    GPU = 0
    CPU = 1
    MPS = 2


class ModelManagement(ModuleType):
    """A module whose functions are methods, for one device and precision.

    IMAGE, MASK and LATENT values live on the CPU; models come to the device by themselves when they are used,
    so that asking for them to be brought there changes nothing.
    """

    InterruptProcessingException = Interrupted
    OOM_EXCEPTION = torch.OutOfMemoryError
    VRAMState = VRAMState
    CPUState = CPUState
    XFORMERS_IS_AVAILABLE = False
    directml_enabled = False
    lowvram_available = False

    def __init__(self, placement: Placement, precision: Precision) -> None:
        super().__init__("comfy.model_management", "Devices, number types and memory, for packs.")
        self._placement = placement
        self._device = device = placement.device
        self._precision = precision
        self.vram_state = VRAMState.DISABLED if device.type == "cpu" else VRAMState.HIGH_VRAM
        states = {"cpu": CPUState.CPU, "mps": CPUState.MPS}
        self.cpu_state = states.get(device.type, CPUState.GPU)
        self.current_loaded_models: list[Any] = []
        self.total_ram = psutil.virtual_memory().total / 2**20
        self.total_vram = self.get_total_memory() / 2**20

    # --- devices ---

    def get_torch_device(self) -> torch.device:
        """Where networks run."""
        return self._device

    text_encoder_device = vae_device = get_torch_device

    def unet_inital_load_device(self, parameters: int = 0, dtype: torch.dtype | None = None) -> torch.device:
        """Where a network is loaded to."""
        return self._device

    def cpu_device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    intermediate_device = unet_offload_device = text_encoder_offload_device = vae_offload_device = cpu_device

    def get_torch_device_name(self, device: torch.device) -> str:
        """The device in words."""
        return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)

    def is_device_type(self, device: Any, kind: str) -> bool:
        """Whether the device is of that kind."""
        return getattr(device, "type", None) == kind

    def is_device_cpu(self, device: Any) -> bool:
        """Whether it is the CPU."""
        return self.is_device_type(device, "cpu")

    def is_device_mps(self, device: Any) -> bool:
        """Whether it is Apple's GPU."""
        return self.is_device_type(device, "mps")

    def is_device_cuda(self, device: Any) -> bool:
        """Whether it is a GPU of torch's `cuda` kind."""
        return self.is_device_type(device, "cuda")

    def is_nvidia(self) -> bool:
        """Whether networks run on CUDA."""
        return self._device.type == "cuda" and torch.version.cuda is not None

    def cpu_mode(self) -> bool:
        """Whether networks run on the CPU."""
        return self._device.type == "cpu"

    def mps_mode(self) -> bool:
        """Whether networks run on Apple's GPU."""
        return self._device.type == "mps"

    # --- number types ---

    def _dtypes(self) -> Dtypes:
        return self._precision.dtypes(self._device)

    def unet_dtype(self, device: Any = None, model_params: int = 0, **options: Any) -> torch.dtype:
        """The type networks compute in."""
        return self._dtypes().network

    def vae_dtype(self, device: Any = None, allowed_dtypes: Iterable[torch.dtype] = ()) -> torch.dtype:
        """The type autoencoders compute in."""
        return self._dtypes().vae

    def text_encoder_dtype(self, device: Any = None) -> torch.dtype:
        """The type text encoders compute in."""
        return self._dtypes().text

    def should_use_fp16(self, device: Any = None, **options: Any) -> bool:
        """Whether float16 is the type to use."""
        return self._dtypes().network == torch.float16

    def should_use_bf16(self, device: Any = None, **options: Any) -> bool:
        """Whether bfloat16 is the type to use."""
        return self._dtypes().network == torch.bfloat16

    def supports_fp8_compute(self, device: Any = None) -> bool:
        """Whether products of 8-bit numbers are computed natively; nothing here does."""
        return False

    def dtype_size(self, dtype: torch.dtype) -> int:
        """Bytes of one number."""
        return dtype.itemsize

    def xformers_enabled(self) -> bool:
        """Attention is torch's own."""
        return False

    xformers_enabled_vae = xformers_enabled

    def pytorch_attention_enabled(self) -> bool:
        """Attention is torch's own."""
        return True

    # --- memory ---

    def get_total_memory(self, dev: Any = None, torch_total_too: bool = False) -> Any:
        """Bytes of memory of a device; with `torch_total_too` twice."""
        device = self._device if dev is None else dev
        cuda = self.is_device_cuda(device)
        total = torch.cuda.mem_get_info(device)[1] if cuda else psutil.virtual_memory().total
        return (total, total) if torch_total_too else total

    def get_free_memory(self, dev: Any = None, torch_free_too: bool = False) -> Any:
        """Bytes that are free on a device, those torch keeps for later included."""
        device = self._device if dev is None else dev
        if not self.is_device_cuda(device):
            free = psutil.virtual_memory().available
            return (free, free) if torch_free_too else free
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        free = torch.cuda.mem_get_info(device)[0] + kept
        return (free, kept) if torch_free_too else free

    def soft_empty_cache(self, force: bool = False) -> None:
        """Give back what torch keeps for later."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def unload_all_models(self) -> None:
        """Send models home that are not in use, and give back memory nothing refers to."""
        self._placement.clear()
        gc.collect()
        self.soft_empty_cache()

    def free_memory(self, memory_required: float, device: Any = None, keep_loaded: Any = ()) -> list[Any]:
        """Likewise. Returns the models that were unloaded: none."""
        self.unload_all_models()
        return []

    def cleanup_models(self) -> None:
        """Likewise."""
        self.unload_all_models()

    def load_models_gpu(self, models: Iterable[Any], memory_required: float = 0, **options: Any) -> None:
        """Models come to the device when they are used."""

    def load_model_gpu(self, model: Any) -> None:
        """Likewise."""

    def loaded_models(self, only_currently_used: bool = False) -> list[Any]:
        """Models this module keeps: none, values keep them."""
        return []

    def module_size(self, module: nn.Module) -> int:
        """Bytes of a network's tensors."""
        return sum(tensor.nbytes for tensor in module.state_dict().values())

    def minimum_inference_memory(self) -> int:
        """Bytes to leave free for computing."""
        return 2**30

    def extra_reserved_memory(self) -> int:
        """Bytes to leave to other programs."""
        return 400 * 2**20

    def device_supports_non_blocking(self, device: Any) -> bool:
        """Whether copies to it may go on in the background."""
        return not self.is_device_mps(device)

    def cast_to_device(
        self, tensor: Tensor, device: torch.device, dtype: torch.dtype, copy: bool = False
    ) -> Tensor:
        """The tensor there and of that type; a copy even if it is both already, with `copy`."""
        return tensor.to(device=device, dtype=dtype, copy=copy)

    def cast_to(
        self,
        weight: Tensor,
        dtype: torch.dtype | None = None,
        device: torch.device | None = None,
        non_blocking: bool = False,
        copy: bool = False,
        **options: Any,
    ) -> Tensor:
        """Likewise, leaving alone what is not said."""
        return weight.to(
            device=device or weight.device,
            dtype=dtype or weight.dtype,
            non_blocking=non_blocking,
            copy=copy,
        )

    # --- cancelling ---

    def processing_interrupted(self) -> bool:
        """Whether the run of the node that asks was cancelled."""
        call = current_call()
        return call is not None and call.context.cancellation.cancelled

    def throw_exception_if_processing_interrupted(self) -> None:
        """Raise `InterruptProcessingException` if it was."""
        call = current_call()
        if call is not None:
            call.context.check()

    def interrupt_current_processing(self, value: bool = True) -> None:
        """Cancel the run of the node that asks."""
        call = current_call()
        if call is not None and value:
            call.context.cancellation.cancel()
