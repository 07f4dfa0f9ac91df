"""`fingerprint_inputs`, `validate_inputs` and `check_lazy_status` as the engine's hooks."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

from engine.context import current_call
from engine.types import Uncacheable
from nodes.comfy.hooks import Check, names_in, stable, verdict
from nodes.comfy.models.sockets import arguments_for_packs
from nodes.comfy.v3.arguments import Arguments, tagged
from nodes.comfy.v3.node import ComfyNode, locked, overrides
from nodes.comfy.v3.schema import HiddenValues, hidden_values

log = logging.getLogger("darkroom.packs")

Hook = Callable[..., Any]


def fingerprint_of(owner: type[ComfyNode], arguments: Arguments) -> Hook | None:
    """Called with the literals; a node whose fingerprint raises runs every time."""
    if not overrides(owner, "fingerprint_inputs"):
        return None

    def call(given: Mapping[str, Any]) -> Any:
        own = locked(owner, HiddenValues({}))
        return own.fingerprint_inputs(**arguments.nested(arguments.listed(given)))

    def refused(error: Exception) -> Uncacheable:
        what = f"{owner.__name__}.fingerprint_inputs raised {type(error).__name__}: {error}"
        log.warning("%s", what)
        return Uncacheable(what)

    def fingerprint(**given: Any) -> Any:
        try:
            return stable(call(given))
        except Exception as error:  # noqa: BLE001 - a pack's code may raise anything; it means "always run"
            return refused(error)

    async def fingerprint_async(**given: Any) -> Any:
        try:
            return stable(await call(given))
        except Exception as error:  # noqa: BLE001 - likewise
            return refused(error)

    return fingerprint_async if inspect.iscoroutinefunction(owner.fingerprint_inputs) else fingerprint


def check_of(owner: type[ComfyNode], arguments: Arguments) -> Check | None:
    """The custom validation of a class, and that of the parts of dynamic inputs."""
    own = overrides(owner, "validate_inputs")
    if not own:
        return Check(_parts(arguments), arguments.parts, False) if arguments.dynamic else None
    parameters = inspect.signature(owner.validate_inputs).parameters
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    names = frozenset(one.id for one in arguments.schema.inputs)
    wanted = names if everything else names & set(parameters)

    def call(given: Mapping[str, Any]) -> Any:
        types = {name: value for name, value in given.items() if name == "input_types"}
        values = arguments.nested(arguments.listed({n: v for n, v in given.items() if n not in types}))
        passed = values if everything else {n: v for n, v in values.items() if n in wanted}
        return locked(owner, HiddenValues({})).validate_inputs(**passed, **types)

    def check(**given: Any) -> Any:
        return next(arguments.problems(given), None) or verdict(call(given))

    async def check_async(**given: Any) -> Any:
        return next(arguments.problems(given), None) or verdict(await call(given))

    function = check_async if inspect.iscoroutinefunction(owner.validate_inputs) else check
    return Check(function, wanted | arguments.parts, "input_types" in parameters)


def _parts(arguments: Arguments) -> Hook:
    def check(**given: Any) -> Any:
        return next(arguments.problems(given), None)

    return check


def needs_of(owner: type[ComfyNode], arguments: Arguments) -> Hook | None:
    """Called with the inputs there are. Without it, lazy inputs are never evaluated."""
    if not overrides(owner, "check_lazy_status"):
        return None

    def call(given: Mapping[str, Any]) -> Any:
        running = current_call()
        wanted = arguments.schema.hidden
        inputs = arguments_for_packs(given)
        hidden = HiddenValues({}) if running is None else hidden_values(wanted, running.context)
        return locked(owner, hidden).check_lazy_status(**arguments.nested(inputs, tagged))

    def needs(**given: Any) -> list[str]:
        return names_in(call(given))

    async def needs_async(**given: Any) -> list[str]:
        return names_in(await call(given))

    return needs_async if inspect.iscoroutinefunction(owner.check_lazy_status) else needs
