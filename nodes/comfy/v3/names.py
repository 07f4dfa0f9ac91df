"""The modules packs import, by the names they have in ComfyUI, apart from those of `nodes.comfy.names`."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

_VERSIONS = ("latest", "v0_0_2", "v0_0_1")


def modules() -> dict[str, ModuleType]:
    """Modules to be put into `sys.modules`; made anew each time, of the same parts."""
    made: dict[str, ModuleType] = {}
    for table in (_api(), _execution(), _typing(), _models()):
        for name, contents in table.items():
            made[name] = _module(name, contents)
    for name, module in made.items():
        parent, _, own = name.rpartition(".")
        if parent in made:
            setattr(made[parent], own, module)
    return made


def _module(name: str, contents: Mapping[str, Any]) -> ModuleType:
    module = ModuleType(name, f"What packs import from {name}.")
    module.__path__ = []  # packs import modules below it
    vars(module).update(contents)
    return module


def _api() -> dict[str, dict[str, Any]]:
    from nodes.comfy.v3 import extension, media

    io, ui = _io(), _ui()
    inputs: dict[str, Any] = media.INPUTS
    types: dict[str, Any] = media.TYPES
    made: dict[str, dict[str, Any]] = {
        "comfy_api": {},
        "comfy_api.input": {**inputs, **{f"{name}Input": kind for name, kind in inputs.items()}},
        "comfy_api.input_impl": dict(media.IMPLEMENTATIONS),
        "comfy_api.util": dict(types),
    }
    parts = {
        "io": _module("comfy_api.latest.io", io),
        "ui": _module("comfy_api.latest.ui", ui),
        "Input": _module("comfy_api.latest.Input", inputs),
        "InputImpl": _module("comfy_api.latest.InputImpl", media.IMPLEMENTATIONS),
        "Types": _module("comfy_api.latest.Types", types),
    }
    contents: dict[str, Any] = {
        **parts,
        "comfy_io": parts["io"],
        "IO": parts["io"],
        "UI": parts["ui"],
        "ComfyExtension": extension.ComfyExtension,
        "ComfyAPI": extension.ComfyAPI,
        "ComfyAPISync": extension.ComfyAPISync,
    }
    for version in _VERSIONS:
        made[f"comfy_api.{version}"] = contents
        made[f"comfy_api.{version}._io"] = io
        made[f"comfy_api.{version}._ui"] = ui
    return made


def _io() -> dict[str, Any]:
    from nodes.comfy.v3 import inputs, kinds, node, schema, widgets

    return {
        **kinds.types(),
        "Custom": inputs.custom,
        "Input": inputs.Input,
        "WidgetInput": inputs.WidgetInput,
        "Output": inputs.Output,
        "ComfyTypeIO": inputs.ComfyType,
        "ComfyTypeI": inputs.ComfyType,
        "ComfyNode": node.ComfyNode,
        "NodeOutput": node.NodeOutput,
        "Schema": schema.Schema,
        "Hidden": schema.Hidden,
        "HiddenHolder": schema.HiddenValues,
        "FolderType": widgets.FolderType,
        "UploadType": widgets.UploadType,
        "NumberDisplay": widgets.NumberDisplay,
        "ControlAfterGenerate": widgets.ControlAfterGenerate,
        "RemoteOptions": widgets.RemoteOptions,
    }


def _ui() -> dict[str, Any]:
    from nodes.comfy.v3 import media, saving, ui

    return {
        "SavedResult": ui.SavedResult,
        "SavedImages": ui.SavedImages,
        "SavedAudios": ui.SavedAudios,
        "PreviewImage": ui.PreviewImage,
        "PreviewMask": ui.PreviewMask,
        "PreviewText": ui.PreviewText,
        "PreviewVideo": ui.PreviewVideo,
        "PreviewUI3D": ui.PreviewUI3D,
        "PreviewAudio": media.PreviewAudio,
        "ImageSaveHelper": saving.ImageSaveHelper,
        "AudioSaveHelper": media.AudioSaveHelper,
        "FolderType": ui.FolderType,
    }


def _execution() -> dict[str, dict[str, Any]]:
    from nodes.comfy import dynprompt
    from nodes.comfy.execution import builder, running

    return {
        "comfy_execution": {},
        "comfy_execution.graph_utils": {name: getattr(builder, name) for name in builder.__all__},
        "comfy_execution.graph": {
            "ExecutionBlocker": builder.ExecutionBlocker,
            "DynamicPrompt": dynprompt.DynPrompt,
            "NodeNotFoundError": dynprompt.NodeNotFoundError,
            "is_link": builder.is_link,
        },
        "comfy_execution.utils": {
            "ExecutionContext": running.ExecutionContext,
            "get_executing_context": running.get_executing_context,
        },
        "comfy_execution.progress": {
            "ProgressState": running.ProgressState,
            "get_progress_state": running.get_progress_state,
        },
    }


def _typing() -> dict[str, dict[str, Any]]:
    from nodes.comfy.execution import typing

    contents = {name: getattr(typing, name) for name in typing.__all__}
    return {"comfy.comfy_types": contents, "comfy.comfy_types.node_typing": contents}


def _models() -> dict[str, dict[str, Any]]:
    from diffusion.samplers import SAMPLERS
    from diffusion.schedules import SCHEDULERS
    from nodes.comfy.models import clip, control, guiders, loading, model, previews, samplers, sampling, vae

    # Packs append to these lists, and offer the class's in their combos.
    names, schedules = list(SAMPLERS), list(SCHEDULERS)
    sampler = type("KSampler", (sampling.KSampler,), {"SAMPLERS": names, "SCHEDULERS": schedules})
    return {
        "comfy.sd": {
            "VAE": vae.PackVae,
            "CLIP": clip.PackClip,
            "CLIPType": loading.CLIPType,
            "load_checkpoint_guess_config": loading.load_checkpoint_guess_config,
            "load_lora_for_models": loading.load_lora_for_models,
        },
        "comfy.controlnet": {
            "load_controlnet": control.load_controlnet,
            **dict.fromkeys(("ControlBase", "ControlNet", "ControlLora", "T2IAdapter"), control.PackControl),
        },
        "comfy.model_patcher": {
            "ModelPatcher": model.PackModel,
            "set_model_options_post_cfg_function": samplers.set_model_options_post_cfg_function,
        },
        "comfy.sample": {
            "prepare_noise": sampling.prepare_noise,
            "fix_empty_latent_channels": sampling.fix_empty_latent_channels,
            "sample": sampling.sample,
            "sample_custom": sampling.sample_custom,
        },
        "comfy.samplers": {
            "KSampler": sampler,
            "KSAMPLER": sampling.KSAMPLER,
            "SAMPLER_NAMES": names,
            "SCHEDULER_NAMES": schedules,
            "sampler_object": sampling.sampler_object,
            "ksampler": sampling.ksampler,
            "calculate_sigmas": sampling.calculate_sigmas,
            "CFGGuider": guiders.CFGGuider,
            "sampling_function": guiders.sampling_function,
            "calc_cond_batch": guiders.calc_cond_batch,
        },
        "latent_preview": {
            "LatentPreviewer": previews.LatentPreviewer,
            "Latent2RGBPreviewer": previews.Latent2RGBPreviewer,
            "get_previewer": previews.get_previewer,
            "prepare_callback": previews.prepare_callback,
        },
    }
