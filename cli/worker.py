"""`main.py worker`: the process that loads models and runs nodes for a server."""

import argparse
import logging
import os
from dataclasses import replace
from typing import Any


def work(options: argparse.Namespace) -> int:
    """Serve jobs over the standard streams until the server says stop. Returns the exit status."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    logging.basicConfig(format="%(message)s")  # the server's log has what nodes warn of, too
    import torch

    from cli.host import host_of
    from cli.setup import folders_of
    from server.worker.host import serve
    from server.worker.limits import limit_memory

    host = host_of(options, folders_of(options))
    on_gpu = not options.cpu and torch.cuda.is_available()
    if options.memory_limit and not on_gpu:  # drivers of GPUs reserve more addresses than there is memory
        limit_memory(int(options.memory_limit * 1e9))
    facts = host.info or dict[str, Any]
    count = torch.cuda.device_count() if on_gpu and options.device is None else 0
    return serve(replace(host, info=lambda: {**facts(), "device_count": count}))
