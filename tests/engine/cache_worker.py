"""A process that uses a disk cache until it is killed.

    python -m tests.engine.cache_worker FOLDER SEED LIMIT

Prints a line for each result that is on disk, and ends with status 3 if it ever reads something wrong.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from engine.cache import DiskCache, Encoded, Entry
from engine.keys import Key

KEYS = 60


class BytesCodec:
    """Results of one `bytes` value each; nothing else can be stored."""

    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        return Encoded("bytes", values) if all(type(value) is bytes for value in values) else None

    def decode(self, tree: Any, data: bytes) -> tuple[Any, ...]:
        if tree != "bytes":
            raise ValueError(f"{tree!r} is no tree of this codec")
        return (data,)


def content(number: int) -> bytes:
    """What belongs to a key: a few results are equal, as those of nodes that do the same are."""
    return random.Random(number // 2).randbytes(1 + 997 * number)


def key(number: int) -> Key:
    return Key(f"key-{number}")


def alias(number: int) -> Key:
    return Key(f"alias-{number}")


def result(number: int) -> Entry:
    ui = {"images": [{"filename": f"{number}.png"}]} if number % 3 == 0 else None
    return Entry((content(number),), ui, 5.0, identity=key(number), peak_bytes=number)


def main() -> int:
    folder, seed, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    cache, dice = DiskCache(folder, BytesCodec(), limit), random.Random(seed)
    while True:
        number = dice.randrange(KEYS)
        found = cache.get(dice.choice([key, alias])(number))
        if found is not None and found != result(number):
            return 3
        if found is None or dice.random() < 0.3:
            cache.put(key(number), result(number), also=alias(number))
        if dice.random() < 0.1 and cache.flush():
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
