"""What a worker asks of the packs it has loaded. They are the command line's to hand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Json = dict[str, Any]
Send = Callable[[Json, bytes], None]


class Extension(Protocol):
    """Packs, seen from the worker."""

    def connect(self, send: Send) -> None:
        """Called once before `announce`. `send` takes messages of type `tell` from any thread."""
        ...

    def announce(self) -> Json:
        """What the server learns at the start: reports, routes and where they are served, whether submitted
        requests are to be rewritten.
        """
        ...

    def renew(self, prompt: Mapping[str, Any] | None = None) -> None:
        """Ask the classes of a prompt (all when None) for their inputs as they are now. May take long."""
        ...

    def rewrite(self, request: Json) -> Json:
        """A submitted request as the packs want it. May take long."""
        ...

    def begin(self, job: str, prompt: Mapping[str, Any], client: str | None) -> None:
        """A run of this prompt starts."""
        ...

    def end(self, job: str) -> None:
        """It is over."""
        ...

    def free(self) -> None:
        """Let go of what can be made again."""
        ...
