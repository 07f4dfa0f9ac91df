"""Upscalers: their networks by spandrel's numbers, the layouts of their files, tiles and memory."""

import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.placement import CountedMemory, Placement
from diffusion.placement.estimate import working_bytes
from diffusion.upscaling import Upscaler, load_upscaler
from diffusion.upscaling.compact import Compact, CompactConfig
from diffusion.upscaling.esrgan import Esrgan, EsrganConfig
from diffusion.upscaling.upscaler import tiles_of
from tests.fill import fill
from tests.tensors import load_file, save_file

GOLDEN = Path(__file__).parents[1] / "golden"
LAYOUTS: Mapping[str, Mapping[str, list[int]]] = json.loads((GOLDEN / "upscalers.json").read_text())
NEW_NAMES = {
    r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0": r"body.\1.rdb\2.conv\3",
    r"model\.1\.sub\.\d+\.(?=weight|bias)": "conv_body.",
    r"model\.0\.": "conv_first.",
    r"model\.3\.": "conv_up1.",
    r"model\.6\.": "conv_up2.",
    r"model\.8\.": "conv_hr.",
    r"model\.10\.": "conv_last.",
}
BSRGAN_NAMES = {
    r"body\.(\d+)\.rdb": r"RRDB_trunk.\1.RDB",
    r"conv_body": "trunk_conv",
    r"conv_up": "upconv",
    r"conv_hr": "HRconv",
}


def weights(name: str) -> dict[str, Tensor]:
    """Filled by the golden rule, but for activations, whose slopes run from -0.5 to 0.5."""
    return {
        key: torch.linspace(-0.5, 0.5, shape[0])
        if len(shape) == 1 and key.endswith("weight")
        else fill(key, shape)
        for key, shape in LAYOUTS[name].items()
    }


def renamed(tensors: dict[str, Tensor], table: Mapping[str, str]) -> dict[str, Tensor]:
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for pattern, new in table.items():
            name = re.sub(pattern, new, name)
        result[name] = tensor
    return result


def stored(tensors: dict[str, Tensor], path: Path) -> Path:
    save_file(tensors, path)
    return path


def enlarged(upscaler: Upscaler, planes: Tensor) -> Tensor:
    with torch.no_grad():
        return upscaler.network(planes)


@pytest.mark.parametrize(
    ("name", "scale", "architecture"),
    [
        ("esrgan_x4", 4, "ESRGAN"),
        ("esrgan_x2", 2, "ESRGAN"),
        ("esrgan_x8", 8, "ESRGAN"),
        ("compact_x4", 4, "Real-ESRGAN compact"),
    ],
)
def test_networks_compute_spandrels_numbers(name: str, scale: int, architecture: str, tmp_path: Path) -> None:
    golden = load_file(GOLDEN / "upscalers.safetensors")
    upscaler = load_upscaler(stored(weights(name), tmp_path / "x.safetensors"), Placement())
    assert (upscaler.scale, upscaler.name) == (scale, architecture)
    torch.testing.assert_close(
        enlarged(upscaler, golden["image"]), golden[f"{name}/out"], rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", ["esrgan_x4", "esrgan_x2"])
def test_every_layout_of_esrgan_is_the_same_network(name: str, tmp_path: Path) -> None:
    golden = load_file(GOLDEN / "upscalers.safetensors")
    new = renamed(weights(name), NEW_NAMES)
    assert "conv_up2.bias" in new and not any(key.startswith("model.") for key in new)
    torch.save({"params_ema": new, "step": 3}, tmp_path / "real-esrgan.pth")
    wrapped = {f"module.{key}": tensor for key, tensor in new.items()}
    paths = (
        tmp_path / "real-esrgan.pth",
        stored(renamed(new, BSRGAN_NAMES), tmp_path / "bsrgan.safetensors"),
        stored(wrapped, tmp_path / "wrapped.safetensors"),
    )
    for path in paths:
        shown = enlarged(load_upscaler(path, Placement()), golden["image"])
        torch.testing.assert_close(shown, golden[f"{name}/out"], rtol=1e-5, atol=1e-5)


def test_the_usual_networks_have_as_many_parameters_as_published() -> None:
    with torch.device("meta"):
        networks = Esrgan(EsrganConfig()), Compact(CompactConfig(convolutions=32))
    counts = [sum(tensor.numel() for tensor in network.parameters()) for network in networks]
    assert counts == [16_697_987, 1_213_296]  # RealESRGAN_x4plus, realesr-general-x4v3


def local(planes: Tensor) -> Tensor:
    """Twice the size; each pixel depends on itself alone, so tiles leave no trace."""
    return torch.nn.functional.interpolate(planes * 0.5 + 0.1, scale_factor=2.0, mode="nearest")


def test_tiles_leave_no_seams_and_are_counted() -> None:
    pixels = torch.rand(2, 520, 30, 4, generator=torch.Generator().manual_seed(0))
    told: list[tuple[int, int]] = []
    result = Upscaler(local, 2, 3, "local")(pixels, lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)] and tiles_of(torch.Size((520, 30)), 512) == 2
    assert result.shape == (2, 1040, 60, 3)
    torch.testing.assert_close(
        result, local(pixels[..., :3].movedim(-1, 1)).movedim(1, -1), rtol=0, atol=1e-6
    )


def test_tiles_are_halved_until_they_fit_the_memory() -> None:
    sides: list[int] = []

    def tight(planes: Tensor) -> Tensor:
        sides.append(max(planes.shape[-2:]))
        if sides[-1] > 200:
            raise torch.OutOfMemoryError("no room")
        return local(planes)

    pixels = torch.rand(1, 300, 8, 3, generator=torch.Generator().manual_seed(0))
    result = Upscaler(tight, 2, 3, "tight")(pixels)
    assert sides == [300, 256, 128, 128, 108]
    torch.testing.assert_close(result, local(pixels.movedim(-1, 1)).movedim(1, -1), rtol=0, atol=1e-6)


def test_what_is_not_in_use_makes_room_for_a_tile() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 12, 3, padding=1), torch.nn.PixelShuffle(2))
    pixels = torch.rand(1, 300, 300, 3)
    other = torch.nn.Linear(1024, 1024).requires_grad_(False)
    wanted = Upscaler(network.requires_grad_(False), 2, 3, "small")(pixels)
    need = working_bytes(network, [pixels.movedim(-1, 1)])
    memory = CountedMemory(need + 3 * pixels.nbytes + sum(each.nbytes for each in other.parameters()) // 2)
    placement = Placement(torch.device("cpu"), memory)
    with placement.use(other):
        pass
    told: list[tuple[int, int]] = []
    small = Upscaler(network, 2, 3, "small", placement)
    assert torch.equal(small(pixels, lambda done, total: told.append((done, total))), wanted)
    assert told == [(1, 1)] and memory.peak <= memory.size
    placement.clear()


def test_memory_too_small_for_the_smallest_tile_is_an_error() -> None:
    def never(planes: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(torch.OutOfMemoryError):
        Upscaler(never, 2, 3, "never")(torch.zeros(1, 8, 8, 3))


def test_a_network_for_grey_pictures_gets_grey_ones() -> None:
    result = Upscaler(local, 2, 1, "grey")(torch.tensor([0.2, 0.4, 0.9]).expand(1, 4, 4, 3))
    torch.testing.assert_close(result, torch.full((1, 8, 8, 3), 0.35))


def test_other_architectures_name_the_package_that_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    path = stored({"conv_after_body.weight": torch.zeros(1)}, tmp_path / "swin.safetensors")
    with pytest.raises(CheckpointError, match=r"swin\.safetensors.*neither ESRGAN.*darkroom\[upscale\]"):
        load_upscaler(path, Placement())


@pytest.mark.skipif(importlib.util.find_spec("spandrel") is None, reason="needs the extra `upscale`")
def test_other_architectures_are_loaded_by_spandrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("torchvision") is None:  # which two of its architectures want, none of these
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
            module = ModuleType(name)
            module.__dict__.update(normalize=None, rotate=None, InterpolationMode=None)
            monkeypatch.setitem(sys.modules, name, module)
    from spandrel.architectures.SPAN import SPAN  # pyright: ignore

    network = SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2).eval()  # pyright: ignore
    tensors: dict[str, Tensor] = {k: fill(k, t.shape) for k, t in network.state_dict().items()}  # pyright: ignore
    network.load_state_dict(tensors)  # pyright: ignore
    path = stored(tensors, tmp_path / "span.safetensors")
    upscaler = load_upscaler(path, Placement())
    pixels = torch.rand(1, 9, 7, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(pixels.movedim(-1, 1)).clamp(0, 1)  # pyright: ignore
    assert (upscaler.name, upscaler.scale) == ("SPAN", 2)
    # Filled by the rule its activations are large, and memory laid out otherwise is summed in another order.
    torch.testing.assert_close(upscaler(pixels), expected.movedim(1, -1), rtol=0, atol=1e-3)  # pyright: ignore
    with pytest.raises(CheckpointError, match="no upscaler that is known"):
        load_upscaler(stored({"x": torch.zeros(2)}, tmp_path / "none.safetensors"), Placement())
