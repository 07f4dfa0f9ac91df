"""Write the generated reference pages: `python -m tools.docs`. A test fails when they are out of date."""

from collections.abc import Iterable
from pathlib import Path

from cli.listing import kind_of
from engine.spec import InputSpec, NodeSpec

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def node_page(specs: Iterable[NodeSpec]) -> str:
    """The node reference, sorted by category and name."""
    ordered = sorted(specs, key=lambda spec: (spec.category, spec.name))
    contents = "\n".join(f"- [{spec.name}](#{spec.name.lower()}): {spec.title}" for spec in ordered)
    sections = "\n".join(section(spec) for spec in ordered)
    return f"# Nodes\n\nGenerated from the nodes themselves by `make docs`.\n\n{contents}\n\n{sections}"


def section(spec: NodeSpec) -> str:
    heading = f"*{spec.title}* · {spec.category} · lane {spec.lane}"
    lines = [f"## {spec.name}", "", heading, "", spec.description, ""]
    if spec.inputs:
        lines += ["| input | type | default | |", "|---|---|---|---|", *map(input_row, spec.inputs), ""]
    if spec.outputs:
        lines += ["| output | type | |", "|---|---|---|"]
        lines += [f"| {o.name} | {o.type} | {o.tooltip or ''} |" for o in spec.outputs]
        lines += [""]
    return "\n".join(lines)


def input_row(spec: InputSpec) -> str:
    default = spec.options.get("default", spec.choices[0] if spec.choices else "")
    kind = kind_of(spec).replace("|", r"\|")
    return f"| {spec.name} | {kind} | {default!r} | {spec.options.get('tooltip', '')} |".replace("''", "")


def main() -> None:
    from nodes import builtin

    (REFERENCE / "nodes.md").write_text(node_page(builtin()), encoding="utf-8")


if __name__ == "__main__":
    main()
