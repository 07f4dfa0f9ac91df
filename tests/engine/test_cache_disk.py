"""Results on disk: what comes back, what damage and faults do, and several processes at once."""

from __future__ import annotations

import logging
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cache import DiskCache, Encoded, Entry, MemoryCache, TieredCache
from engine.cache.files import FileStore
from engine.cache.writer import Writer
from engine.keys import Key
from tests.engine.cache_worker import KEYS, BytesCodec, alias, key, result

ROOT = Path(__file__).parents[2]
LIMIT = 2**30


def on_disk(folder: Path, limit: int = LIMIT, realm: str = "") -> DiskCache:
    return DiskCache(folder, BytesCodec(), limit, realm)


def filled(folder: Path, *numbers: int) -> DiskCache:
    cache = on_disk(folder)
    for number in numbers:
        cache.put(key(number), result(number), also=alias(number))
    assert cache.flush()
    return cache


def files(folder: Path, suffix: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix == suffix]


def test_results_outlive_the_process(tmp_path: Path) -> None:
    filled(tmp_path, 3, 4).close()
    again = on_disk(tmp_path)
    assert again.tier(key(3)) == again.tier(alias(3)) == "disk" and again.tier(key(5)) is None
    assert again.get(key(3)) == again.get(alias(3)) == result(3)
    assert again.find(alias(4)) == (key(4), result(4))
    assert again.get(key(5)) is None


def test_equal_bytes_are_stored_once(tmp_path: Path) -> None:
    cache = on_disk(tmp_path)
    for number in range(5):
        cache.put(key(number), Entry((b"the same",), None, 1.0))
    assert cache.flush()
    assert len(files(tmp_path, ".blob")) == 1 and len(files(tmp_path, ".json")) == 5


def test_another_realm_finds_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    assert on_disk(tmp_path, realm="float32").get(key(1)) is None


def test_only_what_is_worth_it_is_written(tmp_path: Path) -> None:
    cache = on_disk(tmp_path)
    cache.put(key(1), Entry((b"quick",), None, 0.01))
    cache.put(key(2), Entry((bytes(20_000_000),), None, 0.03))
    cache.put(key(3), Entry((object(),), None, 9.0))
    cache.put(key(4), Entry((b"shown",), {"text": ["x"]}, 0.0))
    cache.put(key(5), Entry((b"shown",), {"text": [object()]}, 9.0))
    cache.put(key(6), Entry((b"slow",), None, 0.03))
    assert cache.flush()
    assert [n for n in range(1, 7) if cache.tier(key(n))] == [4, 6]


def test_a_result_shown_again_replaces_what_it_gave_the_canvas(tmp_path: Path) -> None:
    cache = on_disk(tmp_path)
    for name in ("a", "b"):
        cache.put(key(1), Entry((b"",), {"images": [name]}))
    assert cache.flush()
    assert cache.get(key(1)) == Entry((b"",), {"images": ["b"]})


@pytest.mark.parametrize("suffix", [".json", ".blob"])
@pytest.mark.parametrize("harm", ["cut", "empty", "flip", "gone", "garbage"])
def test_what_is_damaged_is_a_miss_and_goes(tmp_path: Path, suffix: str, harm: str) -> None:
    filled(tmp_path, 4)
    for path in files(tmp_path, suffix):
        data = path.read_bytes()
        match harm:
            case "cut":
                path.write_bytes(data[:-1])
            case "empty":
                path.write_bytes(b"")
            case "flip":
                path.write_bytes(data[:70] + bytes([data[70] ^ 1]) + data[71:])
            case "garbage":
                path.write_bytes(b"\xff" * 500)
            case _:
                path.unlink()
    cache = on_disk(tmp_path)
    assert cache.get(key(4)) is None and cache.get(alias(4)) is None
    assert cache.tier(key(4)) is None and cache.tier(alias(4)) is None
    cache.put(key(4), result(4))
    assert cache.flush() and cache.get(key(4)) == result(4)


def test_every_single_damaged_byte_of_a_record_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    records = [path for path in files(tmp_path, ".json") if b"same_as" not in path.read_bytes()]
    data = records[0].read_bytes()
    cache = on_disk(tmp_path)
    for position in range(len(data)):
        records[0].write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        assert cache.get(key(3)) is None, position


def test_the_folder_keeps_its_limit_and_what_was_used_last(tmp_path: Path) -> None:
    cache = on_disk(tmp_path, limit=2_000_000)
    kept = Entry((random.Random(0).randbytes(90_000),), None, 9.0)
    cache.put(key(0), kept)
    for number in range(1, 60):
        cache.put(key(number), Entry((random.Random(number).randbytes(90_000),), None, 9.0))
        assert cache.flush()
        assert cache.get(key(0)) == kept, number
        assert FileStore(tmp_path, 0).bytes <= 2_000_000 * 17 // 16 + 100_000
    assert cache.tier(key(1)) is None and cache.tier(key(59)) == "disk"


def test_what_would_take_a_large_part_of_the_folder_is_left_out(tmp_path: Path) -> None:
    cache = on_disk(tmp_path, limit=1_000_000)
    cache.put(key(1), Entry((bytes(300_000),), None, 9.0))
    assert cache.flush() and cache.tier(key(1)) is None


def test_what_killed_processes_left_goes_after_an_hour(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    old, new = tmp_path / "ab" / "old.part", tmp_path / "ab" / "new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 4000, time.time() - 4000))
    filled(tmp_path, 1)
    assert not old.exists() and new.exists()


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def start(folder: Path, seed: int, limit: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.engine.cache_worker", str(folder), str(seed), str(limit)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def wait_for_line(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the process ended with status {process.wait()}"
    return int(line)


def test_processes_killed_at_any_moment_leave_nothing_wrong(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    dice = random.Random(7)
    processes += [start(tmp_path, seed, LIMIT) for seed in range(3)]
    for turn in range(30):
        victim = processes[turn % 3]
        written = wait_for_line(victim)
        time.sleep(dice.uniform(0, 0.05))
        victim.kill()
        assert victim.wait() == -9
        assert on_disk(tmp_path).get(key(written)) == result(written), "what was reported written is there"
        processes[turn % 3] = start(tmp_path, 100 + turn, LIMIT)
    assert all(process.poll() is None for process in processes), "a process read something wrong"
    cache = on_disk(tmp_path)
    for number in range(KEYS):
        assert cache.get(key(number)) in (None, result(number))
        assert cache.get(alias(number)) in (None, result(number))


def test_processes_that_share_a_small_folder_keep_its_limit_together(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    limit = 600_000
    processes += [start(tmp_path, seed, limit) for seed in range(2)]
    for _ in range(40):
        for process in processes:
            wait_for_line(process)
        assert FileStore(tmp_path, 0).bytes <= limit * 1.2 + 200_000
    assert all(process.poll() is None for process in processes), "a process read something wrong"


class Gate(BytesCodec):
    """A codec that waits until it may go on, as a slow disk does."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        assert self.open.wait(30)
        return super().encode(values)


def test_a_slow_disk_holds_up_nobody_and_the_queue_has_an_end(tmp_path: Path) -> None:
    codec = Gate()
    cache = DiskCache(tmp_path, codec, LIMIT)
    began = time.perf_counter()
    for number in range(1000):
        cache.put(key(number), Entry((b"x" * 100,), None, 1.0))
    assert time.perf_counter() - began < 10, "it would wait for 30 s"
    assert not cache.flush(0.05)
    codec.open.set()
    assert cache.flush(30)
    assert cache.tier(key(0)) and not cache.tier(key(999))
    assert 200 < sum(cache.tier(key(number)) is not None for number in range(1000)) < 300


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    cache = on_disk(tmp_path)
    for number in range(20):
        cache.put(key(number), result(number))
    cache.close()
    assert all(cache.tier(key(number)) for number in range(20))
    cache.put(key(30), result(30))
    assert cache.tier(key(30)) is None


def test_closing_does_not_wait_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    codec = Gate()
    cache = DiskCache(tmp_path, codec, LIMIT)
    cache.put(key(1), result(1))
    began = time.perf_counter()
    cache.close(0.1)
    assert time.perf_counter() - began < 10 and "no time" in caplog.text, "it would wait for 30 s"
    codec.open.set()


def test_items_that_wait_are_bounded_by_their_bytes() -> None:
    done: list[str] = []
    busy, go = threading.Event(), threading.Event()

    def work(item: str) -> None:
        busy.set()
        assert go.wait(30)
        done.append(item)

    writer = Writer(work, most_bytes=100, most_items=10)
    assert writer.put("at work", 1000) and busy.wait(30)
    assert writer.put("waiting", 60)
    assert not writer.put("too much", 60)
    go.set()
    assert writer.flush(30) and done == ["at work", "waiting"]


def test_a_folder_that_cannot_be_used_is_told_once_and_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = on_disk(tmp_path / "file" / "cache")
    for number in range(10):
        cache.put(key(number), result(number))
        assert cache.flush() and cache.get(key(number)) is None and cache.tier(key(number)) is None
    assert len(caplog.records) == 1 and "file" in caplog.text


FULL_DISK = """
import logging, sys
from pathlib import Path
from tests.engine.cache_worker import BytesCodec, key
from engine.cache import DiskCache, Entry
logging.basicConfig(format="%(message)s")
cache = DiskCache(Path(sys.argv[1]), BytesCodec(), 2**30)
for number in range(40):
    cache.put(key(number), Entry((bytes([number]) * 100_000,), None, 9.0))
    assert cache.flush()
    if number % 10 == 9:
        cache._quiet_until = 0.0  # a minute later
found = [number for number in range(40) if cache.get(key(number)) is not None]
assert 0 < len(found) < 20, found
assert all(cache.get(key(n)).values == (bytes([n]) * 100_000,) for n in found)
assert not list(Path(sys.argv[1]).rglob("*.part"))
"""


@pytest.mark.skipif(
    sys.platform != "linux"
    or shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs a mount of its own",
)
def test_a_full_disk_costs_nothing_but_what_did_not_fit(tmp_path: Path) -> None:
    mounted = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1/cache"'
    command = ["unshare", "-rm", "sh", "-c", mounted, "sh", str(tmp_path), sys.executable, FULL_DISK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("not kept on disk for now") == 1 and "No space left" in done.stderr


def test_files_that_may_not_grow_leave_no_parts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    cache = on_disk(tmp_path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        cache.put(key(1), Entry((bytes(50_000),), None, 9.0))
        assert cache.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert cache.get(key(1)) is None and not files(tmp_path, ".part")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def tiered(folder: Path) -> tuple[TieredCache, MemoryCache]:
    memory = MemoryCache(2**24)
    return TieredCache(memory, on_disk(folder)), memory


def test_what_is_found_on_disk_comes_into_memory_with_both_keys(tmp_path: Path) -> None:
    first, _ = tiered(tmp_path)
    first.put(key(3), result(3), also=alias(3))
    first.close()
    again, memory = tiered(tmp_path)
    assert again.tier(alias(3)) == "disk"
    assert again.get(alias(3)) == result(3)
    assert again.tier(alias(3)) == again.tier(key(3)) == "memory"
    shutil.rmtree(tmp_path)
    assert again.get(key(3)) == result(3) and len(memory) == 1


def test_freeing_memory_leaves_the_disk(tmp_path: Path) -> None:
    cache, memory = tiered(tmp_path)
    cache.put(key(3), result(3))
    cache.put(Key("quick"), Entry((b"x",)))
    assert cache.flush()
    cache.clear()
    assert len(memory) == 0 and cache.tier(key(3)) == "disk" and cache.tier(Key("quick")) is None
