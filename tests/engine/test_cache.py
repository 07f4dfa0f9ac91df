"""What caches keep and what they let go."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.cache import Cache, Entry, Footprint, LruCache, MemoryCache, NoCache, Share, default_sizeof
from engine.keys import Key


def size(values: Any) -> Footprint:
    return Footprint(Share(values[0]))


def entry(bytes_: int, seconds: float = 1.0) -> Entry:
    return Entry((bytes_,), None, seconds)


def k(name: object) -> Key:
    return Key(str(name))


ROOM = 10_000
OVERHEAD = 512


def test_what_is_cheap_to_make_for_its_size_goes_first() -> None:
    cache = MemoryCache(3 * ROOM, size)
    cache.put(k("slow"), entry(ROOM - OVERHEAD, seconds=60))
    cache.put(k("quick"), entry(ROOM - OVERHEAD, seconds=0.1))
    cache.put(k("small"), entry(10, seconds=0.1))
    cache.put(k("new"), entry(ROOM - OVERHEAD, seconds=1))
    cache.put(k("newer"), entry(ROOM - OVERHEAD, seconds=1))
    assert cache.tier(k("quick")) is None
    assert cache.tier(k("slow")) and cache.tier(k("small"))


def test_among_equals_the_one_unused_for_longest_goes() -> None:
    cache = MemoryCache(3 * ROOM, size)
    for name in "abc":
        cache.put(k(name), entry(ROOM - OVERHEAD))
    assert cache.get(k("a")) is not None
    cache.put(k("d"), entry(ROOM - OVERHEAD))
    assert [name for name in "abcd" if cache.tier(k(name))] == ["a", "c", "d"]


def test_what_was_once_dear_ages_when_nobody_uses_it() -> None:
    cache = MemoryCache(2 * ROOM, size)
    cache.put(k("dear"), entry(ROOM - OVERHEAD, seconds=5))
    for i in range(20):
        cache.put(k(i), entry(ROOM - OVERHEAD, seconds=1))
    assert cache.tier(k("dear")) is None


def test_the_budget_holds_under_any_sequence() -> None:
    cache = MemoryCache(50_000, size)
    dice = random.Random(1)
    for _ in range(5_000):
        name = k(dice.randrange(60))
        match dice.randrange(3):
            case 0:
                cache.get(name)
            case _:
                cache.put(name, entry(dice.randrange(8_000), dice.random()))
        assert cache.bytes <= 50_000
    held = [k(i) for i in range(60) if cache.tier(k(i))]
    assert cache.bytes == sum(cache.get(name).values[0] + OVERHEAD for name in held)  # type: ignore[union-attr] # pyright: ignore


def shared(bytes_: int, *addresses: int) -> Entry:
    """A result of `bytes_` that all lie in buffers of equal size, at these addresses."""
    return Entry((Footprint(Share(bytes_, {a: bytes_ // len(addresses) for a in addresses})),), None, 1.0)


def footprint(values: Any) -> Footprint:
    return values[0]


def test_buffers_that_results_share_count_once_as_long_as_one_of_them_is_kept() -> None:
    cache = MemoryCache(10 * ROOM, footprint)
    cache.put(k("model"), shared(4_000, 1, 2))
    cache.put(k("variant"), shared(4_000, 2, 3))
    assert cache.bytes == 6_000 + 2 * OVERHEAD
    cache.put(k("model"), shared(10, 9))
    assert cache.bytes == 4_000 + 10 + 2 * OVERHEAD


def test_variants_of_one_model_fit_where_copies_would_not() -> None:
    cache = MemoryCache(2 * ROOM, footprint)
    for i in range(10):
        cache.put(k(i), shared(ROOM, 1))
    assert all(cache.tier(k(i)) for i in range(10))


def on_device(bytes_: int, seconds: float = 1.0) -> Entry:
    return Entry((Footprint(Share(10), Share(bytes_)),), None, seconds)


def to_ram(values: tuple[Any, ...]) -> tuple[Any, ...]:
    (size,) = values
    return (Footprint(Share(size.ram.bytes + size.device.bytes)),)


def test_ram_and_device_memory_have_a_budget_each() -> None:
    cache = MemoryCache(2 * ROOM, footprint, device_budget=ROOM)
    cache.put(k("ram"), Entry((Footprint(Share(ROOM)),)))
    cache.put(k("dear"), on_device(6_000, seconds=9))
    cache.put(k("cheap"), on_device(6_000, seconds=1))
    assert cache.tier(k("ram")) and cache.tier(k("dear")) and not cache.tier(k("cheap"))
    assert cache.device_bytes == 6_000


def test_what_must_leave_the_device_moves_to_ram_and_keeps_its_keys() -> None:
    cache = MemoryCache(3 * ROOM, footprint, device_budget=ROOM, demote=to_ram)
    cache.put(k("first"), on_device(6_000), also=k("alias"))
    cache.put(k("second"), on_device(6_000))
    assert cache.device_bytes == 6_000 and cache.bytes == 6_000 + 20 + 2 * OVERHEAD
    moved = cache.get(k("alias"))
    assert moved is not None and moved.values[0] == Footprint(Share(6_010))
    cache.put(k("huge"), on_device(2 * ROOM))
    assert cache.tier(k("huge")) and cache.device_bytes == 6_000


def test_what_cannot_move_leaves_the_device_for_good() -> None:
    cache = MemoryCache(3 * ROOM, footprint, device_budget=ROOM, demote=lambda values: None)
    for i in range(5):
        cache.put(k(i), on_device(6_000))
    assert [i for i in range(5) if cache.tier(k(i))] == [4] and cache.device_bytes == 6_000


def test_both_budgets_hold_under_any_sequence_and_several_threads() -> None:
    cache = MemoryCache(50_000, footprint, device_budget=20_000, demote=to_ram)

    def use(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(2_000):
            name = k(dice.randrange(40))
            if dice.random() < 0.3:
                cache.get(name)
            size, there = dice.randrange(6_000), dice.randrange(1, 30_000)
            held = Footprint(Share(size, {dice.randrange(1, 9) * 7: 1}), Share(there * dice.randrange(2)))
            cache.put(name, Entry((held,), None, dice.random()), also=k(dice.randrange(100, 200)))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(use, seed) for seed in range(4)]:
            done.result()
    assert cache.bytes <= 50_000 and cache.device_bytes <= 20_000
    held = [cache.get(k(i)) for i in range(40)]
    alone = sum(e.values[0].ram.bytes + OVERHEAD for e in held if e is not None)
    assert cache.bytes <= alone and cache.device_bytes == sum(e.values[0].device.bytes for e in held if e)


def test_what_is_larger_than_the_budget_is_not_kept_and_displaces_nothing() -> None:
    cache = MemoryCache(ROOM, size)
    cache.put(k("small"), entry(10))
    cache.put(k("huge"), entry(ROOM))
    assert cache.tier(k("huge")) is None and cache.tier(k("small"))


def test_replacing_an_entry_counts_it_once() -> None:
    cache = MemoryCache(ROOM, size)
    for seconds in range(5):
        cache.put(k("a"), entry(100, seconds))
    assert cache.bytes == 100 + OVERHEAD and len(cache) == 1


def test_lru_keeps_the_last_used() -> None:
    cache = LruCache(2)
    for name in "abc":
        cache.begin([])
        cache.put(k(name), entry(1))
    cache.begin([])
    assert cache.get(k("b")) is not None
    cache.put(k("d"), entry(1))
    assert [name for name in "abcd" if cache.tier(k(name))] == ["b", "d"]


def test_lru_of_none_keeps_the_last_run_alone() -> None:
    cache = LruCache(0)
    for name in "ab":
        cache.begin([])
        cache.put(k(name), entry(1))
    assert [name for name in "ab" if cache.tier(k(name))] == ["b"]
    cache.begin([k("b")])
    assert cache.tier(k("b"))


def test_lru_never_drops_what_the_current_run_uses() -> None:
    cache = LruCache(1)
    names = [k(i) for i in range(5)]
    cache.begin(names)
    for name in names:
        cache.put(name, entry(1))
    assert all(cache.tier(name) for name in names)
    cache.begin([names[0]])
    assert [name for name in names if cache.tier(name)] == [names[0]]


def caches() -> list[Cache]:
    return [MemoryCache(ROOM, size), LruCache(3)]


@pytest.mark.parametrize("cache", caches())
def test_a_second_key_finds_the_same_result_and_goes_with_it(cache: Cache) -> None:
    cache.put(k("value"), entry(1), also=k("first"))
    cache.put(k("value"), entry(2), also=k("second"))
    assert cache.get(k("first")) is cache.get(k("second")) is cache.get(k("value")) is not None
    cache.clear()
    assert not any(cache.tier(k(name)) for name in ("value", "first", "second"))


@pytest.mark.parametrize("cache", caches())
def test_a_second_key_moves_to_the_result_it_was_last_given_for(cache: Cache) -> None:
    cache.put(k("one"), entry(1), also=k("name"))
    cache.put(k("two"), entry(2), also=k("name"))
    assert cache.get(k("name")) == entry(2) and cache.get(k("one")) == entry(1)
    cache.put(k("name"), entry(3), also=k("name"))
    assert cache.get(k("name")) == entry(3) and cache.get(k("two")) == entry(2)
    cache.put(k("two"), entry(4), also=k("name"))
    assert cache.get(k("name")) == entry(4)


@pytest.mark.parametrize("cache", caches())
def test_a_result_has_its_sixteen_newest_second_keys(cache: Cache) -> None:
    for i in range(20):
        cache.put(k("value"), entry(1), also=k(i))
    assert [i for i in range(20) if cache.tier(k(i))] == list(range(4, 20))


def test_second_keys_cost_no_room_and_go_with_what_is_let_go() -> None:
    cache = MemoryCache(2 * ROOM, size)
    cache.put(k("old"), entry(ROOM - OVERHEAD), also=k("alias"))
    assert cache.bytes == ROOM
    for i in range(3):
        cache.put(k(i), entry(ROOM - OVERHEAD))
    assert cache.tier(k("old")) is None and cache.tier(k("alias")) is None and cache.get(k("alias")) is None


@pytest.mark.parametrize("cache", [*caches(), NoCache()])
def test_clear_forgets_everything(cache: Cache) -> None:
    cache.put(k("a"), entry(1))
    cache.clear()
    assert cache.tier(k("a")) is None and cache.get(k("a")) is None


def test_no_cache_keeps_nothing() -> None:
    cache = NoCache()
    cache.put(k("a"), entry(1))
    assert cache.tier(k("a")) is None


def test_sizes_count_members_once_and_arrays_by_their_bytes() -> None:
    class Array:
        nbytes = 4_000_000

    array = Array()
    assert 4_000_000 < default_sizeof((array, [array, {"again": array}])).ram.bytes < 4_001_000
    assert default_sizeof("x" * 1000).ram.bytes > 1000


def test_sizes_of_structures_that_contain_themselves_are_finite() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert default_sizeof(loop).ram.bytes < 1000
