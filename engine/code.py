"""Identity of a node's code: its module, and what that imports of the same project.

A result that outlives the process must not outlive the code that made it. Libraries are left to whoever
keeps results (their versions are facts of an installation), and so is the engine itself.
"""

from __future__ import annotations

import hashlib
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<package>[.\w]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#]+)"
    r"|import[ \t]+(?P<modules>[^\n#]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"[.\w]+")


def code_hash(function: Callable[..., Any]) -> str:
    """The function's place in its module, that module's source, and the source of what it imports."""
    function = inspect.unwrap(function)
    code = function.__code__
    lines = linecache.getlines(code.co_filename, getattr(function, "__globals__", None))
    source = ("".join(lines) if lines else repr(_bytecode(code))).encode()
    digest = hashlib.sha256(source)
    digest.update(f"\0{function.__qualname__}:{code.co_firstlineno if lines else 0}".encode())
    base = _base(function.__module__, Path(code.co_filename))
    if base is not None:
        digest.update(_imported(base, Path(code.co_filename)).encode())
    return digest.hexdigest()


def hash_of(file: Path) -> str:
    """The content of one file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _bytecode(code: CodeType) -> tuple[Any, ...]:
    constants = [_bytecode(one) if isinstance(one, CodeType) else one for one in code.co_consts]
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars)


def folder_hash(folder: Path) -> str:
    """All Python source below a folder: names and content."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"\0{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(hash_of(file).encode())
    return digest.hexdigest()


def _base(module: str | None, file: Path) -> Path | None:
    """The folder from which the module's full name leads to its file; None for what is no such module."""
    if module is None:
        return None
    parts = module.split(".")
    names = [*parts[:-1], file.stem] if file.stem != "__init__" else [*parts, "__init__"]
    if file.suffix != ".py" or list(file.with_suffix("").parts[-len(names) :]) != names:
        return None
    return file.parents[len(names) - 1]


@lru_cache(maxsize=1024)
def _imported(base: Path, file: Path) -> str:
    """The source of all modules of the project that one reaches, itself left out."""
    seen = {file}
    stack = [file]
    while stack:
        for found in _imports(base, stack.pop()):
            if found not in seen:
                seen.add(found)
                stack.append(found)
    digest = hashlib.sha256()
    for one in sorted(seen - {file}):
        digest.update(f"\0{one.relative_to(base).as_posix()}\0".encode())
        digest.update(_content(one))
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _content(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


@lru_cache(maxsize=4096)
def _imports(base: Path, file: Path) -> tuple[Path, ...]:
    """The files behind a module's import statements, wherever in it they stand."""
    found: dict[Path, None] = {}
    for match in _IMPORT.finditer(file.read_text(encoding="utf-8", errors="replace")):
        for name in _modules(base, file, match):
            if (one := _file(base, name)) is not None:
                found[one] = None
    return tuple(found)


def _modules(base: Path, file: Path, match: re.Match[str]) -> Iterator[str]:
    package = match["package"]
    if package is None:
        for part in match["modules"].split(","):
            if name := _NAME.match(part.strip()):
                yield name[0]
        return
    if package.startswith("."):
        rising = len(package) - len(package.lstrip("."))
        here = file.relative_to(base).parts[:-1]
        package = ".".join((*here[: len(here) - rising + 1], *filter(None, [package.lstrip(".")])))
    yield package
    for part in match["names"].strip("()").split(","):
        if name := _NAME.match(part.strip()):
            yield f"{package}.{name[0]}"


def _file(base: Path, module: str) -> Path | None:
    """The module's file, if it is one of the project's.

    The packages it lies in are left out: their `__init__` files list what there is, which decides nothing.
    """
    parts = module.split(".")
    if parts[0] == __package__ or parts[0] in sys.stdlib_module_names:
        return None
    place = base.joinpath(*parts)
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)
