import pytest

from cli.arguments import parse
from cli.serve import worker_command


def test_serving_is_the_default_and_takes_comfyuis_flags() -> None:
    options = parse(
        ["--listen", "--port=9000", "--enable-cors-header", "--extra-model-paths-config", "a.yaml", "b.yaml"]
    )
    assert (options.command, options.listen, options.port) == ("serve", "0.0.0.0,::", 9000)
    assert options.enable_cors_header == "*"
    assert [p.name for p in options.extra_model_paths_config] == ["a.yaml", "b.yaml"]


def test_without_flags_only_this_machine_can_connect() -> None:
    assert parse([]).listen == "127.0.0.1"


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ([], "auto"),
        (["--force-fp32"], "float32"),
        (["--precision", "bf16"], "bf16"),
        (["--force-fp16"], "fp16"),
    ],
)
def test_precision_by_our_name_or_by_comfyuis(flags: list[str], precision: str) -> None:
    assert parse(flags).precision == precision


def test_caches_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--cache-none", "--cache-lru", "3"])
    assert "not allowed with" in capsys.readouterr().err


def test_flags_for_comfyuis_own_strategies_are_accepted_and_remembered() -> None:
    assert parse(["--disable-xformers", "--use-pytorch-cross-attention"]).without_effect == [
        "--disable-xformers",
        "--use-pytorch-cross-attention",
    ]


def test_run_takes_a_file_and_changes() -> None:
    options = parse(["run", "a.json", "--set", "sampler.seed=3", "--set", "positive.text=hi", "--cpu"])
    assert (options.file.name, options.changes, options.cpu) == (
        "a.json",
        ["sampler.seed=3", "positive.text=hi"],
        True,
    )


@pytest.mark.parametrize(
    "flags",
    [
        ["--cache-lru=3"],
        ["--cache-none"],
        ["--cache-classic", "--no-cache-disk"],
        ["--cache-disk-size=0.5", "--cache-directory=/tmp/results"],
        ["--cache-ram"],
        ["--cache-ram", "2.0", "8.0"],
    ],
    ids=" ".join,
)
def test_workers_get_the_cache_that_was_asked_for(flags: list[str]) -> None:
    words = worker_command(parse(flags))
    assert words[-len(flags) :] == tuple(flags)
    there, here = parse(words[2:]), parse(flags)
    for name in ("cache_lru", "cache_none", "cache_classic", "cache_ram", "no_cache_disk", "cache_directory"):
        assert getattr(there, name) == getattr(here, name)


def test_memory_to_keep_available_is_one_figure_or_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--cache-ram"]).cache_ram == [] and parse([]).cache_ram is None
    with pytest.raises(SystemExit):
        parse(["--cache-ram", "1", "2", "3"])
    assert "at most two figures" in capsys.readouterr().err
