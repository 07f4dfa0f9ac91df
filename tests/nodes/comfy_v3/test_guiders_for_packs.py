"""SAMPLER and GUIDER as packs exchange them with the built-in nodes: the same latents either way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.model import Latent
from engine.context import Context
from nodes.comfy.models.guiders import CFGGuider, Inner, calc_cond_batch, sampling_function
from nodes.comfy.models.model import PackModel
from nodes.comfy.models.samplers import KSAMPLER, ksampler, set_model_options_post_cfg_function
from nodes.comfy.models.sockets import for_engine, for_packs
from nodes.custom.guiders import cfg_guider, dual_cfg_guider
from nodes.custom.samplers import ksampler_select, sampler_euler_ancestral
from nodes.custom.sampling import random_noise, sampler_custom_advanced
from nodes.custom.schedules import basic_scheduler
from tests.diffusion.toy import NEGATIVE, POSITIVE, ToyNetwork, context, toy_model

EMPTY = Latent(samples=torch.zeros(1, 4, 8, 8))
SIGMAS = basic_scheduler(model=toy_model(), scheduler="karras", steps=4)
BUILT_IN = cfg_guider(model=toy_model(), positive=list(POSITIVE), negative=list(NEGATIVE), cfg=5.0)


def sampled(guider: Any = BUILT_IN, sampler: Any = None, latent: Latent = EMPTY) -> Tensor:
    """What the built-in node makes of what came out of packs' nodes."""
    return sampler_custom_advanced(
        noise=random_noise(noise_seed=9),
        guider=for_engine(guider),
        sampler=for_engine(sampler or ksampler_select(sampler_name="euler_ancestral")),
        sigmas=SIGMAS,
        latent_image=latent,
        context=Context(),
    ).output["samples"]


class Plain(CFGGuider):
    """A pack's guider that writes classifier-free guidance out, with a scale of each side."""

    def predict_noise(
        self, x: Tensor, timestep: Tensor, model_options: Any = None, seed: int | None = None
    ) -> Tensor:
        assert isinstance(self.inner_model, Inner) and seed == 9
        assert self.inner_model.model_sampling.sigma_max > 14
        sides = [self.conds.get("negative"), self.conds.get("positive")]
        uncond, cond = calc_cond_batch(self.inner_model, sides, x, timestep, model_options)
        return uncond + self.cfg * (cond - uncond)


def pack_guider(kind: type[CFGGuider]) -> CFGGuider:
    guider = kind(PackModel(toy_model()))
    guider.set_conds(list(POSITIVE), list(NEGATIVE))
    guider.set_cfg(5.0)
    return guider


@pytest.mark.parametrize("kind", [CFGGuider, Plain])
def test_a_pack_s_guider_guides_the_built_in_sampler(kind: type[CFGGuider]) -> None:
    assert torch.equal(sampled(pack_guider(kind)), sampled())


def test_a_guider_calls_the_sampling_function_with_its_sides() -> None:
    class Halved(CFGGuider):
        def predict_noise(
            self, x: Tensor, timestep: Tensor, model_options: Any = None, seed: int | None = None
        ) -> Tensor:
            assert self.inner_model is not None
            negative, positive = self.conds["negative"], self.conds["positive"]
            return sampling_function(self.inner_model, x, timestep, negative, positive, self.cfg / 2)

    want = cfg_guider(model=toy_model(), positive=list(POSITIVE), negative=list(NEGATIVE), cfg=2.5)
    assert torch.equal(sampled(pack_guider(Halved)), sampled(want))


def test_a_built_in_guider_samples_when_a_pack_calls_it() -> None:
    guider = for_packs(BUILT_IN)
    noise = random_noise(noise_seed=9).generate_noise(EMPTY)
    steps: list[int] = []

    def count(step: int, denoised: Tensor, x: Tensor, total: int) -> None:
        steps.append(step)

    made = guider.sample(
        noise,
        EMPTY["samples"],
        for_packs(ksampler_select(sampler_name="euler_ancestral")),
        SIGMAS,
        callback=count,
        seed=9,
    )
    assert torch.equal(made, sampled()) and steps == [0, 1, 2, 3]
    guider.set_cfg(2.0)
    assert not torch.equal(sampled(guider), sampled())
    mask = torch.zeros(1, 1, 8, 8)
    ones = torch.ones(1, 4, 8, 8)
    kept = guider.sample(noise, ones, for_packs(ksampler_select(sampler_name="euler")), SIGMAS, mask, seed=9)
    torch.testing.assert_close(kept, ones)


def test_a_guider_that_packs_have_no_class_for_guides_as_it_does() -> None:
    network = ToyNetwork()
    guider = dual_cfg_guider(
        model=toy_model("eps", network),
        cond1=list(POSITIVE),
        cond2=[[context(0.6), {}]],
        negative=list(NEGATIVE),
    )
    assert torch.equal(sampled(for_packs(guider)), sampled(guider))
    assert network.shapes[0][0] == 3


def test_a_pack_s_sampler_function_runs_in_the_built_in_node_with_its_options_and_seed() -> None:
    def euler(
        model: Any,
        x: Tensor,
        sigmas: Tensor,
        extra_args: Mapping[str, Any],
        callback: Any,
        disable: bool,
        gain: float,
    ) -> Tensor:
        assert extra_args["seed"] == 9
        for i in range(len(sigmas) - 1):
            denoised = model(x, sigmas[i] * x.new_ones(len(x)), **extra_args)
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
            x = x + gain * (x - denoised) / sigmas[i] * (sigmas[i + 1] - sigmas[i])
        return x

    made = sampled(sampler=KSAMPLER(euler, {"gain": 1.0}))
    want = sampled(sampler=ksampler_select(sampler_name="euler"))
    torch.testing.assert_close(made, want, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(sampled(sampler=KSAMPLER(euler, {"gain": 0.9})), want, atol=1e-2)


def test_a_pack_s_sampler_function_sees_noise_levels_and_the_unconditional_prediction() -> None:
    def euler_cfg_pp(
        model: Any, x: Tensor, sigmas: Tensor, extra_args: dict[str, Any], callback: Any, disable: bool
    ) -> Tensor:
        assert model.inner_model.inner_model.model_sampling.sigma_max > 14
        seen: list[Tensor] = []

        def note(arguments: dict[str, Any]) -> Tensor:
            seen[:] = [arguments["uncond_denoised"]]
            return arguments["denoised"]

        options = set_model_options_post_cfg_function(extra_args["model_options"], note, True)
        extra_args = {**extra_args, "model_options": options}
        for i in range(len(sigmas) - 1):
            denoised = model(x, sigmas[i] * x.new_ones(len(x)), **extra_args)
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
            x = denoised + (x - seen[0]) / sigmas[i] * sigmas[i + 1]
        return x

    made = sampled(sampler=KSAMPLER(euler_cfg_pp))
    want = sampled(sampler=ksampler_select(sampler_name="euler_cfg_pp"))
    torch.testing.assert_close(made, want, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(made, sampled(sampler=ksampler_select(sampler_name="euler")), atol=1e-2)


def test_options_of_built_in_samplers_are_those_of_the_nodes() -> None:
    quiet = ksampler("euler_ancestral", {"eta": 0.5, "s_noise": 0.8})
    assert torch.equal(sampled(sampler=quiet), sampled(sampler=sampler_euler_ancestral(eta=0.5, s_noise=0.8)))
    with pytest.raises(ValueError, match="has no option 'gamma': its options are eta"):
        ksampler("euler_ancestral", {"gamma": 1})
