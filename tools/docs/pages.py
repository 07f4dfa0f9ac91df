"""Write the pages: one for each node, and one that lists them by category."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from engine.registry import Registry
from engine.spec import InputSpec, NodeSpec
from tools.docs import NODES
from tools.docs.examples import Example, Prompt, examples
from tools.docs.guides import guide_of

LANES = {
    "device": "on the device, one node at a time",
    "decode": "on the device, beside the sampling of other runs",
    "cpu": "on the processor, beside other nodes",
    "io": "beside other nodes: it reads or writes files",
}


def pages(registry: Registry) -> dict[str, str]:
    """Text of every generated file by its path below `docs/reference/nodes`."""
    shown = examples(registry)
    specs = sorted(registry, key=lambda spec: (spec.category, spec.name))
    graphs = {f"examples/{file_name(name)}.json": graph_text(e.prompt) for name, e in shown.items()}
    return (
        {"README.md": index(specs), "GALLERY.md": gallery(specs, shown), "help.json": facts(shown)}
        | {f"{file_name(s.name)}.md": page(s, shown.get(s.name)) for s in specs}
        | graphs
    )


def pictures(registry: Registry) -> set[str]:
    """Paths of the pictures on the pages, below `docs/reference/nodes`."""
    return {picture_of(name) for name, example in examples(registry).items() if not example.gives}


def picture_of(kind: str) -> str:
    return f"pictures/{file_name(kind)}.webp"


def file_name(kind: str) -> str:
    """A name for files without spaces, which links cannot hold."""
    return kind.replace(" ", "_")


def index(specs: list[NodeSpec]) -> str:
    """The nodes by category, each with its first sentence."""
    lines = [
        f"# Nodes\n\n{len(specs)} nodes, by category. Written by `make docs` from the nodes themselves.\n",
        "Every picture on their pages carries its graph: drop one on the canvas to open it. The graph as a",
        "file, linked below the picture, runs with `main.py run`. The demo checkpoint that ships with the",
        "project is all they need; those that load `fox.png` look for it in the input folder: it is one of",
        "[these pictures](../../pictures). [All pictures on one page](GALLERY.md).",
    ]
    for category, members in groupby(specs, key=lambda spec: spec.category):
        lines += ["", f"## {category}", ""]
        lines += [f"- [{s.title}]({file_name(s.name)}.md): {first_sentence(s.description)}" for s in members]
    return "\n".join(lines) + "\n"


def gallery(specs: list[NodeSpec], shown: dict[str, Example]) -> str:
    """The pictures of all nodes by category, each a link to its page."""
    lines = [
        "# What the nodes do, in pictures",
        "",
        "Written by `make docs`. [The nodes in words](README.md).",
    ]
    seen = [s for s in specs if s.name in shown and not shown[s.name].gives]
    for category, members in groupby(seen, key=lambda spec: spec.category):
        lines += ["", f"## {category}"]
        for spec in members:
            link = f"[{spec.title}]({file_name(spec.name)}.md)"
            lines += [
                "",
                f"{link}: {shown[spec.name].about}",
                "",
                f"![{spec.title}]({picture_of(spec.name)})",
            ]
    return "\n".join(lines) + "\n"


def facts(shown: dict[str, Example]) -> str:
    """What the canvas shows of each example beside what it knows of the node, one node a line."""
    entries: list[str] = []
    for name, example in shown.items():
        entry = {"about": example.about, "gives": example.gives, "graph": f"examples/{file_name(name)}.json"}
        if not example.gives:
            entry["picture"] = picture_of(name)
        entries.append(f"  {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def first_sentence(text: str) -> str:
    return text.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".") + "."


def page(spec: NodeSpec, example: Example | None) -> str:
    """The page of one node."""
    lines = [
        f"# {spec.title}",
        "",
        f"`{spec.name}` · {spec.category} · [all nodes](README.md)",
        "",
        spec.description,
    ]
    lines += ["", *shown(spec.name, example)] if example else []
    if spec.inputs:
        lines += ["", "## Inputs", "", "| input | type | default | |", "|---|---|---|---|"]
        lines += map(input_row, alike(spec.inputs))
    if spec.outputs:
        lines += ["", "## Outputs", "", "| output | type | |", "|---|---|---|"]
        lines += [
            row(o.name, o.type + (", a list" if o.is_list else ""), o.tooltip or "") for o in spec.outputs
        ]
    lines += ["", f"It runs {LANES[spec.lane]}."]
    if guide := guide_of(spec):
        lines += ["", f"See also: {guide}."]
    return "\n".join(lines) + "\n"


def shown(name: str, example: Example) -> Iterator[str]:
    """The example of a node: its picture, or what comes out, and where the graph is."""
    file = file_name(name)
    graph = f"[The graph](examples/{file}.json)"
    if example.gives:
        yield f"{example.about} {graph} gives:".lstrip()
        yield from ("", "```text", example.gives, "```")
        return
    if (NODES / picture_of(name)).is_file():
        yield from (f"![{example.about}]({picture_of(name)})", "")
    yield f"{example.about} {graph}."


def alike(inputs: Iterable[InputSpec]) -> Iterator[tuple[str, InputSpec]]:
    """Inputs with what stands in the first column; neighbours that differ by a number only share a row."""

    def family(spec: InputSpec) -> tuple[str, str]:
        return "".join(c for c in spec.name if not c.isdigit()), repr((spec.type, spec.options, spec.choices))

    for _, group in groupby(inputs, key=family):
        members = list(group)
        if len(members) < 4:
            yield from ((spec.name, spec) for spec in members)
        else:
            yield f"{members[0].name} … {members[-1].name}", members[0]


def input_row(named: tuple[str, InputSpec]) -> str:
    name, spec = named
    tooltip = str(spec.options.get("tooltip", ""))
    return row(f"{name} *(optional)*" if spec.optional else name, kind(spec), default(spec), tooltip)


def row(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", r"\|").replace("\n", "<br>") for c in cells) + " |"


def kind(spec: InputSpec) -> str:
    """The type of an input, with its choices or range."""
    if spec.files:
        return f"file of `{spec.files}`"
    if spec.choices is not None:
        return ", ".join(f"`{choice}`" for choice in spec.choices)
    if "min" not in spec.options:
        return spec.type
    step = spec.options.get("step", 1)
    return f"{spec.type} {spec.options['min']}..{spec.options['max']}" + (
        f", step {step}" if step != 1 else ""
    )


def default(spec: InputSpec) -> str:
    value = spec.options.get("default", spec.choices[0] if spec.choices else None)
    return "" if value is None or value == "" else f"`{json.dumps(value, ensure_ascii=False)}`"


def graph_text(prompt: Prompt) -> str:
    """A graph in API format, one node a line."""
    nodes = [f"  {json.dumps(name)}: {json.dumps(node, ensure_ascii=False)}" for name, node in prompt.items()]
    return "{\n" + ",\n".join(nodes) + "\n}\n"
