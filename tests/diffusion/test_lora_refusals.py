"""LoRAs that meet a model they were not made for, told from the names and shapes of their layers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from diffusion.adapters import Adapter, attach_lora
from diffusion.checkpoint import CheckpointError
from diffusion.model import DiffusionModel
from diffusion.prediction import Eps
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.adapter_files import low_rank

GOLDEN = Path(__file__).parents[1] / "golden"
PATH = Path("style.safetensors")


@pytest.fixture(scope="module")
def sd1() -> DiffusionModel:
    """A network of Stable Diffusion 1.5's size without weights."""
    layout = json.loads((GOLDEN / "layouts" / "sd15.json").read_text(encoding="utf-8"))
    prefix = "model.diffusion_model."
    shapes = {
        name.removeprefix(prefix): shape for name, (shape, _) in layout.items() if name.startswith(prefix)
    }
    with torch.device("meta"):
        network = UNet(UNetConfig.from_shapes(shapes))
    return DiffusionModel(network, Eps())


@pytest.mark.parametrize(
    ("stems", "meant"),
    [
        ([("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 640, 2048)], "SDXL"),
        ([("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_v", 320, 1024)], "SD 2.x"),
        ([("transformer.single_transformer_blocks.0.attn.to_q", 3072, 3072)], "Flux"),
        ([("transformer.transformer_blocks.0.attn.add_q_proj", 1536, 1536)], "SD 3"),
        (
            [("lora_unet_input_blocks_8_1_transformer_blocks_9_ff_net_2", 1280, 5120), ("lora_te2_x", 8, 8)],
            "SDXL",
        ),
    ],
)
def test_a_lora_for_another_family_is_refused_before_anything_runs(
    sd1: DiffusionModel, stems: list[tuple[str, int, int]], meant: str
) -> None:
    with pytest.raises(CheckpointError) as raised:
        attach_lora(sd1, None, Adapter.of(low_rank(stems), PATH))
    message = str(raised.value)
    assert message.startswith(f"style.safetensors: this LoRA is for {meant}")
    assert ", the model is SD 1.x (768-wide cross attention); choose a LoRA made for SD 1.x" in message


def test_a_lora_of_the_same_family_and_another_size_names_the_layer(sd1: DiffusionModel) -> None:
    stem = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"
    with pytest.raises(CheckpointError, match=rf"its {stem} is \[64, 64\], where the model has \[320, 320\]"):
        attach_lora(sd1, None, Adapter.of(low_rank([(stem, 64, 64)]), PATH))
