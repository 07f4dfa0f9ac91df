"""LoRAs on small checkpoints of SD 2.x, SDXL and its refiner: which text encoder a name means in each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from diffusion.adapters import Adapter, attach_lora
from diffusion.checkpoint import load
from diffusion.precision import Precision
from tests.diffusion.adapter_files import low_rank
from tests.diffusion.small import save_family

FC1 = "text_model_encoder_layers_0_mlp_fc1"
NETWORK = "lora_unet_input_blocks_1_1_proj_in"


@pytest.mark.parametrize(
    ("family", "towers"),
    [
        ("sd2", {"lora_te": ("h", 128, 64)}),
        ("sdxl", {"lora_te1": ("l", 64, 32), "lora_te2": ("g", 128, 64)}),
        ("sdxl-refiner", {"lora_te": ("g", 128, 64)}),
    ],
)
def test_each_text_encoder_gets_its_part_and_lets_go_of_it(
    tmp_path: Path, family: str, towers: dict[str, tuple[str, int, int]]
) -> None:
    checkpoint = load(
        save_family(tmp_path / "small.safetensors", family),
        precision=Precision.FLOAT32,
        device=torch.device("cpu"),
    )
    before = checkpoint.clip.encode("a fox")
    # The projection is linear in these families; files trained on convolutions of 1x1 fit as well.
    network = {
        name: value[..., None, None] if value.ndim == 2 else value
        for name, value in low_rank([(NETWORK, 64, 64)]).items()
    }
    for prefix, (key, rows, columns) in towers.items():
        tensors = low_rank([(f"{prefix}_{FC1}", rows, columns)])
        found = attach_lora(checkpoint.model, checkpoint.clip, Adapter.of({**tensors, **network}, Path("x")))
        assert found.unmatched == () and found.clip is not None and found.model is not None
        changed = [
            name for name, tower in found.clip.towers.items() if tower is not checkpoint.clip.towers[name]
        ]
        assert changed == [key]
        assert (found.clip.encode("a fox").cond - before.cond).abs().max() > 1e-3
        up, down = (tensors[f"{prefix}_{FC1}.lora_{part}.weight"] for part in ("up", "down"))
        weight = "text_model.encoder.layers.0.mlp.fc1.weight"
        expected = checkpoint.clip.towers[key].model.get_parameter(weight) + 0.5 * (up @ down)
        assert torch.allclose(found.clip.towers[key].model.get_parameter(weight), expected, atol=1e-6)
    after = checkpoint.clip.encode("a fox")
    assert torch.equal(after.cond, before.cond) and torch.equal(after.pooled, before.pooled)
