"""Results kept between runs, looked up by key."""

from engine.cache.base import Cache, Entry, NoCache, Tier, default_sizeof
from engine.cache.lru import LruCache
from engine.cache.memory import MemoryCache

__all__ = ["Cache", "Entry", "LruCache", "MemoryCache", "NoCache", "Tier", "default_sizeof"]
