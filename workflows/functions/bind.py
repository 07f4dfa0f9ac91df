"""Calling a function: its prompt with the values of a call in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from workflows.functions.function import Function
from workflows.functions.parts import Json
from workflows.functions.prompts import Prompt


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why a value cannot be taken. `code`: unknown_input, required, invalid_type, out_of_range,
    not_an_option, not_callable.
    """

    input: str
    code: str
    message: str

    def to_json(self) -> Json:
        return {"input": self.input, "code": self.code, "message": self.message}


class InvalidInputs(ValueError):
    """Values that a function does not take; `problems` holds all of them."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.input}: {one.message}" for one in self.problems))


@dataclass(frozen=True)
class Bound:
    """A call, ready to run."""

    prompt: Prompt
    values: Json
    """Every input's value: as given, drawn, or its default. A socket fed by the graph itself has none."""
    seeds: dict[str, int]
    """The seeds among them."""
    outputs: dict[str, str]
    """The `WorkflowOutput` node of each output."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The nodes to run."""
        return tuple(self.outputs.values())


def bind(
    prompt: Prompt,
    function: Function,
    values: Mapping[str, Any],
    *,
    text: Collection[str] = (),
    prefix: str = "",
    random: Random | None = None,
) -> Bound:
    """Put a call's values into a prompt; the prompt given is not changed.

    Args:
        prompt: what `prompt_of` made of the version.
        function: what `declared` made of it.
        values: by input; None stands for a value that is not given. A picture is the name of a file of the
            input folder (`name [output]` for the output folder), or what a run answered for one.
        text: names of values that are texts to be read, as from a command line or a form.
        prefix: what file names of saved outputs begin with; the output's name follows.
        random: draws the seeds for which `random` is asked.

    Raises InvalidInputs with everything that is wrong, FunctionError if the function is of another prompt.
    """
    raise NotImplementedError
