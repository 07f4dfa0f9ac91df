"""Options that several commands share, in groups."""

import argparse
from pathlib import Path
from typing import Any

from cli.memory import add_memory
from cli.safety import add_safety


def add_database(command: argparse.ArgumentParser) -> None:
    """Where workflows are kept."""
    command.add_argument(
        "--workflows-database",
        default="",
        metavar="URL",
        help="where workflows are kept: postgresql+psycopg://USER@HOST/NAME or a file; "
        "default: .darkroom/workflows.sqlite among the users' folders",
    )


def add_folders(command: argparse.ArgumentParser) -> None:
    """Where files are, and which packs are used."""
    group = command.add_argument_group("folders")
    add = group.add_argument
    add("--base-directory", type=Path, metavar="DIR", help="root of models, input, output, temp and user")
    add("--output-directory", type=Path, metavar="DIR", help="where pictures are saved")
    add("--input-directory", type=Path, metavar="DIR", help="where uploads go")
    add("--temp-directory", type=Path, metavar="DIR", help="previews are kept in DIR/temp")
    add("--user-directory", type=Path, metavar="DIR", help="settings, user data and the queue")
    add(
        "--extra-model-paths-config",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="more model folders",
    )
    add(
        "--disable-all-custom-nodes",
        action="store_true",
        help="load no packs from the custom_nodes folders",
    )
    add(
        "--whitelist-custom-nodes",
        nargs="+",
        action="extend",
        default=[],
        metavar="PACK",
        help="load these packs all the same",
    )


def add_memory_limit(command: argparse.ArgumentParser) -> None:
    """How much memory a worker may take."""
    command.add_argument(
        "--memory-limit",
        type=float,
        metavar="GB",
        help="what a worker without a GPU may allocate, 0 for no limit; "
        "default: 90 %% of the memory, divided among the workers",
    )


def add_cache(command: argparse.ArgumentParser) -> None:
    """Which results are kept."""
    group = command.add_argument_group("cache", "results of nodes that later runs need not make again")
    memory = group.add_mutually_exclusive_group()
    memory.add_argument("--cache-classic", action="store_true", help="keep only the results of the last run")
    memory.add_argument(
        "--cache-lru", type=int, default=0, metavar="N", help="keep the results of the N nodes used last"
    )
    memory.add_argument("--cache-none", action="store_true", help="compute everything each time")
    memory.add_argument(
        "--cache-ram",
        type=float,
        nargs="*",
        action=_Headroom,
        metavar="GB",
        help="keep results while this much memory is available, and those of earlier runs while there is the "
        "second figure, if given (default: a tenth of the memory, 2 to 10 GB)",
    )
    group.add_argument("--no-cache-disk", action="store_true", help="keep no results on disk")
    group.add_argument(
        "--cache-disk-size",
        type=float,
        metavar="GB",
        help="most room for results on disk (default: 10, or a tenth of what is free if that is less)",
    )
    group.add_argument(
        "--cache-directory",
        type=Path,
        metavar="DIR",
        help="where (default: .darkroom/cache among the user's)",
    )


class _Headroom(argparse.Action):
    """Takes one or two figures, or none."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if len(values) > 2 or any(value < 0 for value in values):
            parser.error(f"{option_string} takes at most two figures, in gigabytes")
        setattr(namespace, self.dest, values)


def add_compute(command: argparse.ArgumentParser) -> None:
    """Where and how precisely to compute."""
    group = command.add_argument_group("computing")
    group.add_argument("--cpu", action="store_true", help="do not use a GPU")
    group.add_argument("--device", metavar="NAME", help="compute on this device, such as cuda:1")
    precision = group.add_mutually_exclusive_group()
    precision.add_argument(
        "--precision",
        choices=("auto", "float32", "bf16", "fp16"),
        default="auto",
        help="number type of the networks; auto: the fastest sound one, float32: as the references",
    )
    precision.add_argument(
        "--force-fp32", action="store_const", const="float32", dest="precision", help="--precision float32"
    )
    precision.add_argument(
        "--force-fp16", action="store_const", const="fp16", dest="precision", help="--precision fp16"
    )
    group.add_argument(
        "--compile",
        choices=("off", "on"),
        default="off",
        help="compile networks: faster steps after a first one that takes minutes (needs a C++ compiler)",
    )
    group.add_argument(
        "--preview-method",
        choices=("none", "auto", "latent2rgb", "taesd"),
        default="none",
        help="previews while sampling; taesd falls back to latent2rgb",
    )
    group.add_argument(
        "--preview-size", type=int, default=512, metavar="PIXELS", help="longer side of a preview"
    )
    group.add_argument(
        "--disable-metadata", action="store_true", help="do not write the graph into saved pictures"
    )
    add_memory(command)
    add_safety(command)
