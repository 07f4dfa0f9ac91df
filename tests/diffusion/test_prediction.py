"""Predictions, their clocks and processes: tables against stored values, formulas against definitions."""

import math

import pytest
import torch
from torch import Tensor

from diffusion.prediction import X0, Edm, Eps, Flow, Flux, Lcm, Prediction, V
from diffusion.process import RectifiedFlow, VarianceExploding
from diffusion.timesteps import ArcTangent, Discrete, LogContinuous
from tests.diffusion.test_schedules import KINDS, golden

LATENT = torch.linspace(-2, 2, 32).view(1, 2, 4, 4)
NOISE = torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(1))


def close(got: Tensor, want: Tensor) -> None:
    # Last-bit differences of exp and log between maths libraries.
    torch.testing.assert_close(got, want.float(), rtol=3e-7, atol=1e-30)


@pytest.mark.parametrize("kind", KINDS)
def test_tables_equal_the_reference(kind: str) -> None:
    close(KINDS[kind].sigmas, golden()[f"{kind}/table"])


@pytest.mark.parametrize("kind", ["eps", "zsnr"])
def test_log_tables_equal_the_reference_exactly(kind: str) -> None:
    timesteps = KINDS[kind].timesteps
    assert isinstance(timesteps, Discrete)
    assert torch.equal(timesteps.log_sigmas, golden()[f"{kind}/log_table"])


@pytest.mark.parametrize("kind", KINDS)
def test_percent_to_sigma_equals_the_reference(kind: str) -> None:
    percents = golden()[f"{kind}/percent_to_sigma/percent"]
    got = torch.tensor([KINDS[kind].percent_to_sigma(float(percent)) for percent in percents])
    close(got, golden()[f"{kind}/percent_to_sigma/sigma"])


def test_sigma_of_t_equals_the_reference() -> None:
    close(Eps().sigma(golden()["eps/sigma_of_t/t"]), golden()["eps/sigma_of_t/sigma"])


def test_timestep_of_sigma_equals_the_reference() -> None:
    got = Eps().timestep(golden()["eps/timestep_of_sigma/sigma"])
    assert torch.equal(got, golden()["eps/timestep_of_sigma/t"].float())


def test_a_discrete_timestep_is_a_whole_number_and_survives_the_round_trip() -> None:
    t = torch.arange(1000.0)
    assert torch.equal(Eps().timestep(Eps().sigma(t)), t)


def output_for(prediction: Prediction, x: Tensor, x0: Tensor, sigma: Tensor) -> Tensor:
    """The network output that stands for the clean latent x0, from the definitions in the papers."""
    noise = (x - x0) / sigma
    if isinstance(prediction, Eps):
        return noise
    if isinstance(prediction, V):  # v = a n - s x0 with a^2 + s^2 = 1
        return (noise - sigma * x0) / (1 + sigma**2).sqrt()
    if isinstance(prediction, X0):
        return x0
    if isinstance(prediction, Edm):  # D = c_skip x + c_out F
        d = prediction.sigma_data
        skip, scale = d**2 / (sigma**2 + d**2), sigma * d / (sigma**2 + d**2).sqrt()
        return (x0 - skip * x) / scale
    return noise_minus_latent(x, x0, sigma)


def noise_minus_latent(x: Tensor, x0: Tensor, sigma: Tensor) -> Tensor:
    """x = (1 - s) x0 + s n, so n - x0 = (x - x0) / s."""
    return (x - x0) / sigma


@pytest.mark.parametrize(
    "prediction", [Eps(), V(), X0(), Edm(), Flow(), Flux()], ids=lambda p: type(p).__name__
)
@pytest.mark.parametrize("level", [0.01, 0.3, 0.9])
def test_denoised_inverts_the_definition_of_the_output(prediction: Prediction, level: float) -> None:
    sigma = torch.tensor(level)
    x = prediction.process.noised(NOISE, LATENT, sigma)
    got = prediction.denoised(x, output_for(prediction, x, LATENT, sigma), sigma)
    torch.testing.assert_close(got, LATENT, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prediction", [Eps(), V(), X0()], ids=lambda p: type(p).__name__)
def test_scaled_inputs_have_unit_variance(prediction: Prediction) -> None:
    noise = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    latent = torch.randn(100_000, generator=torch.Generator().manual_seed(1))
    for level in (0.1, 1.0, 14.0):
        sigma = torch.tensor(level)
        assert float(prediction.scale_input(latent + sigma * noise, sigma).std()) == pytest.approx(
            1, abs=0.02
        )


def test_a_run_from_the_largest_sigma_starts_with_unit_variance_plus_noise() -> None:
    eps = Eps()
    top = eps.sigma_max
    assert torch.equal(eps.initial(NOISE, LATENT, top), LATENT + NOISE * (1 + top**2).sqrt())
    below = eps.sigmas[-2]
    assert torch.equal(eps.initial(NOISE, LATENT, below), LATENT + NOISE * below)


def test_a_flow_starts_between_noise_and_latent_and_finishes_rescaled() -> None:
    flow, sigma = Flow(), torch.tensor(0.25)
    assert torch.allclose(flow.initial(NOISE, LATENT, sigma), 0.25 * NOISE + 0.75 * LATENT)
    assert torch.allclose(flow.finish(LATENT * 0.75, sigma), LATENT)
    assert torch.equal(flow.finish(LATENT, torch.tensor(0.0)), LATENT)


@pytest.mark.parametrize("process", [VarianceExploding(), RectifiedFlow()], ids=lambda p: type(p).__name__)
def test_lambda_is_the_log_of_signal_over_noise_and_inverts(
    process: VarianceExploding | RectifiedFlow,
) -> None:
    sigma = torch.tensor([0.01, 0.2, 0.7, 0.99])
    torch.testing.assert_close(process.lam(sigma), (process.alpha(sigma) / sigma).log(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(process.inv_lam(process.lam(sigma)), sigma, rtol=1e-5, atol=0)


@pytest.mark.parametrize("process", [VarianceExploding(), RectifiedFlow()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_an_ancestral_step_lands_on_the_target_s_noise_level(
    process: VarianceExploding | RectifiedFlow, eta: float
) -> None:
    """Whatever part is random: noise left by `down` and fresh noise add up, and so does the signal."""
    s, t = torch.tensor(0.8), torch.tensor(0.5)
    down, rescale, up = process.ancestral(s, t, eta)
    torch.testing.assert_close((rescale * down) ** 2 + up**2, t**2)
    torch.testing.assert_close(rescale * process.alpha(down), process.alpha(t))
    assert (up == 0) == (eta == 0)


def test_lcm_knows_fifty_timesteps() -> None:
    lcm = Lcm()
    assert len(lcm.sigmas) == 50
    assert torch.equal(lcm.sigmas, Eps().sigmas[19::20])
    assert torch.equal(lcm.timestep(lcm.sigmas), torch.arange(19.0, 1000, 20))
    torch.testing.assert_close(lcm.sigma(torch.tensor([19.0, 519.0, 999.0])), Eps().sigmas[[19, 519, 999]])


def test_lcm_keeps_the_input_at_time_zero_and_trusts_the_network_at_the_noisy_end() -> None:
    lcm = Lcm()
    x0, out = NOISE, torch.zeros_like(NOISE)
    assert torch.allclose(lcm.denoised(x0, out, lcm.sigma_max), x0, atol=1e-3)


@pytest.mark.parametrize("clock", [LogContinuous(0.002, 120.0), ArcTangent(0.002, 120.0)])
def test_continuous_clocks_invert(clock: LogContinuous) -> None:
    torch.testing.assert_close(clock.sigma(clock.timestep(clock.sigmas)), clock.sigmas, rtol=1e-4, atol=0)
    middle = clock.percent_to_sigma(0.5)
    assert middle == pytest.approx(math.sqrt(0.002 * 120.0), rel=1e-5)
