"""What a workflow needs elsewhere: models by content, packs by code; and finding these on another machine."""

from workflows.locks.lock import Lock, LockError, lock, lock_of, with_lock
from workflows.locks.packs import Pack, PackNeed, described, needs
from workflows.locks.renaming import with_names
from workflows.locks.resolve import FoundModel, State, Stock, resolve

__all__ = [
    "FoundModel",
    "Lock",
    "LockError",
    "Pack",
    "PackNeed",
    "State",
    "Stock",
    "described",
    "lock",
    "lock_of",
    "needs",
    "resolve",
    "with_lock",
    "with_names",
]
