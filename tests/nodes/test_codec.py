"""Values of sockets on their way to the disk and back."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load

from engine.cache import Encoded
from engine.items import Items
from engine.returns import Blocker
from nodes.codec import TensorCodec


class Pair(NamedTuple):
    picture: Any
    mask: Any


@dataclass(frozen=True)
class Box:
    corner: tuple[int, int]
    pixels: Any


CODEC = TensorCodec([Pair, Box])

DTYPES = [
    "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2",
    "complex64", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool",
]  # fmt: skip


def data_of(made: Encoded) -> bytes:
    return b"".join(bytes(part) for part in made.parts)


def there_and_back(*values: Any) -> tuple[Any, ...]:
    made = CODEC.encode(values)
    assert made is not None
    return CODEC.decode(json.loads(json.dumps(made.tree, allow_nan=False)), data_of(made))


def bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_keep_every_bit(dtype: str) -> None:
    kind: torch.dtype = getattr(torch, dtype)
    noise = torch.randint(0, 256, (3, 4, 16), dtype=torch.uint8)
    given = (noise % 2).bool() if kind is torch.bool else noise.view(kind)
    (found,) = there_and_back(given)
    assert found.dtype == kind and found.shape == given.shape and bits(found) == bits(given)


def test_numbers_of_odd_sizes_may_stand_next_to_each_other() -> None:
    given = (torch.tensor([True]), torch.tensor(1.5), torch.zeros(0, 4), torch.arange(3), torch.empty(1, 0))
    found = there_and_back(*given)
    assert [(a.shape, a.dtype) for a in found] == [(b.shape, b.dtype) for b in given]
    assert found[1].item() == 1.5 and found[3].tolist() == [0, 1, 2]


def test_latents_and_conditionings_come_back_as_they_were() -> None:
    x = torch.randn(1, 4, 8, 8)
    latent = {"samples": x, "noise_mask": x[:, :1], "batch_index": [0, 1], "type": "audio"}
    conditioning: list[Any] = [
        [x, {"pooled_output": None, "area": ("percentage", 0.5, 1.0, 0.0, 0.25), "strength": 1}],
        (x, {}),
    ]
    found_latent, found = there_and_back(latent, conditioning)
    assert list(found_latent) == list(latent) and found_latent["noise_mask"].equal(x[:, :1])
    assert type(found[0]) is list and type(found[1]) is tuple
    options = {"pooled_output": None, "area": ("percentage", 0.5, 1.0, 0.0, 0.25), "strength": 1}
    assert found[0][1] == options and found[0][0] is found[1][0]


def test_views_store_what_they_show_and_no_more() -> None:
    large = torch.arange(1_000_000)
    made = CODEC.encode((large[:10], large[:10].flip(0), torch.randn(4, 6).T))
    assert made is not None and len(data_of(made)) < 1000
    first, second, _ = CODEC.decode(made.tree, data_of(made))
    assert first.tolist() == list(range(10)) == second.tolist()[::-1]


def test_list_outputs_blockers_and_known_kinds_come_back() -> None:
    x = torch.zeros(2)
    items, blocker, pair, box = there_and_back(
        Items((x, 1)), Blocker("no face"), Pair(x, None), Box((1, 2), {"x": [x]})
    )
    assert isinstance(items, Items) and items.values[0].equal(x) and items.values[1] == 1
    assert blocker == Blocker("no face")
    assert isinstance(pair, Pair) and pair.mask is None and pair.picture.equal(x)
    assert isinstance(box, Box) and box.corner == (1, 2) and box.pixels["x"][0].equal(x)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers()), inner)
    ),
    max_leaves=20,
)


def shape_of(value: Any) -> Any:
    """Types all the way down, which `==` would not tell apart."""
    if isinstance(value, dict):
        return [(shape_of(k), shape_of(v)) for k, v in value.items()]  # pyright: ignore
    return (type(value), [shape_of(v) for v in value] if isinstance(value, list | tuple) else str(value))  # pyright: ignore


@given(st.lists(plain).map(tuple))
def test_plain_values_keep_their_types(values: tuple[Any, ...]) -> None:
    found = there_and_back(*values)
    assert found == values and shape_of(found) == shape_of(values)


def test_what_is_not_a_number_or_infinite_comes_back() -> None:
    assert str(there_and_back(float("nan"), float("-inf"))) == "(nan, -inf)"


class Text(str):
    """A subclass, as packs use for types that equal everything."""


@pytest.mark.parametrize(
    "value",
    [
        torch.nn.Linear(2, 2),
        torch.nn.Parameter(torch.zeros(2)),
        {"samples": torch.zeros(2), "model": object()},
        lambda: None,
        {1, 2},
        Text("x"),
        "\ud800\udc00",
        torch.zeros(3, 3).to_sparse(),
        torch.zeros(3, device="meta"),
        torch.zeros(3, dtype=torch.complex128),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_could_not_be_restored_exactly_is_not_stored(value: Any) -> None:
    assert CODEC.encode((1, [value])) is None


def test_a_list_that_contains_itself_is_not_stored() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert CODEC.encode((loop,)) is None


def test_a_kind_of_the_same_name_is_another_kind() -> None:
    other = dataclass(type("Box", (), {"__annotations__": {"corner": int}}))
    assert CODEC.encode((other(1),)) is None  # type: ignore[call-arg] # pyright: ignore


@pytest.mark.parametrize(
    "tree", [[{"tensor": 7}], [{"kind": "os", "members": []}], [{"call": "print"}], [{"dict": [1]}], 5]
)
def test_what_was_not_made_by_encoding_is_refused(tree: Any) -> None:
    made = CODEC.encode((torch.zeros(2),))
    assert made is not None
    with pytest.raises(ValueError):
        CODEC.decode(tree, data_of(made))


def test_a_damaged_tensor_part_is_refused() -> None:
    made = CODEC.encode((torch.zeros(100),))
    assert made is not None
    with pytest.raises(ValueError):
        CODEC.decode(made.tree, data_of(made)[:-1])


def test_the_tensor_part_is_a_safetensors_file() -> None:
    made = CODEC.encode(({"samples": torch.ones(2, 3)},))
    assert made is not None
    assert load(data_of(made))["0"].equal(torch.ones(2, 3))


def test_tensors_made_while_inferring_are_stored_without_a_copy() -> None:
    with torch.inference_mode():
        x = torch.ones(1000)
    made = CODEC.encode((x,))
    assert made is not None
    x.data.zero_()
    assert CODEC.decode(made.tree, data_of(made))[0].sum() == 0
