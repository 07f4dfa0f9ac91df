"""Previews while sampling, and TAESD as a VAE, in graphs over the small checkpoint."""

import io
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from torch import Tensor, nn

from diffusion.model import SD1_LATENT, SDXL_LATENT, DiffusionModel, LatentFormat
from diffusion.prediction import Eps
from diffusion.preview import latent_to_rgb
from diffusion.taesd import decoder
from engine.context import Context, JobExtra, Preview, RunOptions
from engine.folders import Folders
from engine.types import NodeId
from nodes.previews import report_steps
from tests.fill import fill
from tests.nodes.graphs import Bench, node, text_to_image
from tests.tensors import save_file

LAYOUT = json.loads((Path(__file__).parents[1] / "golden/layouts/taesd.json").read_text())


@pytest.fixture(scope="module")
def halves() -> dict[str, dict[str, Tensor]]:
    """The tensors of both files, as published: without a prefix."""
    filled = {name: fill(name, shape) for name, (shape, _) in LAYOUT.items()}
    return {
        part: {
            k.removeprefix(f"taesd_{part}."): t for k, t in filled.items() if k.startswith(f"taesd_{part}.")
        }
        for part in ("encoder", "decoder")
    }


def previews(
    base: Path, method: str, latent: Tensor, latent_format: LatentFormat = SD1_LATENT
) -> list[Preview | None]:
    """What one step reports for a latent."""
    sent: list[Preview | None] = []

    def report(node_id: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
        sent.append(preview)

    options = RunOptions(preview_method=method, preview_size=64)
    context = Context(folders=Folders.at(base), extra=JobExtra(options=options), report=report)
    model = DiffusionModel(nn.Identity(), Eps(), latent_format=latent_format)
    report_steps(model, context)(0, 4, latent, latent)
    return sent


def pixels(preview: Preview | None) -> np.ndarray:
    assert preview is not None
    return np.asarray(PilImage.open(io.BytesIO(preview.data))).astype(float) / 255


def test_taesd_previews_are_the_decoded_picture(tmp_path: Path, halves: dict[str, dict[str, Tensor]]) -> None:
    (tmp_path / "models/vae_approx").mkdir(parents=True)
    save_file(halves["decoder"], tmp_path / "models/vae_approx/taesd_decoder.safetensors")
    latent = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    [preview] = previews(tmp_path, "taesd", latent)
    network = decoder(4)
    network.load_state_dict(halves["decoder"])
    with torch.no_grad():
        expected = network(latent[:1])[0].clamp(0, 1).movedim(0, -1).numpy()
    shown = pixels(preview)
    assert shown.shape == (64, 64, 3)
    assert np.abs(shown - expected).mean() < 0.05  # JPEG
    [fitted] = previews(tmp_path, "latent2rgb", latent)
    assert np.abs(pixels(fitted) - expected).mean() > 0.1


@pytest.mark.parametrize("latent_format", [SDXL_LATENT, LatentFormat(4, rgb=SD1_LATENT.rgb)])
def test_without_its_file_taesd_falls_back_to_the_linear_fit(
    latent_format: LatentFormat,
    tmp_path: Path,
    halves: dict[str, dict[str, Tensor]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "models/vae_approx").mkdir(parents=True)
    save_file(halves["decoder"], tmp_path / "models/vae_approx/taesd_decoder.safetensors")
    latent = torch.linspace(-1, 1, 4).reshape(1, 4, 1, 1).expand(1, 4, 8, 8)
    with caplog.at_level(logging.WARNING):
        [preview] = previews(tmp_path, "taesd", latent, latent_format)
    expected = latent_to_rgb(latent, latent_format)[0, 0, 0].numpy()
    np.testing.assert_allclose(pixels(preview)[32, 32], expected, atol=0.03)
    assert "previews are made by latent2rgb" in caplog.text


def test_a_damaged_decoder_does_not_stop_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "models/vae_approx").mkdir(parents=True)
    (tmp_path / "models/vae_approx/taesd_decoder.safetensors").write_bytes(b"cut")
    [preview] = previews(tmp_path, "taesd", torch.zeros(1, 4, 8, 8))
    assert preview is not None and "taesd_decoder.safetensors" in caplog.text


def test_none_sends_none(tmp_path: Path) -> None:
    assert previews(tmp_path, "none", torch.zeros(1, 4, 8, 8)) == [None]


def test_a_pair_of_taesd_files_is_a_vae(folder: Path, halves: dict[str, dict[str, Tensor]]) -> None:
    approx = folder / "models/vae_approx"
    approx.mkdir(parents=True, exist_ok=True)
    for part, tensors in halves.items():
        save_file(tensors, approx / f"taesd_{part}.safetensors")
    bench, graph = Bench(folder), text_to_image()
    graph["tiny"] = node("VAELoader", vae_name="taesd")
    graph["decode"]["inputs"]["vae"] = ["tiny", 0]
    assert "taesd" in bench.host.folders.list("vae")
    decoded = bench.value(graph, "decode")
    latent = SD1_LATENT.to_model(bench.value(graph, "sample")["samples"])
    network = decoder(4)
    network.load_state_dict(halves["decoder"])
    with torch.no_grad():
        expected = network(latent).clamp(0, 1).movedim(1, -1)
    torch.testing.assert_close(decoded, expected, rtol=0, atol=1e-4)


def test_the_other_half_of_a_pair_counts_as_well(folder: Path, halves: dict[str, dict[str, Tensor]]) -> None:
    approx = folder / "models/vae_approx"
    approx.mkdir(parents=True, exist_ok=True)
    for part, tensors in halves.items():
        save_file(tensors, approx / f"taesd_{part}.safetensors")
    bench = Bench(folder)
    graph = {
        "tiny": node("VAELoader", vae_name="taesd"),
        "image": node("EmptyImage", width=16, height=16, batch_size=1, color=0xFF8000),
        "encode": node("VAEEncode", pixels=["image", 0], vae=["tiny", 0]),
        "save": node("SaveLatent", samples=["encode", 0], filename_prefix="x"),
    }
    first = bench.value(graph, "encode")["samples"]
    save_file(
        {name: tensor * 0.9 for name, tensor in halves["encoder"].items()},
        approx / "taesd_encoder.safetensors",
    )
    assert not torch.allclose(bench.value(graph, "encode")["samples"], first)
    (approx / "taesd_encoder.safetensors").unlink()
    assert bench.check(graph).graph is None, "half a pair is no VAE"
