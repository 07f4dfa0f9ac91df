"""Texts with alternatives, such as `a {red|blue} fox`: chosen anew for each call, as the canvas does."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from engine.graph import as_object
from workflows.formats.definitions import Definitions
from workflows.formats.substitute import dynamic
from workflows.functions.parts import Target
from workflows.functions.prompts import Prompt

_ANY = Random(0)


def texts_to_choose(prompt: Prompt, definitions: Definitions) -> tuple[Target, ...]:
    """The texts of a prompt, as they were typed, that are not sent as they are."""
    found: list[Target] = []
    for name, entry in prompt.items():
        node = as_object(entry) or {}
        definition = definitions(str(node.get("class_type")))
        for key, value in (as_object(node.get("inputs")) or {}).items():
            known = None if definition is None else definition.by_name.get(key)
            expands = known is not None and bool(known.options.get("dynamicPrompts"))
            if expands and isinstance(value, str) and dynamic(value, _ANY) != value:
                found.append(Target(name, key))
    return tuple(found)


def chosen(prompt: Prompt, texts: Collection[Target], random: Random) -> Prompt:
    """The prompt with one alternative in each of the texts; itself if there are none."""
    if not texts:
        return prompt
    made = dict(prompt)
    for text in texts:
        inputs = made[text.node]["inputs"]
        written = {**inputs, text.input: dynamic(inputs[text.input], random)}
        made[text.node] = {**made[text.node], "inputs": written}
    return made
