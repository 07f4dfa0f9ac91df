"""Everything the server can be told, in one frozen value made by the command line."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.folders import Folders

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All options of the server process.

    Args:
        folders: Where models, inputs, outputs, temporary files and user data live.
        worker_command: Command line that starts a worker speaking `server.frames` on its standard streams.
        code_roots: Source folders whose content decides whether remembered node specs are still valid.
        packs: Folders and files the worker loads as packs; they must not change either.
        worker_options: Run options sent along with every job (previews, metadata); see
        `engine.context.RunOptions`.
        listen: Addresses to bind.
        hosts: Extra host names accepted in the `Host` header.
        cors_origin: Origin allowed to call across origins; "*" for any, None for none.
        max_upload_mb: Limit of any request body, in MiB.
        max_queue: Pending jobs accepted before submissions get 429.
        kill_after: Seconds a cancelled job may go on before its worker is killed.
        max_attempts: Crashes of a worker, or of the server, a job may cause before it is given up.
        workers: Worker processes; 0 for one per device.
        workflows_database: URL or file of the store of workflows; empty for a file among the users' folders.
        webhook_allow: Hosts that webhooks may lead to although their addresses are private.
        safety_checker: Checker every picture has to pass on its way out; None without the policy.
        safety_replacement: Picture shown in place of a flagged one; black where None.
        library: Whether the workflows that ship with the project are put into the store.
    """

    folders: Folders
    worker_command: tuple[str, ...]
    code_roots: tuple[Path, ...] = ()
    packs: tuple[Path, ...] = ()
    worker_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    listen: tuple[str, ...] = (LOOPBACK,)
    port: int = 8188
    tls_certfile: Path | None = None
    tls_keyfile: Path | None = None
    hosts: frozenset[str] = frozenset()
    cors_origin: str | None = None
    max_upload_mb: float = 100.0
    compress: bool = False
    multi_user: bool = False
    hashing: str = "sha256"
    print_start: bool = True
    argv: tuple[str, ...] = ()
    version: str = "0.1.0"
    max_queue: int = 10_000
    history_limit: int = 10_000
    kill_after: float = 4.0
    max_attempts: int = 2
    workers: int = 0
    workflows_database: str = ""
    webhook_allow: frozenset[str] = frozenset()
    safety_checker: Path | None = None
    safety_replacement: Path | None = None
    library: bool = False

    @property
    def max_body(self) -> int:
        """Limit of a request body in bytes."""
        return round(self.max_upload_mb * 1024 * 1024)

    @property
    def state_dir(self) -> Path:
        """Where the server keeps its own files: beside the users' folders, out of reach of every route."""
        return self.folders.user / ".darkroom"

    @property
    def workflows_store(self) -> str | Path:
        """Where workflows and their versions are kept."""
        return self.workflows_database or self.state_dir / "workflows.sqlite"

    @property
    def loopback_only(self) -> bool:
        """True if no address is bound that another machine can reach."""
        return all(is_loopback(address) for address in self.listen)

    def url_at(self, port: int) -> str:
        """The address to tell people."""
        first = self.listen[0]
        host = LOOPBACK if first in {"0.0.0.0", "", "::"} else first
        scheme = "https" if self.tls_certfile else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host name or literal address certainly means this machine; names are not resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
