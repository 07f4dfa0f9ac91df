"""The workflows that ship with the project: a manifest of releases, and the documents it names.

A released document never changes: another one gets the next number and an entry of its own, so that what
pins the old release finds it in every installation. `versions.json` holds the digest of each to keep it so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "versions.json"


@dataclass(frozen=True)
class Shipped:
    """One release of a shipped workflow.

    `digest` is the document digest (`workflows.canonical.digest` of the meaning); `path` the document in UI
    format, read only when it is asked for.
    """

    name: str
    release: str
    labels: tuple[str, ...]
    digest: str
    path: Path

    @property
    def document(self) -> Json:
        """The workflow in UI format, which declares a function."""
        return cast(Json, json.loads(self.path.read_text(encoding="utf-8")))

    @property
    def description(self) -> str:
        """One sentence on what it makes."""
        return str(self.document["extra"]["info"]["description"])

    @property
    def thumbnail(self) -> Path:
        """A picture it made, as a JPEG."""
        return self.path.with_suffix(".jpg")


def shipped() -> tuple[Shipped, ...]:
    """Every release that ships, workflows in the order to show them and the releases of each ascending."""
    manifest = cast("list[Json]", json.loads(MANIFEST.read_text(encoding="utf-8")))
    return tuple(
        Shipped(
            name=str(entry["name"]),
            release=str(release["number"]),
            labels=tuple(entry["labels"]),
            digest=str(release["document"]),
            path=FOLDER / str(release["file"]),
        )
        for entry in manifest
        for release in entry["releases"]
    )


def newest() -> dict[str, Shipped]:
    """The newest release of each shipped workflow by name, in the order to show them."""
    return {one.name: one for one in shipped()}
