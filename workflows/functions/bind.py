"""Calling a function: its prompt with the values of a call in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any

from engine.folders import nearest
from engine.graph import as_object, wrap
from workflows.formats.substitute import dynamic
from workflows.functions.function import Function
from workflows.functions.parts import FunctionError, Input, Json, Output, Trouble
from workflows.functions.prompts import Prompt
from workflows.functions.values import RANDOM, Unfit, read_value

OUTPUT_CLASS = "WorkflowOutput"
"""The node that makes a result of what it gets; see `nodes/outputs.py`."""
LARGEST_SEED = 2**53 - 1
"""Seeds are drawn up to what every JSON reader keeps exactly."""


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why a value cannot be taken. `code`: unknown_input, required, invalid_type, out_of_range,
    not_an_option, not_callable, refused (by the node that gets it).
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
    """Every input's value: as given, drawn, or its default. An input that the graph feeds itself has none."""
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
        random: draws the seeds for which `random` is asked, and chooses among alternatives in default texts.

    Raises InvalidInputs with everything that is wrong, FunctionError if the function is of another prompt.
    """
    resolved = _resolved(function, values, text, random or SystemRandom())
    writer = _Writer(dict(prompt))
    for entry in function.inputs:
        if entry.name in resolved:
            writer.put(entry, resolved[entry.name])
    outputs = {one.name: writer.node(f"output:{one.name}", _result(one, prefix)) for one in function.outputs}
    seeds = {one.name: resolved[one.name] for one in function.inputs if one.seed and one.name in resolved}
    return Bound(writer.prompt, resolved, seeds, outputs)


def _resolved(function: Function, values: Mapping[str, Any], text: Collection[str], random: Random) -> Json:
    """Every value that goes into the prompt, by input."""
    given = {name: value for name, value in values.items() if value is not None}
    problems = [_unknown(name, function) for name in given if name not in function.by_name]
    resolved: Json = {}
    for entry in function.inputs:
        try:
            if entry.name in given:
                resolved[entry.name] = _given(entry, given[entry.name], text=entry.name in text)
            elif entry.required:
                raise Unfit("required", f"is required; give {_article(entry)}")
            elif entry.default is not None:
                resolved[entry.name] = entry.default
        except Unfit as error:
            problems.append(InputProblem(entry.name, error.code, str(error)))
    if problems:
        raise InvalidInputs(problems)
    return {name: _settled(function.by_name[name], value, random) for name, value in resolved.items()}


def _given(entry: Input, value: Any, *, text: bool) -> Any:
    if not entry.callable:
        raise Unfit("not_callable", f"is a {entry.type}, which only another node can give")
    return read_value(entry, value, text=text)


def _article(entry: Input) -> str:
    if not entry.callable:
        return f"it a {entry.type} by using the workflow as a node; it cannot be called from outside"
    return "the name of a picture file" if entry.takes_file else f"a value ({entry.type})"


def _unknown(name: str, function: Function) -> InputProblem:
    near = nearest(name, function.by_name)
    known = ", ".join(function.by_name) or "none"
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputProblem(name, "unknown_input", f"there is no such input; {hint}inputs: {known}")


def _settled(entry: Input, value: Any, random: Random) -> Any:
    """The value with what is left to chance decided."""
    if entry.dynamic and value == entry.default and isinstance(value, str):
        return dynamic(value, random)  # other texts are the caller's, who may mean every sign in them
    if not entry.seed or value != RANDOM:
        return value
    low = 0 if entry.min is None else int(entry.min)
    high = LARGEST_SEED if entry.max is None else int(entry.max)
    return random.randint(low, max(low, min(high, LARGEST_SEED)))


def _result(output: Output, prefix: str) -> Json:
    """The node that makes a result of an output."""
    value = [output.source.node, output.source.slot]
    inputs = {"name": output.name, "value": value, "filename_prefix": prefix + output.name}
    return {"class_type": OUTPUT_CLASS, "inputs": inputs, "_meta": {"title": output.name}}


@dataclass
class _Writer:
    """A copy of a prompt to write into: what is changed is copied, the rest shared."""

    prompt: Prompt

    def put(self, entry: Input, value: Any) -> None:
        """A value into all the inputs it is bound to."""
        wired = self._picture(entry, value) if entry.takes_file else wrap(value)
        for target in entry.targets:
            node = as_object(self.prompt.get(target.node))
            if node is None:
                text = f"node {target.node} is not in the prompt"
                raise FunctionError([Trouble(f"inputs.{entry.name}.targets", text)])
            inputs = {**(as_object(node.get("inputs")) or {}), target.input: wired}
            self.prompt[target.node] = {**node, "inputs": inputs}

    def _picture(self, entry: Input, name: str) -> list[Any]:
        """A link to a node that loads the picture."""
        mask = entry.type == "MASK"
        inputs = {"image": name, "channel": "red"} if mask else {"image": name}
        loader = {
            "class_type": "LoadImageMask" if mask else "LoadImage",
            "inputs": inputs,
            "_meta": {"title": entry.name},
        }
        return [self.node(f"input:{entry.name}", loader), 0]

    def node(self, wanted: str, node: Json) -> str:
        """Add a node. Returns its id, which is the one wanted unless another has it."""
        name, count = wanted, 2
        while name in self.prompt:
            name, count = f"{wanted}:{count}", count + 1
        self.prompt[name] = node
        return name
