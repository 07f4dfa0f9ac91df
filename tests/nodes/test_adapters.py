"""The nodes that attach LoRAs and hypernetworks, in graphs over the small checkpoint, and called by packs."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.context import Context, calling
from engine.types import NodeId
from nodes.adapters import lora_loader
from nodes.comfy.builtin import v1_class
from nodes.comfy.models.clip import PackClip
from nodes.comfy.models.loading import load_lora_for_models
from nodes.comfy.models.model import PackModel
from tests.diffusion.adapter_files import FLAT, FLAT_MLP, low_rank
from tests.nodes.graphs import Bench, Graph, node, text_to_image
from tests.tensors import save_file

STYLE = low_rank([(FLAT, 32, 32), (FLAT_MLP, 64, 32)])


@pytest.fixture
def bench(folder: Path) -> Bench:
    (folder / "models/loras").mkdir()
    (folder / "models/hypernetworks").mkdir()
    save(folder, "style", STYLE)
    return Bench(folder)


def save(folder: Path, name: str, tensors: dict[str, Tensor]) -> None:
    save_file(tensors, folder / f"models/loras/{name}.new")
    (folder / f"models/loras/{name}.new").replace(folder / f"models/loras/{name}.safetensors")


def with_lora(lora: str = "style.safetensors", model: float = 0.8, clip: float = 0.5) -> Graph:
    graph = text_to_image(model=["lora", 0])
    strengths = {"strength_model": model, "strength_clip": clip}
    graph["lora"] = node("LoraLoader", model=["load", 0], clip=["load", 1], lora_name=lora, **strengths)
    for prompt in ("pos", "neg"):
        graph[prompt]["inputs"]["clip"] = ["lora", 1]
    return graph


def test_a_lora_changes_the_picture_and_at_strength_zero_does_not(bench: Bench) -> None:
    plain = bench.value(text_to_image(), "decode")
    assert not torch.equal(bench.value(with_lora(), "decode"), plain)
    assert torch.equal(bench.value(with_lora(model=0, clip=0), "decode"), plain)
    assert torch.equal(bench.value(text_to_image(), "decode"), plain)


def test_two_samplers_with_different_loras_in_one_run_do_not_disturb_each_other(
    bench: Bench, folder: Path
) -> None:
    save(folder, "other", low_rank([(FLAT, 32, 32)], seed=5))
    alone = {
        name: Bench(folder).value(with_lora(f"{name}.safetensors"), "decode") for name in ("style", "other")
    }
    graph = with_lora()
    graph |= {f"{name}2": entry for name, entry in with_lora("other.safetensors").items() if name != "load"}
    for name in ("lora2", "pos2", "neg2", "latent2", "sample2", "decode2", "save2"):
        inputs = graph[name]["inputs"]
        for key, value in inputs.items():
            if isinstance(value, list) and value[0] != "load":
                inputs[key] = [f"{value[0]}2", value[1]]
    outcome = bench.run(graph, ["decode", "decode2"])
    assert outcome.status == "success", outcome.errors
    for target, name in (("decode", "style"), ("decode2", "other")):
        assert torch.equal(outcome.values[NodeId(target)][0], alone[name]), name


def test_replacing_the_file_runs_what_depends_on_it(bench: Bench, folder: Path) -> None:
    bench.run(with_lora())
    assert bench.run(with_lora()).executed == ()
    save(folder, "style", low_rank([(FLAT, 32, 32), (FLAT_MLP, 64, 32)], seed=9))
    assert set(bench.run(with_lora()).executed) >= {"lora", "pos", "sample", "decode"}


def test_model_only_equals_a_text_strength_of_zero(bench: Bench) -> None:
    graph = text_to_image(model=["lora", 0])
    graph["lora"] = node(
        "LoraLoaderModelOnly", model=["load", 0], lora_name="style.safetensors", strength_model=0.8
    )
    assert torch.equal(bench.value(graph, "decode"), bench.value(with_lora(clip=0), "decode"))


def test_layers_left_out_are_shown_at_the_node(bench: Bench, folder: Path) -> None:
    save(folder, "partly", {**STYLE, **low_rank([("lora_unet_out_9", 4, 4)])})
    bench.run(with_lora("partly.safetensors"))
    text = "partly.safetensors: 1 of its layers fit nothing in the model and are left out (lora_unet_out_9)"
    assert bench.warnings == [("lora", text)]
    bench.run(with_lora())
    assert bench.warnings == []


def test_a_lora_for_another_family_stops_the_run_before_sampling(bench: Bench, folder: Path) -> None:
    save(folder, "xl", low_rank([(FLAT, 640, 2048)]))
    outcome = bench.run(with_lora("xl.safetensors"))
    assert outcome.status == "error" and "sample" not in outcome.executed
    [error] = outcome.errors
    assert error.node_id == "lora"
    assert error.message.startswith("xl.safetensors: this LoRA is for SDXL (2048-wide cross attention)")
    assert error.suggestion == "choose a LoRA made for this model"


def test_a_hypernetwork_changes_the_picture(bench: Bench, folder: Path) -> None:
    source = torch.Generator().manual_seed(0)
    weight = torch.randn(32, 32, generator=source)
    state = {"linear.0.weight": weight, "linear.0.bias": torch.randn(32, generator=source)}
    torch.save({32: (state, state)}, folder / "models/hypernetworks/style.pt")
    graph = text_to_image(model=["hyper", 0])
    graph["hyper"] = node("HypernetworkLoader", model=["load", 0], hypernetwork_name="style.pt", strength=0.5)
    plain = bench.value(text_to_image(), "decode")
    assert not torch.equal(bench.value(graph, "decode"), plain)
    graph["hyper"]["inputs"]["strength"] = 0.0
    assert torch.equal(bench.value(graph, "decode"), plain)


def test_packs_attach_loras_by_call(bench: Bench) -> None:
    outcome = bench.run(text_to_image(), ["load"])
    model, clip, _ = outcome.values[NodeId("load")]
    context = Context(folders=bench.host.folders)
    with calling(context):
        loader = v1_class(lora_loader.spec, context)()
        by_class = loader.load_lora(PackModel(model), PackClip(clip), "style.safetensors", 0.8, 0.5)
        changed, text = load_lora_for_models(PackModel(model), PackClip(clip), STYLE, 0.8, 0.5)
        assert load_lora_for_models(None, PackClip(clip), STYLE, 1.0, 1.0)[0] is None
    assert changed is not None and text is not None
    by_node = bench.run(with_lora(), ["pos", "lora"])
    cond = by_node.values[NodeId("pos")][0][0][0]
    assert len(by_class) == 2
    for encoder in (text, by_class[1]):
        assert torch.equal(encoder.encode_from_tokens(encoder.tokenize("a fox")), cond)
    assert changed.wrapped.network is not model.network
    state, base = changed.model_state_dict(), PackModel(model).model_state_dict()
    assert [name for name in base if not torch.equal(base[name], state[name])] == [
        "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    ]
