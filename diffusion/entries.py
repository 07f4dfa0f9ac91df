"""From a CONDITIONING list to the entries of one run: areas in cells, ranges in sigma, weights as maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from torch import Tensor

from diffusion.conditioning import Conditioning, Control, Grounding, Options, Steering
from diffusion.model import DiffusionModel
from diffusion.regions import Area, area_of, mask_of, weight_of


@dataclass(frozen=True, eq=False)
class Entry:
    """One conditioning of a run, on the model's device.

    `weight` broadcasts to the cropped latent [B, C, h, w]. The entry counts while
    end_sigma <= sigma <= start_sigma.
    """

    context: Tensor
    weight: Tensor
    area: Area | None = None
    start_sigma: float = float("inf")
    end_sigma: float = 0.0
    extra: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    control: Steering | None = None
    both: bool = False
    """Whether the negative side gets the control as well."""
    default: bool = False
    positive: bool = True
    """Which of the two lists it was in."""
    grounding: Grounding | None = None
    told: Tensor | None = None
    """What the hooks of its grounding are told."""

    def active(self, sigma: float) -> bool:
        return self.end_sigma <= sigma <= self.start_sigma


def prepare(
    model: DiffusionModel,
    positive: Conditioning,
    negatives: Sequence[Conditioning],
    latent: Tensor,
    noise_mask: Tensor | None = None,
    seed: int = 0,
) -> list[list[Entry]]:
    """Conditionings made ready for a run over `latent` [B, C, H, W] (model space), masked or not.

    The positive one comes first, then those it is guided away from.
    """
    steer = _Steerings(model, latent)
    run = {"noise_mask": noise_mask, "seed": seed}
    sides = [_entries(model, positive, latent, {**run, "prompt_type": "positive"}, steer)]
    for negative in negatives:
        entries = _entries(model, negative, latent, {**run, "prompt_type": "negative"}, steer)
        sides.append(_grounded_alike(model, sides[0], entries))
    for side in sides:
        for other in sides:
            if other is not side:
                other += _counterparts(side, other)
    return [sides[0], *(_steered_alike(sides[0], side) for side in sides[1:])]


class _Steerings:
    """The controls of a run made ready, each once: entries that share one can share a network call."""

    def __init__(self, model: DiffusionModel, latent: Tensor) -> None:
        self._model, self._latent = model, latent
        self._made: dict[int, Steering] = {}

    def __call__(self, control: Control | None) -> Steering | None:
        if control is None:
            return None
        if id(control) not in self._made:
            self._made[id(control)] = control.prepare(self._model, self._latent)
        return self._made[id(control)]


def _grounded_alike(
    model: DiffusionModel, positive: Sequence[Entry], negative: Sequence[Entry]
) -> list[Entry]:
    """The negative side with the grounding of the positive one, and nothing in its boxes."""
    grounding = next((entry.grounding for entry in positive if entry.grounding is not None), None)
    if grounding is None:
        return list(negative)
    nothing = _cast(grounding.objects((), 1, 1), model)
    return [
        replace(entry, grounding=grounding, told=nothing) if entry.grounding is None else entry
        for entry in negative
    ]


def _steered_alike(positive: Sequence[Entry], negative: Sequence[Entry]) -> list[Entry]:
    """The negative side with the controls of the positive one that are for both.

    Only entries of the whole picture give and take, in turn; a side with control of its own keeps it.
    """
    given = [e.control for e in positive if e.area is None and e.both and e.control is not None]
    whole = [place for place, entry in enumerate(negative) if entry.area is None]
    if not whole or any(negative[place].control is not None for place in whole):
        return list(negative)
    steered = list(negative)
    for turn, control in enumerate(given):
        place = whole[turn % len(whole)]
        steered[place] = replace(steered[place], control=control)
    return steered


def _entries(
    model: DiffusionModel,
    conditioning: Conditioning,
    latent: Tensor,
    run: Mapping[str, object],
    steer: _Steerings,
) -> list[Entry]:
    return [
        _entry(model, context, options, latent, run, steer)
        for context, options in conditioning
        if options.get("strength", 1.0) != 0  # has no say anywhere: not worth a network call
    ]


def _entry(
    model: DiffusionModel,
    context: Tensor,
    options: Options,
    latent: Tensor,
    run: Mapping[str, object],
    steer: _Steerings,
) -> Entry:
    _check_width(model, context)
    prediction = model.prediction
    mask = mask_of(options, latent)
    area = area_of(options, mask, latent)
    start, end = options.get("start_percent"), options.get("end_percent")
    extra = model.extra({**cast(Mapping[str, object], options), **run}, latent)
    _, grounding, boxes = options.get("gligen") or ("", None, ())
    told: Tensor | None = None
    if grounding is not None:
        grounding.check(model)
        rows, columns = latent.shape[-2:] if area is None else (area.height, area.width)
        told = _cast(grounding.objects(boxes, rows, columns), model)
    return Entry(
        context=context.to(model.device, model.dtype),
        weight=options.get("strength", 1.0) * weight_of(options, mask, area, latent),
        area=area,
        start_sigma=float("inf") if start is None else prediction.percent_to_sigma(start),
        end_sigma=0.0 if end is None else prediction.percent_to_sigma(end),
        extra={name: _cast(value, model) for name, value in extra.items()},
        control=steer(options.get("control")),
        both=options.get("control_apply_to_uncond", False),
        default=options.get("default", False),
        positive=run["prompt_type"] == "positive",
        grounding=grounding,
        told=told,
    )


def _check_width(model: DiffusionModel, context: Tensor) -> None:
    """The text must be of the width the network reads: told here, before anything is sampled."""
    if model.context_width == 0 != context.shape[-1]:
        raise ValueError(
            f"the conditioning is text, {context.shape[-1]} wide, and {model.family or 'the model'} reads "
            "none: use the node for it, LDMUnconditional, LDMSuperResolution or LDMInpaint"
        )
    if model.context_width not in (None, context.shape[-1]):
        raise ValueError(
            f"the conditioning's text is {context.shape[-1]} wide and {model.family or 'the model'} reads "
            f"{model.context_width}: encode the prompt with the text encoder of the model's own family"
        )


def _cast(value: Tensor, model: DiffusionModel) -> Tensor:
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)


def _counterparts(entries: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """For each area of `entries`, that area with the text of the smallest of `others` containing it.

    Both predictions at a place are then made from the same crop. Entries without an area contain every area;
    an area that `others` have, or that was added for an entry before, is not added again.
    """
    added: list[Entry] = []
    for entry in entries:
        if entry.area is None or entry.default:
            continue
        smallest: Entry | None = None
        for other in (*others, *added):
            if other.area is None:
                smallest = smallest or other
            elif other.area.contains(entry.area) and (
                smallest is None or smallest.area is None or _cells(other.area) < _cells(smallest.area)
            ):
                smallest = other
        if smallest is not None and smallest.area != entry.area:
            added.append(
                replace(
                    entry,
                    context=smallest.context,
                    extra=smallest.extra,
                    positive=smallest.positive,
                    grounding=smallest.grounding,
                    told=smallest.told,
                )
            )
    return added


def _cells(area: Area) -> int:
    return area.height * area.width
