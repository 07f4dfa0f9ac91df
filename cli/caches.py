"""Which cache the options ask for, and what decides results besides keys."""

import argparse
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import psutil
import torch

from diffusion.precision import Precision
from engine.cache import Cache, DiskCache, LruCache, MemoryCache, NoCache, PressureCache, TieredCache
from engine.folders import Folders
from nodes.codec import TensorCodec
from nodes.values import sizeof, to_host

RAM_SHARE = 0.4
"""Part of the memory that results may hold; the rest is for models at work and the system."""
DEVICE_SHARE = 0.6
"""Part of a GPU's memory for results, which the models on it are; the rest is for computing."""
DISK_SHARE = 0.1
MOST_DISK = 10e9
"""Bytes on disk unless the options say otherwise: a tenth of what is free there, and at most this."""
PRESSURE_SHARE, LEAST_FREE, MOST_FREE = 0.1, 2e9, 10e9
"""RAM that `--cache-ram` keeps available when no figure is given: this part of it, within these bounds."""

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "scipy", "torchsde", "pillow")
"""Libraries whose versions may change pictures."""


def cache_of(options: argparse.Namespace, folders: Folders, device: torch.device) -> Cache:
    """The cache the options name, with the disk behind it unless they forbid that."""
    if options.cache_none:
        return NoCache()
    memory = _memory(options, device)
    if options.no_cache_disk:
        return memory
    folder = options.cache_directory or folders.user / ".darkroom" / "cache"
    given = options.cache_disk_size
    limit = _usual_disk(folder) if given is None else int(given * 1e9)
    # What was shown before pictures had to be checked, or marked, does not count as shown now.
    policy = f"{options.safety} {options.safety_checker} {options.watermark} {options.watermark_text}"
    realm = realm_of(device, Precision(options.precision))
    realm += "" if options.compile == "off" else " compiled"  # fused kernels round in other places
    realm += "" if options.safety == options.watermark == "off" else policy
    return TieredCache(memory, DiskCache(folder, TensorCodec(), limit, realm))


def realm_of(device: torch.device, precision: Precision) -> str:
    """What decides a result and is in no node's key, as text: libraries, device, precision."""
    dtypes = precision.dtypes(device)
    return json.dumps(
        {
            "libraries": {name: version(name) for name in LIBRARIES},
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "dtypes": [str(dtypes.network), str(dtypes.text), str(dtypes.vae)],
            # How many threads share a sum decides the order of its terms, and with that the last bits.
            "threads": torch.get_num_threads() if device.type == "cpu" else None,
        },
        sort_keys=True,
    )


def _memory(options: argparse.Namespace, device: torch.device) -> Cache:
    if options.cache_lru > 0:
        return LruCache(options.cache_lru)
    if options.cache_classic:
        return LruCache(0)
    limit = getattr(options, "memory_limit", None)
    total = int(limit * 1e9) if limit else psutil.virtual_memory().total
    if options.cache_ram is not None:
        active, inactive = _headroom(options.cache_ram, total)
        return PressureCache(active, inactive, lambda: psutil.virtual_memory().available, sizeof)
    there = int(_device_bytes(device) * DEVICE_SHARE)
    return MemoryCache(int(total * RAM_SHARE), sizeof, device_budget=there, demote=to_host)


def _headroom(gigabytes: list[float], total: int) -> tuple[int, int]:
    """Bytes of RAM to keep available while a run goes on, and while results of earlier ones are there."""
    active = gigabytes[0] * 1e9 if gigabytes else min(MOST_FREE, max(LEAST_FREE, PRESSURE_SHARE * total))
    return int(active), int(gigabytes[1] * 1e9 if len(gigabytes) > 1 else active)


def _device_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    return torch.mps.recommended_max_memory() if device.type == "mps" else 0


def _usual_disk(folder: Path) -> int:
    """A part of what is free where the folder is or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return int(min(MOST_DISK, DISK_SHARE * shutil.disk_usage(there).free))
