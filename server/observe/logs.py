"""The last lines anybody logged, for the log panel of the canvas; everything goes to standard error as
well.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from datetime import UTC, datetime
from typing import TypedDict


class Line(TypedDict):
    """One write: when (ISO 8601) and what."""

    t: str
    m: str


class LogBook(logging.Handler):
    """Keeps the last 300 writes of the server and its worker."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[Line] = deque(maxlen=300)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log record of the server."""
        self.keep(self.format(record) + "\n")

    def write(self, text: str) -> None:
        """Keep what the worker wrote, and pass it on."""
        self.keep(text)
        sys.stderr.write(text)
        sys.stderr.flush()

    def keep(self, text: str) -> None:
        """Keep a text."""
        self.lines.append({"t": datetime.now(UTC).isoformat(), "m": text})
