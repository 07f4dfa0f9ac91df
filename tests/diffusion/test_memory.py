"""Whole checkpoints within a budget: prompts, sampling, decoding, and what happens when it is too small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffusion.checkpoint import load, placed
from diffusion.checkpoint.loader import Checkpoint
from diffusion.placement import CountedMemory, Placement, Strategy, TooLittleMemory, module_of
from diffusion.placement.weights import size_of, tensors_of
from diffusion.precision import Precision
from diffusion.sampling import sample
from nodes.vae import vae_decode
from nodes.values import sizeof
from tests.diffusion.small import save_family

CPU = torch.device("cpu")
KNOWN = Placement().estimates
"""What computing takes does not depend on the placement, and takes time to find out."""
PROMPT = "a (red:1.3) cat"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = save_family(tmp_path_factory.mktemp("memory") / "sdxl.safetensors", "sdxl")
    return load(path, precision=Precision.FLOAT32, device=CPU)


@pytest.fixture(scope="module")
def expected(checkpoint: Checkpoint) -> Tensor:
    with torch.inference_mode():
        return sampled(checkpoint)


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def parts_of(checkpoint: Checkpoint) -> list[nn.Module]:
    towers = [tower.model for tower in checkpoint.clip.towers.values()]
    found = [module_of(each) for each in (checkpoint.model.network, *towers, checkpoint.vae.module)]
    return [module for module in found if module is not None]


def bytes_of(module: nn.Module) -> int:
    return size_of(tensors_of(module))


def sampled(checkpoint: Checkpoint, size: int = 16) -> Tensor:
    positive, negative = (checkpoint.clip.encode(text) for text in (PROMPT, ""))
    return sample(
        checkpoint.model,
        [(positive.cond, {"pooled_output": positive.pooled})],
        [(negative.cond, {"pooled_output": negative.pooled})],
        {"samples": torch.zeros(1, 4, size, size)},
        seed=3,
        steps=2,
        cfg=5.0,
        sampler="euler",
        scheduler="normal",
    )


def alike(latent: Tensor, expected: Tensor) -> bool:
    """Prompts that go one by one are summed in another order: float32 to within some roundings."""
    return bool((latent - expected).square().sum() < 1e-8 * expected.square().sum())


def within(
    checkpoint: Checkpoint, budget: int, strategy: Strategy = Strategy.NORMAL
) -> tuple[Checkpoint, CountedMemory, Placement]:
    memory = CountedMemory(budget)
    place = Placement(CPU, memory, strategy, layer_bytes=2**20)
    place.estimates = KNOWN
    return placed(checkpoint, place), memory, place


@pytest.mark.parametrize("strategy", [Strategy.NORMAL, Strategy.NONE])
def test_a_picture_is_the_same_within_less_memory_than_the_model_takes(
    strategy: Strategy, checkpoint: Checkpoint, expected: Tensor
) -> None:
    picture = checkpoint.vae.decode(expected)
    budget = int(bytes_of(parts_of(checkpoint)[0]) * 0.85)
    small, memory, place = within(checkpoint, budget, strategy)
    latent = sampled(small)
    assert torch.equal(latent, expected)
    assert torch.equal(small.vae.decode(expected), picture)
    assert 0 < memory.peak <= budget
    place.clear()
    assert memory.available() == budget


def test_guidance_goes_in_parts_where_memory_for_both_is_missing(
    checkpoint: Checkpoint, expected: Tensor
) -> None:
    calls: list[int] = []

    def watch(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls.append(len(arguments[0]))

    network = module_of(checkpoint.model.network)
    assert network is not None
    small, memory, place = within(checkpoint, 2**30)
    sampled(small)
    together = memory.peak - (memory.size - memory.available())
    place.clear()
    # Room for the weights, and for less than the two prompts took together.
    budget = bytes_of(network) + int(together * 0.88)
    small, memory, place = within(checkpoint, budget)
    hook = network.register_forward_pre_hook(watch)
    latent = sampled(small)
    hook.remove()
    assert calls == [1, 1, 1, 1] and memory.peak <= budget
    assert alike(latent, expected)
    place.clear()


def test_a_picture_too_large_for_the_memory_is_decoded_in_tiles_and_the_node_says_so(
    checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
) -> None:
    latent = torch.randn(1, 4, 4, 80, generator=torch.Generator().manual_seed(0))
    in_tiles = checkpoint.vae.decode_tiled(latent, 256, 64)
    small, memory, place = within(checkpoint, 2**30)
    small.vae.decode(latent)
    budget = int(memory.peak * 0.9)
    place.clear()
    small, memory, place = within(checkpoint, budget)
    assert torch.equal(vae_decode(samples={"samples": latent}, vae=small.vae), in_tiles)
    [note] = caplog.messages
    assert "in tiles of 256 pixels" in note
    assert memory.peak <= budget
    place.clear()


def test_what_cannot_be_sampled_at_all_is_said_and_leaves_the_device_empty(checkpoint: Checkpoint) -> None:
    tower = max(bytes_of(part) for part in parts_of(checkpoint)[1:])
    small, memory, place = within(checkpoint, tower + 3 * 2**20)
    with pytest.raises(TooLittleMemory, match="choose a smaller picture"):
        sampled(small, 128)
    place.clear()
    assert memory.available() == memory.size


def test_a_model_counts_at_home_wherever_it_is(checkpoint: Checkpoint) -> None:
    before = sizeof(checkpoint.model)
    small, _, place = within(checkpoint, 2**30)
    with place.use(small.model.network):
        there = sizeof(small.model)
    assert there.ram.bytes == pytest.approx(before.ram.bytes, rel=0.01) and there.device.bytes == 0
    place.clear()


def test_a_cancelled_run_frees_the_device(checkpoint: Checkpoint, expected: Tensor) -> None:
    class Cancelled(Exception):
        pass

    def cancel(module: nn.Module, arguments: object) -> None:
        raise Cancelled

    network = module_of(checkpoint.model.network)
    assert network is not None
    budget = int(bytes_of(network) * 0.85)
    small, memory, place = within(checkpoint, budget)
    hook = network.get_submodule("output_blocks.2").register_forward_pre_hook(cancel)
    with pytest.raises(Cancelled):
        sampled(small)
    hook.remove()
    place.clear()
    assert memory.available() == budget
    assert torch.equal(sampled(small), expected)
    place.clear()


def test_the_text_encoder_reads_learned_embeddings_within_a_budget(checkpoint: Checkpoint) -> None:
    tower = checkpoint.clip.towers["l"]
    chunks = tower.tokenize("a cat")
    vector = torch.full((tower.width,), 0.1)
    tokens = (chunks[0].tokens[0], vector, *chunks[0].tokens[2:])  # in place of "a"
    learned = type(chunks[0])(tokens, chunks[0].weights)
    expected = tower.encode([learned]).cond
    assert not torch.equal(expected, tower.encode(chunks).cond)
    small, memory, place = within(checkpoint, int(2.2 * bytes_of(parts_of(checkpoint)[1])) + 2**22)
    assert torch.equal(small.clip.towers["l"].encode([learned]).cond, expected)
    assert memory.peak > 0
    place.clear()
