"""`ComfyNode`, the base of nodes declared with a schema, and what their `execute` returns."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, cast

from nodes.comfy.v3.dynamic import v1_view
from nodes.comfy.v3.schema import HiddenValues, Schema

N = TypeVar("N", bound="type[ComfyNode]")


class NodeMeta(ABCMeta):
    """Lets a class be locked: a node keeps nothing between calls, and no call meddles with another."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls.__dict__.get("_locked") and not name.startswith(("__", "_abc_")):
            raise AttributeError(
                f"{cls.__name__}.{name} cannot be set while the node runs: each call has a class of its own. "
                "Keep what is to last in a variable of the module"
            )
        super().__setattr__(name, value)


class FromSchema:
    """A class attribute of the V1 form, read from the schema. The class says it once and sticks to it."""

    def __init__(self, read: Callable[[Schema], Any]) -> None:
        self._read = read

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self._read(frozen_schema(owner))


class ComfyNode(metaclass=NodeMeta):
    """A node whose class methods are called with the values of its inputs.

    It also answers the attributes of a V1 class, so that it may stand in `NODE_CLASS_MAPPINGS`.
    """

    hidden: ClassVar[HiddenValues] = HiddenValues({})
    """What the node asked for in `Schema.hidden`; filled while it runs."""

    RELATIVE_PYTHON_MODULE: ClassVar[str] = "nodes"

    @classmethod
    def define_schema(cls) -> Schema:
        """The node's inputs, outputs and options. Called each time that somebody asks for the inputs."""
        raise NotImplementedError(f"{cls.__name__} has no define_schema")

    @classmethod
    def execute(cls, **inputs: Any) -> Any:
        """Run the node; may be a coroutine function."""
        raise NotImplementedError(f"{cls.__name__} has no execute")

    @classmethod
    def validate_inputs(cls, **inputs: Any) -> bool | str:
        """Called before anything runs, with the literals: True, or what is wrong."""
        return True

    @classmethod
    def fingerprint_inputs(cls, **inputs: Any) -> Any:
        """Stands for what the node reads from outside: it runs again when this differs from the last time."""
        return None

    @classmethod
    def check_lazy_status(cls, **inputs: Any) -> list[str]:
        """The names of the lazy inputs needed, given those that are there; the others are None."""
        return [name for name, value in inputs.items() if value is None]

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        """A fresh schema, complete and checked. Raises ValueError for what cannot work."""
        schema = cls.define_schema()
        schema.finalize()
        schema.validate()
        return schema

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The inputs as they are now, in the V1 form."""
        return input_types(cls.GET_SCHEMA())

    FUNCTION: ClassVar[str] = "execute"
    RETURN_TYPES: ClassVar[Any] = FromSchema(lambda s: tuple(o.wire_type() for o in s.outputs))
    RETURN_NAMES: ClassVar[Any] = FromSchema(
        lambda s: tuple(o.display_name or o.get_io_type() for o in s.outputs)
    )
    OUTPUT_IS_LIST: ClassVar[Any] = FromSchema(lambda s: tuple(o.is_output_list for o in s.outputs))
    OUTPUT_TOOLTIPS: ClassVar[Any] = FromSchema(lambda s: tuple(o.tooltip for o in s.outputs))
    CATEGORY: ClassVar[Any] = FromSchema(lambda s: s.category)
    DESCRIPTION: ClassVar[Any] = FromSchema(lambda s: s.description)
    OUTPUT_NODE: ClassVar[Any] = FromSchema(lambda s: s.is_output_node)
    INPUT_IS_LIST: ClassVar[Any] = FromSchema(lambda s: s.is_input_list)
    NOT_IDEMPOTENT: ClassVar[Any] = FromSchema(lambda s: s.not_idempotent)
    DEPRECATED: ClassVar[Any] = FromSchema(lambda s: s.is_deprecated)
    EXPERIMENTAL: ClassVar[Any] = FromSchema(lambda s: s.is_experimental)
    API_NODE: ClassVar[Any] = FromSchema(lambda s: s.is_api_node)


def input_types(schema: Schema) -> dict[str, Any]:
    """The inputs in the V1 form; each hidden one is a tuple of one name."""
    groups: dict[str, Any] = dict(v1_view(schema.inputs))
    if schema.hidden:
        groups["hidden"] = {one.name: (one.value,) for one in schema.hidden}
    return groups


def locked(owner: N, hidden: HiddenValues) -> N:
    """A class of its own for one call, on which nothing can be set."""
    fields = {
        "__module__": owner.__module__,
        "__qualname__": owner.__qualname__,
        "__doc__": owner.__doc__,
        "hidden": hidden,
        "_of": owner,
        "_locked": True,
    }
    make: Any = type(owner)  # a pack's class may have a metaclass of its own
    return cast(N, make(owner.__name__, (owner,), fields))


def frozen_schema(owner: type[ComfyNode]) -> Schema:
    """The schema as the class gave it the first time; that of a locked class is its original's."""
    owner = owner.__dict__.get("_of", owner)
    if "_frozen" not in owner.__dict__:
        setattr(owner, "_frozen", owner.GET_SCHEMA())  # noqa: B010 - no attribute that node classes declare
    return owner.__dict__["_frozen"]


def overrides(owner: type[ComfyNode], method: str) -> bool:
    """Whether a class has its own form of a method of `ComfyNode`."""
    own, base = getattr(owner, method), getattr(ComfyNode, method)
    return getattr(own, "__func__", own) is not base.__func__


class NodeOutput:
    """What `execute` returns.

    Args:
        args: a value per output.
        ui: data for the canvas: a dictionary of lists, or one of the helpers in `ui`.
        expand: nodes to run in place of this one, which the values may then be links to.
        block_execution: stop what depends on this node. A text is shown to people, an empty one is not.
    """

    def __init__(
        self,
        *args: Any,
        ui: Any = None,
        expand: Mapping[str, Any] | None = None,
        block_execution: str | None = None,
    ) -> None:
        self.args = args
        self.ui = ui
        self.expand = expand
        self.block_execution = block_execution

    @property
    def result(self) -> tuple[Any, ...] | None:
        """The values; None if there are none."""
        return self.args or None

    def __getitem__(self, index: int) -> Any:
        return self.args[index]
