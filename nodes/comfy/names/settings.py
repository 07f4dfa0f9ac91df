"""`comfy.cli_args`: the options of the program, under ComfyUI's names."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from enum import Enum
from types import ModuleType
from typing import Any


class LatentPreviewMethod(Enum):
    """How previews are made."""

    NoPreviews = "none"
    Auto = "auto"
    Latent2RGB = "latent2rgb"
    TAESD = "taesd"


_USUAL: Mapping[str, Any] = {
    "listen": "127.0.0.1",
    "port": 8188,
    "gpu_only": False,
    "highvram": False,
    "normalvram": False,
    "lowvram": False,
    "novram": False,
    "cpu": False,
    "cpu_vae": False,
    "cuda_device": None,
    "disable_metadata": False,
    "disable_smart_memory": False,
    "deterministic": False,
    "multi_user": False,
    "verbose": "INFO",
    "base_directory": None,
    "output_directory": None,
    "input_directory": None,
    "temp_directory": None,
    "user_directory": None,
    "extra_model_paths_config": None,
    "preview_size": 512,
    "default_hashing_function": "sha256",
    "enable_cors_header": None,
    "max_upload_size": 100,
    "dont_upcast_attention": False,
    "force_fp16": False,
    "force_fp32": False,
    "fp16_vae": False,
    "bf16_vae": False,
    "fp32_vae": False,
    "disable_xformers": True,
    "windows_standalone_build": False,
    "disable_all_custom_nodes": False,
    "whitelist_custom_nodes": [],
}


def cli_args(options: argparse.Namespace) -> ModuleType:
    """The module, with `args` made of what this process was told."""
    module = ModuleType("comfy.cli_args", "The options of the program, for packs.")
    given = {name: value for name, value in vars(options).items() if value is not None}
    method = LatentPreviewMethod(given.pop("preview_method", "none"))
    args = argparse.Namespace(**{**_USUAL, **given, "preview_method": method})
    vars(module).update(args=args, LatentPreviewMethod=LatentPreviewMethod)
    return module
