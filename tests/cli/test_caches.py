"""The caches that flags choose, around real nodes and a small checkpoint."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Annotated, Any

import psutil
import pytest
import torch
from torch import Tensor

from cli.caches import cache_of, realm_of
from diffusion.precision import Precision
from engine.cache import Cache, DiskCache, MemoryCache, TieredCache
from engine.driver import run_sync
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId, Socket
from nodes.codec import TensorCodec
from nodes.values import sizeof, to_host
from tests.nodes.graphs import Bench, text_to_image

CPU = torch.device("cpu")


def cache_for(folder: Path, *flags: str) -> Cache:
    bench = Bench(folder, *flags)
    return cache_of(bench.options, bench.host.folders, CPU)


def test_flags_choose_the_cache(folder: Path) -> None:
    kinds = {
        (): "TieredCache",
        ("--no-cache-disk",): "MemoryCache",
        ("--cache-lru=3", "--no-cache-disk"): "LruCache",
        ("--cache-classic", "--no-cache-disk"): "LruCache",
        ("--no-cache-disk", "--cache-ram"): "PressureCache",
        ("--cache-none",): "NoCache",
    }
    assert {flags: type(cache_for(folder, *flags)).__name__ for flags in kinds} == kinds


def test_after_a_restart_only_changed_nodes_run(folder: Path) -> None:
    first = Bench(folder, "--cache-lru=100")
    assert "sample" in first.run(text_to_image(steps=20)).executed
    first.host.cache.close()
    again = Bench(folder)
    assert again.run(text_to_image(steps=20)).executed == ()
    prefix = text_to_image(steps=20)
    prefix["save"]["inputs"]["filename_prefix"] = "other"
    assert "sample" not in again.run(prefix).executed
    assert "sample" in again.run(text_to_image(steps=20, seed=9)).executed


def test_what_comes_from_disk_is_what_was_computed(folder: Path) -> None:
    first = Bench(folder)
    computed = first.value(text_to_image(steps=20), "sample")["samples"]
    first.host.cache.close()
    again = Bench(folder)
    outcome = again.run(text_to_image(steps=20), ["sample"])
    assert outcome.executed == ()
    assert again.value(text_to_image(steps=20), "sample")["samples"].equal(computed)


@pytest.mark.parametrize("flags", [("--no-cache-disk",), ("--cache-none",)], ids="".join)
def test_without_a_disk_nothing_is_written(folder: Path, flags: tuple[str, ...]) -> None:
    bench = Bench(folder, *flags)
    bench.run(text_to_image(steps=20))
    bench.host.cache.close()
    assert not (folder / "user" / ".darkroom" / "cache").exists()


def test_the_folder_of_the_disk_can_be_chosen(folder: Path, tmp_path: Path) -> None:
    bench = Bench(folder, f"--cache-directory={tmp_path / 'elsewhere'}")
    bench.run(text_to_image(steps=20))
    bench.host.cache.close()
    assert list((tmp_path / "elsewhere").rglob("*.json"))


def test_what_changes_bits_is_another_realm(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = realm_of(CPU, Precision.FLOAT32)
    assert exact == realm_of(CPU, Precision.FLOAT32)
    assert exact != realm_of(CPU, Precision.FP16)
    assert exact != realm_of(torch.device("meta"), Precision.FLOAT32)
    with monkeypatch.context() as other:
        other.setattr("torch.get_num_threads", lambda: 97)
        assert exact != realm_of(CPU, Precision.FLOAT32)
    monkeypatch.setattr("cli.caches.version", lambda name: "0")  # pyright: ignore
    assert exact != realm_of(CPU, Precision.FLOAT32)


@node("Noise", category="test")
def noise(seed: int) -> Annotated[Tensor, Socket("IMAGE")]:
    """A picture of noise."""
    return torch.randn(1, 128, 128, 3, generator=torch.Generator().manual_seed(seed))


@node("Blur", category="test")
def blur(image: Annotated[Tensor, Socket("IMAGE")]) -> Annotated[Tensor, Socket("IMAGE")]:
    """Takes its time, so that its result is worth a place on disk."""
    time.sleep(0.021)
    return image.roll(1) + image


def test_two_hundred_jobs_with_other_seeds_stay_within_the_budgets(tmp_path: Path) -> None:
    """Memory that grows from job to job is what people report most."""
    memory = MemoryCache(4_000_000, sizeof, demote=to_host)
    disk = DiskCache(tmp_path, TensorCodec(), 2_000_000)
    cache, registry, process, resident = (
        TieredCache(memory, disk),
        Registry([noise, blur]),
        psutil.Process(),
        0,
    )
    for seed in range(200):
        prompt: dict[str, Any] = {
            "noise": {"class_type": "Noise", "inputs": {"seed": seed}},
            "blur": {"class_type": "Blur", "inputs": {"image": ["noise", 0]}},
        }
        assert run_sync(Graph.parse(prompt), registry, cache, targets=[NodeId("blur")]).status == "success"
        assert memory.bytes <= 4_000_000
        if seed == 50:
            resident = process.memory_info().rss
    assert disk.flush()
    assert len(memory) > 10, "the budget is used"
    assert 1_000_000 < sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 2_200_000
    assert process.memory_info().rss - resident < 20_000_000, "one result is 200 kB"


def test_live_tensors_do_not_grow_from_job_to_job(folder: Path) -> None:
    bench = Bench(folder, "--no-cache-disk", "--cache-classic")

    def tensors() -> int:
        gc.collect()
        found: list[Any] = gc.get_objects()
        return sum(type(thing) is torch.Tensor for thing in found)

    counts: list[int] = []
    for seed in range(6):
        assert bench.run(text_to_image(seed=seed, steps=1), ["sample"]).status == "success"
        counts.append(tensors())
    assert counts[-1] <= counts[1]
