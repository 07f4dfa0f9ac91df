"""A function prepared for being put into other graphs, however often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.graph import as_object, wrap
from workflows.formats.definitions import Definitions
from workflows.functions.choices import texts_to_choose
from workflows.functions.declared import declared
from workflows.functions.function import Function
from workflows.functions.parts import Target
from workflows.functions.prompts import Prompt, Replaced, ancestors, prompt_of
from workflows.functions.values import RANDOM


@dataclass(frozen=True)
class FunctionPrompt:
    """A function and the graph it is bound to, defaults put in. Both are shared and never changed."""

    function: Function
    prompt: Prompt
    texts: tuple[Target, ...] = ()
    """Texts with alternatives to choose among."""

    @classmethod
    def of(cls, document: Any, definitions: Definitions) -> FunctionPrompt:
        """From the document of a release. Raises FunctionError."""
        prompt = prompt_of(document, definitions)
        function = declared(document, definitions, prompt=prompt, released=True)
        return cls.bound(function, prompt, Function.of(document), definitions)

    @classmethod
    def bound(
        cls, function: Function, prompt: Prompt, declaration: Function | None, definitions: Definitions
    ) -> FunctionPrompt:
        """From what `declared` and `prompt_of` made of a document, and the declaration as it was written."""
        said = {one.name for one in declaration.inputs if one.options} if declaration else set[str]()
        written = dict(prompt)
        for entry in function.inputs:
            if entry.default is None or not entry.is_widget or entry.default == RANDOM:
                continue
            for target in entry.targets:
                node = written[target.node]
                inputs = {**(as_object(node.get("inputs")) or {}), target.input: wrap(entry.default)}
                written[target.node] = {**node, "inputs": inputs}
        # Options taken from nodes are files that come and go; checking the inner node sees what is there now.
        inputs = tuple(
            entry if entry.name in said else replace(entry, options=None) for entry in function.inputs
        )
        return cls(replace(function, inputs=inputs), written, texts_to_choose(written, definitions))

    def needed(self, replaced: Replaced) -> list[str]:
        """The nodes that the outputs depend on, in the prompt's order, if some inputs come from elsewhere."""
        seen = ancestors(self.prompt, [output.source.node for output in self.function.outputs], replaced)
        return [name for name in self.prompt if name in seen]
