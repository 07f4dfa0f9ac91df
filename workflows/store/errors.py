"""What the store refuses, and why. Every message names the thing and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from workflows.store.records import Version

_MOST_SHOWN = 5
_LONGEST_SHOWN = 100


class StoreError(Exception):
    """The store cannot do what was asked. `code` is the same for all errors of a kind."""

    code: ClassVar[str] = "store_failed"


class StoreUnusable(StoreError):
    """The database cannot be opened; the message names it and what to do."""

    code = "store_unusable"


class StoreFull(StoreError):
    """There is no space left to write to. Nothing was changed."""

    code = "store_full"


class StoreBusy(StoreError):
    """Another process kept the database locked for too long. Nothing was changed; try again."""

    code = "store_busy"


class StoreUnreachable(StoreError):
    """The database server does not answer."""

    code = "store_unreachable"


class StoreDamaged(StoreError):
    """What was read is not what was written."""

    code = "store_damaged"


class Invalid(StoreError):
    """A name, a number or a text that cannot be kept; the message says what would do."""

    code = "invalid"


class NotFound(StoreError):
    """There is no such workflow, version, branch, tag or release. `nearest` are names it may have meant, for
    a release (`there` is given, the highest first) the highest there are.
    """

    code = "not_found"

    def __init__(
        self,
        what: str,
        name: str,
        nearest: Sequence[str] = (),
        *,
        within: str = "",
        there: Sequence[str] | None = None,
    ) -> None:
        self.what, self.name = what, name
        self.nearest = tuple(nearest if there is None else there[:_MOST_SHOWN])
        shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
        place = f" in workflow {within!r}" if within else ""
        if there is None:
            hint = f"; did you mean {' or '.join(map(repr, self.nearest))}?" if self.nearest else ""
        else:
            more = f" and {len(there) - _MOST_SHOWN} more" if len(there) > _MOST_SHOWN else ""
            known = f"its releases: {', '.join(self.nearest)}{more}" if there else "it has no releases yet"
            hint = f"; {known}"
        super().__init__(f"there is no {what} {shown!r}{place}{hint}")


class AmbiguousRef(StoreError):
    """Several versions begin like this. `candidates` are their ids."""

    code = "ambiguous_ref"

    def __init__(self, ref: str, candidates: Sequence[str]) -> None:
        self.ref, self.candidates = ref, tuple(candidates)
        shown = ", ".join(candidate[:12] for candidate in self.candidates)
        super().__init__(f"{ref!r} could be any of {shown}: give more digits")


class NameTaken(StoreError):
    """The name belongs to another workflow, branch or tag, or did: names never come to mean another thing."""

    code = "name_taken"


class BranchConflict(StoreError):
    """The branch moved on since `parent`. The version is kept, on a new branch."""

    code = "branch_conflict"

    def __init__(self, version: Version, branch: str, head: Version, *, wanted: str) -> None:
        self.version, self.branch, self.head, self.wanted = version, branch, head, wanted
        super().__init__(
            f"{wanted!r} was saved by {head.author} meanwhile (#{head.number});"
            f" yours is kept as #{version.number} on the branch {branch!r}: merge the two"
        )


class BranchMoved(StoreError):
    """The branch is not where it was expected. `head` is where it is, None if there is no such branch."""

    code = "branch_moved"

    def __init__(self, branch: str, head: Version | None) -> None:
        self.branch, self.head = branch, head
        now = "no longer exists" if head is None else f"is now at #{head.number}"
        super().__init__(f"the branch {branch!r} {now}: look at it, then try again")


class ReleaseExists(StoreError):
    """A release never moves."""

    code = "release_exists"


class NeedsHigher(StoreError):
    """The number does not say how much changed since the release before. `smallest` would do."""

    def __init__(self, level: str, reasons: Sequence[str], smallest: str) -> None:
        self.level, self.reasons, self.smallest = level, tuple(reasons), smallest
        super().__init__(f"this needs a {level} release, {smallest} or higher: {'; '.join(self.reasons)}")


class NeedsMajor(NeedsHigher):
    """Callers of the release before would break."""

    code = "needs_major"


class NeedsMinor(NeedsHigher):
    """Callers of this release could not go back to the one before with the same number but for the patch."""

    code = "needs_minor"
