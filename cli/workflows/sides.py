"""What people compare, merge or save: a version NAME@REF, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.workflows.telling import Refused
from workflows.store import NotFound, Store, Version
from workflows.transfer import document_of
from workflows.transfer.importing import SUFFIXES

Json = dict[str, Any]


@dataclass(frozen=True)
class Side:
    """A document and what it is called."""

    title: str
    document: Json
    version: Version | None = None


def split_ref(asked: str) -> tuple[str, str]:
    """NAME@REF as name and ref, which is empty if it is not given."""
    name, _, ref = asked.partition("@")
    return name, ref


def version_of(store: Store, asked: str) -> Version:
    """The version NAME@REF. Raises NotFound, AmbiguousRef."""
    name, ref = split_ref(asked)
    return store.version(name, ref)


def side_of(store: Store, asked: str) -> Side:
    """A file if there is one of that name, else a version. Raises StoreError, FormatError."""
    path = Path(asked)
    if path.is_file():
        return Side(asked, document_of(path))
    try:
        version = version_of(store, asked)
    except NotFound as error:
        if error.what == "workflow" and (path.suffix.lower() in SUFFIXES or len(path.parts) > 1):
            raise Refused(f"{asked}: there is no such file") from error
        raise
    return Side(f"{version.workflow} #{version.number}", store.document(version.id), version)
