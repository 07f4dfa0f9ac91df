from dataclasses import dataclass
from functools import partial

import pytest
import torch

from engine.items import Items
from nodes.values import describe, sizeof, to_host


@dataclass(frozen=True)
class Holder:
    network: torch.nn.Module
    name: str = "x"


def test_tensors_count_their_bytes_wherever_they_hang() -> None:
    values = ({"samples": torch.zeros(1, 4, 8, 8)}, [(torch.zeros(10), {"pooled_output": None})])
    assert 0 <= sizeof(values).ram.bytes - (1024 + 40) < 1000


def test_a_model_counts_its_parameters() -> None:
    assert sizeof((Holder(torch.nn.Linear(100, 100)),)).ram.bytes >= 100 * 101 * 4


def test_a_tensor_met_twice_counts_once() -> None:
    x = torch.zeros(1000)
    assert sizeof((x, x, x[:500])).ram.bytes < 4000 + 500


class Patcher:
    """As packs have it: a plain object around a model."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model
        self.vocabulary = {str(i): i for i in range(100_000)}

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


def test_models_inside_objects_of_packs_are_found() -> None:
    size = sizeof((partial(Patcher(torch.nn.Linear(100, 100)).apply, 1),))  # pyright: ignore[reportArgumentType]
    assert 100 * 101 * 4 <= size.ram.bytes < 100 * 101 * 4 + 10_000


def test_variants_of_a_model_name_the_same_memory() -> None:
    network = torch.nn.Linear(100, 100)
    one, two = sizeof((Holder(network),)), sizeof((Holder(network, "variant"),))
    assert one.ram.buffers == two.ram.buffers and sum(one.ram.buffers.values()) == 100 * 101 * 4


def test_what_holds_no_memory_has_no_size_to_speak_of() -> None:
    weights = torch.zeros(10_000, device="meta")
    assert sizeof((weights, torch.zeros(3, 3).to_sparse(), torch, sizeof, None)).ram.bytes < 1000


def test_moving_to_the_host_keeps_the_structure() -> None:
    x = torch.arange(3)
    moved = to_host(({"samples": x, "more": [(x, {"n": 1})]}, Items((x,)), Holder(torch.nn.Linear(1, 1))))
    assert moved is not None
    latent, items, holder = moved
    assert latent["samples"].equal(x) and latent["more"][0][0].equal(x) and latent["more"][0][1] == {"n": 1}
    assert isinstance(items, Items) and items.values[0].equal(x) and isinstance(holder, Holder)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_device_memory_counts_apart_and_tensors_move_where_models_do_not() -> None:
    x = torch.zeros(1000, device="cuda")
    assert sizeof(({"samples": x},)).device.bytes == 4000
    moved = to_host(({"samples": x},))
    assert moved is not None and moved[0]["samples"].device.type == "cpu"
    assert to_host((Holder(torch.nn.Linear(2, 2).cuda()),)) is None


def test_descriptions_tell_shape_and_type_instead_of_numbers() -> None:
    latent = {"samples": torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16)}
    assert describe(latent) == "{samples: tensor[1,4,8,8] bfloat16 on cpu}"
    assert describe([1, 2, 3, 4]) == "[1, 2, 3, …]"
    assert len(describe("x" * 1000)) == 120
