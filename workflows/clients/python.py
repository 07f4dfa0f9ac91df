"""A workflow as a typed Python module: one function, with the inputs as keyword arguments."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from workflows.functions import Function, Input, Output
from workflows.functions.values import RANDOM

_RUNTIME = Path(__file__).with_name("runtime.py")
_VALUES = {"STRING": "str", "INT": "int", "FLOAT": "float", "BOOLEAN": "bool"}
_PLAIN = {
    "STRING": "A text",
    "INT": "A whole number",
    "FLOAT": "A number",
    "BOOLEAN": "Yes or no",
    "COMBO": "An option",
}
_OWN = ("server", "timeout", "headers")
_WIDTH = 100
_INSIDE = ("call", "cast", "run", "outputs", "str", "int", "float", "bool", "list")
"""Names that the function and its outputs need for themselves."""


class _Named(NamedTuple):
    """An input or output, and what it is called in Python."""

    name: str
    python: str


def python_client(function: Function, *, name: str, reference: str) -> str:
    """The text of a module that calls a workflow; it needs nothing but Python 3.11.

    Args:
        function: what `declared` made of the version.
        name: of the workflow.
        reference: release or id of the version: what the module calls never changes.
    """
    runtime = _RUNTIME.read_text(encoding="utf-8").split("\n", 1)[1]
    taken = _defined(runtime) | set(dir(builtins)) | set(keyword.kwlist)
    function_name = _free(_snake(name), taken)
    result = _free("".join(part.title() for part in function_name.split("_")) + "Outputs", taken)
    inputs = [entry for entry in function.inputs if entry.callable]
    arguments = _named([entry.name for entry in inputs], _INSIDE)
    own = _named(_OWN, {one.python for one in arguments})
    fields = _named([output.name for output in function.outputs], {*_INSIDE, "Picture", "Run"} - {"run"})
    run = _free("run", {one.python for one in fields})
    signature = _signature(function_name, result, inputs, arguments, own)
    if any("Literal[" in line for line in signature):
        runtime = runtime.replace("import Any, cast", "import Any, Literal, cast", 1)
    return "\n".join(
        [
            _head(function, name, reference, function_name, function.outputs, fields),
            runtime.strip("\n"),
            "",
            "",
            *_outputs_class(result, function.outputs, fields, run),
            "",
            "",
            *signature,
            *_docstring(function, inputs, arguments),
            *_body(f"{name}@{reference}", result, arguments, own, fields, function.outputs, run),
            "",
        ]
    )


def _head(
    function: Function,
    name: str,
    reference: str,
    function_name: str,
    outputs: Iterable[Output],
    fields: list[_Named],
) -> str:
    first = next(iter(zip(outputs, fields, strict=True)), None)
    example = f"    made = {function_name}(...)"
    if first is not None:
        output, field = first
        last = f'[0].save("{field.python}.png")' if output.type not in _VALUES else ""
        example += f"\n    made.{field.python}{last}"
    title = function.title or name
    text = f"{_quoted(title)}: the workflow {_quoted(name)}, {reference}, on a Darkroom server."
    text = "\n".join(textwrap.wrap(text, _WIDTH))
    made = "Made by `main.py workflows client`; make it again for another release."
    return f'"""{text}\n\n{made}\n\n{example}\n"""\n'


def _outputs_class(result: str, outputs: Iterable[Output], fields: list[_Named], run: str) -> list[str]:
    lines = ["@dataclass(frozen=True)", f"class {result}:", '    """What a run gives."""', ""]
    for output, field in zip(outputs, fields, strict=True):
        lines.append(f"    {field.python}: {_output_type(output)}")
        if output.description:
            lines.append(f'    """{_quoted(output.description)}"""')
    return [*lines, f"    {run}: Run"]


def _signature(
    function_name: str, result: str, inputs: list[Input], arguments: list[_Named], own: list[_Named]
) -> list[str]:
    server, timeout, headers = (one.python for one in own)
    pairs = list(zip(inputs, arguments, strict=True))
    required = [f"    {one.python}: {_type(entry)}," for entry, one in pairs if entry.required]
    optional = [f"    {one.python}: {_optional(entry)}," for entry, one in pairs if not entry.required]
    return [
        f"def {function_name}(",
        "    *,",
        *required,
        *optional,
        f"    {server}: str = SERVER,",
        f"    {timeout}: float = 600.0,",
        f"    {headers}: Mapping[str, str] | None = None,",
        f") -> {result}:",
    ]


def _docstring(function: Function, inputs: list[Input], arguments: list[_Named]) -> list[str]:
    text = function.description or function.title or "Run the workflow and wait for its outputs."
    first, *rest = _wrapped(text, 7)
    lines = [f'    """{first}', *(f"    {line}" for line in rest), "", "    Args:"]
    pairs = sorted(zip(inputs, arguments, strict=True), key=lambda pair: not pair[0].required)
    for entry, one in pairs:
        wrapped = _wrapped(f"{one.python}: {_about(entry)}", 8, "    ")
        lines += [f"        {line}" for line in wrapped]
    return [
        *lines,
        "",
        "    Raises InvalidInputs, RunFailed, StillRunning after the timeout (in seconds), CallError.",
        '    """',
    ]


def _body(
    reference: str,
    result: str,
    arguments: list[_Named],
    own: list[_Named],
    fields: list[_Named],
    outputs: Iterable[Output],
    run: str,
) -> list[str]:
    server, timeout, headers = (one.python for one in own)
    values = [f"            {_code(one.name)}: {one.python}," for one in arguments]
    made = [
        f"        {field.python}=cast({_code(_output_type(output))}, outputs[{_code(field.name)}]),"
        for output, field in zip(outputs, fields, strict=True)
    ]
    # Names of inputs may be those of variables: nothing is assigned before they are read.
    return [
        "    run, outputs = call(",
        f"        {_code(reference)},",
        "        {",
        *values,
        "        },",
        f"        server={server},",
        f"        timeout={timeout},",
        f"        headers={headers},",
        "    )",
        f"    return {result}(",
        *made,
        f"        {run}=run,",
        "    )",
    ]


def _type(entry: Input) -> str:
    if entry.takes_file:
        return "Image"
    if entry.type == "COMBO":
        one = "str | float" if entry.options is None else _literal(entry.options)
        return f"list[{one}]" if entry.several else one
    kind = _VALUES[entry.type]
    return f'{kind} | Literal["{RANDOM}"]' if entry.seed else kind


def _literal(options: Sequence[str | int | float]) -> str:
    """Options as a type; there are no literal types of fractions."""
    texts = [option for option in options if not isinstance(option, float)]
    kinds = [f"Literal[{', '.join(map(_code, texts))}]"] if texts else []
    if len(texts) < len(options) or not kinds:
        kinds.append("float")
    return " | ".join(kinds)


def _optional(entry: Input) -> str:
    """Type and default. None leaves what the graph has, or is chosen anew for each call."""
    if entry.default is None or entry.dynamic or entry.takes_file or entry.several:
        return f"{_type(entry)} | None = None"
    return f"{_type(entry)} = {_code(entry.default)}"


def _output_type(output: Output) -> str:
    return _VALUES.get(output.type, "list[Picture]")


def _about(entry: Input) -> str:
    words = [entry.description.rstrip(".")] if entry.description else []
    if entry.min is not None or entry.max is not None:
        low, high = ("" if limit is None else _number(limit) for limit in (entry.min, entry.max))
        limits = f"From {low} to {high}" if low and high else f"At least {low}" if low else f"At most {high}"
        words.append(limits)
    if entry.dynamic:
        words.append(f"Chosen from {entry.default!r} if it is left out")
    if not words:
        words.append("A picture" if entry.takes_file else _PLAIN[entry.type])
    return _quoted(". ".join(words)) + "."


def _wrapped(text: str, indent: int, hanging: str = "") -> list[str]:
    width = _WIDTH - indent
    return textwrap.wrap(_quoted(text), width, subsequent_indent=hanging, break_long_words=False) or [""]


def _quoted(text: str) -> str:
    """A text in a docstring: on one line, and nothing in it can end the docstring."""
    plain = " ".join(text.split()).replace("\\", "/")
    return plain.replace('"', "'")


def _code(value: object) -> str:
    """A value as Python writes it, texts in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _named(names: Iterable[str], taken: Iterable[str]) -> list[_Named]:
    """Names that Python takes, each once."""
    used = {*keyword.kwlist, *taken}
    found: list[_Named] = []
    for name in names:
        found.append(_Named(name, _free(name, used)))
        used.add(found[-1].python)
    return found


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _number(limit: float) -> str:
    return str(int(limit)) if float(limit).is_integer() else f"{limit:g}"


def _defined(module: str) -> set[str]:
    """The names that a module defines or imports."""
    found: set[str] = set()
    for node in ast.parse(module).body:
        match node:
            case ast.Import() | ast.ImportFrom():
                found.update(one.asname or one.name for one in node.names)
            case ast.ClassDef() | ast.FunctionDef():
                found.add(node.name)
            case ast.Assign():
                found.update(target.id for target in node.targets if isinstance(target, ast.Name))
            case _:
                pass
    return found


def _snake(name: str) -> str:
    """A name for a function: `Portrait (soft)` is `portrait_soft`."""
    parts = re.findall(r"[a-z0-9]+", name.lower())
    joined = "_".join(parts) or "workflow"
    return joined if joined[0].isalpha() else f"workflow_{joined}"
