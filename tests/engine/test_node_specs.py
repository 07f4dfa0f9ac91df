"""From a function's signature to its spec, and from the spec to `/object_info`."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from engine.context import Context
from engine.node import NodeSpec, RegistrationError, Ui, node
from engine.registry import Registry, UnknownNode
from engine.types import Choices, Files, Label, Multiline, Range, SeedControl, Socket, accepts
from tests.toys import REGISTRY, add, divide, paint, show

Latent = Annotated[object, Socket("LATENT")]
Image = Annotated[object, Socket("IMAGE")]


def names(kind: str) -> list[str]:
    files = {"checkpoints": ["sd15.safetensors"], "input": ["a.png", "b.png"], "output": ["new.png"]}
    return files.get(kind, [])


def test_object_info_is_comfyuis_entry() -> None:
    # The entry of ComfyUI 0.3.64 for this class, tooltips written out.
    @node("EmptyLatentImage", title="Empty Latent Image", category="latent")
    def empty_latent(
        width: Annotated[int, Range(16, 16384, step=8)] = 512,
        height: Annotated[int, Range(16, 16384, step=8)] = 512,
        batch_size: Annotated[int, Range(1, 4096)] = 1,
    ) -> Latent:
        """Create empty latents.

        Args:
            width: Width.
            height: Height.
            batch_size: How many.

        Returns:
            The empty latents.
        """
        return (width, height, batch_size)

    assert empty_latent.spec.object_info(names) == {
        "input": {
            "required": {
                "width": [
                    "INT",
                    {"default": 512, "min": 16, "max": 16384, "step": 8, "tooltip": "Width."},
                ],
                "height": [
                    "INT",
                    {"default": 512, "min": 16, "max": 16384, "step": 8, "tooltip": "Height."},
                ],
                "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096, "tooltip": "How many."}],
            }
        },
        "input_order": {"required": ["width", "height", "batch_size"]},
        "output": ["LATENT"],
        "output_is_list": [False],
        "output_name": ["LATENT"],
        "output_tooltips": ["The empty latents."],
        "name": "EmptyLatentImage",
        "display_name": "Empty Latent Image",
        "description": "Create empty latents.",
        "python_module": "nodes",
        "category": "latent",
        "output_node": False,
    }


def test_every_kind_of_input_has_its_wire_form() -> None:
    @node("Everything", category="x")
    def everything(
        image: Image,
        seed: Annotated[int, SeedControl()] = 0,
        cfg: Annotated[float, Range(0, 100, step=0.1, round=0.01)] = 8,
        text: Annotated[str, Multiline(dynamic_prompts=True)] = "",
        crop: Literal["disabled", "center"] = "center",
        sampler: Annotated[str, Choices(("euler", "heun"))] = "euler",
        ckpt_name: Annotated[str, Files("checkpoints")] = "",
        upload: Annotated[str, Files("input")] = "",
        made: Annotated[str, Files("output")] = "",
        flag: Annotated[bool, Label("yes", "no")] = True,
        mask: Annotated[object, Socket("MASK")] | None = None,
    ) -> None:
        """All of them."""

    info = everything.spec.object_info(names)["input"]
    assert info["required"] == {
        "image": ["IMAGE"],
        "seed": [
            "INT",
            {"default": 0, "min": 0, "max": 18446744073709551615, "control_after_generate": True},
        ],
        "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}],
        "text": ["STRING", {"default": "", "multiline": True, "dynamicPrompts": True}],
        "crop": [["disabled", "center"], {"default": "center"}],
        "sampler": [["euler", "heun"]],
        "ckpt_name": [["sd15.safetensors"], {"default": ""}],
        "upload": [["a.png", "b.png"], {"default": "", "image_upload": True}],
        "made": [["new.png"], {"default": "", "image_folder": "output"}],
        "flag": ["BOOLEAN", {"default": True, "label_on": "yes", "label_off": "no"}],
    }
    assert info["optional"] == {"mask": ["MASK"]}
    assert isinstance(info["required"]["cfg"][1]["default"], float)


def test_output_nodes_list_their_hidden_inputs() -> None:
    info = show.spec.object_info(names)
    assert info["input"]["hidden"] == {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
    assert info["input_order"]["hidden"] == ["prompt", "extra_pnginfo"]
    assert info["output"] == [] and info["output_node"] is True
    assert "context" not in info["input"]["required"]


def test_named_tuples_name_the_outputs() -> None:
    info = divide.spec.object_info(names)
    assert info["output_name"] == ["quotient", "rest"]
    assert info["output_tooltips"] == ["how often it goes.", "what is left."]


def test_names_override_those_of_the_tuple() -> None:
    class Loaded(NamedTuple):
        model: Annotated[object, Socket("MODEL")]
        clip: Annotated[object, Socket("CLIP")]

    globals()["Loaded"] = Loaded

    @node("Loader", category="x", names=("MODEL", "CLIP"))
    def loader() -> Loaded:
        """Load."""
        return Loaded(1, 2)

    assert [o.name for o in loader.spec.outputs] == ["MODEL", "CLIP"]
    assert loader.spec.object_info(names)["input"] == {"required": {}}


def test_output_nodes_may_also_have_outputs() -> None:
    @node("Both", category="x", output=True)
    def both(image: Image) -> Ui[tuple[Image, Latent]]:
        """Show and pass on."""
        return Ui({"images": []}, (image, image))

    assert [o.type for o in both.spec.outputs] == ["IMAGE", "LATENT"]


def test_output_nodes_without_outputs_may_leave_their_type_out() -> None:
    @node("Bare", category="x", output=True)
    def bare(image: Image) -> Ui:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]  (as tested)
        """Show."""
        ...

    assert bare.spec.outputs == show.spec.outputs == ()


def test_docstrings_become_description_and_tooltips() -> None:
    spec = add.spec
    assert spec.description == "Add two or three numbers."
    assert spec.by_name["a"].options["tooltip"] == "the first summand, which may be large."
    assert "tooltip" not in spec.by_name["b"].options
    assert spec.outputs[0].tooltip == "The sum."


def test_a_spec_survives_json_without_its_function() -> None:
    for spec in REGISTRY:
        again = NodeSpec.from_json(json.loads(json.dumps(spec.to_json())))
        assert again == spec
        assert again.function is None and spec.function is not None
        assert again.object_info(names) == spec.object_info(names)


def test_the_code_hash_tells_functions_of_a_module_apart() -> None:
    hashes = [spec.code_hash for spec in REGISTRY]
    assert len(set(hashes)) == len(hashes)


def test_code_without_a_source_file_is_hashed_by_bytecode() -> None:
    def made(body: str) -> str:
        scope: dict[str, Any] = {"node": node}
        exec(f"@node('X', category='x')\ndef f(a: int) -> int:\n    return {body}", scope)
        return scope["f"].spec.code_hash

    assert made("a + 1") == made("a + 1") != made("a + 2")


def test_a_hint_nobody_can_read_names_node_and_parameter() -> None:
    with pytest.raises(RegistrationError, match=r"node 'Bad', parameter 'a': cannot read the hint .*complex"):

        @node("Bad", category="x")
        def bad(a: complex) -> int:
            """Bad."""
            return 0


def test_a_missing_hint_names_node_and_parameter() -> None:
    with pytest.raises(RegistrationError, match=r"node 'Bad', parameter 'a': the type hint is missing"):

        @node("Bad", category="x")
        def bad(a) -> int:  # type: ignore[no-untyped-def] # pyright: ignore
            """Bad."""
            return 0


def test_a_hint_that_does_not_exist_names_node_and_parameter() -> None:
    with pytest.raises(RegistrationError, match=r"node 'Bad', parameter 'b': the hint mentions 'Tensorr'"):

        @node("Bad", category="x")
        def bad(a: int, b: Tensorr) -> int:  # type: ignore[name-defined] # pyright: ignore # noqa: F821
            """Bad."""
            return 0


def test_a_missing_return_hint_is_an_error() -> None:
    with pytest.raises(RegistrationError, match="return hint is missing"):

        @node("Bad", category="x")
        def bad(a: int):  # type: ignore[no-untyped-def] # pyright: ignore
            """Bad."""


def _default_out_of_range(a: Annotated[int, Range(1, 5)] = 9) -> None: ...
def _default_of_another_type(a: int = "x") -> None: ...  # type: ignore[assignment] # pyright: ignore
def _default_not_a_choice(a: Literal["x", "y"] = "z") -> None: ...  # type: ignore[assignment] # pyright: ignore
def _default_on_a_socket(a: Latent = 0) -> None: ...
def _optional_without_default(a: Annotated[int, "note"] | None) -> None: ...
def _range_on_a_text(a: Annotated[str, Range(0, 1)] = "") -> None: ...
def _fractional_bounds_of_an_int(a: Annotated[int, Range(0, 0.5)] = 0) -> None: ...
def _context_as_an_input(context: Context) -> None: ...
def _any_number_of_inputs(*a: int) -> None: ...
def _docstring_of_another_function(a: int) -> None:
    """X.

    Args:
        b: no such thing.
    """


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (_default_out_of_range, "the default 9 lies outside 1..5"),
        (_default_of_another_type, "the default 'x' is no INT"),
        (_default_not_a_choice, r"the default 'z' is none of \['x', 'y'\]"),
        (_default_on_a_socket, "an optional socket is written"),
        (_range_on_a_text, "Range is for int and float"),
        (_fractional_bounds_of_an_int, "must be whole numbers"),
        (_context_as_an_input, r"write the context as `\*, context: Context`"),
        (_any_number_of_inputs, "every input must be a named parameter"),
        (_docstring_of_another_function, r"the docstring describes \['b'\]"),
    ],
)
def test_signatures_that_contradict_themselves_are_refused(function: Any, complaint: str) -> None:
    with pytest.raises(RegistrationError, match=complaint):
        node("Bad", category="x")(function)


def test_nullable_inputs_without_default_are_required() -> None:
    spec = node("Nullable", category="x")(_optional_without_default).spec
    assert not spec.inputs[0].optional


def test_a_decorated_function_is_called_as_before() -> None:
    assert paint("fox", context=_context()) == "fox None 0 0.5 soft False"


def _context() -> Context:
    from tests.toys import Journal

    return Context(resources={Journal: Journal()})


def test_a_registry_refuses_two_nodes_of_one_name() -> None:
    @node("Add", category="other")
    def another(a: int) -> int:
        """Not the toy."""
        return a

    registry = Registry([add])
    registry.add(add)
    with pytest.raises(ValueError, match="two nodes are called 'Add'"):
        registry.add(another)


def test_an_unknown_class_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNode, match=r"no node class 'Nummber'; did you mean Number"):
        REGISTRY["Nummber"]


def test_only_nodes_can_be_registered() -> None:
    with pytest.raises(TypeError, match="decorate it with @node"):
        Registry([names])


@pytest.mark.parametrize(
    ("target", "source", "fits"),
    [
        ("IMAGE", "IMAGE", True),
        ("IMAGE", "MASK", False),
        ("IMAGE,MASK", "MASK", True),
        ("IMAGE, MASK", "LATENT,MASK", True),
        ("*", "MODEL", True),
        ("MODEL", "*", True),
        ("FLOAT", "INT", False),
        ("image", "IMAGE", False),
    ],
)
def test_which_outputs_fit_which_inputs(target: str, source: str, fits: bool) -> None:
    assert accepts(target, source) is fits
