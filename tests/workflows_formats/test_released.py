"""`workflow/NAME@1.2.0` is a released workflow; only a file's own group nodes were once called so, too."""

from tests.workflows_formats.files import Sketch, klass

RELEASED = "workflow/Fox & 'Owl' = <3>@1.2.0"


def test_a_released_workflow_is_a_class_like_any_other() -> None:
    sketch = Sketch(
        klass(RELEASED, ["INT"], value=["INT", {"default": 1}]), klass("Show", [], value=["INT", {}])
    )
    made = sketch.node(RELEASED, [7])
    sketch.node("Show", value=(made, 0))
    converted = sketch.converted()
    assert converted.findings == ()
    assert converted.prompt["1"]["class_type"] == RELEASED and converted.prompt["1"]["inputs"] == {"value": 7}
    assert converted.prompt["2"]["inputs"] == {"value": ["1", 0]}


def test_a_release_that_is_not_there_is_told_as_such() -> None:
    sketch = Sketch()
    sketch.node("workflow/Gone@1.0.0")
    [finding] = sketch.converted().findings
    assert (finding.code, finding.class_type) == ("unknown_class", "workflow/Gone@1.0.0")
    assert "import that workflow, or choose another release" in finding.message


def test_a_group_node_of_the_file_keeps_its_old_name() -> None:
    sketch = Sketch()
    sketch.node("workflow/Sizes", [640])
    inner = {"type": "EmptyLatentImage", "index": 0, "widgets_values": [512, 512, 1]}
    sketch.document["extra"] = {"groupNodes": {"Sizes": {"nodes": [inner], "links": []}}}
    converted = sketch.converted()
    assert ("renamed_class", "1") in [(finding.code, finding.node) for finding in converted.findings]
    assert [entry["class_type"] for entry in converted.prompt.values()] == ["EmptyLatentImage"]
