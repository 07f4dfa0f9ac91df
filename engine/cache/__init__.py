"""Results kept between runs, looked up by key."""

from engine.cache.base import Cache, Entry, Footprint, NoCache, Share, Sizeof, Tier, default_sizeof
from engine.cache.lru import LruCache
from engine.cache.memory import MemoryCache

__all__ = [
    "Cache",
    "Entry",
    "Footprint",
    "LruCache",
    "MemoryCache",
    "NoCache",
    "Share",
    "Sizeof",
    "Tier",
    "default_sizeof",
]
