"""Which names and texts can be kept, and when two names are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from workflows.store.errors import Invalid

_FORBIDDEN = '/\\@:#?%<>"|'
_LONGEST, _MOST_BYTES = 100, 200
"""Folders and files are called what workflows are, and their names, with an ending, have 255 bytes."""
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make a name look like another one."""
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LIKE_A_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MOST_LABELS, _LONGEST_LABEL = 32, 50
LATEST = "latest"


def fold(name: str) -> str:
    """What two names that count as the same have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def workflow_name(name: str) -> str:
    """A workflow's name as it is kept. Raises Invalid."""
    kept = unicodedata.normalize("NFC", name)
    if not 1 <= len(kept) <= _LONGEST:
        raise Invalid(f"a workflow's name has 1 to {_LONGEST} characters, not {len(kept)}")
    if (size := len(kept.encode(errors="surrogatepass"))) > _MOST_BYTES:
        raise Invalid(
            f"the name {kept!r} takes {size} bytes, and files that are called so {_MOST_BYTES}: shorten it"
        )
    if kept != kept.strip() or kept[0] == "." or kept[-1] == ".":
        raise Invalid(f"the name {kept!r} begins or ends with a space or a dot: leave it out")
    for character in kept:
        if character in _FORBIDDEN or character in _DIRECTIONS or _unprintable(character):
            raise Invalid(f"a workflow's name cannot have {character!r} in it, as {kept!r} does")
    return kept


def shortened(name: str, longest: int = _LONGEST) -> str:
    """The beginning of a name, as far as it can be kept: up to `longest` characters."""
    kept = unicodedata.normalize("NFC", name)[:longest]
    while len(kept.encode(errors="surrogatepass")) > _MOST_BYTES * longest // _LONGEST:
        kept = kept[:-1]
    return kept


def ref_name(what: str, name: str) -> str:
    """The name of a branch or a tag. Raises Invalid."""
    if not _REF.fullmatch(name):
        raise Invalid(
            f"{name!r} cannot be the name of a {what}: up to 100 of A-Z a-z 0-9 . _ - are, beginning with"
            " a letter or digit"
        )
    if _LIKE_A_RELEASE.fullmatch(name) or name.casefold() == LATEST:
        raise Invalid(f"{name!r} cannot be the name of a {what}: it says which release is meant")
    return name


def text(what: str, value: str, longest: int) -> str:
    """A message, a description or the like as it is kept. Raises Invalid."""
    kept = unicodedata.normalize("NFC", value.replace("\r\n", "\n"))
    if len(kept) > longest:
        raise Invalid(f"the {what} has {len(kept)} characters: {longest} can be kept")
    if not storable(kept):
        raise Invalid(f"the {what} has characters in it that are no text")
    return kept


def storable(value: str) -> bool:
    """Whether a database can hold it: neither NUL nor half a character."""
    return not _UNSTORABLE.search(value)


def label_list(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels as they are kept: in the order given, each once. Raises Invalid."""
    kept: dict[str, str] = {}
    for label in labels:
        clean = " ".join(text("label", label, _LONGEST_LABEL).split())
        if not clean or any(_unprintable(character) for character in clean):
            raise Invalid(f"{label!r} cannot be a label: it is a word or a few")
        kept.setdefault(fold(clean), clean)
    if len(kept) > _MOST_LABELS:
        raise Invalid(f"a workflow has up to {_MOST_LABELS} labels, not {len(kept)}")
    return tuple(kept.values())


def _unprintable(character: str) -> bool:
    """Controls, lone surrogates, line and paragraph separators."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
