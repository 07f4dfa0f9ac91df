"""What a network predicts under conditionings: the clean latents each side of them stands for.

Each call evaluates the network once for everything that has the same shape: the positive and the negative
side, and all regional prompts of one size, form one batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from diffusion.entries import Entry
from diffusion.hooks import Hooks
from diffusion.layers.text import Text
from diffusion.model import DiffusionModel
from diffusion.placement import module_of, room_for
from diffusion.regions import to_batch

# Where no entry is active the weights sum to this: the prediction is then 0 and not NaN.
_NO_WEIGHT = 1e-37

# Contexts are repeated to a common length of at most this many times the shortest; else they run apart.
_MOST_REPEATS = 4


@dataclass(eq=False)
class _Job:
    """One entry to be evaluated on its crop of the state; `place` says for which of the sides asked for."""

    place: int
    entry: Entry
    x: Tensor
    weight: Tensor
    extra: Mapping[str, Tensor]


@dataclass(eq=False)
class _Average:
    """A weighted sum of predictions over the whole latent."""

    total: Tensor
    weights: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.weights = torch.full_like(self.total, _NO_WEIGHT)

    def add(self, entry: Entry, denoised: Tensor, weight: Tensor) -> None:
        total, weights = self.total, self.weights
        if entry.area is not None:
            total, weights = entry.area.crop(total), entry.area.crop(weights)
        total += denoised * weight
        weights += weight


def predict(
    model: DiffusionModel, x: Tensor, sigma: Tensor, sides: Sequence[Sequence[Entry]]
) -> list[Tensor]:
    """The clean latent each side of the conditioning predicts for x [B, C, H, W] at the scalar sigma.

    A side's entries are averaged by weight; where none is active the prediction is 0.
    """
    jobs = [
        job
        for place, side in enumerate(sides)
        for job in _jobs(place, [e for e in side if e.active(float(sigma))], x)
    ]
    averages = [_Average(torch.zeros_like(x)) for _ in sides]
    for group in _groups(jobs):
        for job, denoised in zip(group, _evaluate(model, group, sigma), strict=True):
            averages[job.place].add(job.entry, denoised, job.weight)
    return [average.total / average.weights for average in averages]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An `Again`: predictions of one step made once more."""

    model: DiffusionModel
    sigma: Tensor
    positive: Sequence[Entry]
    negative: Sequence[Entry]

    def __call__(self, x: Tensor, hooks: Hooks, /, *, negative: bool = False) -> Tensor:
        model = replace(self.model, hooks=self.model.hooks + hooks)
        return predict(model, x, self.sigma, [self.negative if negative else self.positive])[0]


def _jobs(place: int, entries: Sequence[Entry], x: Tensor) -> Iterable[_Job]:
    for entry in entries:
        if not entry.default:
            yield _Job(place, entry, _crop(entry, x), entry.weight, _cropped_extra(entry, x))
    defaults = [entry for entry in entries if entry.default]
    if defaults:
        gap = _gap([entry for entry in entries if not entry.default], x)
        for entry in defaults:
            yield _Job(place, entry, _crop(entry, x), _crop(entry, gap), _cropped_extra(entry, x))


def _crop(entry: Entry, tensor: Tensor) -> Tensor:
    return tensor if entry.area is None else entry.area.crop(tensor)


def _cropped_extra(entry: Entry, x: Tensor) -> Mapping[str, Tensor]:
    """An entry's keyword tensors; what is laid out like the picture is cropped like it."""
    return {
        name: _crop(entry, value) if value.ndim == x.ndim and value.shape[-2:] == x.shape[-2:] else value
        for name, value in entry.extra.items()
    }


def _gap(entries: Sequence[Entry], x: Tensor) -> Tensor:
    """What is missing to a weight of 1 at each place."""
    covered = torch.zeros_like(x)
    for entry in entries:
        area = _crop(entry, covered)
        area += entry.weight
    return (1 - covered).relu()


def _groups(jobs: Sequence[_Job]) -> list[list[_Job]]:
    """Jobs that can share a network call, in order."""
    groups: list[list[_Job]] = []
    for job in jobs:
        for group in groups:
            if _same_shape(group[0], job) and _common_length([*group, job]) is not None:
                group.append(job)
                break
        else:
            groups.append([job])
    return groups


def _same_shape(a: _Job, b: _Job) -> bool:
    return (
        a.x.shape == b.x.shape
        and a.entry.context.shape[2:] == b.entry.context.shape[2:]
        and a.entry.control is b.entry.control
        and a.entry.grounding is b.entry.grounding
        and {name: value.shape[1:] for name, value in a.extra.items()}
        == {name: value.shape[1:] for name, value in b.extra.items()}
    )


def _common_length(jobs: Sequence[_Job]) -> int | None:
    """The token count contexts are repeated to, or None where that is too long.

    Repeating all tokens alike leaves attention over them unchanged.
    """
    lengths = [job.entry.context.shape[1] for job in jobs]
    common = math.lcm(*lengths)
    return common if len(set(lengths)) == 1 or common <= _MOST_REPEATS * min(lengths) else None


def _sides(jobs: Sequence[_Job]) -> tuple[int, ...]:
    """0 for each job of the positive side, 1 for each of the negative one."""
    return tuple(0 if job.entry.positive else 1 for job in jobs)


def _evaluate(model: DiffusionModel, jobs: Sequence[_Job], sigma: Tensor) -> Sequence[Tensor]:
    """The clean latent of each job's crop: in one network call, or in several if memory is short."""
    if model.placement.memory is None:
        return _call(model, jobs, sigma)
    inputs = _inputs(model, jobs, sigma)
    kept = _text_bytes(model, inputs[2])
    grounding = jobs[0].entry.grounding
    with (
        model.placement.use(None if grounding is None else grounding.network),
        room_for(model.placement, model.network, len(jobs), inputs[:3], inputs[3], kept=kept) as most,
    ):
        parts = [jobs[start : start + most] for start in range(0, len(jobs), most)]
        return [denoised for part in parts for denoised in _call(model, part, sigma)]


def _inputs(
    model: DiffusionModel, jobs: Sequence[_Job], sigma: Tensor
) -> tuple[Tensor, Tensor, Tensor, Mapping[str, Tensor]]:
    """What the network is called with: x, t, the context, and by name what else it takes."""
    batch = jobs[0].x.shape[0]
    length = _common_length(jobs) or 0
    x = torch.cat([job.x for job in jobs])
    scaled, t = _scaled(model, x, sigma)
    context = torch.cat(
        [
            to_batch(job.entry.context.repeat(1, length // job.entry.context.shape[1], 1), batch)
            for job in jobs
        ]
    )
    extra = {name: torch.cat([to_batch(job.extra[name], batch) for job in jobs]) for name in jobs[0].extra}
    return scaled, t, context, extra


def _text(model: DiffusionModel, jobs: Sequence[_Job], sigma: Tensor, context: Tensor) -> Tensor | Text:
    """The batch's context, as what the network has read of it already where it reads a `Text`.

    Of prompts that take turns during a run, only those whose turn it is stay in memory.
    """
    if model.texts is None or not getattr(model.network, "reads_text", False):
        return context
    key = (model.network, context.shape, *(job.entry for job in jobs))
    if key not in model.texts:
        for known in list(model.texts):
            if any(isinstance(part, Entry) and not part.active(float(sigma)) for part in known):
                del model.texts[known]
        single = all(job.entry.context.shape[0] == 1 for job in jobs)
        times = context.shape[0] // len(jobs) if single else 1
        model.texts[key] = Text(context[::times], times)
    return model.texts[key]


def _text_bytes(model: DiffusionModel, context: Tensor) -> int:
    """What the keys and values of a batch's context will take."""
    module = module_of(model.network)
    if model.texts is None or module is None or not getattr(module, "reads_text", False):
        return 0
    readers = ("attn2.to_k.weight", "attn2.to_v.weight")
    width = sum(len(weight) for name, weight in module.named_parameters() if name.endswith(readers))
    return context.shape[0] * context.shape[1] * width * context.itemsize


def _hooks(model: DiffusionModel, jobs: Sequence[_Job]) -> tuple[Hooks, Tensor | None]:
    """The model's hooks with those that came with the conditionings, and what these are told."""
    grounding = jobs[0].entry.grounding
    if grounding is None:
        return model.hooks, None
    told = [job.entry.told for job in jobs if job.entry.told is not None]
    return model.hooks + grounding.hooks, torch.cat([to_batch(each, jobs[0].x.shape[0]) for each in told])


def _call(model: DiffusionModel, jobs: Sequence[_Job], sigma: Tensor) -> Sequence[Tensor]:
    """One network call for a group: the clean latent of each job's crop."""
    x = torch.cat([job.x for job in jobs])
    scaled, t, context, extra = _inputs(model, jobs, sigma)
    if model.around is None:
        return _denoised(model, jobs, x, sigma, scaled, t, context, extra).chunk(len(jobs))
    unread = replace(model, texts=None)  # what is around may change the text, which nothing was read of then

    def evaluate(x: Tensor, sigma: Tensor, context: Tensor, extra: Mapping[str, Tensor]) -> Tensor:
        scaled, t = _scaled(unread, x, sigma)
        return _denoised(unread, jobs, x, sigma, scaled, t, context, extra)

    return model.around(evaluate, x, sigma, context, extra, _sides(jobs)).chunk(len(jobs))


def _denoised(
    model: DiffusionModel,
    jobs: Sequence[_Job],
    x: Tensor,
    sigma: Tensor,
    scaled: Tensor,
    t: Tensor,
    context: Tensor,
    extra: Mapping[str, Tensor],
) -> Tensor:
    control = jobs[0].entry.control
    steering: dict[str, object] = {}
    if control is not None:
        residuals = control(scaled, t, context, extra, sigma, len(jobs))
        if residuals is not None:
            steering["control"] = residuals
    hooks, told = _hooks(model, jobs)
    if hooks.any:
        steering["hooks"] = hooks.during(_sides(jobs), sigma, (x.shape[-2], x.shape[-1]), told)
    text = _text(model, jobs, sigma, context)
    network = model.placement.fast(model.network)
    out = model.placement.call(network, scaled, t, text, **extra, **steering).float()
    return model.prediction.denoised(x, out, sigma)


def _scaled(model: DiffusionModel, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """States as the network takes them, and the time it is told."""
    # Non-blocking, or every step would wait until the one before is computed.
    t = model.prediction.timestep(sigma).expand(x.shape[0])
    t = t.to(model.device, torch.float32, non_blocking=True)
    return model.prediction.scale_input(x, sigma).to(model.dtype), t
