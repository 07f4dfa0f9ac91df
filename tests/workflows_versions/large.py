"""A workflow of many nodes."""

from typing import Any

_INPUTS = {
    "KSampler": ["model", "positive", "negative", "latent_image"],
    "CLIPTextEncode": ["clip"],
    "LoraLoader": ["model", "clip"],
    "CheckpointLoaderSimple": [],
}


def large(count: int) -> dict[str, Any]:
    """So many nodes of four classes, each linked to those before it."""
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []
    for number in range(1, count + 1):
        kind = list(_INPUTS)[number % len(_INPUTS)]
        inputs: list[dict[str, Any]] = []
        for index, name in enumerate(_INPUTS[kind]):
            source = number - 1 - index
            slot: dict[str, Any] = {"name": name, "type": "X", "link": None}
            if source > 0:
                links.append([len(links) + 1, source, 0, number, index, "X"])
                slot["link"] = len(links)
                nodes[source - 1]["outputs"][0]["links"].append(len(links))
            inputs.append(slot)
        values: dict[str, list[Any]] = {
            "KSampler": [number, "randomize", 20, 8, "euler", "normal", 1],
            "CLIPTextEncode": [f"a photo of number {number}, " * 10],
            "LoraLoader": [f"{number}.safetensors", 1, 1],
            "CheckpointLoaderSimple": [f"{number}.safetensors"],
        }
        nodes.append(
            {"id": number, "type": kind, "pos": [number % 40 * 350, number // 40 * 300], "size": [315, 262],
             "flags": {}, "order": number, "mode": 0, "inputs": inputs,
             "outputs": [{"name": "OUT", "type": "X", "links": []}],
             "properties": {"Node name for S&R": kind, "cnr_id": "comfy-core", "ver": "0.3.64"},
             "widgets_values": values[kind]}
        )  # fmt: skip
    return {
        "last_node_id": count,
        "last_link_id": len(links),
        "nodes": nodes,
        "links": links,
        "groups": [],
        "config": {},
        "extra": {"ds": {"scale": 1, "offset": [0, 0]}},
        "version": 0.4,
    }
