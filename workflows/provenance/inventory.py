"""What a prompt is made of: node classes with their code, seeds, and the files it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from engine.file_kinds import MODEL_SUFFIXES
from engine.folders import Folders
from engine.graph import VALUE, as_list, as_object
from engine.spec import InputSpec, NodeSpec
from workflows.provenance.record import FileUsed

Find = Callable[[str], NodeSpec | None]
"""The spec of a class, None for one nobody knows."""

_SEEDS = frozenset({"seed", "noise_seed"})
_UPLOADS = ("image_upload", "video_upload", "audio_upload", "animated_image_upload")
_EMBEDDING = re.compile(r"embedding:([^\s:()\[\]]+)")
_EMBEDDING_SUFFIXES = ("", ".safetensors", ".pt", ".bin")


def classes_of(prompt: Mapping[str, Any], find: Find) -> dict[str, dict[str, Any]]:
    """Version, code hash and module of every node class of a prompt; a class nobody knows has none."""
    names = sorted({name for node in _nodes(prompt) if isinstance(name := node[1].get("class_type"), str)})
    found = {name: find(name) for name in names}
    return {
        name: {} if spec is None else {"version": spec.version, "code": spec.code_hash, "module": spec.module}
        for name, spec in found.items()
    }


def seeds_of(prompt: Mapping[str, Any], find: Find) -> dict[str, dict[str, int]]:
    """Every seed given as a number, by node id and input name."""
    seeds: dict[str, dict[str, int]] = {}
    for node_id, node in _nodes(prompt):
        spec = find(str(node.get("class_type")))
        for name, value in _inputs(node):
            if _is_seed(name, None if spec is None else spec.by_name.get(name)) and type(value) is int:
                seeds.setdefault(node_id, {})[name] = value
    return seeds


def files_of(prompt: Mapping[str, Any], find: Find, folders: Folders) -> list[FileUsed]:
    """The files that the nodes name, in the order of the nodes, each once; nothing is hashed.

    Inputs say which kind of file they name. Where a pack's do not, a name that ends as models do counts as
    the kind of folder that holds it. Embeddings are named within prompts.
    """
    used: dict[tuple[str, str], list[str]] = {}
    for node_id, node in _nodes(prompt):
        spec = find(str(node.get("class_type")))
        for name, value in _inputs(node):
            entry = None if spec is None else spec.by_name.get(name)
            for kind, file in _named(entry, value, folders):
                nodes = used.setdefault((kind, file), [])
                if node_id not in nodes:
                    nodes.append(node_id)
    return [FileUsed(kind, name, tuple(nodes)) for (kind, name), nodes in used.items()]


def _named(entry: InputSpec | None, value: Any, folders: Folders) -> Iterator[tuple[str, str]]:
    """Kind and name of each file a value names."""
    if entry is not None and entry.files is not None:
        if isinstance(value, str) and value:
            yield entry.files, value
        return
    if entry is not None and any(entry.options.get(option) for option in _UPLOADS):
        if isinstance(value, str) and value:
            yield "input", value
        return
    for text in _texts(value):
        if PurePath(text).suffix.lower() in MODEL_SUFFIXES and len(text) < 500:
            kind = next((kind for kind in folders.models if _has(folders, kind, text)), None)
            if kind is not None:
                yield kind, text
        if "embedding:" in text:
            for name in _embeddings(text, folders):
                yield "embeddings", name


def _embeddings(text: str, folders: Folders) -> Iterator[str]:
    """The files of the embeddings a prompt calls, as far as they are there: others have no effect."""
    for match in _EMBEDDING.finditer(text):
        for name in dict.fromkeys((match[1], match[1].rstrip(","))):
            files = (f"{name}{suffix}" for suffix in _EMBEDDING_SUFFIXES)
            if file := next((file for file in files if _has(folders, "embeddings", file)), None):
                yield file
                break


def _has(folders: Folders, kind: str, name: str) -> bool:
    try:
        return folders.locate(kind, name) is not None
    except (OSError, ValueError):
        return False


def _texts(value: Any) -> Iterator[str]:
    """Every string in a value, however deep it lies."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif (members := as_object(one)) is not None:
            waiting.extend(members.values())
        elif (items := as_list(one)) is not None:
            waiting.extend(items)


def _is_seed(name: str, entry: InputSpec | None) -> bool:
    controlled = entry is not None and entry.type == "INT" and entry.options.get("control_after_generate")
    return name in _SEEDS or bool(controlled)


def _nodes(prompt: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((node_id, node) for node_id, raw in prompt.items() if (node := as_object(raw)) is not None)


def _inputs(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The inputs given as values; a list that is not wrapped is a link."""
    for name, value in (as_object(node.get("inputs")) or {}).items():
        wrapped = as_object(value)
        if wrapped is not None and VALUE in wrapped:
            yield name, wrapped[VALUE]
        elif not isinstance(value, list):
            yield name, value
