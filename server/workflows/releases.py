"""What a version would have to be called if it were released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.jobs.records import Json

if TYPE_CHECKING:
    from workflows.store import Store


def release_check(store: Store, name: str, ref: str) -> Json:
    """The smallest number a release of a version may have, compared with the newest release there is."""
    raise NotImplementedError
