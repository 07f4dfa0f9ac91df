"""What a version holds: a workflow of the canvas or a prompt, taken apart into meaning and layout.

Meaning is what could change a result or what a person wrote: classes, values, links by the names of inputs,
titles, modes, notes, subgraphs, the function declaration. Layout is the rest: places, sizes, colours, frames,
the order of lists, ids of links, counters. `split` and `join` lose nothing between them.
"""

from workflows.document.errors import DocumentError
from workflows.document.format import formatted
from workflows.document.function import function_of, with_function
from workflows.document.parts import Parts, join, split

__all__ = ["DocumentError", "Parts", "formatted", "function_of", "join", "split", "with_function"]
