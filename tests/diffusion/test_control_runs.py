"""Pictures that steer a run: when, where, how strongly, several together, and what is refused before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion.conditioning import Conditioning
from diffusion.control import Applied, apply_control
from diffusion.control.hint import centre, fitted_to, in_channels
from diffusion.control.kinds import T2IControl, UNetControl
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.control.t2i import T2IAdapter, T2IAdapterConfig
from diffusion.entries import prepare
from diffusion.evaluation import predict
from diffusion.hooks import Residuals
from diffusion.mixing import with_options
from diffusion.model import DiffusionModel
from diffusion.placement import CountedMemory, Placement
from diffusion.prediction import Eps
from diffusion.regions import Area
from diffusion.sampling import sample
from diffusion.unet import UNet, UNetConfig
from tests.diffusion.test_unet import rand, randomised

TYPE = torch.float32
CONFIG = UNetConfig(
    widths=(32, 64), down_depths=((1,), (1,)), up_depths=((1, 1), (1, 1)), middle_depth=1, context_dim=48
)
ADAPTED = replace(
    CONFIG,
    widths=(32, 32, 64, 64),
    down_depths=((0,), (1,), (0,), (0,)),
    up_depths=((0, 0), (0, 0), (1, 1), (0, 0)),
)
POSITIVE: Conditioning = [(rand(1, 5, 48, seed=11), {})]
NEGATIVE: Conditioning = [(rand(1, 5, 48, seed=12), {})]
HINT = rand(1, 64, 96, 3, seed=13).abs().clamp(max=1)
X = rand(1, 4, 8, 12, seed=14)
MIDDLE = torch.tensor(1.5)


def model_of(config: UNetConfig) -> DiffusionModel:
    unet = randomised(UNet(config), 1)
    return DiffusionModel(unet, Eps(), context_width=config.context_dim, family="SD 1.x")


@pytest.fixture(scope="module")
def model() -> DiffusionModel:
    return model_of(CONFIG)


def control_of(config: UNetConfig, seed: int = 2) -> UNetControl:
    network = randomised(ControlNet(ControlNetConfig(config, hint_widths=(16, 16, 16, 16))), seed)
    assert isinstance(network, ControlNet)
    return UNetControl(network, TYPE)


@pytest.fixture(scope="module")
def control() -> UNetControl:
    return control_of(CONFIG)


@pytest.fixture(scope="module")
def adapter() -> T2IControl:
    network = randomised(T2IAdapter(T2IAdapterConfig(3, 8, (32, 32, 64, 64), 1)), 3)
    assert isinstance(network, T2IAdapter)
    return T2IControl(network, TYPE)


@torch.no_grad()
def sides(
    model: DiffusionModel,
    positive: Conditioning,
    negative: Conditioning = NEGATIVE,
    x: Tensor = X,
    sigma: Tensor = MIDDLE,
) -> tuple[Tensor, Tensor]:
    """What the positive and the negative side predict."""
    first, second = predict(model, x, sigma, prepare(model, positive, [negative], x))
    return first, second


def steered(control: Any, hint: Tensor = HINT, strength: float = 0.7, **more: Any) -> Conditioning:
    return apply_control([POSITIVE], control, hint, strength, **more)[0]


@torch.no_grad()
def by_hand(model: DiffusionModel, added: Residuals | None, x: Tensor = X) -> Tensor:
    """What the positive side predicts when the network is called with these residuals."""
    scaled = model.prediction.scale_input(x, MIDDLE)
    t = model.prediction.timestep(MIDDLE).expand(len(x)).float()
    out = model.network(scaled, t, POSITIVE[0][0].expand(len(x), -1, -1), control=added)
    return model.prediction.denoised(x, out, MIDDLE)


@torch.no_grad()
def residuals(model: DiffusionModel, control: UNetControl, hint: Tensor, x: Tensor = X) -> Residuals:
    """What a ControlNet adds to the positive side, times 0.7."""
    scaled = model.prediction.scale_input(x, MIDDLE)
    t = model.prediction.timestep(MIDDLE).expand(len(x)).float()
    net = control.network
    made = net(scaled, t, POSITIVE[0][0].expand(len(x), -1, -1), net.encode(hint.movedim(-1, 1)))
    skips = tuple(None if skip is None else 0.7 * skip for skip in made.skips)
    return Residuals(skips, None if made.middle is None else 0.7 * made.middle)


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-5, atol=1e-5)


# --- what is added ------------------------------------------------------------------------------


def test_a_controlnets_outputs_times_the_strength_are_added(
    model: DiffusionModel, control: UNetControl
) -> None:
    ours, _ = sides(model, steered(control))
    assert close(ours, by_hand(model, residuals(model, control, HINT)))
    assert not close(ours, by_hand(model, None))


def test_detaching_leaves_every_number_as_it_was(
    model: DiffusionModel, control: UNetControl, adapter: T2IControl
) -> None:
    for net, steers in ((model, control), (model_of(ADAPTED), adapter)):
        before = sides(net, POSITIVE)
        state = {name: value.clone() for name, value in net.network.state_dict().items()}  # pyright: ignore[reportFunctionMemberAccess]
        during = sides(net, steered(steers))
        after = sides(net, POSITIVE)
        assert not torch.equal(before[0], during[0])
        assert torch.equal(before[0], after[0]) and torch.equal(before[1], after[1])
        assert all(torch.equal(value, state[name]) for name, value in net.network.state_dict().items())  # pyright: ignore[reportFunctionMemberAccess]


def test_what_several_networks_add_sums_up(model: DiffusionModel, control: UNetControl) -> None:
    other = control_of(CONFIG, 5)
    (twice,) = apply_control([steered(control)], other, HINT, 0.7)
    added = residuals(model, control, HINT) + residuals(model, other, HINT)
    assert close(sides(model, twice)[0], by_hand(model, added))


def test_an_adapters_features_are_made_once_a_run(adapter: T2IControl) -> None:
    calls: list[Tensor] = []
    handle = adapter.network.register_forward_hook(lambda module, given, out: calls.append(given[0]))
    sample(
        model_of(ADAPTED),
        steered(adapter),
        NEGATIVE,
        {"samples": torch.zeros(X.shape)},
        seed=1,
        steps=3,
        cfg=5.0,
        sampler="euler",
        scheduler="normal",
    )
    handle.remove()
    assert len(calls) == 1


# --- which side, when ---------------------------------------------------------------------------


def test_both_sides_given_the_same_network_share_its_calls(
    model: DiffusionModel, control: UNetControl
) -> None:
    calls: list[int] = []
    handle = control.network.input_blocks[1].register_forward_hook(
        lambda m, given, out: calls.append(len(given[0]))
    )
    positive, negative = apply_control([POSITIVE, NEGATIVE], control, HINT, 0.7)
    both = sides(model, positive, negative)
    handle.remove()
    assert calls == [2]
    assert not close(both[1], sides(model, POSITIVE)[1])


def test_the_negative_side_follows_where_the_positive_one_says_so(
    model: DiffusionModel, control: UNetControl
) -> None:
    positive, negative = apply_control([POSITIVE, NEGATIVE], control, HINT, 0.7)
    expected = sides(model, positive, negative)
    ours = sides(model, steered(control, both=True))
    assert torch.equal(ours[0], expected[0]) and torch.equal(ours[1], expected[1])
    alone = sides(model, steered(control))
    assert close(alone[1], sides(model, POSITIVE)[1])


def test_a_negative_side_with_a_network_of_its_own_keeps_it(
    model: DiffusionModel, control: UNetControl
) -> None:
    own = apply_control([NEGATIVE], control, HINT, 0.3)[0]
    assert close(sides(model, steered(control, both=True), own)[1], sides(model, steered(control), own)[1])


def test_a_network_steers_only_in_its_part_of_the_run(model: DiffusionModel, control: UNetControl) -> None:
    half = steered(control, start=0.0, end=0.5)
    turn = model.prediction.percent_to_sigma(0.5)
    for sigma, steers in ((turn * 1.01, True), (turn, True), (turn * 0.99, False)):
        at = torch.tensor(sigma, dtype=torch.float64)
        plain = sides(model, POSITIVE, sigma=at)[0]
        assert close(sides(model, half, sigma=at)[0], plain) is not steers
    (late,) = apply_control([half], control, HINT, 0.7, start=0.5)
    assert torch.equal(
        sides(model, late, sigma=torch.tensor(turn * 0.9))[0],
        sides(model, steered(control, start=0.5), sigma=torch.tensor(turn * 0.9))[0],
    )


# --- which picture, where -----------------------------------------------------------------------


def test_each_latent_of_a_batch_gets_its_own_picture_in_turn(
    model: DiffusionModel, control: UNetControl
) -> None:
    hints = torch.cat([HINT, 1 - HINT])
    x = rand(3, 4, 8, 12, seed=20)
    positive, negative = apply_control([POSITIVE, NEGATIVE], control, hints, 0.7)
    together = sides(model, positive, negative, x)
    for place in range(3):
        hint = hints[place % 2 : place % 2 + 1]
        positive, negative = apply_control([POSITIVE, NEGATIVE], control, hint, 0.7)
        alone = sides(model, positive, negative, x[place : place + 1])
        assert close(together[0][place], alone[0][0]) and close(together[1][place], alone[1][0])


def test_an_area_is_steered_by_the_whole_picture_at_the_areas_size(
    model: DiffusionModel, control: UNetControl
) -> None:
    """As in ComfyUI: the picture's middle has the area's proportions, and every second pixel is taken."""
    area = Area(4, 4, 2, 3)
    positive = with_options(steered(control), area=(area.height, area.width, area.y, area.x), strength=1.0)
    ours = area.crop(sides(model, positive)[0])
    x, seen = area.crop(X), HINT[:, 1::2, 17:80:2]
    assert close(ours, by_hand(model, residuals(model, control, seen, x), x))


def test_two_areas_of_one_size_in_one_call_are_steered_as_if_each_were_alone(
    model: DiffusionModel, control: UNetControl
) -> None:
    left, right = (4, 6, 0, 0), (4, 6, 4, 6)
    both = steered(control)
    positive = [
        *with_options(both, area=left),
        *with_options(both, area=right),
    ]
    together = sides(model, positive)[0]
    for given in (left, right):
        area = Area(*given)
        alone = sides(model, with_options(steered(control), area=given))[0]
        # The feather of an area falls out of the average where nothing else is.
        assert close(area.crop(together), area.crop(alone))


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (16, 5)])
def test_pictures_of_any_size_steer_latents_of_any_size(
    size: tuple[int, int], model: DiffusionModel, control: UNetControl, adapter: T2IControl
) -> None:
    x = rand(1, 4, *size)
    for net, steers in ((model, control), (model_of(ADAPTED), adapter)):
        assert sides(net, steered(steers), x=x)[0].shape == x.shape


def test_a_picture_is_cut_to_the_latents_proportions_then_resized_by_nearest_pixels() -> None:
    wide = torch.arange(16.0).expand(1, 3, 8, 16)
    assert torch.equal(centre(wide, 8, 8), wide[..., 4:12])
    assert torch.equal(centre(wide, 4, 16), wide[..., 2:6, :])
    made = fitted_to(wide, 2, 2)
    assert torch.equal(made, wide[..., 4:12].repeat_interleave(2, -1).repeat_interleave(2, -2))
    assert fitted_to(wide, 3, 5, 16).shape[-2:] == (32, 48)


def test_grey_and_transparent_pictures_are_read_as_the_network_needs_them() -> None:
    colours = rand(1, 4, 2, 2)
    assert in_channels(colours, 3).equal(colours[:, :3])
    assert in_channels(colours, 1).equal(colours[:, :3].mean(1, keepdim=True))
    assert in_channels(colours[:, :1], 3).equal(colours[:, :1].expand(1, 3, 2, 2))
    with pytest.raises(ValueError, match="reads 6 channels, and the picture has 4"):
        in_channels(colours, 6)


# --- refused before the first step --------------------------------------------------------------

SDXL = replace(CONFIG, context_dim=2048, vector_dim=2816, heads=None, head_dim=32, linear_projection=True)


def refused(model: DiffusionModel, control: Any) -> str:
    with pytest.raises(ValueError) as raised:
        prepare(model, steered(control), [NEGATIVE], X)
    return str(raised.value)


def test_a_network_for_another_family_is_refused_with_both_families_named(model: DiffusionModel) -> None:
    with torch.device("meta"):
        control = UNetControl(ControlNet(ControlNetConfig(SDXL)), TYPE)
    assert refused(model, control) == (
        "this ControlNet is for SDXL (2048-wide text, levels of 32, 64 channels), the model is SD 1.x "
        "(48-wide text, levels of 32, 64 channels): load one made for SD 1.x"
    )


def test_an_adapter_for_another_family_is_refused_with_both_families_named(adapter: T2IControl) -> None:
    message = refused(model_of(CONFIG), adapter)
    assert message.startswith("this T2I-Adapter is for SD 1.x or 2.x (levels of 32, 32, 64, 64 channels)")
    assert message.endswith("the model is SD 1.x (32, 64): load one made for SD 1.x")


def test_networks_for_u_nets_are_refused_by_transformers(model: DiffusionModel, control: UNetControl) -> None:
    transformer = replace(model, network=nn.Identity(), context_width=None, family="Flux.1")
    assert refused(transformer, control) == (
        "this ControlNet is for U-Nets (SD 1.x, SD 2.x, SDXL), and the model is Flux.1: "
        "load one made for Flux.1"
    )


def test_a_network_in_another_precision_than_the_models_steers_in_the_models(model: DiffusionModel) -> None:
    network = control_of(CONFIG).network.to(torch.bfloat16)
    low = UNetControl(network, torch.bfloat16)
    ours, _ = sides(model, steered(low))
    assert ours.dtype == torch.float32
    exact, _ = sides(model, steered(control_of(CONFIG)))
    assert (ours - exact).abs().max() < 0.05 * exact.abs().max()


def test_a_strength_of_zero_is_no_call(model: DiffusionModel, control: UNetControl) -> None:
    nothing: Conditioning = [(POSITIVE[0][0], {"control": Applied(control, HINT, 0.0)})]
    calls: list[object] = []
    handle = control.network.time_embed.register_forward_hook(lambda m, given, out: calls.append(m))
    assert close(sides(model, nothing)[0], sides(model, POSITIVE)[0])
    handle.remove()
    assert not calls


def test_a_device_with_too_little_memory_for_the_network_gives_the_same_numbers(
    model: DiffusionModel, control: UNetControl
) -> None:
    weights = sum(tensor.nbytes for tensor in control.network.parameters())
    memory = CountedMemory(int(0.9 * weights))
    small = replace(control_of(CONFIG), placement=Placement(torch.device("cpu"), memory, layer_bytes=2**18))
    assert torch.equal(sides(model, steered(small))[0], sides(model, steered(control))[0])
    assert 0 < memory.peak < weights
