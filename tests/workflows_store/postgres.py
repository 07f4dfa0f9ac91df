"""A PostgreSQL server of the tests' own: nothing is shared with another, and nothing of it stays."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

_PACKAGE = ("apt-get", "install", "-y", "--no-install-recommends", "postgresql")
_SETTINGS = ("fsync=off", "listen_addresses=", "max_connections=100", "shared_buffers=16MB")
"""Only its own socket, and nothing that makes it outlive a power cut: that is PostgreSQL's to test."""
_USER = "darkroom"


class NoServer(Exception):
    """There is none and none is to be had; the message says why."""


class Postgres:
    """A server in a temporary folder. `database` makes an empty database in it."""

    def __init__(self) -> None:
        self._programs = find()
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-pg-"))  # a socket's path is at most 107 long
        self._numbers = count()
        self._owner: pwd.struct_passwd | None = None
        if os.geteuid() == 0:  # which the server refuses to run as
            self._owner = _unprivileged()
            os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)

    def __enter__(self) -> Self:
        made = ("-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "--no-instructions")
        try:
            self._run("initdb", "-D", str(self._folder / "data"), *made)
            self.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Listen on a socket in its folder."""
        settings = [f"unix_socket_directories={self._folder}", *_SETTINGS]
        options = " ".join(f"-c {setting}" for setting in settings)
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", _USER, name)
        return f"postgresql://{_USER}@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server would keep a pipe open
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            check=False,
            user=self._owner.pw_uid if self._owner else None,
            group=self._owner.pw_gid if self._owner else None,
            extra_groups=[] if self._owner else None,
        )
        if done.returncode:
            raise NoServer(f"{program} failed: {(done.stderr or b'').decode(errors='replace').strip()}")


def find() -> Path:
    """The folder of the server's programs, installed now if need be. Raises NoServer."""
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update"], check=False, env=quiet, stdout=sys.stderr)
        subprocess.run(_PACKAGE, check=False, env=quiet, stdout=sys.stderr)
        found = _installed()
    if found is None:
        raise NoServer("no PostgreSQL server for the tests: install the package postgresql")
    return found


def _installed() -> Path | None:
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    kept = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in kept), key=lambda path: float(path.parent.name), default=None)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


if __name__ == "__main__":  # before the tests, which may look for it in several processes at once
    try:
        print(find())  # noqa: T201
    except NoServer as error:
        print(error)  # noqa: T201
