"""Nodes that choose a sampler, and change its numbers."""

from typing import Annotated

from diffusion.samplers.exponential import reverse_time
from diffusion.samplers.sa_solver import between
from diffusion.samplers.varied import varied
from engine.node import node
from engine.types import Choices, OptionalInput, Range
from nodes.types import Model, Sampler, SamplerName

CATEGORY = "sampling/custom_sampling/samplers"
Amount = Annotated[float, Range(0.0, 100.0, step=0.01, round=0)]
Device = Annotated[str, Choices(("gpu", "cpu"))]
Share = Annotated[float, Range(0.0, 1.0, step=0.001)]


@node("KSamplerSelect", title="KSamplerSelect", category="sampling/custom_sampling/samplers", lane="cpu")
def ksampler_select(*, sampler_name: SamplerName) -> Sampler:
    """A sampler by its name, as KSampler offers them.

    Args:
        sampler_name: The algorithm used when sampling.
    """
    return varied(sampler_name)


@node("SamplerEulerAncestral", title="SamplerEulerAncestral", category=CATEGORY, lane="cpu")
def sampler_euler_ancestral(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> Sampler:
    """Euler with fresh noise at every step.

    Args:
        eta: How much of each step is made of noise: 0 is plain Euler.
        s_noise: What that noise is multiplied with.
    """
    return varied("euler_ancestral", noise_strength=s_noise, eta=eta)


@node("SamplerEulerAncestralCFGPP", title="SamplerEulerAncestralCFG++", category=CATEGORY, lane="cpu")
def sampler_euler_ancestral_cfg_pp(
    *,
    eta: Annotated[float, Range(0.0, 1.0, step=0.01, round=0)] = 1.0,
    s_noise: Annotated[float, Range(0.0, 10.0, step=0.01, round=0)] = 1.0,
) -> Sampler:
    """Euler with fresh noise at every step, guided as CFG++ does: cfg about 1.

    Args:
        eta: How much of each step is made of noise.
        s_noise: What that noise is multiplied with.
    """
    return varied("euler_ancestral_cfg_pp", noise_strength=s_noise, eta=eta)


@node("SamplerLMS", title="SamplerLMS", category=CATEGORY, lane="cpu")
def sampler_lms(*, order: Annotated[int, Range(1, 100)] = 4) -> Sampler:
    """Linear multistep: a polynomial through the last slopes.

    Args:
        order: How many slopes.
    """
    return varied("lms", order=order)


@node("SamplerDPMPP_2S_Ancestral", title="SamplerDPMPP_2S_Ancestral", category=CATEGORY, lane="cpu")
def sampler_dpmpp_2s_ancestral(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> Sampler:
    """DPM-Solver++(2S) with fresh noise at every step.

    Args:
        eta: How much of each step is made of noise.
        s_noise: What that noise is multiplied with.
    """
    return varied("dpmpp_2s_ancestral", noise_strength=s_noise, eta=eta)


@node("SamplerDPMPP_SDE", title="SamplerDPMPP_SDE", category=CATEGORY, lane="cpu")
def sampler_dpmpp_sde(
    *, eta: Amount = 1.0, s_noise: Amount = 1.0, r: Amount = 0.5, noise_device: Device
) -> Sampler:
    """Stochastic DPM-Solver++, two network calls a step.

    Args:
        eta: How stochastic it is: 0 is an ODE solver.
        s_noise: What the noise is multiplied with.
        r: Where within a step the second call is made; above 0.
        noise_device: Where noise is drawn; the CPU's is the same on every machine.
    """
    if r <= 0:
        raise ValueError("SamplerDPMPP_SDE makes its second call at a share r of the step: r must be above 0")
    return varied("dpmpp_sde", noise_strength=s_noise, noise_on_device=noise_device == "gpu", eta=eta, r=r)


@node("SamplerDPMPP_2M_SDE", title="SamplerDPMPP_2M_SDE", category=CATEGORY, lane="cpu")
def sampler_dpmpp_2m_sde(
    *,
    solver_type: Annotated[str, Choices(("midpoint", "heun"))],
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
    noise_device: Device,
) -> Sampler:
    """Stochastic DPM-Solver++ that remembers one step.

    Args:
        solver_type: How the step before counts.
        eta: How stochastic it is: 0 is an ODE solver.
        s_noise: What the noise is multiplied with.
        noise_device: Where noise is drawn; the CPU's is the same on every machine.
    """
    on_device = noise_device == "gpu"
    heun = solver_type == "heun"
    return varied("dpmpp_2m_sde", noise_strength=s_noise, noise_on_device=on_device, eta=eta, heun=heun)


@node("SamplerDPMPP_3M_SDE", title="SamplerDPMPP_3M_SDE", category=CATEGORY, lane="cpu")
def sampler_dpmpp_3m_sde(*, eta: Amount = 1.0, s_noise: Amount = 1.0, noise_device: Device) -> Sampler:
    """Stochastic DPM-Solver++ that remembers two steps.

    Args:
        eta: How stochastic it is: 0 is an ODE solver.
        s_noise: What the noise is multiplied with.
        noise_device: Where noise is drawn; the CPU's is the same on every machine.
    """
    on_device = noise_device == "gpu"
    return varied("dpmpp_3m_sde", noise_strength=s_noise, noise_on_device=on_device, eta=eta)


@node("SamplerDPMAdaptative", title="SamplerDPMAdaptative", category=CATEGORY, lane="cpu")
def sampler_dpm_adaptive(
    *,
    order: Annotated[int, Range(2, 3)] = 3,
    rtol: Amount = 0.05,
    atol: Amount = 0.0078,
    h_init: Amount = 0.05,
    pcoeff: Amount = 0.0,
    icoeff: Amount = 1.0,
    dcoeff: Amount = 0.0,
    accept_safety: Amount = 0.81,
    eta: Amount = 0.0,
    s_noise: Amount = 1.0,
) -> Sampler:
    """DPM-Solver that chooses its steps by the error it makes; of the sigmas only both ends count.

    Args:
        order: Which order checks the one below it.
        rtol: Error allowed, relative to the state.
        atol: Error allowed, absolute; above 0.
        h_init: First step in the logarithm of the noise level; above 0.
        pcoeff: Proportional part of the controller of the step.
        icoeff: Integral part of it.
        dcoeff: Derivative part of it.
        accept_safety: A step counts unless the next would have to be shorter than this share of it.
        eta: How stochastic it is.
        s_noise: What the noise is multiplied with.
    """
    if min(atol, h_init) <= 0:
        raise ValueError("SamplerDPMAdaptative would never end: atol and h_init must be above 0")
    return varied(
        "dpm_adaptive",
        noise_strength=s_noise,
        order=order,
        rtol=rtol,
        atol=atol,
        h_init=h_init,
        pcoeff=pcoeff,
        icoeff=icoeff,
        dcoeff=dcoeff,
        accept_safety=accept_safety,
        eta=eta,
    )


@node("SamplerER_SDE", title="SamplerER_SDE", category=CATEGORY, lane="cpu")
def sampler_er_sde(
    *,
    solver_type: Annotated[str, Choices(("ER-SDE", "Reverse-time SDE", "ODE"))],
    max_stage: Annotated[int, Range(1, 3)] = 3,
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
) -> Sampler:
    """Extended reverse-time SDE solver.

    Args:
        solver_type: Which equation is solved.
        max_stage: Order of the solver.
        eta: How stochastic the reverse-time SDE is; the others do not read it.
        s_noise: What the noise is multiplied with.
    """
    if solver_type == "ER-SDE":
        return varied("er_sde", noise_strength=s_noise, max_stage=max_stage)
    scale = reverse_time(0.0 if solver_type == "ODE" else eta)
    return varied("er_sde", noise_strength=s_noise, max_stage=max_stage, scale_of=scale)


@node("SamplerSASolver", title="SamplerSASolver", category=CATEGORY, lane="cpu")
def sampler_sa_solver(
    *,
    model: Model,
    eta: Annotated[float, Range(0.0, 10.0, step=0.01, round=0)] = 1.0,
    sde_start_percent: Share = 0.2,
    sde_end_percent: Share = 0.8,
    s_noise: Amount = 1.0,
    predictor_order: Annotated[int, Range(1, 6)] = 3,
    corrector_order: Annotated[int, Range(0, 6)] = 4,
    use_pece: Annotated[bool, OptionalInput()] = False,
) -> Sampler:
    """SA-Solver: stochastic Adams predictor and corrector.

    Args:
        model: The model whose noise levels the two percentages are of.
        eta: How stochastic it is between them.
        sde_start_percent: Share of the run after which it is stochastic.
        sde_end_percent: Share of the run after which it is no more.
        s_noise: What the noise is multiplied with.
        predictor_order: Order of the predictor.
        corrector_order: Order of the corrector; 0 leaves it out.
        use_pece: Evaluate the network again after correcting.
    """
    tau = between(model.prediction, sde_start_percent, sde_end_percent, eta)
    return varied(
        "sa_solver",
        noise_strength=s_noise,
        tau=tau,
        predictor_order=predictor_order,
        corrector_order=corrector_order,
        pece=use_pece,
    )
