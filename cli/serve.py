"""`main.py serve`: the server process, which never loads torch, and the command that starts its worker."""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict

from cli.memory import memory_words
from cli.packs import flags_of, paths_of
from cli.safety import DEMO, checker_of, words_of
from cli.setup import ROOT, folders_of, run_options_of
from server.settings import Settings
from server.worker.limits import usual_limit

CODE = ("engine", "nodes", "diffusion")


def serve(options: argparse.Namespace) -> int:
    """Serve until interrupted. Returns the exit status: 0, 1 when a port or folder cannot be used, 2, 3."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    log = logging.getLogger("darkroom")
    log.setLevel(options.verbose)
    for flag in options.without_effect or ():
        log.warning("%s has no effect in Darkroom and is ignored", flag)
    settings = settings_of(options)
    if settings.safety_checker is not None and settings.safety_checker.name == DEMO:
        log.warning("The safety checker %s finds skulls and protects nobody: use a real one.", DEMO)
    if not settings.loopback_only:
        log.warning(
            "Listening on %s: everyone who can reach this address can run workflows and read the pictures. "
            "Put a proxy with a password in front.",
            ", ".join(settings.listen),
        )
    from server.serving import serve as serve_app

    return serve_app(settings)


def settings_of(options: argparse.Namespace) -> Settings:
    """The server's settings. Raises ModelPathsError for an unusable extra model paths file."""
    folders = folders_of(options)
    return Settings(
        folders=folders,
        worker_command=worker_command(options),
        code_roots=tuple(ROOT / name for name in CODE),
        packs=paths_of(options, folders),
        worker_options=asdict(run_options_of(options)),
        listen=tuple(part.strip() for part in options.listen.split(",") if part.strip()),
        port=options.port,
        tls_certfile=options.tls_certfile,
        tls_keyfile=options.tls_keyfile,
        hosts=frozenset(options.allow_host),
        cors_origin=options.enable_cors_header,
        max_upload_mb=options.max_upload_size,
        compress=options.enable_compress_response_body,
        multi_user=options.multi_user,
        hashing=options.default_hashing_function,
        print_start=not options.dont_print_server,
        argv=tuple(sys.argv),
        workers=max(options.workers, 0),
        workflows_database=options.workflows_database,
        webhook_allow=_hosts(options.webhook_allow),
        safety_checker=checker_of(options, folders),
        safety_replacement=options.safety_replacement,
        library=True,
    )


def _hosts(given: Sequence[str]) -> frozenset[str]:
    """Host names of lists with commas, in lower case."""
    return frozenset(part.strip().lower() for text in given for part in text.split(",") if part.strip())


def worker_command(options: argparse.Namespace) -> tuple[str, ...]:
    """The command line of a worker with the same folders, device, precision and cache."""
    words = [sys.executable, str(ROOT / "main.py"), "worker", f"--precision={options.precision}"]
    for name in ("base", "output", "input", "temp", "user"):
        folder = getattr(options, f"{name}_directory")
        words += [f"--{name}-directory={folder.resolve()}"] if folder else []
    for file in options.extra_model_paths_config:
        words += ["--extra-model-paths-config", str(file.resolve())]
    words += flags_of(options)
    words += ["--cpu"] if options.cpu else []
    words += [f"--device={options.device}"] if options.device else []
    words += words_of(options, folders_of(options))
    words += memory_words(options)
    words += [f"--compile={options.compile}"]
    words.append(f"--memory-limit={_memory_limit(options)}")
    return (*words, *_cache_words(options))


def _cache_words(options: argparse.Namespace) -> list[str]:
    words = ["--cache-none"] if options.cache_none else []
    words += ["--cache-classic"] if options.cache_classic else []
    words += [f"--cache-lru={options.cache_lru}"] if options.cache_lru else []
    words += ["--no-cache-disk"] if options.no_cache_disk else []
    words += [] if options.cache_disk_size is None else [f"--cache-disk-size={options.cache_disk_size}"]
    words += [f"--cache-directory={options.cache_directory.resolve()}"] if options.cache_directory else []
    return words + ([] if options.cache_ram is None else ["--cache-ram", *map(str, options.cache_ram)])


def _memory_limit(options: argparse.Namespace) -> float:
    """Gigabytes for each worker."""
    return usual_limit(options.workers) / 1e9 if options.memory_limit is None else options.memory_limit
