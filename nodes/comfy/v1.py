"""A class in ComfyUI's V1 form as a node of the engine."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from engine.code import folder_hash, hash_of
from engine.spec import NodeSpec
from nodes.comfy.execution.builder import number_builders
from nodes.comfy.hidden import hidden_values, running
from nodes.comfy.hooks import Shape, check_of, fingerprint_of, needs_of
from nodes.comfy.inputs import Declared, is_multiple, list_flags, read_inputs, read_outputs, type_name
from nodes.comfy.instances import Instances
from nodes.comfy.models.sockets import arguments_for_packs, result_for_engine
from nodes.comfy.results import read_result

_FLAGS = {"DEPRECATED": "deprecated", "EXPERIMENTAL": "experimental", "API_NODE": "api_node"}
_ALIASES = "SEARCH_ALIASES"


def adapt(owner: type, name: str, title: str | None, instances: Instances) -> NodeSpec:
    """The spec of a V1 class, with functions that call it. Its `INPUT_TYPES` is called once.

    Raises whatever `INPUT_TYPES` raises, and BadDeclaration for what cannot be understood.
    """
    cls = cast("Any", owner)
    declared = read_inputs(cls.INPUT_TYPES())
    outputs = read_outputs(owner)
    takes_lists = bool(getattr(owner, "INPUT_IS_LIST", False))
    shape = Shape(owner, name, declared, takes_lists)
    method = getattr(owner, str(cls.FUNCTION), None)
    check = check_of(shape)
    return NodeSpec(
        name=name,
        title=title or name,
        category=str(getattr(owner, "CATEGORY", "sd")),
        description=str(getattr(owner, "DESCRIPTION", "") or ""),
        inputs=declared.inputs,
        outputs=outputs,
        output_node=getattr(owner, "OUTPUT_NODE", False) is True,
        hidden=_shown(declared),
        code_hash=source_hash(owner),
        module=str(getattr(owner, "RELATIVE_PYTHON_MODULE", "nodes")),
        is_async=inspect.iscoroutinefunction(method),
        tuple_result=True,
        variadic=declared.any_name or takes_more(method, declared),
        open_inputs=declared.any_name,
        takes_lists=takes_lists,
        own_id="UNIQUE_ID" in declared.hidden.values() or bool(getattr(owner, "NOT_IDEMPOTENT", False)),
        own_type_check=check is not None and check.own_type_check,
        lenient=True,
        dynamic=True,
        extra_info=_flags(owner),
        check_inputs=_unchecked(declared) | (check.inputs if check else frozenset[str]()),
        has_check=check is not None,
        function=_function(shape, outputs, instances, is_async=inspect.iscoroutinefunction(method)),
        fingerprint=fingerprint_of(shape),
        check=check.function if check else None,
        needs=needs_of(shape, instances),
    )


def _shown(declared: Declared) -> Mapping[str, str]:
    return MappingProxyType({name: type_name(word) for name, word in declared.hidden.items()})


def _unchecked(declared: Declared) -> frozenset[str]:
    """Combos whose value is a list: the built-in check compares one value with the choices."""
    return frozenset(i.name for i in declared.inputs if is_multiple(i))


def _flags(owner: type) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        word: True for attribute, word in _FLAGS.items() if getattr(owner, attribute, False)
    }
    if aliases := getattr(owner, _ALIASES, None):
        found["search_aliases"] = [str(alias) for alias in aliases]
    return MappingProxyType(found)


def takes_more(method: Any, declared: Declared) -> bool:
    """Whether the method has `**kwargs` or further parameters, for links to inputs it does not declare."""
    try:
        parameters = list(inspect.signature(method).parameters.values())[1:]
    except (TypeError, ValueError):
        return False
    known = {i.name for i in declared.inputs} | set(declared.hidden)
    return any(
        p.kind is p.VAR_KEYWORD or (p.kind is not p.VAR_POSITIONAL and p.name not in known)
        for p in parameters
    )


def source_hash(owner: type) -> str:
    """Identity of a class's code: its name, its source file, and all source of the pack it is part of.

    Results outlive the process, so whatever the class may call has to count.
    """
    digest = hashlib.sha256(f"{owner.__qualname__}\0".encode())
    for name in (owner.__module__, owner.__module__.split(".")[0]):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None:
            digest.update(_source(Path(file)).encode())
    return digest.hexdigest()


@cache
def _source(file: Path) -> str:
    """Hash of a module's source, and of the folder's if it is a package, as it was when first asked for."""
    try:
        return folder_hash(file.parent) if file.name == "__init__.py" else hash_of(file)
    except OSError:
        return ""


def _function(
    shape: Shape, outputs: tuple[Any, ...], instances: Instances, *, is_async: bool
) -> Callable[..., Any]:
    cls = cast("Any", shape.owner)
    hidden = shape.declared.hidden
    counted = len(list_flags(shape.owner)) or None

    def prepare(given: Mapping[str, Any]) -> Any:
        context = running()
        # Here, so that tasks the node starts number the graphs they build with it.
        number_builders()
        instance = instances.of(shape.owner, shape.name, context)
        values = hidden_values(hidden, context, as_lists=shape.takes_lists)
        arguments = {**arguments_for_packs(given), **values}
        return getattr(instance, cls.FUNCTION)(**arguments)

    def call(**given: Any) -> Any:
        return result_for_engine(read_result(outputs, prepare(given), counted))

    async def call_async(**given: Any) -> Any:
        return result_for_engine(read_result(outputs, await prepare(given), counted))

    return call_async if is_async else call
