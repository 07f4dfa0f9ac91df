"""MODEL, CLIP and VAE as packs take them, and sampling by call: the same pictures as the nodes make."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.samplers import SAMPLERS
from diffusion.sampling import sample
from engine.context import Cancellation, Context, Interrupted, JobExtra, Preview, RunOptions, calling
from engine.folders import Folders
from engine.graph import Link
from engine.returns import Expand, Ui
from engine.types import NodeId
from nodes.comfy.models.clip import PackClip
from nodes.comfy.models.loading import load_checkpoint_guess_config
from nodes.comfy.models.model import PackModel, UnsupportedPatch
from nodes.comfy.models.sampling import (
    KSAMPLER,
    KSampler,
    calculate_sigmas,
    common_ksampler,
    prepare_noise,
    sample_custom,
    sampler_object,
)
from nodes.comfy.models.sockets import for_engine, for_packs, result_for_engine
from nodes.comfy.models.vae import PackVae
from nodes.comfy.v3.names import modules
from tests.diffusion.small import save_small

Loaded = tuple[PackModel, PackClip, PackVae]
RUN: dict[str, Any] = {"steps": 3, "cfg": 4.0}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("models")
    path = folder / "small.safetensors"
    save_small(path)
    resources: dict[type, object] = {
        Placement: Placement(torch.device("cpu")),
        Precision: Precision.FLOAT32,
    }
    with calling(Context(folders=Folders.at(folder), resources=resources)):
        model, clip, vae, vision = load_checkpoint_guess_config(path)
    assert model is not None and clip is not None and vae is not None and vision is None
    return model, clip, vae


def conditioning(clip: PackClip, text: str) -> list[list[Any]]:
    return clip.encode_from_tokens_scheduled(clip.tokenize(text))


def by_the_node(loaded: Loaded, **settings: Any) -> Tensor:
    model, clip, _ = loaded
    given: dict[str, Any] = {"seed": 5, **RUN, "sampler": "euler", "scheduler": "normal", **settings}
    empty = {"samples": torch.zeros(1, 4, 8, 8)}
    return sample(model.wrapped, conditioning(clip, "fox"), conditioning(clip, ""), empty, **given)  # pyright: ignore[reportArgumentType]


def by_call(loaded: Loaded, model: PackModel | None = None, **settings: Any) -> Tensor:
    own, clip, _ = loaded
    given: dict[str, Any] = {"seed": 5, **RUN, "sampler_name": "euler", "scheduler": "normal", **settings}
    [latent] = common_ksampler(
        model or own,
        positive=conditioning(clip, "fox"),
        negative=conditioning(clip, ""),
        latent={"samples": torch.zeros(1, 4, 8, 8), "other": 1},
        **given,
    )
    assert latent["other"] == 1, "keys nobody knows are carried along"
    return latent["samples"]


@pytest.mark.parametrize("name", ["euler", "dpmpp_2m_sde", "uni_pc"])
def test_sampling_by_call_is_bit_equal_to_the_node(loaded: Loaded, name: str) -> None:
    assert torch.equal(by_call(loaded, sampler_name=name), by_the_node(loaded, sampler=name))


def test_part_of_a_schedule_by_call_is_bit_equal_to_the_node(loaded: Loaded) -> None:
    one = by_call(loaded, start_step=1, last_step=2, force_full_denoise=False)
    other = by_the_node(loaded, start_step=1, end_step=2, force_full_denoise=False)
    assert torch.equal(one, other)


def test_a_sampler_function_of_a_pack_runs_like_a_built_in_one(loaded: Loaded) -> None:
    def euler(
        model: Any, x: Tensor, sigmas: Tensor, extra_args: Mapping[str, Any], callback: Any, disable: bool
    ) -> Tensor:
        for i in range(len(sigmas) - 1):
            denoised = model(x, sigmas[i] * x.new_ones(len(x)), **extra_args)
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
            x = x + (x - denoised) / sigmas[i] * (sigmas[i + 1] - sigmas[i])
        return x

    model, clip, _ = loaded
    steps: list[int] = []
    made = sample_custom(
        model,
        prepare_noise(torch.zeros(1, 4, 8, 8), 5),
        RUN["cfg"],
        KSAMPLER(euler),
        calculate_sigmas(model.model.model_sampling, "normal", RUN["steps"]),
        conditioning(clip, "fox"),
        conditioning(clip, ""),
        torch.zeros(1, 4, 8, 8),
        callback=lambda step, denoised, x, total: steps.append(step),
        seed=5,
    )
    # The same formula in another order of operations: float32 rounding only.
    torch.testing.assert_close(made, by_the_node(loaded), rtol=1e-4, atol=1e-4)
    assert steps == [0, 1, 2]


def test_a_sampler_object_is_bit_equal_to_the_node(loaded: Loaded) -> None:
    model, clip, _ = loaded
    chosen = KSampler(model, RUN["steps"], "cpu", "heun", "karras", denoise=1.0)
    made = chosen.sample(
        prepare_noise(torch.zeros(1, 4, 8, 8), 5),
        conditioning(clip, "fox"),
        conditioning(clip, ""),
        RUN["cfg"],
        seed=5,
    )
    assert torch.equal(made, by_the_node(loaded, sampler="heun", scheduler="karras"))
    with pytest.raises(ValueError, match="no sampler named 'oiler'"):
        sampler_object("oiler")


def test_a_cancelled_run_stops_at_the_next_step(loaded: Loaded) -> None:
    cancel = Cancellation()
    steps: list[float] = []

    def report(node: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
        steps.append(value)
        cancel.cancel()

    with calling(Context(cancellation=cancel, report=report)), pytest.raises(Interrupted):
        by_call(loaded)
    assert steps == [1]


def test_progress_has_previews_where_people_want_them(loaded: Loaded) -> None:
    previews: list[Preview | None] = []
    extra = JobExtra(options=RunOptions(preview_method="auto"))
    context = Context(extra=extra, report=lambda node, value, top, preview: previews.append(preview))
    with calling(context):
        by_call(loaded)
    assert len(previews) == 3
    assert all(one is not None and one.data.startswith(b"\xff\xd8") for one in previews), "JPEG"


def test_changing_a_copy_leaves_the_model_alone(loaded: Loaded) -> None:
    model = loaded[0]
    before = by_call(loaded)
    copy = model.clone()
    copy.set_model_sampler_post_cfg_function(lambda args: args["denoised"] * 0.5)
    copy.model_options["transformer_options"]["mine"] = 1
    assert not torch.equal(by_call(loaded, copy), before)
    assert torch.equal(by_call(loaded), before)
    assert copy.is_clone(model) and model.model_options == {"transformer_options": {}}


def test_a_guidance_function_gets_noise_and_the_plain_formula_gives_the_plain_picture(
    loaded: Loaded,
) -> None:
    def plain(args: dict[str, Any]) -> Any:
        return args["uncond"] + args["cond_scale"] * (args["cond"] - args["uncond"])

    copy = loaded[0].clone()
    copy.set_model_sampler_cfg_function(plain)
    torch.testing.assert_close(by_call(loaded, copy), by_call(loaded), rtol=1e-3, atol=1e-3)


def test_patches_the_networks_do_not_offer_are_refused_by_name(loaded: Loaded) -> None:
    with pytest.raises(UnsupportedPatch, match=r"MODEL\.set_injections is not supported") as raised:
        loaded[0].clone().set_injections("mine", [])
    assert raised.value.remedy
    with pytest.raises(AttributeError, match="no attribute 'no_such_method'"):
        loaded[0].no_such_method()


def test_what_packs_read_off_a_model(loaded: Loaded) -> None:
    model = loaded[0]
    sampling = model.get_model_object("model_sampling")
    assert float(sampling.percent_to_sigma(0.0)) > float(sampling.percent_to_sigma(1.0))
    assert torch.equal(sampling.sigmas[-1:], sampling.sigma_max.reshape(1))
    latent = model.model.latent_format
    assert (latent.latent_channels, latent.scale_factor) == (4, 0.18215)
    torch.testing.assert_close(latent.process_out(latent.process_in(torch.ones(2))), torch.ones(2))
    assert model.model_size() == sum(v.numel() * 4 for v in model.model_state_dict().values())
    assert model.model.model_config.unet_config


def test_the_network_can_be_called_directly(loaded: Loaded) -> None:
    model, clip, _ = loaded
    cond = clip.encode("fox")
    x = prepare_noise(torch.zeros(2, 4, 8, 8), 1) * 5
    sigma = torch.full((2,), 5.0)
    both = model.model.apply_model(x, sigma, cond.expand(2, -1, -1))
    alone = model.model.apply_model(x[:1], sigma[:1], cond)
    assert both.shape == x.shape
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-4)


def test_tokens_go_there_and_back(loaded: Loaded) -> None:
    clip = loaded[1]
    expected = clip.wrapped.encode("a (red:1.3) fox")
    tokens = clip.tokenize("a (red:1.3) fox")
    assert list(tokens) == ["l"] and len(tokens["l"][0]) == 77
    assert any(weight == 1.3 for _, weight in tokens["l"][0])
    cond, pooled = clip.encode_from_tokens(tokens, return_pooled=True)
    assert torch.equal(cond, expected.cond) and torch.equal(pooled, expected.pooled)
    numbered = clip.tokenize("a fox", return_word_ids=True)
    assert torch.equal(clip.encode_from_tokens(numbered), clip.encode("a fox"))
    [[_, options]] = clip.encode_from_tokens_scheduled(tokens, add_dict={"width": 64})
    assert options["width"] == 64 and torch.equal(options["pooled_output"], pooled)


def test_a_layer_chosen_on_a_copy_stays_there(loaded: Loaded) -> None:
    clip = loaded[1]
    copy = clip.clone()
    copy.clip_layer(-2)
    assert (copy.layer_idx, clip.layer_idx) == (-2, None)
    assert not torch.equal(copy.encode("fox"), clip.encode("fox"))


def test_the_autoencoder_has_its_sizes_and_tiles(loaded: Loaded) -> None:
    vae = loaded[2]
    pixels = torch.rand(1, 67, 64, 3, generator=torch.Generator().manual_seed(0))
    latent = vae.encode(pixels)
    assert latent.shape == (1, vae.latent_channels, 8, 8)
    assert vae.vae_encode_crop_pixels(pixels).shape == (1, 64, 64, 3)
    assert torch.equal(vae.decode(latent), vae.wrapped.decode(latent))
    tiled = vae.decode_tiled(latent, tile_x=8, tile_y=8, overlap=2)
    assert torch.equal(tiled, vae.wrapped.decode_tiled(latent, 64, 16))
    assert torch.equal(vae.encode_tiled(pixels, 64, 64, 16), vae.wrapped.encode_tiled(pixels, 64, 16))
    assert (vae.downscale_ratio, vae.spacial_compression_decode()) == (8, 8)


def test_values_are_turned_for_packs_and_back(loaded: Loaded) -> None:
    ours = [one.wrapped for one in loaded]
    turned = for_packs(ours)
    assert [type(one) for one in turned] == [PackModel, PackClip, PackVae]
    assert all(a is b for a, b in zip(for_engine(turned), ours, strict=True))
    plain = [1, "a"]
    assert for_packs(plain) is plain and for_engine(plain) is plain
    assert isinstance(for_packs(ours[0]), PackModel) and isinstance(for_engine(loaded[2]), Vae)


def test_what_a_node_returns_holds_the_engines_values(loaded: Loaded) -> None:
    model = loaded[0]
    assert result_for_engine((model, 1)) == (model.wrapped, 1)
    assert result_for_engine(Ui({"a": []}, (model,))) == Ui({"a": []}, (model.wrapped,))
    nodes = {"n": {"class_type": "X", "inputs": {"model": model}}}
    grown = result_for_engine(Expand(nodes, (Link(NodeId("n"), 0),)))
    assert isinstance(grown.nodes["n"]["inputs"]["model"], DiffusionModel)
    assert grown.values == (Link(NodeId("n"), 0),)


def test_the_lists_of_names_are_one_list_that_packs_may_add_to() -> None:
    samplers = vars(modules()["comfy.samplers"])
    assert samplers["KSampler"].SAMPLERS is samplers["SAMPLER_NAMES"]
    assert list(samplers["KSampler"].SAMPLERS) == list(SAMPLERS)


def test_the_checkpoint_is_found_by_path_only(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="by a node while it runs"):
        load_checkpoint_guess_config(tmp_path / "none.safetensors")
