"""Workflows as nodes: each is replaced by the nodes of its function before a prompt is checked and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.problems import Problem
from workflows.functions.parts import Json
from workflows.functions.prompts import FunctionPrompt, Prompt

Find = Callable[[str], FunctionPrompt | None]
"""A class such as `workflow/NAME@1.2.0` to its function; None, or UnknownFunction, if there is none."""


class UnknownFunction(LookupError):
    """A class that names no released function: why, and the nearest classes."""

    def __init__(self, reason: str, near: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.near = tuple(near)


class ExpansionError(ValueError):
    """Nodes that cannot be replaced; `problems` are those of the engine's validation, each with its node."""

    def __init__(self, problems: Sequence[Problem], classes: Mapping[str, str]) -> None:
        self.problems = tuple(problems)
        self.classes = dict(classes)
        super().__init__(
            "; ".join(f"node {one.node}: {one.message} {one.details}".rstrip() for one in problems)
        )

    def response(self) -> tuple[Json, Json]:
        """`error` and `node_errors` as POST /prompt answers them."""
        first = self.problems[0]
        nodes: Json = {}
        for one in self.problems:
            if one.node is not None:
                blank: Json = {
                    "errors": [],
                    "dependent_outputs": [],
                    "class_type": self.classes.get(one.node),
                }
                nodes.setdefault(one.node, blank)["errors"].append(one.to_json())
        error = Problem("invalid_prompt", first.message, first.details, None, None, first.extra)
        return error.to_json(), nodes


def has_workflows(prompt: Any) -> bool:
    """Whether any node of a prompt is a workflow: cheap, for every prompt that comes."""
    raise NotImplementedError


def expand(prompt: Prompt, find: Find) -> Prompt:
    """The prompt with every workflow node replaced by what it stands for, nested ones too.

    The nodes of node `12` get ids `12:<id>`. What a workflow does beside making its outputs (saving, say) is
    left out. The prompt given is not changed. Raises ExpansionError with everything that is wrong.
    """
    raise NotImplementedError
