"""Users, their settings and their files, each below a folder of their own."""

from __future__ import annotations

import json
import logging
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from server.files.storage import Outside, resolve, write
from server.http import Problem
from server.jobs.records import Json

log = logging.getLogger("darkroom.server")

DEFAULT = "default"
_SETTINGS = "comfy.settings.json"


class Users:
    """The users of this server. With `multi` off there is one, called `default`."""

    def __init__(self, root: Path, *, multi: bool) -> None:
        self._root = root
        self._multi = multi

    @property
    def migrated(self) -> bool:
        """Whether anything was ever kept for the default user."""
        return (self._root / DEFAULT).is_dir()

    def names(self) -> dict[str, str]:
        """User ids and the names they were made with."""
        loaded = _load(self._root / ".darkroom" / "users.json")
        return {str(key): str(value) for key, value in loaded.items()}

    def listing(self) -> Json:
        """The body of GET `/users`."""
        if self._multi:
            return {"storage": "server", "users": self.names()}
        return {"storage": "server", "migrated": self.migrated}

    def add(self, name: str) -> str:
        """Make a user. Raises Problem 400 for a blank or taken name."""
        name = name.strip()
        if not name:
            raise Problem(400, "invalid_username", "a user needs a name", "username")
        names = self.names()
        if name in names.values():
            raise Problem(400, "duplicate_username", "Duplicate username.", "username")
        user = f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)[:64]}_{uuid.uuid4()}"
        write(self._root / ".darkroom" / "users.json", json.dumps({**names, user: name}).encode())
        return user

    def folder(self, header: str | None) -> Path:
        """The folder of the user a request names. Raises Problem 401 for one that does not exist."""
        if not self._multi:
            return self._root / DEFAULT
        if header is None or header not in self.names():
            raise Problem(
                401, "unknown_user", "the comfy-user header names no user of this server", "comfy-user"
            )
        return self._root / header

    def settings(self, folder: Path) -> Json:
        """All settings of a user; none if there are none, or the file was damaged and is set aside."""
        return _load(folder / _SETTINGS)

    def change(self, folder: Path, changes: Json) -> None:
        """Merge settings into those stored, in one atomic write."""
        write(folder / _SETTINGS, json.dumps({**self.settings(folder), **changes}, indent=4).encode())


def user_path(folder: Path, text: str) -> Path:
    """A path inside a user's folder. Raises Problem 403 if it leads elsewhere."""
    try:
        return resolve(folder, text)
    except Outside as error:
        raise Problem(403, "outside", str(error), "file") from error


def _load(path: Path) -> Json:
    """The object in a file; empty if there is no file. A damaged one is set aside, so that it is not lost
    with the next change. Raises Problem 503 if it cannot be read.
    """
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        text = f"{path.name} cannot be read: {error.strerror}"
        raise Problem(503, "storage", text, path.name) from error
    except (ValueError, RecursionError) as error:
        return _set_aside(path, str(error))
    return cast(Json, loaded) if isinstance(loaded, dict) else _set_aside(path, "it holds no object")


def _set_aside(path: Path, reason: str) -> Json:
    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    path.rename(kept)
    log.error("%s is damaged (%s): it is kept as %s, and a new one is begun", path, reason, kept.name)
    return {}
