"""Inputs and outputs of a schema: names on the wire, inputs that grow, follow a choice or fit anything."""

# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# The methods of packs' classes are as untyped here as they are there.
from __future__ import annotations

import json
from enum import Enum
from operator import ne
from typing import Any

import pytest

from engine.spec import NodeSpec
from engine.types import accepts
from nodes.comfy.v3.names import modules
from nodes.comfy.v3.node import NodeOutput
from nodes.comfy.v3.schema import Hidden, Schema
from tests.nodes.comfy_v3.schemas import call, io, spec_of


def test_two_inputs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="several inputs are called n"):
        spec_of(lambda: Schema("Toy", inputs=[io.Int.Input("n"), io.Image.Input("n")]))


def test_widget_options_have_their_names_on_the_wire() -> None:
    class Size(Enum):
        SMALL = "small"
        LARGE = "large"

    one = io.Int.Input("n", min=1, max=9, step=2, display_mode=io.NumberDisplay.slider, force_input=True)
    assert one.as_dict() == {"min": 1, "max": 9, "step": 2, "display": "slider", "forceInput": True}
    text = io.String.Input("s", multiline=True, dynamic_prompts=True, placeholder="…", tooltip="t")
    assert text.as_dict() == {
        "multiline": True, "dynamicPrompts": True, "placeholder": "…", "tooltip": "t"
    }  # fmt: skip
    combo = io.Combo.Input(
        "c", options=Size, default=Size.LARGE, upload=io.UploadType.image, image_folder=io.FolderType.input
    )
    assert combo.as_dict() == {
        "options": ["small", "large"],
        "default": "large",
        "multiselect": False,
        "image_upload": True,
        "image_folder": "input",
    }
    assert io.Image.Input("i", lazy=True, extra_dict={"rawLink": True}).as_dict() == {
        "lazy": True,
        "rawLink": True,
    }


def test_types_are_called_what_they_are_on_the_wire() -> None:
    wired = {
        "Clip": "CLIP",
        "ControlNet": "CONTROL_NET",
        "ClipVisionOutput": "CLIP_VISION_OUTPUT",
        "Load3D": "LOAD_3D",
        "Load3DCamera": "LOAD3D_CAMERA",
        "AnyType": "*",
        "Latent": "LATENT",
    }
    for name, wire in wired.items():
        kind = getattr(io, name)
        assert kind.io_type == wire
        assert kind.Input("x").get_io_type() == wire and kind.Output().get_io_type() == wire
    assert io.Custom("SEGS").Output().get_io_type() == "SEGS"
    union = io.MultiType.Input(io.Float.Input("x", default=1.0), types=[io.Int, io.Float])
    assert union.get_io_type() == "FLOAT,INT"
    assert union.as_dict() == {"default": 1.0, "widgetType": "FLOAT"}


def test_growing_inputs_arrive_as_one_dictionary() -> None:
    template = io.Autogrow.TemplateNames(io.Image.Input("image"), names=["x", "y", "z"], min=1)

    def schema() -> Schema:
        return Schema(
            "Toy",
            inputs=[io.Autogrow.Input("images", template=template)],
            outputs=[io.AnyType.Output()],
        )

    spec = spec_of(schema, execute=lambda cls, images: NodeOutput(images))
    assert call(spec, {"images.x": 1, "images.z": 3}) == ({"x": 1, "z": 3},)
    with pytest.raises(ValueError, match=r"'images\.x' is required and missing"):
        call(spec, {"images.z": 3})


def test_a_choice_brings_the_inputs_that_belong_to_it() -> None:
    def schema() -> Schema:
        return Schema(
            "Toy",
            inputs=[
                io.DynamicCombo.Input(
                    "mode",
                    options=[
                        io.DynamicCombo.Option("size", [io.Int.Input("width"), io.Int.Input("height")]),
                        io.DynamicCombo.Option("scale", [io.Float.Input("factor")]),
                    ],
                )
            ],
            outputs=[io.AnyType.Output()],
        )

    spec = spec_of(schema, execute=lambda cls, mode: NodeOutput(mode))
    given = {"mode": "size", "mode.width": 3, "mode.height": 4, "mode.factor": 2.0}
    assert call(spec, given) == ({"mode": "size", "width": 3, "height": 4},)
    assert spec.check is not None and {"mode", "mode.factor"} <= spec.check_inputs
    assert "'mode.factor' is required and missing" in str(spec.check(mode="scale"))
    assert "'mode' is 'shape'; the choices are 'size', 'scale'" in str(spec.check(mode="shape"))


def test_lazy_checks_get_the_parts_of_dynamic_inputs_with_their_names() -> None:
    template = io.Autogrow.TemplatePrefix(io.Image.Input("i", lazy=True), prefix="i", min=0, max=3)
    asked: list[Any] = []

    def check_lazy_status(cls: Any, many: Any) -> list[str]:
        asked.append(many)
        return [name for value, name in many.values() if value is None]

    spec = spec_of(
        lambda: Schema("Toy", inputs=[io.Autogrow.Input("many", template=template)]),
        check_lazy_status=check_lazy_status,
    )
    assert spec.needs is not None
    assert spec.needs(**{"many.i0": None, "many.i1": 5}) == ["many.i0"]
    assert asked == [{"i0": (None, "many.i0"), "i1": (5, "many.i1")}]


def test_matched_types_fit_whatever_is_linked() -> None:
    template = io.MatchType.Template("T")
    spec = spec_of(
        lambda: Schema(
            "Toy",
            inputs=[io.MatchType.Input("a", template=template)],
            outputs=[io.MatchType.Output(template=template)],
        )
    )
    assert spec.inputs[0].wildcard and spec.outputs[0].wildcard
    assert spec.extra_info["output_matchtypes"] == ["T"]


def test_all_inputs_are_passed_where_the_schema_accepts_them() -> None:
    spec = spec_of(lambda: Schema("Toy", accept_all_inputs=True), execute=lambda cls, **more: (more,))
    assert spec.open_inputs
    assert spec_of(lambda: Schema("Toy"), execute=lambda cls, **more: None).variadic


def test_any_and_number_fit_as_packs_expect() -> None:
    kinds = vars(modules()["comfy.comfy_types"])["IO"]
    # Packs' tricks hang on "unequal", which these types answer differently from "equal".
    assert not ne(kinds.ANY, "IMAGE") and not ne("IMAGE", kinds.ANY)
    assert ne(kinds.IMAGE, "MASK") and not ne(kinds.NUMBER, "INT")
    assert kinds.IMAGE == "IMAGE" and f"{kinds.IMAGE}" == "IMAGE"
    assert accepts(kinds.NUMBER, "INT")


def test_a_spec_survives_the_way_to_the_server() -> None:
    option = io.DynamicCombo.Option("a", [io.Int.Input("n", max=3)])
    template = io.Autogrow.TemplatePrefix(io.Image.Input("image"), "image")
    spec = spec_of(
        lambda: Schema(
            "Toy",
            inputs=[
                io.DynamicCombo.Input("mode", options=[option]),
                io.Autogrow.Input("images", template=template),
                io.MultiCombo.Input("many", options=["x", "y"], default=["x"]),
            ],
            outputs=[io.Combo.Output("choice", options=["p", "q"])],
            hidden=[Hidden.unique_id],
        )
    )
    sent = json.loads(json.dumps(spec.to_json()))
    assert NodeSpec.from_json(sent) == spec
    info = spec.object_info(lambda kind: [])
    assert info["input"]["required"]["mode"] == [
        "COMFY_DYNAMICCOMBO_V3",
        {"options": [{"key": "a", "inputs": {"required": {"n": ["INT", {"max": 3}]}}}]},
    ]
    kind, options = info["input"]["optional"]["images"]
    assert kind == "COMFY_AUTOGROW_V3" and options["template"]["prefix"] == "image"
    assert info["output"] == [["p", "q"]]
