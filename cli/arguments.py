"""The options of every command. Serving takes ComfyUI's flags, so start scripts keep working."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.memory import add_memory
from cli.safety import add_safety

COMMANDS = ("serve", "run", "workflows", "nodes", "models", "worker")
ANYWHERE = "0.0.0.0,::"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# ComfyUI flags that choose between its own attention strategies and the like: accepted, without effect here.
WITHOUT_EFFECT = (
    "--disable-smart-memory",
    "--deterministic",
    "--disable-mmap",
    "--use-split-cross-attention",
    "--use-quad-cross-attention",
    "--use-pytorch-cross-attention",
    "--use-sage-attention",
    "--use-flash-attention",
    "--disable-xformers",
    "--disable-api-nodes",
    "--auto-launch",
    "--disable-auto-launch",
    "--windows-standalone-build",
    "--log-stdout",
    "--force-upcast-attention",
    "--dont-upcast-attention",
)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; without a command it is `serve`. Exits with a usage message on a mistake."""
    first = argv[0] if argv else ""
    if first == "workflows":
        from cli.workflows.commands import parse_workflows

        return parse_workflows(argv[1:])
    if first in COMMANDS or first in ("-h", "--help"):
        return parser().parse_args(argv)
    return parser().parse_args(["serve", *argv])


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="main.py",
        description="Darkroom: a typed node-graph engine for diffusion image generation. "
        "Without a command it serves; `main.py COMMAND --help` lists a command's options.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _serve(commands.add_parser("serve", help="start the server and its worker (the default)"))
    _run(commands.add_parser("run", help="run a workflow file without a server"))
    commands.add_parser("workflows", help="workflows and their versions: compare, release, run, import ...")
    nodes = commands.add_parser("nodes", help="list the nodes and their inputs")
    nodes.add_argument("--json", action="store_true", help="print what /object_info answers")
    add_folders(nodes)
    models = commands.add_parser("models", help="list model files and what each was recognised as")
    models.add_argument("--json", action="store_true", help="print JSON")
    add_folders(models)
    worker = commands.add_parser(
        "worker", help="run jobs for a server over standard input and output (internal)"
    )
    add_folders(worker)
    add_compute(worker)
    add_cache(worker)
    _memory(worker)
    return top


def _serve(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--listen",
        nargs="?",
        const=ANYWHERE,
        default="127.0.0.1",
        metavar="IP[,IP]",
        help="addresses to bind; bare: all",
    )
    add("--port", type=int, default=8188, help="port to listen on (%(default)s)")
    add("--tls-keyfile", type=Path, metavar="FILE", help="private key; with --tls-certfile serves HTTPS")
    add("--tls-certfile", type=Path, metavar="FILE", help="certificate; with --tls-keyfile serves HTTPS")
    add(
        "--enable-cors-header",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let pages of another origin call; bare: any",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="accept this name in the Host header; repeatable",
    )
    add(
        "--max-upload-size",
        type=float,
        default=100.0,
        metavar="MB",
        help="largest request body (%(default)s)",
    )
    add("--enable-compress-response-body", action="store_true", help="gzip JSON answers")
    add(
        "--webhook-allow",
        action="append",
        default=[],
        metavar="HOST[,HOST]",
        help="let webhooks lead to these hosts although their addresses are private; repeatable",
    )
    add(
        "--multi-user", action="store_true", help="keep settings and user data apart by the comfy-user header"
    )
    add(
        "--default-hashing-function",
        choices=("md5", "sha1", "sha256", "sha512"),
        default="sha256",
        help="to compare uploads",
    )
    add("--dont-print-server", action="store_true", help="say nothing on start")
    add(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes that run jobs, which share the queue; default: one per GPU, or one",
    )
    add_database(command)
    add_folders(command)
    add_compute(command)
    add_cache(command)
    _memory(command)
    command.add_argument(
        "--verbose",
        nargs="?",
        const="DEBUG",
        default="INFO",
        type=str.upper,
        choices=LEVELS,
        help="log level",
    )
    for flag in WITHOUT_EFFECT:
        add(flag, action="append_const", const=flag, dest="without_effect", help=argparse.SUPPRESS)


def _run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", type=Path, help="a workflow (API format or the canvas's), or a picture that holds one"
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="NODE.INPUT=VALUE",
        help="change an input first; NODE is an id, a title or a class name. Repeatable",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="say what would run, what is a hit, and why; run nothing"
    )
    command.add_argument(
        "--trace", type=Path, metavar="FILE", help="write where the time went, for chrome://tracing"
    )
    command.add_argument(
        "--no-record", action="store_true", help="do not put the run on record, where `replay` finds it"
    )
    add_database(command)
    add_folders(command)
    add_compute(command)
    add_cache(command)


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


def _memory(command: argparse.ArgumentParser) -> None:
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
