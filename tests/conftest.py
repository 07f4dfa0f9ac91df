"""What every test may use: hypothesis profiles, and one server with the real nodes and the demo model."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.e2e.program import Program

os.environ.setdefault("HF_HUB_OFFLINE", "1")
settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the files: slow ones first, so that none is left alone with one at the end.

    Then those of many tests, which is all that pytest-xdist goes by; the Makefile tells it not to.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        counts = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.path not in slow, -counts[item.path]))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """`main.py` serving the demo model in float32 on a free port."""
    with Program(tmp_path_factory.mktemp("program")) as started:
        yield started


@pytest.fixture(scope="module")
def demo_server(program: Program) -> str:
    return program.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A base directory with a small checkpoint in Stable Diffusion 1.x layout."""
    from tests.diffusion.small import save_small

    checkpoints = tmp_path / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    save_small(checkpoints / "small.safetensors")
    return tmp_path
