"""Small workflows for tests of single rules."""

import copy
import json
from pathlib import Path
from typing import Any

from workflows.formats import Converted, convert, definitions_of

FILES = Path(__file__).parents[1] / "workflows"
OBJECT_INFO: dict[str, Any] = json.loads((FILES / "object_info.json").read_text(encoding="utf-8"))
NAMES = sorted(path.name.removesuffix(".api.json") for path in FILES.glob("*.api.json"))


def load(name: str) -> Any:
    return json.loads((FILES / name).read_text(encoding="utf-8"))


def klass(
    name: str, outputs: list[Any], optional: dict[str, Any] | None = None, /, **required: Any
) -> dict[str, Any]:
    """An entry of /object_info."""
    given = {"required": required, **({"optional": optional} if optional else {})}
    order = {group: list(members) for group, members in given.items()}
    return {
        "name": name,
        "display_name": f"The {name}",
        "input": given,
        "input_order": order,
        "output": outputs,
    }


def info_with(*classes: dict[str, Any]) -> dict[str, Any]:
    return {**OBJECT_INFO, **{entry["name"]: entry for entry in classes}}


class Sketch:
    """A workflow drawn node by node; links are numbered as they come."""

    def __init__(self, *classes: dict[str, Any]) -> None:
        self.info = info_with(*classes)
        self.document: dict[str, Any] = {"nodes": [], "links": [], "version": 0.4}

    def node(self, kind: str, values: Any = None, mode: int = 0, outputs: Any = (), **links: Any) -> int:
        """Add a node; `name=(node, slot)` links its input. Returns its id."""
        number = len(self.document["nodes"]) + 1
        slots: list[dict[str, Any]] = []
        for name, source in links.items():
            slot: dict[str, Any] = {"name": "" if name == "_" else name, "type": "*", "link": None}
            if source is not None:
                self.document["links"].append(
                    [len(self.document["links"]) + 1, source[0], source[1], number, len(slots), "*"]
                )
                slot["link"] = len(self.document["links"])
            slots.append(slot)
        entry = {"id": number, "type": kind, "mode": mode, "inputs": slots, "outputs": list(outputs)}
        self.document["nodes"].append({**entry, "widgets_values": values, "properties": {}})
        return number

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self.document["nodes"][number - 1]

    def converted(self, **options: Any) -> Converted:
        return convert(copy.deepcopy(self.document), definitions_of(self.info), **options)

    def inputs(self, number: int | str, **options: Any) -> dict[str, Any]:
        """The inputs of a node in the prompt."""
        return self.converted(**options).prompt[str(number)]["inputs"]

    def codes(self) -> list[tuple[str, str | None]]:
        return [(finding.code, finding.node) for finding in self.converted().findings]
