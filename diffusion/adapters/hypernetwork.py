"""Hypernetworks: small perceptrons that change what attention makes keys and values of.

A file holds a pair of them, for keys and for values, for each width of context that its trainer enabled: 768
is the prompt in SD 1.x, 320, 640 and 1280 are the picture itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from diffusion.adapters import kinship
from diffusion.adapters.patched import Changes, Wrap, attach, parameter_shapes
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.pickled import unpickle
from diffusion.model import DiffusionModel

_ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leakyrelu": nn.LeakyReLU,
    "elu": nn.ELU,
    "swish": nn.Hardswish,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softsign": nn.Softsign,
    "softplus": nn.Softplus,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid,
    "celu": nn.CELU,
    "relu6": nn.ReLU6,
    "logsigmoid": nn.LogSigmoid,
    "tanhshrink": nn.Tanhshrink,
}
_OLDEST = {"linear1": "linear.0", "linear2": "linear.1"}
"""Layer names of the first files."""
_DAMAGED = "the file is damaged or of another kind: choose a hypernetwork (.pt)"

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Perceptron:
    """One network of a pair: weights by layer, in order, and what stands between the layers."""

    layers: Sequence[State]
    """A linear layer has a matrix for its weight, a normalisation a vector."""
    activation: type[nn.Module] | None = None
    activate_last: bool = False

    def build(self, like: Tensor) -> nn.Sequential:
        """The network, in the type and on the device of `like`."""
        built: list[nn.Module] = []
        linear = [place for place, layer in enumerate(self.layers) if layer["weight"].ndim == 2]
        for place, layer in enumerate(self.layers):
            if place not in linear:
                built.append(_norm(layer, like))
                continue
            built.append(_linear(layer, like))
            if self.activation is not None and (place != linear[-1] or self.activate_last):
                built.append(self.activation())
        return nn.Sequential(*built)


def _linear(layer: State, like: Tensor) -> nn.Module:
    outer, inner = layer["weight"].shape
    return _loaded(nn.Linear(inner, outer, bias="bias" in layer, device="meta"), layer, like)


def _norm(layer: State, like: Tensor) -> nn.Module:
    return _loaded(nn.LayerNorm(len(layer["weight"]), device="meta"), layer, like)


def _loaded(module: nn.Module, layer: State, like: Tensor) -> nn.Module:
    module.load_state_dict({name: value.to(like) for name, value in layer.items()}, strict=True, assign=True)
    return module.requires_grad_(False)


class HyperProjection(nn.Module):
    """A projection whose input x [.., W] is x + strength * perceptron(x)."""

    def __init__(self, inner: nn.Module, perceptron: nn.Module, strength: float) -> None:
        super().__init__()
        self.inner = inner
        self.perceptron = perceptron
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x + self.strength * self.perceptron(x))


@dataclass(frozen=True)
class _Wrap:
    """Puts a perceptron before a projection."""

    perceptron: Perceptron
    strength: float

    def __call__(self, module: nn.Module) -> nn.Module:
        like = next(module.parameters())
        return HyperProjection(module, self.perceptron.build(like), self.strength)


@dataclass(frozen=True)
class Hypernetwork:
    """Pairs of networks, for keys and for values, by the width of the context they change."""

    path: Path
    pairs: Mapping[int, tuple[Perceptron, Perceptron]]

    @classmethod
    def read(cls, path: Path) -> Hypernetwork:
        """Read a pickled file; nothing but tensors and plain values is taken from it.

        Raises:
            CheckpointError: the file is damaged, no hypernetwork, or of an unknown activation.
        """
        entries = _mapping(unpickle(path))
        activation = _activation(path, entries.get("activation_func"))
        last = bool(entries.get("activate_output", False))
        pairs: dict[int, tuple[Perceptron, Perceptron]] = {}
        for width, pair in entries.items():
            if isinstance(width, int) and isinstance(pair, list | tuple):
                keys, values = _pair(path, width, cast("Sequence[object]", pair))
                pairs[width] = (Perceptron(keys, activation, last), Perceptron(values, activation, last))
        if not pairs:
            raise CheckpointError(path, "it holds no pair of networks for any width", _DAMAGED)
        return cls(path, pairs)


def _mapping(value: object) -> Mapping[object, object]:
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {}


def _activation(path: Path, name: object) -> type[nn.Module] | None:
    if name is None or name == "linear":
        return None
    if isinstance(name, str) and (found := _ACTIVATIONS.get(name.lower())) is not None:
        return found
    raise CheckpointError(path, f"its activation {name!r} is unknown", f"known are {', '.join(_ACTIVATIONS)}")


def _pair(path: Path, width: int, pair: Sequence[object]) -> tuple[Sequence[State], Sequence[State]]:
    if len(pair) != 2:
        raise CheckpointError(path, f"it has {len(pair)} networks for the width {width}, not 2", _DAMAGED)
    return _layers(path, width, pair[0]), _layers(path, width, pair[1])


def _layers(path: Path, width: int, state: object) -> Sequence[State]:
    """The layers in order. Layers without weights (activation, dropout) leave gaps in their numbers."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, value in _mapping(state).items():
        layer, _, member = str(name).rpartition(".")
        kind, _, number = _OLDEST.get(layer, layer).partition(".")
        if kind != "linear" or not number.isdecimal() or not isinstance(value, Tensor):
            raise CheckpointError(path, f"its network for {width} has a {name!r}", _DAMAGED)
        found.setdefault(int(number), {})[member] = value
    layers = [found[number] for number in sorted(found)]
    now = width
    for layer in layers:
        now = _next_width(layer, now)
    if not layers or now != width:
        raise CheckpointError(path, f"the layers of its network for {width} do not fit together", _DAMAGED)
    return layers


def _next_width(layer: State, width: int) -> int:
    """Channels after a layer; 0 if it does not take so many."""
    weight = layer.get("weight")
    if weight is None or weight.ndim not in (1, 2) or weight.shape[-1] != width:
        return 0
    bias = layer.get("bias")
    return 0 if bias is not None and tuple(bias.shape) != (len(weight),) else len(weight)


def attach_hypernetwork(
    model: DiffusionModel, hypernetwork: Hypernetwork, strength: float = 1.0
) -> DiffusionModel:
    """The model with a hypernetwork before the keys and values of every attention of a width it knows.

    At strength 0 it is the very model given.

    Raises:
        CheckpointError: no attention of the model has such a width.
    """
    if not strength:
        return model
    shapes = parameter_shapes(model.network)
    wraps = tuple(_wraps(shapes, hypernetwork, strength))
    if not wraps:
        widths = ", ".join(map(str, sorted(hypernetwork.pairs)))
        met = kinship.of_network(shapes)
        reason = f"this hypernetwork changes contexts {widths} wide, the model is {met} and has none of these"
        raise CheckpointError(hypernetwork.path, reason, "choose one made for this kind of model")
    return replace(model, network=attach(model.network, Changes(wraps=wraps)))


def _wraps(
    shapes: Mapping[str, tuple[int, ...]], hypernetwork: Hypernetwork, strength: float
) -> Iterator[tuple[str, Wrap]]:
    for name, shape in shapes.items():
        module, _, kind = name.rpartition(".")
        place = next((place for place, end in enumerate((".to_k", ".to_v")) if module.endswith(end)), None)
        if place is None or kind != "weight" or (pair := hypernetwork.pairs.get(shape[-1])) is None:
            continue
        yield module, _Wrap(pair[place], strength)
