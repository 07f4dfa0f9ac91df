"""A checkpoint with a tensor missing or of an odd shape is refused in words, whatever the family."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from diffusion.checkpoint import CheckpointError, Header, TensorInfo
from tests.diffusion.small import family_tensors
from tests.diffusion.test_families import OnMeta, changed, load_parts, unneeded

ODD: tuple[tuple[int, ...] | None, ...] = (None, (), (3,), (7, 5), (0,), (3, 3, 3, 3), (2**62, 0))
CHANGES = 8


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_no_odd_shape_gets_past_the_checks(family: str) -> None:
    tensors = family_tensors(family)
    whole = Header(
        Path("m.safetensors"), {n: TensorInfo("F32", tuple(t.shape), 0, 0) for n, t in tensors.items()}
    )
    assert load_parts(OnMeta(whole)).family == family
    generator = random.Random(family)
    names = [name for name in sorted(tensors) if not unneeded(name)]
    for _ in range(CHANGES):
        name, shape = generator.choice(names), generator.choice(ODD)
        with pytest.raises(CheckpointError, match=r"^m\.safetensors: "):
            load_parts(OnMeta(changed(whole, **{name: shape})))
