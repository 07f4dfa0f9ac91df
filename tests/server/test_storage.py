"""The one path function, atomic writes, and what a file's bytes say it is."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server.files.media import disposition, sniff
from server.files.storage import Outside, atomic, publish, receive, resolve, sweep, writable_name, write
from server.http import Problem

HOSTILE = (
    "..",
    "../x",
    "a/../../x",
    "a/b/../../../x",
    "/etc/passwd",
    "//etc/passwd",
    "\\\\server\\share\\x",
    "..\\x",
    "a\\..\\..\\x",
    "C:\\x",
    "C:x",
    "c:/x",
    "~/x",
    "~root/x",
    "x\0.png",
    "x\n.png",
    "x\x7f",
    "file:///etc/passwd",
    "\ud800.png",
    "n" * 300,
    "é" * 200,
    "a/" * 3000,
    "./../x",
    ".././x",
    "a/./../../x",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_paths_that_lead_out_are_refused(tmp_path: Path, text: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    with pytest.raises(Outside):
        resolve(base, text)


def test_links_that_lead_out_are_refused_and_links_inside_are_followed(tmp_path: Path) -> None:
    base, secret = tmp_path / "base", tmp_path / "secret"
    (base / "real").mkdir(parents=True)
    secret.mkdir()
    (base / "out").symlink_to(secret)
    (base / "in").symlink_to(base / "real")
    (base / "loop").symlink_to(base / "loop")
    with pytest.raises(Outside):
        resolve(base, "out/x")
    with pytest.raises(Outside):
        resolve(base, "out")
    assert resolve(base, "in/x") == base.resolve() / "real" / "x"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab./\\ ~:%\0é‥．", max_size=40))
def test_whatever_is_resolved_lies_inside(tmp_path: Path, text: str) -> None:
    try:
        path = resolve(tmp_path, text)
    except Outside:
        return
    assert path.is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "CON", "nul.png", "x.", "x ", "lpt1.txt", "a\\b"])
def test_names_that_systems_treat_specially_are_not_written(name: str) -> None:
    with pytest.raises(Outside):
        writable_name(name)


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write(path, b"old")
    with pytest.raises(RuntimeError), atomic(path) as file:
        file.write(b"half of the new")
        raise RuntimeError("power cut")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_uploads_left_long_ago_is_swept_and_nothing_else(tmp_path: Path) -> None:
    old, new, foreign = (tmp_path / name for name in (f".{'a' * 16}.part", f".{'b' * 16}.part", ".x.part"))
    for path in (old, new, foreign):
        path.touch()
    for path in (old, foreign):
        os.utime(path, (0, 0))
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {new, foreign}


def test_a_write_that_may_not_replace_does_not(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write(path, b"old", replace=False)
    with pytest.raises(FileExistsError):
        write(path, b"new", replace=False)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_equal_uploads_are_reused_and_different_ones_numbered(tmp_path: Path) -> None:
    async def upload(data: bytes, overwrite: bool = False) -> Path:
        received = await receive(chunks(data), tmp_path / "hidden", 100, "sha256")
        return publish(received, tmp_path / "x.png", overwrite=overwrite, hashing="sha256")

    assert (await upload(b"a")).name == "x.png"
    assert (await upload(b"a")).name == "x.png"
    assert (await upload(b"b")).name == "x (1).png"
    assert (await upload(b"b")).name == "x (1).png"
    assert (await upload(b"c")).name == "x (2).png"
    assert (await upload(b"d", overwrite=True)).name == "x.png"
    assert (tmp_path / "x.png").read_bytes() == b"d"
    assert list((tmp_path / "hidden").iterdir()) == []


def refusing(number: int) -> Callable[..., None]:
    def refuse(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
async def test_files_are_numbered_and_kept_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", refusing(number))
    await test_equal_uploads_are_reused_and_different_ones_numbered(tmp_path)
    (tmp_path / "more").mkdir()
    test_a_write_that_may_not_replace_does_not(tmp_path / "more")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
@pytest.mark.parametrize("overwrite", [False, True])
async def test_an_upload_may_end_on_another_file_system(tmp_path: Path, overwrite: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        if Path(other).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system")
        received = await receive(chunks(b"a"), Path(other), 100, "sha256")
        path = publish(received, tmp_path / "sub" / "x.png", overwrite=overwrite, hashing="sha256")
        assert path.read_bytes() == b"a" and list(path.parent.iterdir()) == [path]
        assert list(Path(other).iterdir()) == []


async def test_an_upload_to_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        await receive(full_disk(tmp_path), tmp_path, 100, "sha256")
    assert caught.value.status == 507 and "No space left" in caught.value.message
    assert list(tmp_path.iterdir()) == []


async def full_disk(folder: Path) -> AsyncIterator[bytes]:
    """Chunks of an upload whose file the system will take nothing more for."""
    [part] = folder.iterdir()
    mine = next(fd for fd in Path("/proc/self/fd").iterdir() if fd.resolve() == part)
    with Path("/dev/full").open("wb", buffering=0) as full:
        os.dup2(full.fileno(), int(mine.name))
    yield b"x"


async def test_an_upload_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        await receive(chunks(b"x" * 60, b"x" * 60), tmp_path / "hidden", 100, "sha256")
    assert caught.value.status == 413
    assert list((tmp_path / "hidden").iterdir()) == []


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"....ftypisom", "video/mp4"),
        (b"<svg xmlns=", "application/octet-stream"),
        (b"<!doctype html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"%PDF-1.7", "application/octet-stream"),
    ],
)
def test_types_come_from_bytes(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


def test_names_cannot_break_out_of_the_header() -> None:
    assert disposition('a"b\\c.png') == "filename=\"a_b_c.png\"; filename*=UTF-8''a%22b%5Cc.png"
    assert disposition("naïve.png") == "filename=\"na?ve.png\"; filename*=UTF-8''na%C3%AFve.png"
    assert disposition("x.png") == 'filename="x.png"'
