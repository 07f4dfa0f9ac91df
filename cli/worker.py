"""`main.py worker`: the process that loads models and runs nodes for a server."""

import argparse
import os


def work(options: argparse.Namespace) -> int:
    """Serve jobs over the standard streams until the server says stop. Returns the exit status."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from cli.host import host_of
    from cli.setup import folders_of
    from server.worker import serve

    return serve(host_of(options, folders_of(options)))
