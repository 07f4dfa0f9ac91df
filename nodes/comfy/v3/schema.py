"""`Schema`: all that a node says of itself, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.context import Context
from nodes.comfy.hidden import SPECIAL
from nodes.comfy.v3.inputs import Input, Output


class Hidden(StrEnum):
    """What a node may ask for besides its inputs; it finds it under `cls.hidden`."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"
    auth_token_comfy_org = "AUTH_TOKEN_COMFY_ORG"
    api_key_comfy_org = "API_KEY_COMFY_ORG"


class HiddenValues:
    """`cls.hidden`: attributes named as the members of `Hidden`. What was not asked for is None."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name)


@dataclass
class Schema:
    """A node's name, inputs, outputs and options.

    Args:
        is_input_list: call the node once with a list for every input.
        not_idempotent: nodes of equal inputs do not share a result.
        enable_expand: the node may return more nodes to run.
        accept_all_inputs: values under names that are not declared are passed, too.
    """

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Input] = field(default_factory=list[Input])
    outputs: list[Output] = field(default_factory=list[Output])
    hidden: list[Hidden] = field(default_factory=list[Hidden])
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False
    accept_all_inputs: bool = False
    search_aliases: list[str] = field(default_factory=list[str])
    is_dev_only: bool = False
    essentials_category: str | None = None
    has_intermediate_output: bool = False
    price_badge: Any = None
    loop_boundary: Any = None

    def finalize(self) -> None:
        """Fill in what follows from the rest: ids of outputs, hidden inputs of output and API nodes."""
        wanted = [Hidden(one) for one in self.hidden or ()]
        if self.is_output_node:
            wanted += [Hidden.prompt, Hidden.extra_pnginfo]
        if self.is_api_node:
            wanted += [Hidden.auth_token_comfy_org, Hidden.api_key_comfy_org]
        self.hidden = list(dict.fromkeys(wanted))
        self.inputs, self.outputs = list(self.inputs or ()), list(self.outputs or ())
        for number, output in enumerate(self.outputs):
            if output.id is None:
                output.id = f"_{number}_{output.get_io_type()}_"

    def validate(self) -> None:
        """Raise ValueError for what cannot work, such as two inputs of one name."""
        outputs = [str(one.id) for one in self.outputs]
        for what, ids in (("inputs", [one.id for one in self.inputs]), ("outputs", outputs)):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise ValueError(f"{self.node_id}: several {what} are called {', '.join(twice)}")
        for one in self.inputs:
            one.validate()


def hidden_values(wanted: Sequence[Hidden], context: Context) -> HiddenValues:
    """What the running node asked for."""
    return HiddenValues({one.name: SPECIAL[one.value](context) for one in wanted})
