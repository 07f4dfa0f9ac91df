"""Modules of a few names: `comfy.samplers`' lists, `execution`, and packages that hold others."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from diffusion.samplers import SAMPLERS
from diffusion.schedules import SCHEDULERS
from engine.folders import Folders
from engine.registry import Registry
from engine.validate import validate

SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


def package(name: str, text: str) -> ModuleType:
    """A package without files: only what is put into `sys.modules` below it can be imported."""
    module = ModuleType(name, text)
    module.__path__ = []
    return module


def samplers() -> ModuleType:
    """The names of samplers and schedulers, as lists that packs put into their combos."""
    module = ModuleType("comfy.samplers", "Names of samplers and schedulers, for packs.")
    names, schedules = list(SAMPLERS), list(SCHEDULERS)
    sampler = type("KSampler", (), {"SAMPLERS": names, "SCHEDULERS": schedules})
    vars(module).update(
        KSampler=sampler,
        SAMPLER_NAMES=names,
        KSAMPLER_NAMES=[n for n in names if n not in ("uni_pc", "uni_pc_bh2", "ddim")],
        SCHEDULER_NAMES=schedules,
        SCHEDULER_HANDLERS=dict.fromkeys(schedules),
    )
    return module


def execution(registry: Registry, folders: Folders) -> ModuleType:
    """`execution`: checking a prompt. Running one is the engine's business, which has no such class."""

    async def validate_prompt(
        prompt_id: str, prompt: dict[str, Any], partial_execution_list: list[str] | None = None
    ) -> tuple[bool, Any, list[str], dict[str, Any]]:
        """Whether anything of a prompt can run, the error, the output nodes that can, errors by node."""
        checked = validate(prompt, registry, folders, targets=partial_execution_list)
        error, node_errors = checked.response()
        return checked.ok, error, list(checked.good_targets), node_errors

    module = ModuleType("execution", "Checking prompts, for packs.")
    vars(module).update(validate_prompt=validate_prompt, SENSITIVE_EXTRA_DATA_KEYS=SECRETS)
    return module
