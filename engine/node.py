"""`@node`: a typed function becomes a node. Its signature is the schema and its docstring the help text."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol, TypeVar, cast, get_args, get_origin

from engine.code import code_hash
from engine.context import Context
from engine.docstring import Doc, parse
from engine.hints import RegistrationError, input_spec, take_apart, wire_type
from engine.returns import Ui
from engine.spec import InputSpec, Lane, NodeSpec, OutputSpec
from engine.types import Socket

__all__ = ["Lane", "NodeFunction", "NodeSpec", "RegistrationError", "Ui", "node"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

HIDDEN = ("PROMPT", "EXTRA_PNGINFO", "UNIQUE_ID")


class NodeFunction(Protocol[P, R_co]):
    """A node stays an ordinary function; the spec rides along."""

    spec: NodeSpec

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


def node(
    name: str,
    *,
    title: str | None = None,
    category: str,
    lane: Lane = "device",
    output: bool = False,
    version: int = 1,
    hidden: tuple[str, ...] = (),
    names: tuple[str, ...] | None = None,
    fingerprint: Callable[..., Any] | None = None,
    check: Callable[..., str | None] | None = None,
    needs: Callable[..., Iterable[str] | Awaitable[Iterable[str]]] | None = None,
    takes_lists: bool = False,
    keywords: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], NodeFunction[P, R]]:
    """Register the decorated function's signature as the node class `name`.

    Args:
        title: the words on the canvas; the class name when left out.
        category: menu path, slash-separated.
        lane: what a run occupies: the device (one node at a time), a part of it that decoding may share with
            sampling, a CPU thread, or an I/O thread. See `engine.lanes`.
        output: whether the node is a root that makes its ancestors run.
        version: raise it when results change although the code of this module does not.
        hidden: names such as `PROMPT` to list as hidden inputs for clients; values come through the context.
        names: names of the outputs on the wire, where they differ from the NamedTuple's fields.
        fingerprint: called with the literal inputs it names (and `folders`, if named); its string becomes
            part of the cache key. Needed for what a node reads from outside apart from `Files` inputs, which
            are identified by content without it. It may return `Uncacheable`.
        check: called like `fingerprint` before anything runs; returns what is wrong, or None. It replaces the
            built-in range and choice checks of the inputs it names.
        needs: called with the inputs it names, `Lazy` ones that were not evaluated yet as None; returns the
            names of those to evaluate, and is called again until it asks for nothing new.
        takes_lists: call the node once with a list for every input, where it would be called for each value.
        keywords: names and defaults of the inputs that a function with `**rest` takes there. They need not be
            names of Python (`input_blocks.0.`) and share the hint of `rest`.
    """

    def register(function: Callable[P, R]) -> NodeFunction[P, R]:
        doc = parse(function.__doc__)
        hints = _hints(name, function)
        signature = inspect.signature(function)
        inputs = tuple(_inputs(name, signature, hints, doc, keywords or {}))
        outputs = _outputs(name, hints["return"], doc, names)
        if unknown := set(hidden) - set(HIDDEN):
            raise RegistrationError(
                name, None, f"unknown hidden inputs {sorted(unknown)}; known are {HIDDEN}"
            )
        if unknown := set(doc.inputs) - set(signature.parameters):
            raise RegistrationError(
                name, None, f"the docstring describes {sorted(unknown)}, which it does not take"
            )
        spec = NodeSpec(
            name=name,
            title=title or name,
            category=category,
            description=doc.summary,
            inputs=inputs,
            outputs=outputs,
            lane=lane,
            output_node=output,
            version=version,
            hidden=MappingProxyType({label.lower(): label for label in hidden}),
            code_hash=code_hash(function),
            module="nodes",
            is_async=inspect.iscoroutinefunction(function),
            takes_context="context" in signature.parameters,
            tuple_result=_is_tuple(hints["return"]),
            check_inputs=_named_inputs(check, inputs),
            has_check=check is not None,
            own_id="UNIQUE_ID" in hidden,
            takes_lists=takes_lists,
            function=function,
            fingerprint=fingerprint,
            check=check,
            needs=needs,
        )
        registered = cast(NodeFunction[P, R], function)
        registered.spec = spec
        return registered

    return register


def _hints(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        written: Mapping[str, object] = function.__annotations__
        parameter = next((p for p, text in written.items() if str(error.name) in str(text)), None)
        problem = f"the hint mentions {error.name!r}, which does not exist when the module is imported"
        raise RegistrationError(name, parameter, problem) from error
    if "return" not in hints:
        raise RegistrationError(name, None, "the return hint is missing; it declares the outputs")
    return hints


def _inputs(
    name: str,
    signature: inspect.Signature,
    hints: dict[str, Any],
    doc: Doc,
    keywords: Mapping[str, Any],
) -> list[InputSpec]:
    inputs: list[InputSpec] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD and keywords:
            hint, help_text = hints[parameter.name], doc.inputs.get(parameter.name)
            inputs.extend(
                input_spec(name, keyword, hint, default, help_text) for keyword, default in keywords.items()
            )
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise RegistrationError(name, parameter.name, "every input must be a named parameter")
        if parameter.name not in hints:
            raise RegistrationError(name, parameter.name, "the type hint is missing")
        hint = hints[parameter.name]
        if take_apart(hint).base is Context:
            if parameter.name != "context" or parameter.kind is not parameter.KEYWORD_ONLY:
                raise RegistrationError(name, parameter.name, "write the context as `*, context: Context`")
            continue
        inputs.append(
            input_spec(name, parameter.name, hint, parameter.default, doc.inputs.get(parameter.name))
        )
    return inputs


def _outputs(node: str, hint: Any, doc: Doc, names: tuple[str, ...] | None) -> tuple[OutputSpec, ...]:
    outputs: list[OutputSpec] = []
    for label, member in _returned(hint):
        kind = wire_type(take_apart(member))
        if kind is None:
            raise RegistrationError(node, "return", f"cannot read the output hint {member!r}")
        tooltip = doc.outputs.get(label) if label else doc.returns
        socket = take_apart(member).marker(Socket)
        outputs.append(OutputSpec(label or kind, kind, tooltip, socket is not None and socket.is_list))
    if names is None:
        return tuple(outputs)
    if len(names) != len(outputs):
        raise RegistrationError(node, None, f"{len(names)} names for {len(outputs)} outputs")
    return tuple(replace(o, name=new) for new, o in zip(names, outputs, strict=True))


def _returned(hint: Any) -> list[tuple[str | None, Any]]:
    """Name and hint of each output. The name is None where the type has to serve as one."""
    if hint is None or hint is type(None) or hint is Ui:
        return []
    if get_origin(hint) is Ui:
        return _returned(get_args(hint)[0])
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return list(typing.get_type_hints(hint, include_extras=True).items())
    if get_origin(hint) is tuple:
        return [(None, member) for member in get_args(hint)]
    return [(None, hint)]


def _is_tuple(hint: Any) -> bool:
    origin = get_origin(hint)
    return origin is tuple or origin is Ui or (isinstance(hint, type) and hasattr(hint, "_fields"))


def _named_inputs(check: Callable[..., Any] | None, inputs: tuple[InputSpec, ...]) -> frozenset[str]:
    if check is None:
        return frozenset()
    parameters = inspect.signature(check).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return frozenset(i.name for i in inputs)
    return frozenset(p.name for p in parameters) & {i.name for i in inputs}
