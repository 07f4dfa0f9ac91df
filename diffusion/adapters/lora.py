"""Attach an adapter to a model and its text encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from diffusion.adapters import kinship
from diffusion.adapters.adapter import Adapter
from diffusion.adapters.deltas import Delta, fits
from diffusion.adapters.patched import Changes, Patch, attach, parameter_shapes
from diffusion.adapters.targets import NETWORK, Target, Targets, is_text
from diffusion.checkpoint.header import CheckpointError
from diffusion.model import DiffusionModel
from diffusion.text import TextEncoder

Shapes = Mapping[str, tuple[int, ...]]
"""Of the parameters of one part, by name."""
_SHOWN = 3


class Attached(NamedTuple):
    """What attaching gives. The parts that were given, changed; the originals are as they were."""

    model: DiffusionModel | None
    clip: TextEncoder | None
    unmatched: tuple[str, ...]
    """Names in the file that fit nothing in the parts given."""

    def warning(self, name: str) -> str | None:
        """What to tell the person of an adapter called `name` that fits in part only; None if all fits."""
        if not self.unmatched:
            return None
        count = len(self.unmatched)
        more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
        first = ", ".join(self.unmatched[:_SHOWN])
        return f"{name}: {count} of its layers fit nothing in the model and are left out ({first}{more})"


def attach_lora(
    model: DiffusionModel | None,
    clip: TextEncoder | None,
    adapter: Adapter,
    strength_model: float = 1.0,
    strength_clip: float = 1.0,
) -> Attached:
    """Attach an adapter, after whatever is attached already. At strength 0 a part is the very one given.

    Nothing is computed before the parts are used.

    Raises:
        CheckpointError: the adapter is for another family of models, or nothing of it fits.
    """
    parts = _parts(model, clip)
    shapes = {part: parameter_shapes(network) for part, network in parts.items()}
    found = _match(adapter, shapes)
    _check_any(adapter, found, shapes)
    strengths = {part: strength_model if part == NETWORK else strength_clip for part in parts}
    changed = {
        part: attach(
            parts[part], Changes(tuple(Patch(target, delta, strengths[part]) for target, delta in fit))
        )
        for part, fit in found.fitting.items()
        if strengths[part]
    }
    if model is not None and NETWORK in changed:
        model = replace(model, network=changed.pop(NETWORK))
    if clip is not None and changed:
        towers = {
            key: replace(tower, model=changed[key]) if key in changed else tower
            for key, tower in clip.towers.items()
        }
        clip = replace(clip, towers=towers)
    return Attached(model, clip, found.unmatched)


@dataclass(frozen=True)
class _Matched:
    fitting: Mapping[str, list[tuple[Target, Delta]]]
    """By part."""
    unmatched: tuple[str, ...]


def _parts(model: DiffusionModel | None, clip: TextEncoder | None) -> dict[str, object]:
    parts: dict[str, object] = {} if model is None else {NETWORK: model.network}
    return parts if clip is None else {**parts, **{key: tower.model for key, tower in clip.towers.items()}}


def _match(adapter: Adapter, shapes: Mapping[str, Shapes]) -> _Matched:
    targets = Targets(shapes)
    fitting: dict[str, list[tuple[Target, Delta]]] = {}
    unmatched = list(adapter.unknown)
    text_given = any(part != NETWORK for part in shapes)
    for stem in adapter.modules:
        place = targets.find(stem)
        if place is None:
            # Without a text encoder to attach to, what is for one is not missed; nor the other way round.
            if text_given if is_text(stem) else NETWORK in shapes:
                unmatched.append(stem)
            continue
        part, target = place
        for wanted, delta in _wanted(adapter, stem, target):
            shape = shapes[part].get(wanted.parameter)
            if shape is None:
                unmatched.append(f"{stem} (bias)")
                continue
            if not fits(delta, wanted.shape(shape)):
                raise _misfit(adapter, stem, delta, wanted.shape(shape), shapes.get(NETWORK, {}))
            fitting.setdefault(part, []).append((wanted, delta))
    return _Matched(fitting, tuple(unmatched))


def _wanted(adapter: Adapter, stem: str, target: Target) -> Iterator[tuple[Target, Delta]]:
    weight, bias = adapter.modules[stem]
    if weight is not None:
        yield target, weight
    if bias is not None:
        yield target.bias(), bias


def _check_any(adapter: Adapter, found: _Matched, shapes: Mapping[str, Shapes]) -> None:
    """It has to fit something: the network, if that is given and the adapter holds anything for one."""
    for_network = any(not is_text(stem) for stem in adapter.modules)
    needed = NETWORK if NETWORK in shapes and for_network else None
    if needed in found.fitting or (needed is None and found.fitting):
        return
    if NETWORK not in shapes and for_network and not any(map(is_text, adapter.modules)):
        return  # It has nothing for a text encoder, and was given no other part.
    if needed is None and len(shapes) == 1 and NETWORK in shapes:
        reason = "this LoRA changes text encoders only, and none is given"
        raise CheckpointError(adapter.path, reason, "use Load LoRA and connect CLIP")
    raise _foreign(adapter, shapes.get(NETWORK, {}))


def _foreign(adapter: Adapter, network: Shapes) -> CheckpointError:
    first = next(iter(adapter.modules))
    family = kinship.of_adapter(adapter)
    meant = f"is for {family}" if family else f"fits no layer of the model (its first is {first})"
    return CheckpointError(adapter.path, f"this LoRA {meant}{_met(network)}", _remedy(network))


def _misfit(
    adapter: Adapter,
    stem: str,
    delta: Delta,
    shape: tuple[int, ...],
    network: Shapes,
) -> CheckpointError:
    family, met = kinship.of_adapter(adapter), kinship.of_network(network)
    if family is None or family == met:
        sizes = f"{list(delta.shape)}, where the model has {list(shape)}"
        reason = f"this LoRA is for another model: its {stem} is {sizes}"
    else:
        reason = f"this LoRA is for {family}{_met(network)}"
    return CheckpointError(adapter.path, reason, _remedy(network))


def _met(network: Shapes) -> str:
    return f", the model is {kinship.of_network(network)}" if network else ""


def _remedy(network: Shapes) -> str:
    kind, _, width = kinship.of_network(network).partition(" (")
    return f"choose a LoRA made for {kind if width else 'this model'}"
