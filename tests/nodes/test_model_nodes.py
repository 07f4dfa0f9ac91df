"""Nodes that change a model: what it predicts, how it is guided, and what its blocks do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion.model import DiffusionModel, Latent
from diffusion.prediction import X0, Edm, Eps, Flow, ImageToImage, Lcm, V
from diffusion.reference.run import sample_reference
from diffusion.timesteps import Discrete, scaled_linear
from engine.context import Context
from nodes.guidance import (
    apg,
    cfg_norm,
    cfg_zero_star,
    differential_diffusion,
    epsilon_scaling,
    perturbed_attention_guidance,
    rescale_cfg,
    self_attention_guidance,
    tcfg,
)
from nodes.model_sampling import (
    model_sampling_aura_flow,
    model_sampling_continuous_edm,
    model_sampling_continuous_v,
    model_sampling_discrete,
)
from nodes.sampling import ksampler
from nodes.unet import freeu, freeu_v2, hyper_tile, tome_patch_model
from tests.diffusion.small import save_small
from tests.diffusion.toy import GOLDEN, NEGATIVE, POSITIVE, golden, relative_error, tensors, toy_model
from tests.nodes.graphs import Bench, node, text_to_image
from tests.tensors import load_file

TABLES = load_file(GOLDEN / "schedules.safetensors")


Change = Callable[[DiffusionModel], DiffusionModel]

# --- what a network predicts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sampling", "kind"),
    [("eps", Eps), ("v_prediction", V), ("lcm", Lcm), ("x0", X0), ("img_to_img", ImageToImage)],
)
def test_a_discrete_model_predicts_what_the_node_says(sampling: str, kind: type) -> None:
    assert type(model_sampling_discrete(model=toy_model(), sampling=sampling).prediction) is kind


def test_noise_levels_are_the_stored_ones() -> None:
    zero = model_sampling_discrete(model=toy_model(), sampling="v_prediction", zsnr=True).prediction
    torch.testing.assert_close(zero.sigmas, TABLES["zsnr/table"], rtol=3e-7, atol=0)
    edm = model_sampling_continuous_edm(model=toy_model(), sampling="edm", sigma_max=80.0).prediction
    assert isinstance(edm, Edm) and edm.sigma_data == 0.5
    torch.testing.assert_close(edm.sigmas, TABLES["edm/table"], rtol=3e-7, atol=0)


def test_a_model_keeps_the_levels_it_was_trained_on_and_gets_back_those_it_had() -> None:
    own = replace(toy_model(), prediction=Eps(Discrete(scaled_linear(0.0015, 0.0195))))
    velocity = model_sampling_discrete(model=own, sampling="v_prediction").prediction
    assert torch.equal(velocity.sigmas, own.prediction.sigmas)
    zero = model_sampling_discrete(model=toy_model(), sampling="eps", zsnr=True)
    again = model_sampling_discrete(model=zero, sampling="eps").prediction
    assert torch.equal(again.sigmas, toy_model().prediction.sigmas)


def test_a_consistency_model_knows_fifty_levels() -> None:
    few = model_sampling_discrete(model=toy_model(), sampling="lcm").prediction
    table = Eps().sigmas
    assert torch.equal(few.sigmas, table[19::20]) and len(few.sigmas) == 50
    assert float(few.timestep(few.sigma_max)) == 999


def test_one_step_models_see_their_input_as_it_is() -> None:
    prediction = model_sampling_discrete(model=toy_model(), sampling="img_to_img").prediction
    x, out, sigma = torch.ones(1), torch.full((1,), 2.0), torch.tensor(3.0)
    assert torch.equal(prediction.scale_input(x, sigma), x)
    assert torch.equal(prediction.denoised(x, out, sigma), out)


def test_an_angle_tells_continuous_velocity_models_the_level() -> None:
    prediction = model_sampling_continuous_v(model=toy_model(), sampling="v_prediction").prediction
    assert float(prediction.timestep(torch.tensor(1.0))) == pytest.approx(0.5)
    assert float(prediction.sigma_max) == pytest.approx(500) and isinstance(prediction, V)


def test_playground_s_latents_are_scaled_by_channel() -> None:
    scaled = model_sampling_continuous_edm(model=toy_model(), sampling="edm_playground_v2.5").latent_format
    mean, deviation = (
        torch.tensor([-1.6574, 1.886, -1.383, 2.5155]),
        torch.tensor([8.4927, 5.9022, 6.5498, 5.2299]),
    )
    latent = mean.view(1, 4, 1, 1) + deviation.view(1, 4, 1, 1) * torch.tensor([[1.0, -2.0]])
    torch.testing.assert_close(scaled.to_model(latent), torch.tensor([[0.5, -1.0]]).expand(1, 4, 1, 2))
    torch.testing.assert_close(scaled.from_model(scaled.to_model(latent)), latent)


def test_a_flow_told_zero_to_one_is_shifted() -> None:
    prediction = model_sampling_aura_flow(model=toy_model("flow"), shift=1.73).prediction
    assert isinstance(prediction, Flow)
    assert float(prediction.timestep(torch.tensor(0.25))) == 0.25
    assert float(prediction.sigma(torch.tensor(0.5))) == pytest.approx(1.73 * 0.5 / (1 + 0.73 * 0.5))


NOISE_LEVELS: list[Change] = [
    lambda model: model_sampling_discrete(model=model, sampling="eps"),
    lambda model: model_sampling_continuous_edm(model=model, sampling="edm"),
    lambda model: model_sampling_continuous_v(model=model, sampling="v_prediction"),
]


@pytest.mark.parametrize("change", NOISE_LEVELS)
def test_models_of_the_other_kind_are_refused_with_the_node_to_use(change: Change) -> None:
    with pytest.raises(ValueError, match="predicts a flow: use ModelSamplingSD3"):
        change(toy_model("flow"))
    with pytest.raises(ValueError, match="is for models that predict a flow"):
        model_sampling_aura_flow(model=toy_model())


def test_levels_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="from sigma_min 3 up to sigma_max 2"):
        model_sampling_continuous_v(model=toy_model(), sampling="v_prediction", sigma_max=2, sigma_min=3)


# --- guidance --------------------------------------------------------------------------------------


def sampled(model: DiffusionModel) -> Tensor:
    return ksampler(
        model=model,
        seed=3,
        steps=3,
        cfg=7.5,
        sampler_name="euler",
        scheduler="normal",
        positive=list(POSITIVE),
        negative=list(NEGATIVE),
        latent_image={"samples": torch.zeros(1, 4, 8, 8)},
        context=Context(),
    )["samples"]


GUIDANCE: list[Change] = [
    lambda model: rescale_cfg(model=model),
    lambda model: cfg_zero_star(model=model).patched_model,
    lambda model: cfg_norm(model=model).patched_model,
    lambda model: tcfg(model=model).patched_model,
    lambda model: apg(model=model, eta=0.5, momentum=-0.5),
    lambda model: epsilon_scaling(model=model),
]


@pytest.mark.parametrize("change", GUIDANCE)
def test_each_guidance_changes_the_picture_and_leaves_the_model(change: Change) -> None:
    model = toy_model()
    before = sampled(model)
    changed = change(model)
    assert not torch.allclose(sampled(changed), before, atol=1e-3)
    assert torch.equal(sampled(changed), sampled(changed))
    assert torch.equal(sampled(model), before)


def test_changes_of_guidance_add_up() -> None:
    one = tcfg(model=toy_model()).patched_model
    both = epsilon_scaling(model=rescale_cfg(model=one), scaling_factor=1.1)
    assert len({float(sampled(model).sum()) for model in (toy_model(), one, both)}) == 3


def test_a_change_that_remembers_a_run_is_heard_by_the_reference_samplers_too() -> None:
    def latent(model: DiffusionModel) -> Tensor:
        empty = Latent(samples=torch.zeros(1, 4, 8, 8))
        return sample_reference(model, POSITIVE, NEGATIVE, empty, seed=3, steps=4, scale=7.5)

    assert not torch.allclose(latent(apg(model=toy_model(), eta=0.0)), latent(toy_model()), atol=1e-3)


@pytest.mark.parametrize("key", [key for key in golden()["extra"] if "differential_strength" in key])
def test_a_mask_of_times_equals_the_stored_run(key: str) -> None:
    case = golden()["extra"][key]
    latent = Latent(samples=tensors()["in/latent"], noise_mask=tensors()["in/soft_mask"])
    model = differential_diffusion(
        model=toy_model(case["kind"]), strength=float(key.rpartition("differential_strength")[2])
    )
    got = ksampler(
        model=model,
        seed=case["seed"],
        steps=case["steps"],
        cfg=case["cfg"],
        sampler_name=case["sampler"],
        scheduler=case["scheduler"],
        positive=list(POSITIVE),
        negative=list(NEGATIVE),
        latent_image=latent,
        context=Context(),
    )["samples"]
    assert relative_error(got, tensors()[f"out/{key}"]) <= 2e-5


# --- what the blocks do ----------------------------------------------------------------------------

NODES = {
    "PerturbedAttentionGuidance": {"scale": 3.0},
    "SelfAttentionGuidance": {"scale": 0.5, "blur_sigma": 2.0},
    "FreeU": {"b1": 1.1, "b2": 1.4, "s1": 0.9, "s2": 0.2},
    "FreeU_V2": {"b1": 1.1, "b2": 1.4, "s1": 0.9, "s2": 0.2},
    "HyperTile": {"tile_size": 32, "swap_size": 2, "max_depth": 0, "scale_depth": False},
    "TomePatchModel": {"ratio": 0.5},
}


def test_in_a_graph_each_node_changes_the_picture_of_its_own_branch(tmp_path: Path) -> None:
    checkpoints = tmp_path / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    save_small(checkpoints / "small.safetensors")
    graph = text_to_image()
    graph["latent"]["inputs"]["width"] = 96
    for name, settings in NODES.items():
        graph[name] = node(name, model=["load", 0], **settings)
        graph[f"{name} run"] = {
            **graph["sample"],
            "inputs": {**graph["sample"]["inputs"], "model": [name, 0]},
        }
    runs = ["sample", *(f"{name} run" for name in NODES)]
    outcome = Bench(tmp_path).run(graph, runs)
    assert outcome.status == "success", outcome.errors
    values: dict[str, Any] = {str(key): value for key, value in outcome.values.items()}
    made = [values[run][0]["samples"] for run in runs]
    assert all(latent.isfinite().all() for latent in made)
    assert len({float(latent.double().sum()) for latent in made}) == len(made)


@pytest.mark.parametrize(
    "change",
    [
        freeu,
        freeu_v2,
        hyper_tile,
        tome_patch_model,
        perturbed_attention_guidance,
        self_attention_guidance,
    ],
)
def test_models_without_a_u_net_are_refused_before_sampling(change: Callable[..., Any]) -> None:
    model = DiffusionModel(nn.Linear(1, 1), Flow(), family="Flux")
    with pytest.raises(ValueError, match="and Flux has another network: leave the node out"):
        change(model=model)
