"""ComfyUI's workflow files: reading them, and making the prompt they stand for.

`convert` is the entrance for a UI workflow; `embedded` takes workflows out of pictures and other media.
"""

from workflows.formats.convert import Converted, convert
from workflows.formats.definitions import Definition, Definitions, definitions_of
from workflows.formats.report import Finding, FormatError, NoWorkflow
from workflows.formats.sort import Kind, kind_of

__all__ = [
    "Converted",
    "Definition",
    "Definitions",
    "Finding",
    "FormatError",
    "Kind",
    "NoWorkflow",
    "convert",
    "definitions_of",
    "kind_of",
]
