"""The commands and what each of them takes. Serving takes ComfyUI's flags, so start scripts keep working."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from cli.options import add_cache, add_compute, add_database, add_folders, add_memory_limit

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
    add_memory_limit(worker)
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
    add_memory_limit(command)
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
