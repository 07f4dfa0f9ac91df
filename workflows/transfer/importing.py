"""Taking in files of workflows: what each is to become is found out first, then all is saved at once."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from engine.graph import as_object
from workflows.document import DocumentError
from workflows.formats import FormatError, NoWorkflow
from workflows.store.content import Content
from workflows.store.errors import Invalid
from workflows.store.names import fold, label_list, shortened, workflow_name
from workflows.transfer.pictures import PICTURES
from workflows.transfer.reading import document_of

Tell = Callable[[int, int], None]
"""Told how many of how many files are read."""
SUFFIXES = frozenset({".json"}) | PICTURES
"""Files that are looked into when a folder is taken in; any other has to be named."""
_COUNTER = re.compile(r"_\d{5,}_?$")
"""What saving pictures appends to a name: they are versions of one workflow."""
_FORBIDDEN = re.compile(r'[/\\@:#?%<>"|]')
_LONGEST = 100


@dataclass(frozen=True)
class Found:
    """A file that holds a workflow."""

    path: Path
    time: float
    label: str
    """The folders it lies in, below the one that is taken in."""
    name: str
    content: Content
    identity: str
    """The id the canvas gave the workflow, empty if it has none."""

    @property
    def digest(self) -> str:
        """Of what it means."""
        return self.content.meaning.digest


@dataclass
class Read:
    """What was found in the files."""

    found: list[Found] = field(default_factory=list[Found])
    """The oldest first."""
    damaged: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    """Files that cannot be read as what they seem to be, and why."""
    others: list[Path] = field(default_factory=list[Path])
    """Pictures and JSON files in which there is no workflow."""


def read_files(paths: Sequence[Path], tell: Tell = lambda done, total: None) -> Read:
    """Read files, and folders with all that is in them. Changes nothing."""
    files = list(dict.fromkeys(_files(paths)))
    made = Read()
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        for done, (file, result) in enumerate(zip(files, pool.map(_read, files), strict=True), start=1):
            tell(done, len(files))
            if isinstance(result, Found):
                made.found.append(result)
            elif isinstance(result, NoWorkflow) and not file.asked:
                made.others.append(file.path)
            else:
                made.damaged.append((file.path, str(result).removeprefix(f"{file.path}: ")))
    made.found.sort(key=lambda one: (one.time, str(one.path)))
    return made


@dataclass(frozen=True)
class _File:
    path: Path
    root: Path
    """The folder that is taken in, or the one the file lies in."""
    asked: bool
    """Whether the file was named itself."""


def _files(paths: Sequence[Path]) -> Iterator[_File]:
    for path in paths:
        if not path.is_dir():
            yield _File(path, path.parent, True)
            continue
        for folder, names, entries in os.walk(path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for entry in sorted(entries):
                if Path(entry).suffix.lower() in SUFFIXES and not entry.startswith("."):
                    yield _File(Path(folder) / entry, path, False)


def _read(file: _File) -> Found | Exception:
    path = file.path
    try:
        document = document_of(path)
        if as_object(document.get("prompt")) == {} or document.get("nodes") == []:
            return NoWorkflow(f"{path}: the workflow in it is empty")
        content = Content.of(document, None)
        time = path.stat().st_mtime
    except (FormatError, DocumentError) as error:
        return error
    except OSError as error:
        return FormatError(f"cannot be read: {error.strerror or error}")
    label = " ".join(path.relative_to(file.root).parts[:-1])
    return Found(path, time, _label(label), name_for(path), content, _identity(document))


def _identity(document: dict[str, Any]) -> str:
    found = document.get("id")
    return found if isinstance(found, str) else ""


def name_for(path: Path) -> str:
    """The name of a workflow that is taken in from a file, without the number of a saved picture."""
    name = unicodedata.normalize("NFC", path.stem)
    if path.suffix.lower() in PICTURES:
        name = _COUNTER.sub("", name) or name
    name = "".join(letter if letter.isprintable() else " " for letter in _FORBIDDEN.sub("-", name))
    name = shortened(name).strip(" .") or "workflow"
    try:
        return workflow_name(name)
    except Invalid:
        return "workflow"


def _label(text: str) -> str:
    """A label for the folders a file lies in; empty if they have no name that could be one."""
    try:
        return label_list([text[:50]])[0] if text else ""
    except Invalid:
        return ""


@dataclass
class Line:
    """What becomes of the files of one workflow: its versions, the oldest first."""

    name: str
    """As its files are called; another workflow may have this name already."""
    identity: str
    versions: list[Found] = field(default_factory=list[Found])
    labels: list[str] = field(default_factory=list[str])
    pictures: dict[str, Path] = field(default_factory=dict[str, Path])
    """By digest, the picture of a version: the first one that carries its document."""


@dataclass
class Plan:
    """What is to be saved, and which files hold what another file holds, too."""

    lines: list[Line] = field(default_factory=list[Line])
    twins: list[tuple[Found, Found]] = field(default_factory=list[tuple[Found, Found]])


def plan(found: Iterable[Found]) -> Plan:
    """Sort files into workflows: those of one name are versions of one, unless the canvas gave them
    different ids; a document that occurs twice is taken once.
    """
    made = Plan()
    by_name: dict[str, list[Line]] = {}
    first: dict[str, tuple[Found, Line]] = {}
    for one in sorted(found, key=lambda one: (one.time, one.path.suffix.lower() in PICTURES, str(one.path))):
        if one.digest in first:
            twin, line = first[one.digest]
            made.twins.append((one, twin))
            _take_from(one, line)
            continue
        line = _line_for(one, by_name.setdefault(fold(one.name), []))
        line.versions.append(one)
        first[one.digest] = (one, line)
        _take_from(one, line)
    made.lines = [line for alike in by_name.values() for line in alike]
    return made


def _line_for(one: Found, alike: list[Line]) -> Line:
    """The workflow of its id among those of its name; a file without an id goes to the first of them."""
    for line in alike:
        if compatible(line.identity, one.identity):
            line.identity = line.identity or one.identity
            return line
    alike.append(Line(one.name, one.identity))
    return alike[-1]


def compatible(identity: str, other: str) -> bool:
    """Whether two files of one name may be versions of one workflow."""
    return not identity or not other or identity == other


def _take_from(one: Found, line: Line) -> None:
    """Its label and its picture, also of a file whose document is there already."""
    if one.label and one.label not in line.labels:
        line.labels.append(one.label)
    if one.path.suffix.lower() in PICTURES:
        line.pictures.setdefault(one.digest, one.path)


def names_for(line: Line) -> Iterator[str]:
    """What a workflow may be called: as its files, else with their folder, else with a number."""
    yield line.name
    if line.labels:
        folder = _FORBIDDEN.sub("-", line.labels[0])
        yield f"{shortened(line.name, _LONGEST - 53)} ({shortened(folder, 50)})"
    for number in count(2):
        yield f"{shortened(line.name, _LONGEST - 6)} {number}"


def told(one: Found) -> str:
    """The message of the version a file becomes."""
    time = datetime.fromtimestamp(one.time).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"Imported from {one.path.name} of {time}"
