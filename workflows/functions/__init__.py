"""Workflows as functions: declared inputs and outputs, calls by name, and nodes in other workflows.

`declared` completes a declaration from the node definitions; `schema`, `object_info`, `bind` and `expand`
take what it returns. `compare` says what a new declaration means for callers of the old one.
"""

from workflows.functions.bind import Bound, InputProblem, InvalidInputs, bind
from workflows.functions.compare import Change, compare
from workflows.functions.declared import Checked, check, declared
from workflows.functions.expand import ExpansionError, UnknownFunction, expand, has_workflows
from workflows.functions.function import Function
from workflows.functions.node import class_name, is_workflow, object_info, parse_class
from workflows.functions.parts import FunctionError, Input, Output, Source, Target, Trouble
from workflows.functions.prompts import prompt_of
from workflows.functions.schema import schema
from workflows.functions.template import FunctionPrompt

__all__ = [
    "Bound",
    "Change",
    "Checked",
    "ExpansionError",
    "Function",
    "FunctionError",
    "FunctionPrompt",
    "Input",
    "InputProblem",
    "InvalidInputs",
    "Output",
    "Source",
    "Target",
    "Trouble",
    "UnknownFunction",
    "bind",
    "check",
    "class_name",
    "compare",
    "declared",
    "expand",
    "has_workflows",
    "is_workflow",
    "object_info",
    "parse_class",
    "prompt_of",
    "schema",
]
