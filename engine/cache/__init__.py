"""Results kept between runs, looked up by key."""

from engine.cache.base import Cache, Entry, Footprint, NoCache, Share, Sizeof, Tier, default_sizeof
from engine.cache.disk import Codec, DiskCache, Encoded
from engine.cache.lru import LruCache
from engine.cache.memory import MemoryCache
from engine.cache.pressure import PressureCache
from engine.cache.tiered import TieredCache

__all__ = [
    "Cache",
    "Codec",
    "DiskCache",
    "Encoded",
    "Entry",
    "Footprint",
    "LruCache",
    "MemoryCache",
    "NoCache",
    "PressureCache",
    "Share",
    "Sizeof",
    "Tier",
    "TieredCache",
    "default_sizeof",
]
