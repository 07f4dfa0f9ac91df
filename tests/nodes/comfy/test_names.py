"""The modules packs import, as a pack finds them."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image as PilImage

from cli.arguments import parse
from diffusion.placement import Placement, choose_device
from diffusion.precision import Precision
from engine.context import Cancellation, Context, Interrupted, calling
from engine.folders import Folders
from engine.paths import UnsafePath
from engine.types import NodeId
from nodes import builtin
from nodes.comfy.hosting import Packs, load_packs
from nodes.comfy.methods import METHODS, order_of
from nodes.comfy.names import extras
from tests.nodes.comfy.bench import graph
from tests.nodes.comfy.modules import modules_put_back

PACK = """
import os, sys
import comfy.utils
import folder_paths
import nodes
from comfy.cli_args import LatentPreviewMethod, args
from nodes import MAX_RESOLUTION, SaveImage

folder_paths.add_model_folder_path("glyphs", os.path.join(folder_paths.models_dir, "glyphs"))
folder_paths.folder_names_and_paths["scripts"] = ([os.path.join(folder_paths.base_path, "scripts")], {".lua"})


class SaveLoudly(SaveImage):
    def __init__(self):
        super().__init__()
        self.prefix_append = "_loud"


NODE_CLASS_MAPPINGS = {"SaveLoudly": SaveLoudly}
NODE_DISPLAY_NAME_MAPPINGS = {"SaveLoudly": "Save Loudly"}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("names")
    pack = base / "custom_nodes" / "named"
    pack.mkdir(parents=True)
    (pack / "__init__.py").write_text(PACK)
    for name in ("models/loras/style.safetensors", "models/loras/sub/other.pt", "models/loras/notes.txt",
                 "models/glyphs/a.font", "scripts/run.lua", "scripts/run.txt", "input/cat.png"):  # fmt: skip
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).touch()
    return base


@pytest.fixture(scope="module")
def packs(base: Path) -> Iterator[Packs]:
    resources: dict[type, object] = {
        Placement: Placement(choose_device("cpu")),
        Precision: Precision.FLOAT32,
    }
    with modules_put_back():
        found = [base / "custom_nodes" / "named"]
        options = parse(["worker", "--disable-metadata", "--preview-method", "latent2rgb"])
        loaded = load_packs(found, [base / "custom_nodes"], Folders.at(base), builtin(), resources, options)
        assert loaded.reports[0].error is None, loaded.reports[0].traceback
        yield loaded
        loaded.close()


def module(name: str) -> Any:
    return importlib.import_module(name)


def test_lists_of_files_follow_the_folder(packs: Packs, base: Path) -> None:
    paths = module("folder_paths")
    assert paths.get_filename_list("loras") == ["style.safetensors", "sub/other.pt"]
    late = base / "models" / "loras" / "late.safetensors"
    late.touch()
    os.utime(late.parent, (1, 1))
    assert "late.safetensors" in paths.get_filename_list("loras")
    with pytest.raises(KeyError):
        paths.get_filename_list("no such kind")
    assert paths.get_folder_paths("unet") == paths.get_folder_paths("diffusion_models")


def test_kinds_that_packs_add_are_found_here_and_by_the_engine(packs: Packs, base: Path) -> None:
    paths = module("folder_paths")
    assert paths.get_filename_list("glyphs") == ["a.font"]
    assert paths.get_filename_list("scripts") == ["run.lua"]
    assert packs.folders.roots("glyphs") == (base / "models" / "glyphs",)
    assert packs.folders.find("scripts", "run.lua") == base / "scripts" / "run.lua"


def test_full_paths_stay_inside_their_folders(packs: Packs, base: Path) -> None:
    paths = module("folder_paths")
    assert paths.get_full_path("loras", "sub/other.pt") == str(base / "models/loras/sub/other.pt")
    assert paths.get_full_path("loras", "../../../input/cat.png") is None
    with pytest.raises(FileNotFoundError, match="absent"):
        paths.get_full_path_or_raise("loras", "absent.pt")
    assert paths.get_annotated_filepath("cat.png") == str(base / "input/cat.png")
    assert paths.get_annotated_filepath("x.png [output]") == str(base / "output/x.png")
    assert paths.exists_annotated_filepath("cat.png") and not paths.exists_annotated_filepath("dog.png")
    with pytest.raises(UnsafePath):
        paths.get_annotated_filepath("../secret")


def test_save_paths_count_on_and_fill_in_the_size(packs: Packs, tmp_path: Path) -> None:
    paths = module("folder_paths")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a32x16_00007_.png").touch()
    made = paths.get_save_image_path("sub/a%width%x%height%", str(tmp_path), 32, 16)
    assert made == (str(tmp_path / "sub"), "a32x16", 8, "sub", "sub/a32x16")
    with pytest.raises(UnsafePath):
        paths.get_save_image_path("../out", str(tmp_path))


def test_built_in_nodes_are_classes_with_comfyui_s_methods(packs: Packs) -> None:
    nodes = module("nodes")
    (latent,) = nodes.EmptyLatentImage().generate(width=64, height=32, batch_size=2)
    assert latent["samples"].shape == (2, 4, 4, 8)
    scale = nodes.NODE_CLASS_MAPPINGS["ImageScale"]
    (bigger,) = scale().upscale(torch.zeros(1, 8, 8, 3), "bilinear", 16, 12, "disabled")
    assert bigger.shape == (1, 12, 16, 3)
    assert scale.RETURN_TYPES == ("IMAGE",)
    assert "width" in scale.INPUT_TYPES()["required"]
    assert nodes.MAX_RESOLUTION == 16384
    assert nodes.NODE_DISPLAY_NAME_MAPPINGS["SaveLoudly"] == "Save Loudly"


def test_methods_and_the_order_of_their_arguments_are_of_nodes_there_are(packs: Packs) -> None:
    nodes = module("nodes")
    for name, method in METHODS.items():
        assert callable(getattr(nodes.NODE_CLASS_MAPPINGS[name], method)), name
        spec = packs.registry[name]
        assert {*order_of(name, spec.by_name)} <= {*spec.by_name}, name
    square = torch.zeros(1, 5, 5)
    square[:, 2, 2] = 1
    (grown,) = nodes.GrowMask().expand_mask(square, 1, False)
    assert grown.sum() == 9
    (both,) = nodes.ConditioningCombine().combine([["a", {}]], [["b", {}]])
    assert both == [["a", {}], ["b", {}]]
    (part,) = nodes.LatentFromBatch().frombatch({"samples": torch.zeros(3, 4, 8, 8)}, 1, 2)
    assert part["batch_index"] == [1, 2]


def test_further_nodes_are_in_the_modules_packs_import_them_from(packs: Packs) -> None:
    nodes, masks = module("nodes"), module("comfy_extras.nodes_mask")
    assert masks.GrowMask is nodes.NODE_CLASS_MAPPINGS["GrowMask"]
    assert module("comfy_extras").nodes_mask is masks
    blended = module("comfy_extras.nodes_post_processing").Blend()
    (grey,) = blended.blend_images(torch.zeros(1, 2, 2, 3), torch.ones(1, 2, 2, 3), 0.5, "normal")
    assert grey.eq(0.5).all()
    with pytest.raises(ModuleNotFoundError, match="no such part"):
        module("comfy_extras.nodes_hunyuan3d")


def test_every_module_has_the_nodes_it_is_to_have(packs: Packs) -> None:
    there = module("nodes").NODE_CLASS_MAPPINGS
    wanted = [word.split("=")[-1] for words in extras.MODULES.values() for word in words.split()]
    assert [name for name in wanted if name not in there] == []


def test_save_image_can_be_derived_from(packs: Packs, base: Path) -> None:
    spec = packs.registry["SaveLoudly"]
    assert spec.output_node and spec.module == "custom_nodes.named"
    assert spec.function is not None
    prompt = graph(it=("SaveLoudly", {}))
    with calling(Context(node_id=NodeId("it"), folders=packs.folders, prompt=prompt)):
        shown = spec.function(images=torch.zeros(1, 8, 8, 3), filename_prefix="x")
    (image,) = shown.ui["images"]
    assert image == {"filename": "x_loud_00001_.png", "subfolder": "", "type": "output"}
    with PilImage.open(base / "output" / image["filename"]) as picture:
        assert json.loads(picture.info["prompt"]) == prompt


def test_progress_bars_stop_a_cancelled_run(packs: Packs) -> None:
    utils, management = module("comfy.utils"), module("comfy.model_management")
    cancellation = Cancellation()
    with calling(Context(cancellation=cancellation)):
        utils.ProgressBar(3).update(1)
        assert not management.processing_interrupted()
        management.interrupt_current_processing()
        assert management.processing_interrupted()
        with pytest.raises(management.InterruptProcessingException):
            utils.ProgressBar(3).update(1)
        with pytest.raises(Interrupted):
            management.throw_exception_if_processing_interrupted()
    utils.ProgressBar(3).update(1)


def test_tensor_files_are_read_and_unwrapped(packs: Packs, tmp_path: Path) -> None:
    utils = module("comfy.utils")
    tensors = {"a": torch.arange(3.0), "b": torch.ones(2)}
    utils.save_torch_file(tensors, str(tmp_path / "x.safetensors"), metadata={"k": "v"})
    read, metadata = utils.load_torch_file(str(tmp_path / "x.safetensors"), return_metadata=True)
    assert torch.equal(read["a"], tensors["a"]) and metadata == {"k": "v"}
    torch.save({"state_dict": tensors}, tmp_path / "x.pt")
    assert set(utils.load_torch_file(tmp_path / "x.pt")) == {"a", "b"}
    torch.save({"params": tensors}, tmp_path / "y.pt")
    assert set(utils.load_torch_file(tmp_path / "y.pt", safe_load=True)) == {"a", "b"}


def test_pictures_and_videos_are_resized(packs: Packs) -> None:
    utils = module("comfy.utils")
    assert utils.common_upscale(torch.zeros(2, 3, 8, 8), 4, 6, "lanczos", "center").shape == (2, 3, 6, 4)
    assert utils.common_upscale(torch.zeros(2, 3, 5, 8, 8), 4, 6, "area", "disabled").shape == (2, 3, 5, 6, 4)


def test_tiles_blend_to_what_the_whole_gives(packs: Packs) -> None:
    utils = module("comfy.utils")
    x = torch.rand(1, 3, 40, 56)
    bar = utils.ProgressBar(utils.get_tiled_scale_steps(56, 40, 24, 24, 8))

    def double(tile: torch.Tensor) -> torch.Tensor:
        return tile.repeat_interleave(2, -1).repeat_interleave(2, -2)

    made = utils.tiled_scale(x, double, 24, 24, 8, 2, 3, pbar=bar)
    assert torch.allclose(made, double(x), atol=1e-6)  # sums of up to four float32 products
    assert bar.current == bar.total


def test_devices_types_and_options_are_those_of_this_process(packs: Packs) -> None:
    management, settings = module("comfy.model_management"), module("comfy.cli_args")
    assert management.get_torch_device() == torch.device("cpu") == management.intermediate_device()
    assert management.unet_dtype() is torch.float32 and not management.should_use_fp16()
    assert management.get_free_memory() > 0
    assert settings.args.disable_metadata is True
    assert settings.args.preview_method is settings.LatentPreviewMethod.Latent2RGB
    assert settings.args.port == 8188 and settings.args.lowvram is False
    assert "euler" in module("comfy.samplers").KSampler.SAMPLERS


def test_conditioning_is_copied_before_it_is_changed(packs: Packs) -> None:
    helpers = module("node_helpers")
    before = [[torch.zeros(1), {"a": [1]}]]
    made = helpers.conditioning_set_values(before, {"a": [2], "b": 3}, append=True)
    assert made[0][1] == {"a": [1, 2], "b": 3} and before[0][1] == {"a": [1]}


def test_prompts_can_be_checked(packs: Packs) -> None:
    validate = module("execution").validate_prompt
    good = graph(it=("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}))
    ok, error, outputs, _ = asyncio.run(validate("id", good))
    assert not ok and error["type"] == "prompt_no_outputs" and outputs == []


def test_what_is_not_there_says_so(packs: Packs) -> None:
    with pytest.raises(ModuleNotFoundError, match="Darkroom has no such part of ComfyUI"):
        module("comfy.ldm.modules")


def test_the_server_object_is_ready_when_packs_are_imported(packs: Packs) -> None:
    server = module("server")
    instance = server.PromptServer.instance
    assert instance.loop.is_running()
    assert instance.client_id is None
    assert instance.prompt_queue.get_tasks_remaining() == 0
    assert server.BinaryEventTypes.TEXT == 3
