"""What a node tells the person without failing: an embedding that is missing, layers a LoRA left out.

`warn` works wherever a node's code runs, at any depth and on any thread that has its context. What packages
below the engine log as a warning meanwhile can be heard, too: see `Ear`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar, Token

_log = logging.getLogger("darkroom.engine")

Hear = Callable[[str], None]
"""Takes a message for the node that runs; from any thread."""

_HEAR: ContextVar[Hear | None] = ContextVar("hear", default=None)


def warn(message: str) -> None:
    """Tell the person something at the node that runs now; outside of nodes it goes to the log."""
    hear = _HEAR.get()
    if hear is None:
        _log.warning("%s", message)
    else:
        hear(message)


class Hearing:
    """While entered, what is said goes to `hear`. Entered around every node, so it is no generator."""

    __slots__ = ("_hear", "_token")

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._token: Token[Hear | None] | None = None

    def __enter__(self) -> None:
        self._token = _HEAR.set(self._hear)

    def __exit__(self, *error: object) -> None:
        if self._token is not None:
            _HEAR.reset(self._token)


class Ear(logging.Handler):
    """Passes on what is logged as a warning while a node runs, from loggers it is added to.

    A program that has set up no log still finds the other lines on standard error, as without it.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Say it at the node, if one runs."""
        hear = _HEAR.get()
        if hear is not None and record.levelno == logging.WARNING:
            hear(record.getMessage())
        elif logging.lastResort is not None and not logging.getLogger().handlers:
            logging.lastResort.handle(record)


def listen(*loggers: str) -> None:
    """Have an ear at these loggers, and only one however often this is asked for."""
    for name in loggers:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, Ear) for handler in logger.handlers):
            logger.addHandler(Ear())
