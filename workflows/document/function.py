"""The function a document declares itself to be: `extra.darkroom.function`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_object
from workflows.canonical import Json

KEY = "darkroom"


def function_of(document: Json) -> Json | None:
    """The declaration in a document, as it stands there; None if it has none."""
    return as_object(_own(document).get("function"))


def with_function(document: Json, function: Json | None) -> Json:
    """The same document with this declaration instead of its own, or without one; nothing is changed in
    place.
    """
    own = {key: value for key, value in _own(document).items() if key != "function"}
    if function is not None:
        own["function"] = function
    extra: dict[str, Any] = {**(as_object(document.get("extra")) or {})}
    if own:
        extra[KEY] = own
    else:
        extra.pop(KEY, None)
    made: dict[str, Any] = {**document}
    if extra or "extra" in made:
        made["extra"] = extra
    return made


def _own(document: Json) -> Mapping[str, Any]:
    root = as_object(document) or {}
    return as_object((as_object(root.get("extra")) or {}).get(KEY)) or {}
