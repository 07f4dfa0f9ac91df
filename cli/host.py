"""What runs graphs, put together by hand: nodes, cache, device. The worker and `main.py run` share it."""

import argparse
import gc
from collections.abc import Callable, Sequence
from typing import Any

import psutil
import torch

from cli.caches import cache_of
from cli.environment import environment_of
from cli.memory import placement_of
from cli.packs import packs_of
from cli.safety import screen_of
from diffusion.placement import Placement, choose_device
from diffusion.precision import Precision
from engine.context import JobExtra
from engine.driver import run_sync
from engine.events import Event
from engine.folders import Folders
from engine.journal import Journal
from engine.journal_file import JournalFile
from engine.problems import Problem
from engine.validate import validate
from engine.warning import listen
from nodes import builtin
from nodes.metering import meter_of
from nodes.policy import PolicedRegistry, PolicyOutlet
from nodes.values import describe
from server.worker.host import Host


def host_of(options: argparse.Namespace, folders: Folders) -> Host:
    """A host for the options. Raises ValueError if they ask for a device this machine lacks, or for a
    policy that cannot be kept.
    """
    listen("nodes", "diffusion")
    device = choose_device("cpu" if options.cpu else options.device)
    policy = Precision(options.precision)
    placement = placement_of(options, device, folders.user / ".darkroom" / "compiled")
    resources: dict[type, object] = {Placement: placement, Precision: policy}
    packs = packs_of(options, folders, builtin(), resources)
    registry = builtin() if packs is None else packs.registry
    folders = folders if packs is None else packs.folders
    screen, outlet = screen_of(options, folders, placement), None
    if screen is not None:
        outlet = PolicyOutlet(screen, folders)
        registry = PolicedRegistry(registry, screen, outlet)
    return Host(
        registry=registry,
        folders=folders,
        cache=cache_of(options, folders, device),
        resources=resources,
        guard=torch.inference_mode,
        describe=describe,
        meter=meter_of(device),
        free=lambda: give_back(placement),
        info=lambda: device_facts(placement),
        environment=environment_of(device, policy),
        extension=packs,
        journal=Journal(JournalFile(folders.user / ".darkroom" / "journal.sqlite")),
        outlet=outlet,
    )


def give_back(placement: Placement) -> None:
    """Send models home that are not in use, and return to the system what nothing refers to any more."""
    placement.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device_facts(placement: Placement) -> dict[str, Any]:
    """The `devices` entry and versions of `/system_stats`, in bytes; of a budget what is left of it."""
    device = placement.device
    memory = psutil.virtual_memory()
    name, free, total = "cpu", memory.available, memory.total
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        name = f"{device} {torch.cuda.get_device_name(device)}"
    elif placement.memory is not None:
        free, total = placement.memory.available(), placement.memory.size
    entry = {
        "name": name,
        "type": device.type,
        "index": device.index,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": total,
        "torch_vram_free": free,
    }
    return {"devices": [entry], "pytorch_version": torch.__version__}


def run_here(
    host: Host,
    prompt: dict[str, Any],
    extra: JobExtra,
    emit: Callable[[Event], None],
    targets: Sequence[str] | None = None,
) -> tuple[Problem, ...]:
    """Validate and run a prompt, or only some of its output nodes, in this process. Returns what is wrong
    with it; the rest has run.
    """
    checked = validate(prompt, host.registry, host.folders, targets=targets)
    if checked.graph is None:
        return checked.problems or tuple(problem for problem in (checked.error,) if problem)
    run_sync(
        checked.graph,
        host.registry,
        host.cache,
        emit=emit,
        resources=host.resources,
        folders=host.folders,
        extra=extra,
        targets=checked.good_targets,
        guard=host.guard,
        meter=host.meter,
        describe=host.describe,
        journal=host.journal,
    )
    host.journal.save()
    return checked.problems
