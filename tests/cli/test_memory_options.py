"""How much of a device to use, as a person says it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cli.arguments import parse
from cli.memory import memory_words, placement_of
from diffusion.placement import CountedMemory, Placement, Strategy

CPU = torch.device("cpu")


def placement(tmp_path: Path, *words: str) -> Placement:
    return placement_of(parse(list(words)), CPU, tmp_path)


def test_a_cpu_without_a_budget_moves_nothing(tmp_path: Path) -> None:
    for words in ([], ["--lowvram"], ["--highvram"], ["--reserve-vram", "2"]):
        assert placement(tmp_path, *words).memory is None


@pytest.mark.parametrize(
    ("word", "strategy"),
    [("--normalvram", Strategy.NORMAL), ("--lowvram", Strategy.LOW), ("--novram", Strategy.NONE)],
)
def test_a_budget_on_a_cpu_simulates_a_device_used_as_comfyuis_words_say(
    word: str, strategy: Strategy, tmp_path: Path
) -> None:
    made = placement(tmp_path, "--device-budget", "1.5", word)
    assert isinstance(made.memory, CountedMemory)
    assert made.memory.size == 1_500_000_000 and made.strategy is strategy


def test_a_budget_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--device-budget does not go with --highvram"):
        placement(tmp_path, "--device-budget", "4", "--gpu-only")


@pytest.mark.parametrize("flag", ["--device-budget", "--reserve-vram"])
@pytest.mark.parametrize("size", ["-1", "nan", "inf", "much"])
def test_sizes_that_are_none_are_refused_before_anything_starts(
    flag: str, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([f"{flag}={size}"])
    assert f"argument {flag}: {size} is no number of GB" in capsys.readouterr().err


def test_nothing_may_be_reserved_but_not_budgeted() -> None:
    assert parse(["--reserve-vram=0"]).reserve_vram == 0
    with pytest.raises(SystemExit):
        parse(["--device-budget=0"])


@pytest.mark.parametrize(
    "words", [[], ["--novram", "--device-budget", "3.5"], ["--highvram", "--reserve-vram", "1"]]
)
def test_workers_are_told_the_same(words: list[str]) -> None:
    options = parse(words)
    told = parse(["worker", *memory_words(options)])
    for name in ("device_budget", "reserve_vram", "vram"):
        assert getattr(told, name) == getattr(options, name)


def test_ways_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--lowvram", "--highvram"])
    assert "not allowed with" in capsys.readouterr().err
