import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation, Slerp

from nodes.resize import bislerp, center_crop, fit, resize


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(2, 3, 10, 14, generator=torch.Generator().manual_seed(0))


def lengths(latents: torch.Tensor) -> torch.Tensor:
    """Of the vectors along the channels."""
    return latents.square().sum(dim=1).sqrt()


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic"])
def test_torch_methods_are_interpolate_with_its_defaults(picture: torch.Tensor, method: str) -> None:
    expected = torch.nn.functional.interpolate(picture, size=(5, 21), mode=method)
    assert torch.equal(resize(picture, 21, 5, method), expected)


@pytest.mark.parametrize(("width", "height"), [(1, 400), (400, 1)])
def test_a_crop_to_the_thinnest_shape_leaves_a_line(width: int, height: int) -> None:
    small = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert resize(small, width, height, "bilinear", "center").shape == (1, 3, height, width)


def test_lanczos_is_pillows_filter_on_truncated_bytes(picture: torch.Tensor) -> None:
    first = Image.fromarray((picture[0].movedim(0, -1).numpy() * 255).astype(np.uint8))
    expected = np.asarray(first.resize((7, 20), Image.Resampling.LANCZOS)).astype(np.float32) / 255
    assert np.array_equal(resize(picture, 7, 20, "lanczos")[0].movedim(0, -1).numpy(), expected)


def test_bislerp_turns_channel_vectors_as_rotations_do() -> None:
    a, b = torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0])
    row = torch.stack([a, b], dim=-1)[None, :, None, :]
    middle = bislerp(row, 4, 1)[0, :, 0, :].T
    turn = Slerp([0, 1], Rotation.from_rotvec([[0, 0, 0], [0, 0, np.pi / 2]]))
    expected = [turn(t).apply([1, 0, 0]) for t in (0, 0.25, 0.75, 1)]
    assert np.allclose(middle.numpy(), np.array(expected), atol=1e-6)


def test_bislerp_keeps_the_length_of_latent_vectors_that_bilinear_shrinks() -> None:
    x = torch.nn.functional.normalize(
        torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)), dim=1
    )
    assert torch.allclose(lengths(bislerp(x, 16, 16)), torch.ones(1, 16, 16), atol=1e-3)
    assert lengths(resize(x, 16, 16, "bilinear")).min() < 0.8


def test_center_cuts_the_longer_side_equally() -> None:
    x = torch.arange(8.0).expand(1, 1, 4, 8)
    assert center_crop(x, 1.0)[0, 0, 0].numpy().tolist() == [2, 3, 4, 5]
    assert center_crop(x, 4.0).shape == (1, 1, 2, 8)


def test_a_side_of_zero_keeps_the_aspect_ratio() -> None:
    assert fit(0, 50, (200, 100)) == (100, 50)
    assert fit(400, 0, (200, 100)) == (400, 200)
    assert fit(0, 0, (200, 100)) == (200, 100)
    assert fit(0, 8, (2, 100), least=8) == (8, 8)


def test_an_unknown_method_names_the_known_ones(picture: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"'cubic'.*bicubic"):
        resize(picture, 4, 4, "cubic")
