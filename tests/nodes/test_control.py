"""Nodes that steer pictures: what they put on the wires, and their ways through a graph."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from diffusion.conditioning import Control
from diffusion.control.edges import canny
from diffusion.control.network import ControlNet, ControlNetConfig
from diffusion.hooks import Residuals
from diffusion.unet import UNetConfig
from nodes.comfy.models.control import PackControl
from nodes.comfy.models.sockets import for_engine, for_packs
from nodes.control import control_net_apply_advanced, set_union_control_net_type
from nodes.hints import canny_edges
from tests.diffusion.small import UNET_CONFIG, UNET_CONFIGS
from tests.fill import fill
from tests.nodes.graphs import Bench, Graph, node, text_to_image
from tests.tensors import load_file, save_file

GOLDEN = Path(__file__).parents[1] / "golden"


def controlnet(unet: UNetConfig) -> dict[str, torch.Tensor]:
    """A ControlNet for U-Nets of these sizes, in the layout of the original files."""
    with torch.device("meta"):
        network = ControlNet(ControlNetConfig(unet))
    return {f"control_model.{name}": fill(name, value.shape) for name, value in network.state_dict().items()}


@pytest.fixture
def bench(folder: Path) -> Bench:
    (folder / "models/controlnet").mkdir()
    (folder / "input").mkdir()
    save_file(controlnet(UNET_CONFIG), folder / "models/controlnet/small.safetensors")
    save_file(controlnet(UNET_CONFIGS["sdxl"]), folder / "models/controlnet/xl.safetensors")
    picture = Image.new("RGB", (80, 64), (30, 60, 200))
    picture.paste((240, 240, 20), (20, 16, 60, 48))
    picture.save(folder / "input/square.png")
    return Bench(folder)


def steered(name: str = "small.safetensors", **inputs: object) -> Graph:
    graph = text_to_image(positive=["apply", 0], negative=["apply", 1])
    graph["image"] = node("LoadImage", image="square.png")
    graph["canny"] = node("Canny", image=["image", 0], low_threshold=0.4, high_threshold=0.8)
    graph["net"] = node("ControlNetLoader", control_net_name=name)
    graph["apply"] = node(
        "ControlNetApplyAdvanced",
        **{
            "positive": ["pos", 0],
            "negative": ["neg", 0],
            "control_net": ["net", 0],
            "image": ["canny", 0],
            "strength": 0.8,
            "start_percent": 0.0,
            "end_percent": 1.0,
            **inputs,
        },
    )
    return graph


def test_edges_steer_the_picture_and_at_strength_zero_do_not(bench: Bench) -> None:
    plain = bench.value(text_to_image(), "decode")
    with_edges = bench.value(steered(), "decode")
    assert not torch.equal(with_edges, plain)
    assert torch.equal(bench.value(steered(strength=0.0), "decode"), plain)
    assert torch.equal(bench.value(text_to_image(), "decode"), plain)
    assert not torch.equal(bench.value(steered(end_percent=0.3), "decode"), with_edges)


def test_the_older_node_on_the_positive_prompt_steers_both(bench: Bench) -> None:
    older = steered()
    older["apply"] = node(
        "ControlNetApply", conditioning=["pos", 0], control_net=["net", 0], image=["canny", 0], strength=0.8
    )
    older["sample"]["inputs"]["negative"] = ["neg", 0]
    assert torch.equal(bench.value(older, "decode"), bench.value(steered(), "decode"))


def test_the_node_that_takes_a_vae_steers_networks_that_read_none_alike(bench: Bench) -> None:
    with_vae = steered(vae=["load", 2])
    with_vae["apply"]["class_type"] = "ControlNetApplySD3"
    assert torch.equal(bench.value(with_vae, "decode"), bench.value(steered(), "decode"))


def test_two_networks_in_a_row_both_steer(bench: Bench) -> None:
    both = steered()
    both["again"] = {
        **both["apply"],
        "inputs": {**both["apply"]["inputs"], "positive": ["apply", 0], "negative": ["apply", 1]},
    }
    both["sample"]["inputs"] |= {"positive": ["again", 0], "negative": ["again", 1]}
    twice = bench.value(steered(strength=1.6), "sample")["samples"]
    assert torch.allclose(bench.value(both, "sample")["samples"], twice, atol=1e-3)


def test_a_network_for_sdxl_is_refused_by_name_before_sampling(bench: Bench) -> None:
    outcome = bench.run(steered("xl.safetensors"))
    (error,) = outcome.errors
    assert "this ControlNet is for another family of models (96-wide text" in error.message
    assert "the model is SD 1.x (32-wide text" in error.message


def test_packs_copy_a_network_give_it_a_picture_and_put_it_into_a_conditioning(
    bench: Bench, folder: Path
) -> None:
    net = bench.value(steered(), "net")
    image = bench.value(steered(), "canny")
    held = for_packs(net)
    assert isinstance(held, PackControl) and for_engine(held) is net
    made = held.copy().set_cond_hint(image.movedim(-1, 1), 0.8, (0.0, 1.0)).set_previous_controlnet(None)
    assert made.strength == 0.8 and held.cond_hint_original is None
    model, text = bench.value(steered(), "load"), torch.zeros(1, 77, 32)
    x = torch.zeros(1, 4, 8, 8)
    ours, _ = control_net_apply_advanced(
        positive=[(text, {})], negative=[], control_net=net, image=image, strength=0.8
    )

    def middle(control: Control | None) -> torch.Tensor:
        assert control is not None
        extra: dict[str, torch.Tensor] = {}
        steering = control.prepare(model, x)
        added = steering(x, torch.tensor([500.0]), text, extra, torch.tensor(1.0), 1)
        assert isinstance(added, Residuals) and added.middle is not None
        return added.middle

    assert torch.equal(middle(made), middle(ours[0][1].get("control")))


def test_the_type_of_a_network_for_one_kind_of_picture_changes_nothing(bench: Bench) -> None:
    net = bench.value(steered(), "net")
    assert set_union_control_net_type(control_net=net, type="depth") is net


@pytest.mark.parametrize("thresholds", [(0.4, 0.8), (0.1, 0.3)])
def test_canny_draws_the_edges_kornia_draws(thresholds: tuple[float, float]) -> None:
    golden = load_file(GOLDEN / "canny.safetensors")
    low, high = thresholds
    edges = canny_edges(image=golden["pictures"] / 255, low_threshold=low, high_threshold=high)
    expected = golden[f"edges/{low}/{high}"]
    assert edges.shape == (2, 48, 64, 3)
    assert torch.equal(edges, expected[..., None].expand(-1, -1, -1, 3).float())
    assert 0 < edges.mean() < 0.5


def test_canny_refuses_thresholds_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match=r"low threshold \(0.9\) exceeds the high one \(0.2\)"):
        canny(torch.zeros(1, 8, 8, 3), 0.9, 0.2)


def test_a_picture_without_contrast_has_no_edges() -> None:
    assert not canny(torch.full((1, 16, 16, 3), 0.5), 0.01, 0.01).any()
