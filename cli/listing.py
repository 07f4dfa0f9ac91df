"""`main.py nodes` and `main.py models`: what there is."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.packs import packs_of, paths_of
from cli.setup import folders_of
from engine.folders import Folders
from engine.registry import Registry
from engine.spec import InputSpec, NodeSpec


def nodes(options: argparse.Namespace) -> int:
    """List every node; `--json` prints what `/object_info` answers."""
    registry, folders, failed = known_nodes(options, folders_of(options))
    specs = sorted(registry, key=lambda spec: (spec.category, spec.name))
    if options.json:
        print_json({spec.name: spec.object_info(folders.list) for spec in specs})
        return 0
    table = Table("node", "category", "inputs", "outputs", title=f"{len(specs)} nodes")
    for spec in specs:
        table.add_row(
            f"[bold]{spec.name}[/bold]\n{spec.title}", spec.category, inputs_of(spec), outputs_of(spec)
        )
        table.add_section()
    Console().print(table)
    for line in failed:
        Console().print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    return 0


def known_nodes(options: argparse.Namespace, folders: Folders) -> tuple[Registry, Folders, list[str]]:
    """Every node, the folders with those that packs add, and a line for each pack that cannot be used."""
    from nodes import builtin

    if not paths_of(options, folders):
        return builtin(), folders, []
    from diffusion.placement import Placement, choose_device
    from diffusion.precision import Precision

    resources: dict[type, object] = {Placement: Placement(choose_device("cpu")), Precision: Precision.AUTO}
    packs = packs_of(options, folders, builtin(), resources)
    assert packs is not None
    bad = [r for r in packs.reports if r.error is not None]
    return packs.registry, packs.folders, [f"pack {r.name} cannot be used: {r.error}" for r in bad]


def inputs_of(spec: NodeSpec) -> str:
    return "\n".join(f"{i.name}: {kind_of(i)}" for i in spec.inputs)


def kind_of(spec: InputSpec) -> str:
    """One line for an input: its type, bounds or choices, and whether it may be left out."""
    words = spec.type
    if spec.files:
        words = f"file of {spec.files}"
    elif spec.choices is not None:
        words = " | ".join(map(str, spec.choices[:4])) + (
            f" … ({len(spec.choices)})" if len(spec.choices) > 4 else ""
        )
    elif "min" in spec.options:
        words += f" {spec.options['min']}..{spec.options['max']}"
    return words + (" (optional)" if spec.optional else "")


def outputs_of(spec: NodeSpec) -> str:
    return "\n".join(o.name if o.name == o.type else f"{o.name}: {o.type}" for o in spec.outputs)


def models(options: argparse.Namespace) -> int:
    """List model files by folder kind, with size and what a checkpoint's header says it is."""
    found = list(models_in(folders_of(options)))
    if options.json:
        print_json(found)
        return 0
    table = Table("kind", "file", "size", "recognised as", title=f"{len(found)} model files")
    for model in found:
        table.add_row(model["kind"], model["name"], f"{model['bytes'] / 1e6:,.1f} MB", model["recognised"])
    Console().print(table)
    return 0


def models_in(folders: Folders) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for kind in folders.models:
        for name in folders.list(kind):
            path = folders.find(kind, name)
            rows.append(
                {"kind": kind, "name": name, "bytes": size_of(path), "recognised": recognise(kind, path)}
            )
    return rows


def size_of(path: Path) -> int:
    return (
        sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        if path.is_dir()
        else path.stat().st_size
    )


def recognise(kind: str, path: Path) -> str:
    """The family a checkpoint belongs to, or why it belongs to none."""
    if kind != "checkpoints" or path.suffix not in (".safetensors", ".sft"):
        return ""
    from diffusion.checkpoint import CheckpointError, identify, read_header

    try:
        return identify(read_header(path)).family.name
    except CheckpointError as error:
        return f"not usable: {error}"


def print_json(value: object) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(json.dumps(value, indent=2))
