"""TAESD: its networks by golden numbers, and the forms its files come in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.checkpoint import CheckpointError, load_vae
from diffusion.checkpoint.tiny import latent_format_of, load_tiny_decoder
from diffusion.families.flux import FLUX_LATENT
from diffusion.families.sd3 import SD3_LATENT
from diffusion.model import SD1_LATENT, SDXL_LATENT, LatentFormat
from diffusion.precision import Precision
from diffusion.taesd import TinyAutoencoder, TinyConfig, decoder, encoder
from tests.fill import fill
from tests.tensors import load_file, save_file

GOLDEN = Path(__file__).parents[1] / "golden"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    layout = json.loads((GOLDEN / "layouts/taesd.json").read_text())
    return {name: fill(name, shape) for name, (shape, _) in layout.items()}


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    return load_file(GOLDEN / "taesd.safetensors")


def close(ours: Tensor, reference: Tensor) -> bool:
    """Within the tolerance of the golden numbers: 2e-5 of the largest value."""
    return float((ours - reference).abs().max()) <= 2e-5 * max(1.0, float(reference.abs().max()))


def half(weights: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"taesd_{part}."
    return {name.removeprefix(prefix): t for name, t in weights.items() if name.startswith(prefix)}


def of_diffusers(weights: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    """The names diffusers gives the layers: its decoder has no layer for the clamp."""
    first = 1 if part == "decoder" else 0
    named = {tuple(name.split(".", 1)): tensor for name, tensor in half(weights, part).items()}
    return {f"{part}.layers.{int(number) - first}.{rest}": tensor for (number, rest), tensor in named.items()}


def as_halves(weights: dict[str, Tensor], folder: Path, stem: str) -> Path:
    save_file(half(weights, "encoder"), folder / f"{stem}_encoder.safetensors")
    save_file(half(weights, "decoder"), folder / f"{stem}_decoder.safetensors")
    return folder / f"{stem}_decoder.safetensors"


def as_one(weights: dict[str, Tensor], folder: Path, stem: str) -> Path:
    save_file(weights, folder / f"{stem}.safetensors")
    return folder / f"{stem}.safetensors"


def as_diffusers(weights: dict[str, Tensor], folder: Path, stem: str) -> Path:
    path = folder / f"{stem}.safetensors"
    save_file({**of_diffusers(weights, "encoder"), **of_diffusers(weights, "decoder")}, path)
    return path


def loaded(path: Path) -> Vae:
    return load_vae(path, precision=Precision.FLOAT32, device=CPU)


def test_the_networks_compute_the_golden_numbers(
    weights: dict[str, Tensor], golden: dict[str, Tensor]
) -> None:
    tiny = TinyAutoencoder(TinyConfig(), encoder(4), decoder(4))
    tiny.load_state_dict(weights)
    with torch.no_grad():
        assert close(tiny.taesd_decoder(golden["z"]), golden["decoded"])
        assert close(tiny.taesd_encoder(golden["image01"]), golden["encoded"])


@pytest.mark.parametrize("write", [as_halves, as_one, as_diffusers])
def test_every_form_of_its_files_makes_unscaled_latents_and_pictures(
    write: Callable[[dict[str, Tensor], Path, str], Path],
    weights: dict[str, Tensor],
    golden: dict[str, Tensor],
    tmp_path: Path,
) -> None:
    vae = loaded(write(weights, tmp_path, "taesdxl"))
    latent = vae.encode(golden["image01"].movedim(1, -1))
    assert close(SDXL_LATENT.to_model(latent), golden["encoded"])
    picture = vae.decode(SDXL_LATENT.from_model(golden["z"]))
    assert close(picture, golden["decoded"].clamp(0, 1).movedim(1, -1))


@pytest.mark.parametrize(
    ("name", "channels", "expected"),
    [
        ("taesd_decoder.pth", 4, SD1_LATENT),
        ("taesdxl_decoder.safetensors", 4, SDXL_LATENT),
        ("taesd3_encoder.safetensors", 16, SD3_LATENT),
        ("TAEF1.safetensors", 16, FLUX_LATENT),
        ("mine.safetensors", 4, SD1_LATENT),
        ("taesd.safetensors", 16, SD3_LATENT),
    ],
)
def test_the_name_says_whose_latents_it_makes(name: str, channels: int, expected: LatentFormat) -> None:
    assert latent_format_of(Path(name), channels) is expected


def test_a_decoder_works_alone_but_is_no_autoencoder(
    weights: dict[str, Tensor], golden: dict[str, Tensor], tmp_path: Path
) -> None:
    path = as_halves(weights, tmp_path, "taesd")
    (tmp_path / "taesd_encoder.safetensors").unlink()
    alone = load_tiny_decoder(path, torch.float32, CPU)
    with torch.no_grad():
        assert close(alone(golden["z"]), golden["decoded"])
    with pytest.raises(CheckpointError, match=r"taesd_decoder\.safetensors.*no TAESD encoder"):
        loaded(path)


def test_half_a_decoder_is_named(weights: dict[str, Tensor], tmp_path: Path) -> None:
    part = {name: tensor for name, tensor in weights.items() if not name.startswith("taesd_decoder.10.")}
    with pytest.raises(CheckpointError, match=r"10\.conv"):
        loaded(as_one(part, tmp_path, "taesd"))
