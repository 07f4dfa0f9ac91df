"""Hashes of files, worked out once."""

import hashlib
import os
from pathlib import Path

import pytest

from workflows.provenance.hashes import FileHashes, Stopped, size_of
from workflows.provenance.runs import KnownHashes
from workflows.store import Store


class Counting(FileHashes):
    """Counts how often a file is read."""

    reads = 0

    def _read(self, path: Path) -> str:
        self.reads += 1
        return super()._read(path)


def test_the_hash_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"weights" * 400_000)
    found = FileHashes().of(path)
    assert found is not None
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.size == size_of(path) == 2_800_000


def test_a_file_is_read_once_until_it_changes_even_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"one")
    store = Store.open(tmp_path / "store.sqlite")
    first, second = Counting(KnownHashes(store)), Counting(KnownHashes(store))
    before = first.of(path)
    assert (first.of(path), second.of(path)) == (before, before)
    assert (first.reads, second.reads) == (1, 0)
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    after = second.of(path)
    assert after != before and second.reads == 1
    assert first.of(path) == after and first.reads == 1  # the store knows the new one, too
    store.close()


def test_a_directory_is_known_by_names_and_contents(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "config.json").write_text("{}")
        (tmp_path / name / "deep/weights").write_text("w")
    hashes = FileHashes()
    assert (first := hashes.of(tmp_path / "one")) is not None
    assert (second := hashes.of(tmp_path / "other")) is not None
    assert (first.sha256, first.size) == (second.sha256, second.size) == (first.sha256, 3)
    (tmp_path / "other/deep/weights").rename(tmp_path / "other/weights")
    assert (third := hashes.of(tmp_path / "other")) is not None and third.sha256 != first.sha256


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert FileHashes().of(tmp_path / "nothing") is None
    assert size_of(tmp_path / "nothing") is None


def test_hashing_stops_when_asked(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"x")
    with pytest.raises(Stopped):
        FileHashes(stopped=lambda: True).of(tmp_path / "model")
