"""IS_CHANGED, VALIDATE_INPUTS and check_lazy_status of a V1 class as the engine's hooks."""

from __future__ import annotations

import hashlib
import inspect
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from engine.returns import Blocker
from engine.types import Uncacheable
from nodes.comfy.hidden import before_running, hidden_values, running
from nodes.comfy.inputs import Declared
from nodes.comfy.instances import Instances
from nodes.comfy.models.sockets import arguments_for_packs

log = logging.getLogger("darkroom.packs")

Hook = Callable[..., Any]


@dataclass(frozen=True)
class Shape:
    """What the hooks must know of a class."""

    owner: type
    name: str
    declared: Declared
    takes_lists: bool

    def listed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of a hook that is called before there are values: lists if the class takes lists."""
        if not self.takes_lists:
            return dict(given)
        return {name: (None,) if value is None else [value] for name, value in given.items()}


def fingerprint_of(shape: Shape) -> Hook | None:
    """`IS_CHANGED`: what it returns becomes part of the key; if it raises, the node runs every time."""
    if not hasattr(shape.owner, "IS_CHANGED"):
        return None

    def arguments(given: Mapping[str, Any]) -> dict[str, Any]:
        hidden = before_running(shape.declared.hidden, as_lists=shape.takes_lists)
        return {**shape.listed(given), **hidden}

    def refused(error: Exception) -> Uncacheable:
        log.warning("%s.IS_CHANGED raised %s: %s", shape.name, type(error).__name__, error)
        return Uncacheable(f"IS_CHANGED raised {type(error).__name__}: {error}")

    def fingerprint(**given: Any) -> Any:
        try:
            return stable(cast("Any", shape.owner).IS_CHANGED(**arguments(given)))
        except Exception as error:  # noqa: BLE001 - a pack's code may raise anything; it means "always run"
            return refused(error)

    async def fingerprint_async(**given: Any) -> Any:
        try:
            return stable(await cast("Any", shape.owner).IS_CHANGED(**arguments(given)))
        except Exception as error:  # noqa: BLE001 - likewise
            return refused(error)

    is_async = inspect.iscoroutinefunction(cast("Any", shape.owner).IS_CHANGED)
    return fingerprint_async if is_async else fingerprint


def stable(value: Any) -> Any:
    """What IS_CHANGED returned as JSON, if Python would find it equal the next time; else Uncacheable."""
    try:
        return _plain(value)
    except _NeverEqualError as error:
        return Uncacheable(str(error))


class _NeverEqualError(ValueError):
    """A value that equals no other."""


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        if isinstance(value, float) and math.isnan(value):
            raise _NeverEqualError("IS_CHANGED returned NaN, which asks for running every time")
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, bytes | bytearray):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Mapping):
        return {f"{type(k).__name__}:{k}": _plain(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    if isinstance(value, set | frozenset):
        return {"set": sorted(repr(_plain(one)) for one in cast("set[Any]", value))}
    if isinstance(value, Blocker):
        return None
    item = getattr(value, "item", None)
    if callable(item) and type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return _plain(item())
    raise _NeverEqualError(f"IS_CHANGED returned a {type(value).__name__}, which equals nothing next time")


@dataclass(frozen=True)
class Check:
    """`VALIDATE_INPUTS`: the function, the inputs it checks instead of us, and whether it checks links."""

    function: Hook
    inputs: frozenset[str]
    own_type_check: bool


def check_of(shape: Shape) -> Check | None:
    """The custom validation of a class, if it has one."""
    validate = getattr(shape.owner, "VALIDATE_INPUTS", None)
    if validate is None:
        return None
    parameters = inspect.signature(validate).parameters
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    names = frozenset(i.name for i in shape.declared.inputs)
    wanted = names if everything else names & set(parameters)
    hidden = {n: word for n, word in shape.declared.hidden.items() if everything or n in parameters}

    def arguments(given: Mapping[str, Any]) -> dict[str, Any]:
        types = {k: v for k, v in given.items() if k == "input_types"}
        values = {k: v for k, v in given.items() if k in wanted}
        return {**shape.listed(values), **before_running(hidden, as_lists=shape.takes_lists), **types}

    def check(**given: Any) -> Any:
        return verdict(validate(**arguments(given)))

    async def check_async(**given: Any) -> Any:
        return verdict(await validate(**arguments(given)))

    function = check_async if inspect.iscoroutinefunction(validate) else check
    return Check(function, wanted, "input_types" in parameters)


def verdict(returned: Any) -> Any:
    """True is fine, as is a blocker; anything else is an error, whose text it is unless it is False."""
    if returned is True or isinstance(returned, Blocker):
        return True
    return False if returned is None or returned is False else str(returned)


def needs_of(shape: Shape, instances: Instances) -> Hook | None:
    """`check_lazy_status`, called on the object the node will run as."""
    method = getattr(shape.owner, "check_lazy_status", None)
    if method is None:
        return None

    def call(given: Mapping[str, Any]) -> Any:
        context = running()
        instance = instances.of(shape.owner, shape.name, context)
        hidden = hidden_values(shape.declared.hidden, context, as_lists=shape.takes_lists)
        return instance.check_lazy_status(**arguments_for_packs(given), **hidden)

    def needs(**given: Any) -> list[str]:
        return names_in(call(given))

    async def needs_async(**given: Any) -> list[str]:
        return names_in(await call(given))

    return needs_async if inspect.iscoroutinefunction(method) else needs


def names_in(asked: Any) -> list[str]:
    """The names of a list; anything else, such as a bare text, asks for nothing."""
    return (
        [one for one in cast("list[Any]", asked) if isinstance(one, str)] if isinstance(asked, list) else []
    )
