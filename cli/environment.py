"""What of this installation decides the bits of a picture, besides the graph and its files."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from cli.caches import LIBRARIES
from cli.setup import ROOT
from diffusion.precision import Precision
from engine.code import folder_hash

_FEATURES = ("amx_bf16", "amx_fp16", "avx512_bf16", "avx512_fp16", "avx512_vnni", "avx512_f", "avx2", "fma3")
"""Instructions by which libraries choose their kernels."""


def environment_of(device: torch.device, policy: Precision) -> dict[str, Any]:
    """The facts of `workflows.provenance.environment`, as JSON."""
    dtypes = policy.dtypes(device)
    return {
        "darkroom": _program(),
        "engine": folder_hash(ROOT / "engine"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version(name) for name in LIBRARIES},
        "device": _cuda(device)
        if device.type == "cuda"
        else _cpu()
        if device.type == "cpu"
        else _other(device),
        "threads": torch.get_num_threads(),
        "precision": {
            "policy": policy.value,
            "network": _name(dtypes.network),
            "text": _name(dtypes.text),
            "vae": _name(dtypes.vae),
        },
    }


def _program() -> str:
    try:
        return version("darkroom")
    except PackageNotFoundError:  # run from a folder that was only unpacked
        return "unknown"


def _cpu() -> dict[str, Any]:
    capabilities = torch.cpu.get_capabilities()
    return {
        "type": "cpu",
        "name": str(capabilities.get("cpu_name") or platform.processor() or platform.machine()),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "features": [name for name in _FEATURES if capabilities.get(name)],
        "onednn": torch.backends.mkldnn.is_available(),
    }


def _cuda(device: torch.device) -> dict[str, Any]:
    major, minor = torch.cuda.get_device_capability(device)
    return {
        "type": "cuda",
        "name": torch.cuda.get_device_name(device),
        "capability": f"{major}.{minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
    }


def _other(device: torch.device) -> dict[str, Any]:
    return {"type": device.type, "name": platform.processor() or platform.machine()}


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
