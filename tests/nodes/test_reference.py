"""CompVis Sampler in a graph with a real, small checkpoint."""

from typing import Any

import pytest

from engine.types import NodeId
from tests.diffusion.small import save_small
from tests.nodes.graphs import Bench, Graph, node, text_to_image


def graph(**settings: Any) -> Graph:
    sampler = {
        "model": ["load", 0], "positive": ["pos", 0], "negative": ["neg", 0], "latent_image": ["latent", 0],
        "seed": 5, "steps": 4, "scale": 3.0, "sampler": "ddim", "eta": 0.0, "discretize": "uniform",
        "strength": 1.0, **settings,
    }  # fmt: skip
    return {**text_to_image(), "sample": node("CompVisSampler", **sampler)}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    base = tmp_path_factory.mktemp("bench")
    (base / "models" / "checkpoints").mkdir(parents=True)
    save_small(base / "models" / "checkpoints" / "small.safetensors")
    return Bench(base)


def test_a_graph_makes_the_same_picture_each_time_and_another_for_another_seed(bench: Bench) -> None:
    for sampler in ("ddim", "plms", "dpm_solver", "ddpm"):
        made = bench.value(graph(sampler=sampler), "sample")["samples"]
        assert made.shape == (1, 4, 8, 8)
        assert made.isfinite().all()
        again = graph(sampler=sampler, noise_device="cpu")  # says nothing new, but is not in the cache
        assert bench.value(again, "sample")["samples"].equal(made)
        assert not bench.value(graph(sampler=sampler, seed=6), "sample")["samples"].equal(made)


def test_eta_and_quad_steps_change_the_picture(bench: Bench) -> None:
    settings: list[dict[str, Any]] = [{}, {"eta": 1.0}, {"discretize": "quad"}]
    made = [bench.value(graph(**changed), "sample")["samples"] for changed in settings]
    assert not made[0].equal(made[1])
    assert not made[0].equal(made[2])


def test_settings_a_sampler_lacks_fail_with_what_to_change(bench: Bench) -> None:
    outcome = bench.run(graph(sampler="plms", eta=0.5), [NodeId("sample")])
    assert outcome.status == "error"
    assert "set eta to 0, not 0.5, or take ddim" in str(outcome.errors)


def test_a_choice_that_is_none_is_found_before_anything_runs(bench: Bench) -> None:
    checked = bench.check(graph(sampler="plsm"))
    assert "plms" in str([problem.to_json() for problem in checked.problems])
