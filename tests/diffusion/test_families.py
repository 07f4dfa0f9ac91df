"""Checkpoints are recognised by header alone; fixtures are the published layouts' names and shapes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion.checkpoint import Checkpoint, CheckpointError, Header, TensorInfo, identify
from diffusion.checkpoint.loader import load_file
from diffusion.checkpoint.parts import diffusion_model
from diffusion.families import FAMILIES
from diffusion.families.sd1 import NETWORK, SD1, SD1_INPAINT, TEXT
from diffusion.families.sd2 import SD2, SD2_INPAINT, TELLTALE
from diffusion.families.sdxl import SDXL, SDXL_REFINER
from diffusion.precision import Precision
from diffusion.prediction import Eps, V
from diffusion.unet import UNet

G = "conditioner.embedders.1.model."
H = "cond_stage_model.model."
LAYOUTS = Path(__file__).parents[1] / "golden" / "layouts"
SUPPORTED = {
    "sd15": SD1,
    "sd15-inpaint": SD1_INPAINT,
    "sd21-v": SD2,
    "sdxl-base": SDXL,
    "sdxl-refiner": SDXL_REFINER,
}
FOREIGN = {
    "flux-dev": "it is a diffusion model without text encoder and VAE.* UNETLoader",
    "sd15-safety-checker": "it is a safety checker, and no checkpoint.* SafetyCheckerLoader",
    "sd15-controlnet": "it is a ControlNet, and no checkpoint; .* models/controlnet .* ControlNetLoader",
    "sd3-medium-text-encoders": r"933 tensors belong to no supported model family \(the first is ",
}
CPU = torch.device("cpu")


def header(name: str) -> Header:
    """A published layout as a header, its tensors in random order."""
    layout = json.loads((LAYOUTS / f"{name}.json").read_text(encoding="utf-8"))
    entries = list(layout.items())
    random.Random(name).shuffle(entries)
    tensors = {name: TensorInfo(dtype, tuple(shape), 0, 0) for name, (shape, dtype) in entries}
    return Header(Path(f"{name}.safetensors"), tensors)


class OnMeta:
    """A model file without data: vectors are zeros, and all else but the `values` given is on meta."""

    def __init__(self, header: Header, values: Mapping[str, Tensor] | None = None) -> None:
        self.header = header
        self.values = values or {}

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        return {name: self.values.get(name, self._empty(name, dtype)) for name in names}

    def _empty(self, name: str, dtype: torch.dtype) -> Tensor:
        shape = self.header.tensors[name].shape
        return torch.zeros(shape, dtype=dtype, device="meta" if len(shape) > 1 else "cpu")


def load_parts(file: OnMeta) -> Checkpoint:
    return load_file(file, Precision.FLOAT32, CPU)


def parameters(loaded: Checkpoint) -> Iterable[Tensor]:
    modules = [loaded.model.network, loaded.vae.module, *(t.model for t in loaded.clip.towers.values())]
    return [value for part in modules if isinstance(part, nn.Module) for value in part.parameters()]


def unneeded(name: str) -> bool:
    """Schedule buffers, position numbers and the scale of CLIP's training loss."""
    return "." not in name or name.endswith(("position_ids", "logit_scale"))


def changed(original: Header, **tensors: tuple[int, ...] | None) -> Header:
    kept = {name: info for name, info in original.tensors.items() if name not in tensors}
    new = {name: TensorInfo("F16", shape, 0, 0) for name, shape in tensors.items() if shape is not None}
    return replace(original, tensors={**kept, **new})


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_published_layout_is_recognised_in_any_order_of_families(name: str) -> None:
    families = list(FAMILIES)
    for seed in range(5):
        random.Random(seed).shuffle(families)
        assert identify(header(name), families).family is SUPPORTED[name]


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_published_layout_loads_with_no_tensor_missing_or_left_over(name: str) -> None:
    """Full size without a byte of it: tensors come from the meta device."""
    loaded = load_parts(OnMeta(header(name)))
    family = SUPPORTED[name]
    assert loaded.family == family.name and list(loaded.clip.towers) == [row.key for row in family.towers]
    assert isinstance(loaded.model.network, UNet)
    used = sum(value.numel() for value in parameters(loaded))
    stored = sum(prod(info.shape) for name, info in header(name).tensors.items() if not unneeded(name))
    assert used == stored


def test_the_sizes_of_published_models_are_what_their_papers_say() -> None:
    networks = {name: load_parts(OnMeta(header(name))).model.network for name in SUPPORTED}
    configs = {name: network.config for name, network in networks.items() if isinstance(network, UNet)}
    assert {name: config.context_dim for name, config in configs.items()} == {
        "sd15": 768,
        "sd15-inpaint": 768,
        "sd21-v": 1024,
        "sdxl-base": 2048,
        "sdxl-refiner": 1280,
    }
    assert configs["sd15-inpaint"].in_channels == 9
    assert (configs["sd21-v"].head_dim, configs["sd21-v"].heads) == (64, None)
    assert configs["sdxl-base"].down_depths == ((0, 0), (2, 2), (10, 10))
    assert configs["sdxl-base"].vector_dim == 2816
    assert configs["sdxl-refiner"].down_depths == ((0, 0), (4, 4), (4, 4), (0, 0))
    assert configs["sdxl-refiner"].vector_dim == 2560


@pytest.mark.parametrize("name", FOREIGN)
def test_another_file_is_refused_saying_what_it_is_or_what_it_lacks(name: str) -> None:
    with pytest.raises(CheckpointError, match=FOREIGN[name]) as caught:
        identify(header(name))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("tensor", "title"),
    [
        ("lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight", "a LoRA"),
        ("unet.mid_block.attentions.0.processor.to_q_lora.down.weight", "a LoRA"),
        ("transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight", "a LoRA"),
        ("lora_unet_input_blocks_1_1_proj_in.hada_w1_a", "a LoRA"),
        ("decoder.conv_in.weight", "an autoencoder"),
        ("text_model.embeddings.token_embedding.weight", "a text encoder"),
        ("encoder.block.0.layer.0.SelfAttention.q.weight", "a text encoder"),
        ("vision_model.embeddings.patch_embedding.weight", "a vision encoder"),
        ("model.0.weight", "an upscaler"),
    ],
)
def test_a_file_with_a_loader_of_its_own_is_called_by_its_name(tensor: str, title: str) -> None:
    file = Header(Path("m.safetensors"), {tensor: TensorInfo("F16", (4, 4), 0, 0)})
    with pytest.raises(CheckpointError, match=f"it is {title}, and no checkpoint; put it into models/"):
        identify(file)
    with pytest.raises(CheckpointError, match=f"it is {title}, and no diffusion model; put it into models/"):
        diffusion_model(OnMeta(file), Precision.FLOAT32, CPU)


@pytest.mark.parametrize("name", ["model_ema.decay", "model_ema.diffusion_modelout2weight", "extra.weight"])
def test_further_tensors_do_not_hide_the_family(name: str) -> None:
    assert identify(changed(header("sd15"), **{name: (4,)})).family is SD1


def test_schedule_buffers_and_position_numbers_are_not_needed() -> None:
    original = header("sd15")
    names = [name for name in original.tensors if unneeded(name)]
    assert len(names) == 13
    assert identify(changed(original, **dict.fromkeys(names))).family is SD1


def test_a_text_encoder_of_another_width_than_the_unet_reads_is_refused() -> None:
    mixed = changed(header("sd15"), **{f"{TEXT}embeddings.token_embedding.weight": (49408, 1024)})
    with pytest.raises(CheckpointError, match="U-Net reads 768 where the text encoder is 1024 wide"):
        identify(mixed)


def test_a_wrong_size_is_named_with_what_was_expected() -> None:
    odd = changed(header("sd15"), **{f"{NETWORK}out.2.weight": (8, 320, 3, 3)})
    with pytest.raises(CheckpointError, match="is 8x320x3x3, not 4x"):
        identify(odd)


def test_a_checkpoint_that_two_families_claim_is_refused_in_any_order() -> None:
    twin = replace(SD1, name="twin")
    for families in ([SD1, twin], [twin, SD1]):
        with pytest.raises(CheckpointError, match="more than one"):
            identify(header("sd15"), families)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("sdxl-base", {f"{NETWORK}label_emb.0.0.weight": (1280, 2560)}, "vector of 2560 where .* make 2816"),
        (
            "sdxl-base",
            {f"{NETWORK}label_emb.0.0.weight": None},
            "sdxl: it has no U-Net embedding of a vector",
        ),
        ("sdxl-base", {"edm_mean": (1, 16, 1, 1)}, "as Playground 2.5 has"),
        ("sdxl-base", {f"{G}token_embedding.weight": (49408, 1024)}, "2048 where the text encoder is 1792"),
        ("sdxl-refiner", {f"{NETWORK}input_blocks.0.0.weight": (384, 5, 3, 3)}, "is 384x5x3x3, not"),
        ("sd21-v", {f"{H}text_projection": None}, "sd2: it has no projection of CLIP-H"),
        (
            "sd21-v",
            {f"{NETWORK}label_emb.0.0.weight": (1280, 1500)},
            "sd2: it has a U-Net embedding of a vec",
        ),
    ],
)
def test_a_relative_is_refused_saying_what_sets_it_apart(
    name: str, change: dict[str, tuple[int, ...] | None], reason: str
) -> None:
    with pytest.raises(CheckpointError, match=reason):
        identify(changed(header(name), **change))


# --- what they predict ---------------------------------------------------------------------------


@pytest.mark.parametrize(("spread", "kind"), [(0.08, Eps), (0.1, V)])
def test_stable_diffusion_2_predicts_what_the_spread_of_one_bias_says(spread: float, kind: type) -> None:
    bias = torch.linspace(-1, 1, 320)
    bias = bias / bias.std(correction=0) * spread + 3
    assert type(SD2.prediction(OnMeta(header("sd21-v"), {TELLTALE: bias}))) is kind


def test_the_inpainting_models_predict_the_noise_whatever_the_bias_says() -> None:
    file = OnMeta(header("sd21-v"), {TELLTALE: torch.linspace(-1, 1, 320)})
    assert type(SD2_INPAINT.prediction(file)) is Eps
    assert type(SD1_INPAINT.prediction(file)) is Eps


@pytest.mark.parametrize(
    ("marks", "kind", "most"),
    [
        ({}, Eps, 14.6146),
        ({"v_pred": ()}, V, 14.6146),
        ({"v_pred": (), "ztsnr": ()}, V, 4518.76),
        ({"edm_vpred.sigma_max": 120.0}, V, 120.0),
        ({"edm_vpred.sigma_max": 80.0, "edm_vpred.sigma_min": 0.01}, V, 80.0),
    ],
)
def test_sdxl_predicts_what_its_marks_say(marks: dict[str, Any], kind: type, most: float) -> None:
    tensors = {name: torch.zeros(0) if value == () else torch.tensor(value) for name, value in marks.items()}
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    file = OnMeta(changed(header("sdxl-base"), **shapes), tensors)
    assert identify(file.header).family is SDXL
    prediction = SDXL.prediction(file)
    assert type(prediction) is kind
    assert float(prediction.sigma_max) == pytest.approx(most, rel=1e-4)
