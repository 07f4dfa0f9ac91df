"""What the method of a V1 class may return, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from engine.graph import Link, as_link
from engine.returns import Blocker, Expand, Ui
from engine.spec import OutputSpec
from nodes.comfy.inputs import as_json

Slot = Callable[[Any], Any]


def read_result(outputs: Sequence[OutputSpec], returned: Any, counted: int | None = None) -> Any:
    """A tuple with one value per output, `Ui` or `Expand`.

    Args:
        outputs: what the class declares. Values that are missing are None.
        returned: what its method returned: values in a sequence, a dict with `ui`, `result` and `expand`, or
            a blocker for every output.
        counted: outputs beyond this many are missing whatever is returned.

    Raises TypeError for None and other things that hold no values, ValueError for half an expansion.
    """
    if isinstance(returned, Mapping):
        return _from_dict(outputs, cast("Mapping[str, Any]", returned), counted)
    return _values(outputs, returned, counted, _as_it_is)


def _from_dict(outputs: Sequence[OutputSpec], fields: Mapping[str, Any], counted: int | None) -> Any:
    ui = None if fields.get("ui") is None else read_ui(fields["ui"])
    if "expand" in fields:
        if "result" not in fields:
            raise ValueError("the node returned 'expand' without 'result', which says what its outputs are")
        values = _values(outputs, fields["result"], counted, _link_or_value)
        return Expand(cast("Mapping[str, Mapping[str, Any]]", fields["expand"]), values, ui)
    values = _values(outputs, fields.get("result", ()), counted, _as_it_is)
    return values if ui is None else cast("Any", Ui(ui, values))


def _values(outputs: Sequence[OutputSpec], returned: Any, counted: int | None, read: Slot) -> tuple[Any, ...]:
    if isinstance(returned, Blocker):
        return (returned,) * len(outputs)
    if returned is None:
        raise TypeError("the node returned None; a node without outputs returns () or {}")
    present = len(returned) if counted is None else min(counted, len(returned))
    made: list[Any] = []
    for slot, output in enumerate(outputs):
        value = read(returned[slot]) if slot < present else None
        made.append(_items(value, missing=slot >= present) if output.is_list else value)
    return tuple(made)


def _items(value: Any, *, missing: bool) -> Any:
    if isinstance(value, Blocker | Link):
        return cast("Any", value)
    items: list[Any] = [None] if missing else list(value)
    return items


def _as_it_is(value: Any) -> Any:
    return value


def _link_or_value(value: Any) -> Any:
    link = as_link(value) if isinstance(value, list) else None
    return cast("Any", value) if link is None else link


def read_ui(ui: Any) -> Mapping[str, list[Any]]:
    """Data for the canvas as lists of JSON values; numpy's numbers and the like are made plain."""
    if not isinstance(ui, Mapping):
        raise TypeError(f"'ui' must be a dict of lists, not {type(ui).__name__}")
    made = {str(key): list(values) for key, values in cast("Mapping[Any, Any]", ui).items()}
    return as_json(made)
