"""The `Idempotency-Key` header: a request sent again gets the answer it got, and makes no second job."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from server.http import Problem
from server.jobs.records import Json, Submission

if TYPE_CHECKING:
    from server.jobs.store import JobStore

HEADER = "Idempotency-Key"
_LONGEST = 255


class Resubmissions:
    """One request of a key at a time; the rest wait for its answer."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def once(
        self, store: JobStore, key: str, body: bytes, carry_out: Callable[[Submission], Awaitable[Json]]
    ) -> Json:
        """What `carry_out` answers, or what it answered to the same body under this key within the last day.

        It must remember the submission together with what it does. Raises Problem 409 for another body.
        """
        if not 0 < len(key) <= _LONGEST or not key.isprintable():
            text = f"{HEADER} must have 1 to {_LONGEST} printable characters"
            raise Problem(400, "invalid_header", text, HEADER)
        digest = hashlib.sha256(body).hexdigest()
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            now = time.time()
            found = await store.submission(key, now)
            if found is None:
                return await carry_out(Submission(key, digest, "", now))
            if found.body_hash != digest:
                text = f"{HEADER} {key!r} was used for another request; choose a new key for a new job"
                raise Problem(409, "idempotency_key_reused", text, HEADER)
            return json.loads(found.answer)
