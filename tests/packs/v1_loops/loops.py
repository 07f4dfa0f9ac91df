"""Loops. The closing node expands to the nodes between it and the opening one, and another closing node."""

from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder, is_link

from .anything import ANY

CARRIED = 4


def carried():
    """The values that travel from round to round."""
    return {f"value{number}": (ANY,) for number in range(CARRIED)}


class WhileLoopOpen:
    """Where a round begins. Without its condition nothing behind it runs."""

    CATEGORY = "loops"
    RETURN_TYPES = ("FLOW_CONTROL", *(ANY for _ in range(CARRIED)))
    RETURN_NAMES = ("flow", *(f"value{number}" for number in range(CARRIED)))
    FUNCTION = "open"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"condition": ("BOOLEAN", {"default": True})}, "optional": carried()}

    def open(self, condition, **values):
        given = [values.get(f"value{number}") for number in range(CARRIED)]
        return ("flow", *(given if condition else [ExecutionBlocker(None)] * CARRIED))


class WhileLoopClose:
    """Where a round ends. With its condition it becomes one more round."""

    CATEGORY = "loops"
    RETURN_TYPES = tuple(ANY for _ in range(CARRIED))
    RETURN_NAMES = tuple(f"value{number}" for number in range(CARRIED))
    FUNCTION = "close"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "flow": ("FLOW_CONTROL", {"rawLink": True}),
                "condition": ("BOOLEAN", {"forceInput": True}),
            },
            "optional": carried(),
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    def close(self, flow, condition, dynprompt, unique_id, **values):
        given = [values.get(f"value{number}") for number in range(CARRIED)]
        if not condition:
            return tuple(given)
        opening = flow[0]
        body = self.between(dynprompt, opening, unique_id)
        graph = GraphBuilder()
        for name in body:
            copy = graph.node(dynprompt.get_node(name)["class_type"], "Again" if name == unique_id else name)
            copy.set_override_display_id(dynprompt.get_display_node_id(name))
        for name in body:
            copy = graph.lookup_node("Again" if name == unique_id else name)
            for key, value in dynprompt.get_node(name)["inputs"].items():
                if is_link(value) and value[0] in body:
                    source = "Again" if value[0] == unique_id else value[0]
                    value = graph.lookup_node(source).out(value[1])
                copy.set_input(key, value)
        start = graph.lookup_node(opening)
        for number, value in enumerate(given):
            start.set_input(f"value{number}", value)
        again = graph.lookup_node("Again")
        return {"result": tuple(again.out(number) for number in range(CARRIED)), "expand": graph.finalize()}

    def between(self, dynprompt, opening, closing):
        """The nodes that depend on the opening node and that the closing node depends on, both included."""
        behind, links, stack = set(), {}, [closing]
        while stack:
            name = stack.pop()
            if name in behind:
                continue
            behind.add(name)
            inputs = dynprompt.get_node(name)["inputs"]
            links[name] = [value[0] for value in inputs.values() if is_link(value)]
            stack += links[name]
        body = {opening}
        grown = True
        while grown:
            more = {name for name in behind if name not in body and any(s in body for s in links[name])}
            body |= more
            grown = bool(more)
        return body | {closing}


class ForLoopOpen:
    """Where a round of a counted loop begins; `remaining` rounds are still to come, this one included."""

    CATEGORY = "loops"
    RETURN_TYPES = ("FLOW_CONTROL", "INT", *(ANY for _ in range(1, CARRIED)))
    RETURN_NAMES = ("flow", "remaining", *(f"value{number}" for number in range(1, CARRIED)))
    FUNCTION = "open"

    @classmethod
    def INPUT_TYPES(cls):
        values = {name: spec for name, spec in carried().items() if name != "value0"}
        return {
            "required": {"remaining": ("INT", {"default": 1, "min": 0, "max": 100_000})},
            "optional": values,
            "hidden": {"value0": (ANY,)},
        }

    def open(self, remaining, value0=None, **values):
        if value0 is not None:
            remaining = value0
        graph = GraphBuilder()
        given = {name: value for name, value in values.items() if value is not None}
        start = graph.node("LoopsWhileOpen", condition=remaining > 0, value0=remaining, **given)
        outputs = [start.out(number) for number in range(1, CARRIED + 1)]
        return {"result": ("stub", *outputs), "expand": graph.finalize()}


class ForLoopClose:
    """Where a round of a counted loop ends."""

    CATEGORY = "loops"
    RETURN_TYPES = tuple(ANY for _ in range(1, CARRIED))
    RETURN_NAMES = tuple(f"value{number}" for number in range(1, CARRIED))
    FUNCTION = "close"

    @classmethod
    def INPUT_TYPES(cls):
        values = {name: (ANY, {"rawLink": True}) for name in carried() if name != "value0"}
        return {"required": {"flow": ("FLOW_CONTROL", {"rawLink": True})}, "optional": values}

    def close(self, flow, **values):
        graph = GraphBuilder()
        opening = flow[0]
        left = graph.node("LoopsPlus", a=[opening, 1], b=-1)
        more = graph.node("LoopsCompare", a=left.out(0), comparison=">", b=0)
        again = graph.node("LoopsWhileClose", flow=flow, condition=more.out(0), value0=left.out(0), **values)
        outputs = tuple(again.out(number) for number in range(1, CARRIED))
        return {"result": outputs, "expand": graph.finalize()}
