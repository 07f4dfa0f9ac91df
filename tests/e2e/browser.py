"""Finds the browser of the tests, or installs one: `python -m tests.e2e.browser` prints its path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PACKAGE = ("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def flags() -> list[str]:
    """Command line flags: nothing is called over the network; root has no sandbox."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)


def installed() -> str | None:
    """The system's browser, or Playwright's own if it was downloaded."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return str(path) if path.is_file() else None


def install() -> None:
    """Debian's package for root, else Playwright's own download. Raises `CalledProcessError` without both."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update"], check=False, env=quiet, stdout=sys.stderr)
        if subprocess.run(_PACKAGE, check=False, env=quiet, stdout=sys.stderr).returncode == 0:
            return
    download = [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
    if os.geteuid() != 0:
        download.remove("--with-deps")
    subprocess.run(download, check=True, stdout=sys.stderr)


def find() -> str:
    """Path of a browser. Raises `RuntimeError` that says what to do if there is none and none to be had."""
    found = installed()
    if found is None:
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(f"no browser for the tests, and none could be installed: {error}") from error
        found = installed()
    if found is None:
        raise RuntimeError("no browser for the tests: install Chromium and see that it is on the PATH")
    return found


if __name__ == "__main__":
    print(find())  # noqa: T201
