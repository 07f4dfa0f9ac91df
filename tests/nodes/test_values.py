from dataclasses import dataclass

import torch

from nodes.values import describe, sizeof


@dataclass(frozen=True)
class Holder:
    network: torch.nn.Module
    name: str = "x"


def test_tensors_count_their_bytes_wherever_they_hang() -> None:
    values = ({"samples": torch.zeros(1, 4, 8, 8)}, [(torch.zeros(10), {"pooled_output": None})])
    assert 0 <= sizeof(values) - (1024 + 40) < 1000


def test_a_model_counts_its_parameters() -> None:
    assert sizeof((Holder(torch.nn.Linear(100, 100)),)) >= 100 * 101 * 4


def test_a_tensor_met_twice_counts_once() -> None:
    x = torch.zeros(1000)
    assert sizeof((x, x, x[:500])) < 4000 + 500


def test_descriptions_tell_shape_and_type_instead_of_numbers() -> None:
    latent = {"samples": torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16)}
    assert describe(latent) == "{samples: tensor[1,4,8,8] bfloat16 on cpu}"
    assert describe([1, 2, 3, 4]) == "[1, 2, 3, …]"
    assert len(describe("x" * 1000)) == 120
