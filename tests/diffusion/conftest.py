"""What tests of several files look at, made once for each process."""

from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def ldm_files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A small checkpoint of every family of the latent diffusion paper, as CompVis pickled it, by family."""
    from tests.diffusion.small_ldm import MODELS, save_ldm

    return {name: save_ldm(tmp_path_factory.mktemp(name) / "model.ckpt", name) for name in MODELS}
