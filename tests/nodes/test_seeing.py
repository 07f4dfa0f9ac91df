"""Graphs that show models pictures: unCLIP, depth, boxes and styles, over small files."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPVisionConfig

from diffusion.clip_vision import ClipVisionNetwork, ClipVisionOutput
from diffusion.clip_vision_files import UNCLIP
from diffusion.gligen import MOST_BOXES, Gligen, GligenConfig, GligenNetwork, transformer_widths
from diffusion.style import Redux, StyleModel
from diffusion.unet import UNet
from nodes.depth import depth_estimate
from nodes.vision import style_model_apply
from tests.diffusion.midas_names import to_midas
from tests.diffusion.openclip_vision import to_openclip
from tests.diffusion.small import UNET_CONFIGS, family_tensors
from tests.diffusion.test_depth import PREFIX, small_hybrid
from tests.nodes.graphs import Bench, Graph, node, text_to_image
from tests.tensors import save_file


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base directory with a picture in its input folder."""
    for name in ("input", "models/checkpoints", "models/gligen"):
        (tmp_path / name).mkdir(parents=True)
    picture = torch.arange(48 * 40 * 3).reshape(48, 40, 3).mul(7).remainder(256).byte()
    Image.fromarray(picture.numpy()).save(tmp_path / "input" / "a.png")
    return tmp_path


def randomised(module: nn.Module) -> dict[str, Tensor]:
    """Weights for a network built on meta."""
    generator = torch.Generator().manual_seed(1)
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    return {name: 0.2 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def drawn(bench: Bench, graph: Graph) -> Tensor:
    return bench.value(graph, "sample")["samples"]


def test_a_picture_shown_to_an_unclip_model_changes_what_it_draws(base: Path) -> None:
    build: Any = CLIPVisionConfig
    config = build(
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=1,
        image_size=28,
        patch_size=14,
    )
    with torch.device("meta"):
        eyes = ClipVisionNetwork(config, 1024)
    vision = {f"{UNCLIP}{name}": value.contiguous() for name, value in to_openclip(randomised(eyes)).items()}
    save_file({**family_tensors("sd2-unclip-h"), **vision}, base / "models/checkpoints/unclip.safetensors")
    shown = {"conditioning": ["pos", 0], "clip_vision_output": ["look", 0], "noise_augmentation": 0.1}
    graph: Graph = {
        **text_to_image("unclip.safetensors", positive=["shown", 0]),
        "load": node("unCLIPCheckpointLoader", ckpt_name="unclip.safetensors"),
        "open": node("LoadImage", image="a.png"),
        "look": node("CLIPVisionEncode", clip_vision=["load", 3], image=["open", 0], crop="center"),
        "shown": node("unCLIPConditioning", **shown, strength=1.0),
    }
    bench = Bench(base)
    seen = drawn(bench, graph)
    weaker = drawn(bench, {**graph, "shown": node("unCLIPConditioning", **shown, strength=0.1)})
    blind = drawn(bench, text_to_image("unclip.safetensors"))
    ignored = drawn(bench, {**graph, "shown": node("unCLIPConditioning", **shown, strength=0.0)})
    assert seen.isfinite().all() and torch.equal(ignored, blind)
    assert (weaker - blind).abs().mean() < (seen - blind).abs().mean()


def test_an_sd2_depth_model_draws_by_the_depth_its_own_file_measures(base: Path) -> None:
    depth = {
        f"{PREFIX}{name}": value.contiguous() for name, value in to_midas(small_hybrid().state_dict()).items()
    }
    save_file({**family_tensors("sd2-depth"), **depth}, base / "models/checkpoints/depth.safetensors")
    graph: Graph = {
        **text_to_image("depth.safetensors", positive=["by", 0], negative=["by", 1]),
        "load": node("DepthCheckpointLoader", ckpt_name="depth.safetensors"),
        "open": node("LoadImage", image="a.png"),
        "depth": node("DepthEstimate", depth_model=["load", 3], image=["open", 0]),
        "by": node("DepthConditioning", positive=["pos", 0], negative=["neg", 0], depth=["depth", 0]),
    }
    bench = Bench(base)
    near = bench.value(graph, "depth")
    assert near.shape == (1, 48, 40, 3) and (near.min(), near.max()) == (0, 1)
    by_another = {**graph, "depth": node("ImageFlip", image=["open", 0], flip_method="x-axis: vertically")}
    assert not torch.allclose(drawn(bench, graph), drawn(bench, by_another), atol=1e-4)


def test_boxes_add_up_and_change_what_is_drawn(base: Path) -> None:
    with torch.device("meta"):
        widths = transformer_widths(UNet(UNET_CONFIGS["sd1"]))
        network = GligenNetwork(GligenConfig(phrase=32, objects=32, widths=widths))
    tensors: dict[str, Tensor] = {}
    for name, value in randomised(network).items():
        part, _, rest = name.partition(".")
        if part == "fusers":
            place, _, rest = rest.partition(".")
            side, block, layer = place.split("_")
            stem = "middle_block" if side == "middle" else f"{side}_blocks.{block}"
            name = f"{stem}.1.transformer_blocks.{layer}.fuser.{rest}"
        tensors[name] = value
    save_file(tensors, base / "models/gligen/boxes.safetensors")
    save_file(family_tensors("sd1"), base / "models/checkpoints/sd1.safetensors")

    def box(to: list[Any], text: str, x: int) -> dict[str, Any]:
        inputs = {
            "conditioning_to": to,
            "clip": ["load", 1],
            "gligen_textbox_model": ["gligen", 0],
            "text": text,
        }
        return node("GLIGENTextBoxApply", **inputs, width=32, height=24, x=x, y=8)

    graph: Graph = {
        **text_to_image("sd1.safetensors", positive=["second", 0]),
        "gligen": node("GLIGENLoader", gligen_name="boxes.safetensors"),
        "first": box(["pos", 0], "a fox", 0),
        "second": box(["first", 0], "a tree", 32),
    }
    bench = Bench(base)
    kind, gligen, boxes = bench.value(graph, "second")[0][1]["gligen"]
    assert kind == "position" and isinstance(gligen, Gligen)
    assert [tuple(each[1:]) for each in boxes] == [(3, 4, 1, 0), (3, 4, 1, 4)]
    both = drawn(bench, graph)
    one = drawn(bench, {**graph, "second": graph["first"]})
    assert not torch.allclose(both, one, atol=1e-4)
    assert gligen.objects(boxes, 8, 8).shape == (1, MOST_BOXES, 32)


def test_styles_follow_the_prompt_and_are_weighed() -> None:
    generator = torch.Generator().manual_seed(2)
    model = StyleModel(Redux(12, 24, 16))
    seen = ClipVisionOutput(torch.randn(2, 5, 12, generator=generator), torch.zeros(1), torch.zeros(1))
    prompt: Any = [[torch.ones(1, 7, 16), {"guidance": 3.0}]]

    def applied(**more: Any) -> Any:
        return style_model_apply(conditioning=prompt, style_model=model, clip_vision_output=seen, **more)

    ((context, options),) = applied(strength=0.5, strength_type="multiply")
    assert context.shape == (1, 7 + 2 * 5, 16) and options == {"guidance": 3.0}
    assert torch.equal(context[:, :7], prompt[0][0])
    assert torch.allclose(context[0, 7:], 0.5 * model.get_cond(seen).flatten(0, 1))
    ((whole, _),) = applied(strength=1.0, strength_type="attn_bias")
    assert torch.allclose(whole[0, 7:], model.get_cond(seen).flatten(0, 1))
    with pytest.raises(ValueError, match="choose the strength_type multiply"):
        applied(strength=0.5, strength_type="attn_bias")
    prompt[0][0] = torch.ones(1, 7, 20)
    with pytest.raises(ValueError, match="tokens 16 wide and the prompt's are 20"):
        applied(strength=1.0, strength_type="multiply")


def test_a_flat_picture_has_a_flat_depth() -> None:
    class Flat:
        def estimate(self, images: Tensor) -> Tensor:
            return torch.full(images.shape[:3], 7.0)

    flat: Any = Flat()
    assert torch.equal(
        depth_estimate(depth_model=flat, image=torch.rand(1, 4, 5, 3)), torch.zeros(1, 4, 5, 3)
    )
