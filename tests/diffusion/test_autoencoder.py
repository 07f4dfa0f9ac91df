"""The VAE socket: crops, value ranges, tiles, and what happens when memory runs out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.checkpoint import load
from diffusion.precision import Precision
from diffusion.tiles import Tiles, blend
from diffusion.vae import AutoencoderKL
from tests.diffusion.small import VAE_CONFIG, save_small

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Vae:
    path = save_small(tmp_path_factory.mktemp("vae") / "m.safetensors")
    return load(path, precision=Precision.FLOAT32, device=CPU).vae


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_encode_crops_about_the_centre_and_drops_alpha(vae: Vae) -> None:
    picture = noise(2, 37, 50, 4)
    expected = vae.module.encode(picture[:, 2:34, 1:49, :3].movedim(-1, 1) * 2 - 1)
    latent = vae.encode(picture)
    assert latent.shape == (2, 4, 4, 6)
    assert torch.allclose(latent, expected, atol=1e-5)


@pytest.mark.parametrize("tiled", [False, True])
def test_a_picture_smaller_than_a_cell_of_the_latent_is_refused(vae: Vae, tiled: bool) -> None:
    assert vae.encode(noise(1, 8, 17, 3)).shape == (1, 4, 1, 2)
    with pytest.raises(ValueError, match="the picture is 40x7, and this VAE encodes squares of 8 pixels"):
        vae.encode_tiled(noise(1, 7, 40, 3), 64, 16) if tiled else vae.encode(noise(1, 7, 40, 3))


def test_encode_takes_the_mean_so_that_equal_pictures_have_equal_latents(vae: Vae) -> None:
    picture = noise(1, 32, 32, 3)
    assert torch.equal(vae.encode(picture), vae.encode(picture))


def test_decode_gives_pictures_in_range(vae: Vae) -> None:
    pictures = vae.decode(noise(2, 4, 3, 5) * 100 - 50)
    assert pictures.shape == (2, 24, 40, 3)
    assert float(pictures.min()) == 0.0 and float(pictures.max()) == 1.0


def test_a_picture_that_fits_in_one_tile_is_not_tiled(vae: Vae) -> None:
    latent = noise(1, 4, 4, 4)
    assert torch.allclose(vae.decode_tiled(latent, tile=64, overlap=16), vae.decode(latent), atol=1e-6)
    picture = noise(1, 32, 32, 3)
    assert torch.allclose(vae.encode_tiled(picture, tile=64, overlap=16), vae.encode(picture), atol=1e-6)


def test_tiled_results_resemble_whole_ones(vae: Vae) -> None:
    """They cannot be equal: a group norm sees only its own tile. The e2e test has the reference's numbers."""
    latent = torch.randn(2, 4, 12, 20, generator=torch.Generator().manual_seed(0))
    whole, tiled = vae.decode(latent), vae.decode_tiled(latent, tile=96, overlap=24)
    encoded, in_tiles = vae.encode(whole), vae.encode_tiled(whole, tile=96, overlap=24)
    for expected, got in ((whole, tiled), (encoded, in_tiles)):
        assert got.shape == expected.shape
        assert float(torch.corrcoef(torch.stack([expected.flatten(), got.flatten()]))[0, 1]) > 0.9
        assert not torch.equal(expected, got)


class Small(AutoencoderKL):
    """An autoencoder without memory for more than 1024 pixels side by side, in one picture or several."""

    def decode(self, latent: Tensor) -> Tensor:
        if len(latent) * latent.shape[-1] > 128:
            raise torch.OutOfMemoryError("out of memory")
        return super().decode(latent)

    def encode(self, pixels: Tensor) -> Tensor:
        if len(pixels) * pixels.shape[-1] > 1024:
            raise torch.OutOfMemoryError("out of memory")
        return super().encode(pixels)


@pytest.fixture(scope="module")
def limited(vae: Vae) -> Vae:
    module = Small(VAE_CONFIG)
    module.load_state_dict(vae.module.state_dict())
    return Vae(module.eval(), torch.float32, CPU)


def test_a_batch_that_does_not_fit_is_not_tiled_where_its_pictures_fit(vae: Vae, limited: Vae) -> None:
    latent, pictures = noise(2, 4, 2, 100), noise(2, 16, 800, 3)
    for number in range(2):
        one = slice(number, number + 1)
        assert torch.equal(limited.decode(latent)[one], vae.decode(latent[one]))
        assert torch.equal(limited.encode(pictures)[one], vae.encode(pictures[one]))


def test_tiles_of_several_pictures_go_one_by_one(vae: Vae, limited: Vae) -> None:
    latent = noise(2, 4, 2, 100)
    assert torch.equal(limited.decode_tiled(latent, 1024, 64)[1:], vae.decode_tiled(latent[1:], 1024, 64))


def test_out_of_memory_falls_back_to_tiles(vae: Vae, limited: Vae) -> None:
    latent = noise(1, 4, 2, 140)
    assert torch.equal(limited.decode(latent), vae.decode_tiled(latent, tile=512, overlap=128))
    picture = noise(1, 16, 1120, 3)
    assert torch.equal(limited.encode(picture), vae.encode_tiled(picture, tile=512, overlap=128))


@pytest.mark.parametrize(("height", "width"), [(5, 40), (33, 17), (16, 16), (64, 9)])
@pytest.mark.parametrize("overlap", [0, 2, 5])
def test_tiles_of_an_elementwise_function_blend_to_the_function_itself(
    height: int, width: int, overlap: int
) -> None:
    x = noise(2, 3, height, width)
    enlarged = blend(
        x, Tiles(16, 8, overlap), lambda part: part.repeat_interleave(2, -1).repeat_interleave(2, -2), 3, 2.0
    )
    assert torch.allclose(enlarged, x.repeat_interleave(2, -1).repeat_interleave(2, -2), atol=1e-6)


def test_no_tile_is_larger_than_asked() -> None:
    seen: list[tuple[int, int]] = []

    def look(part: Tensor) -> Tensor:
        seen.append((part.shape[-2], part.shape[-1]))
        return part

    blend(noise(1, 1, 50, 70), Tiles(16, 24, 4), look, 1, 1.0)
    assert max(height for height, _ in seen) == 16 and max(width for _, width in seen) == 24


@pytest.mark.parametrize("overlap", [8, 20, -1])
def test_tiles_must_be_larger_than_their_overlap(overlap: int) -> None:
    with pytest.raises(ValueError, match="use larger tiles"):
        Tiles(16, 8, overlap)


@pytest.mark.parametrize("tiled", [False, True])
def test_latents_of_another_kind_of_model_are_refused_by_both_kinds(vae: Vae, tiled: bool) -> None:
    latent = noise(1, 16, 4, 4)
    both = r"decodes 4 channels \(as SD 1.x.* latent has 16 channels \(as SD 3, Flux\): .* VAE of the model"
    with pytest.raises(ValueError, match=both):
        vae.decode_tiled(latent, 64, 16) if tiled else vae.decode(latent)
