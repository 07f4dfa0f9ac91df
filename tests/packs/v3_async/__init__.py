# pyright: basic, reportMissingImports=false
"""Nodes declared with a schema: coroutines that overlap, lazy inputs, expansions, checks, ids."""

import asyncio
from pathlib import Path

import folder_paths
from comfy_api.latest import ComfyExtension, io, ui
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder


class Pause(io.ComfyNode):
    """Gives a number after a while, without keeping others waiting."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Pause",
            display_name="Pause",
            category="examples/v3",
            description="Gives the value after some seconds.",
            inputs=[
                io.Int.Input("value", default=0),
                io.Float.Input("seconds", default=0.1, min=0.0, max=5.0, step=0.1),
            ],
            outputs=[io.Int.Output(display_name="value", tooltip="The same value.")],
        )

    @classmethod
    async def execute(cls, value, seconds):
        await asyncio.sleep(seconds)
        return io.NodeOutput(value)


class Add(io.ComfyNode):
    """Adds as many numbers as are linked."""

    @classmethod
    def define_schema(cls):
        number = io.Int.Input("number", force_input=True)
        template = io.Autogrow.TemplatePrefix(number, prefix="number", min=1, max=20)
        return io.Schema(
            node_id="V3Add",
            category="examples/v3",
            inputs=[io.Autogrow.Input("numbers", template=template)],
            outputs=[io.Int.Output("sum")],
        )

    @classmethod
    def execute(cls, numbers):
        return io.NodeOutput(sum(numbers.values()))


class Choose(io.ComfyNode):
    """Runs only the branch it takes."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Choose",
            category="examples/v3",
            inputs=[
                io.Boolean.Input("first", default=True, label_on="first", label_off="second"),
                io.AnyType.Input("a", lazy=True),
                io.AnyType.Input("b", lazy=True),
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    async def check_lazy_status(cls, first, a=None, b=None):
        wanted, value = ("a", a) if first else ("b", b)
        return [wanted] if value is None else []

    @classmethod
    def execute(cls, first, a=None, b=None):
        return io.NodeOutput(a if first else b)


class PauseAll(io.ComfyNode):
    """Becomes several pauses at once, and their sum."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3PauseAll",
            category="examples/v3",
            inputs=[io.Int.Input("count", default=3, min=1, max=20), io.Float.Input("seconds", default=0.1)],
            outputs=[io.Int.Output("sum")],
            enable_expand=True,
        )

    @classmethod
    def execute(cls, count, seconds):
        graph = GraphBuilder()
        pauses = [graph.node("V3Pause", value=number, seconds=seconds) for number in range(count)]
        links = {f"numbers.number{number}": pause.out(0) for number, pause in enumerate(pauses)}
        total = graph.node("V3Add", **links)
        return io.NodeOutput(total.out(0), expand=graph.finalize())


class ReadNote(io.ComfyNode):
    """Reads a text of the input folder; runs again when the file has changed."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3ReadNote",
            category="examples/v3",
            inputs=[io.String.Input("name", default="note.txt")],
            outputs=[io.String.Output("text")],
        )

    @classmethod
    def file(cls, name):
        return Path(folder_paths.get_input_directory()) / name

    @classmethod
    async def validate_inputs(cls, name):
        return True if cls.file(name).is_file() else f"there is no note called {name}"

    @classmethod
    def fingerprint_inputs(cls, name):
        return cls.file(name).read_text()

    @classmethod
    def execute(cls, name):
        return io.NodeOutput(cls.file(name).read_text())


class WhoAmI(io.ComfyNode):
    """Gives its own id."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3WhoAmI",
            category="examples/v3",
            inputs=[io.String.Input("context", default="", optional=True, tooltip="Put before the id.")],
            outputs=[io.String.Output("id")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, context=""):
        return io.NodeOutput(context + cls.hidden.unique_id)


class Gate(io.ComfyNode):
    """Lets a value through, or stops what depends on it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Gate",
            category="examples/v3",
            inputs=[
                io.AnyType.Input("value"),
                io.Combo.Input("state", options=["open", "shut", "silent"], default="open"),
            ],
            outputs=[io.AnyType.Output("value")],
        )

    @classmethod
    def execute(cls, value, state):
        if state == "shut":
            return io.NodeOutput(block_execution="the gate is shut")
        return ExecutionBlocker(None) if state == "silent" else io.NodeOutput(value)


class Show(io.ComfyNode):
    """Shows a value as text."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Show",
            category="examples/v3",
            inputs=[io.AnyType.Input("value")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value):
        return io.NodeOutput(ui=ui.PreviewText(str(value)))


class Examples(ComfyExtension):
    async def get_node_list(self):
        return [Pause, Add, Choose, PauseAll, ReadNote, WhoAmI, Gate, Show]


async def comfy_entrypoint():
    return Examples()
