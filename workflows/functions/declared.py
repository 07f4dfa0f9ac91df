"""A declaration completed: what it leaves out is taken from the nodes it is bound to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.formats.definitions import Definitions
from workflows.functions.function import Function
from workflows.functions.parts import Trouble
from workflows.functions.prompts import Prompt


@dataclass(frozen=True)
class Checked:
    """A function as far as it could be completed, and what is wrong with it."""

    function: Function
    problems: tuple[Trouble, ...]


def declared(document: Any, definitions: Definitions, *, prompt: Prompt | None = None) -> Function:
    """The function of a document with types, ranges, options and defaults filled in.

    Args:
        document: a canvas workflow or a prompt document.
        definitions: the node classes.
        prompt: what `prompt_of` makes of the document, if it is known already.

    Raises FunctionError with everything that is wrong, also when the document declares no function.
    """
    raise NotImplementedError


def check(document: Any, definitions: Definitions, *, prompt: Prompt | None = None) -> Checked:
    """The same without raising for what does not fit the graph, for the dialog that edits it.

    Raises FunctionError only for a declaration that cannot be read at all.
    """
    raise NotImplementedError
