"""Each test of what nodes do runs with every cache."""

from __future__ import annotations

import pytest

from engine.cache import Cache
from tests.nodes.comfy.bench import caches


@pytest.fixture(params=sorted(caches()))
def cache(request: pytest.FixtureRequest) -> Cache:
    return caches()[request.param]
