"""Files whose nodes are released workflows, run from the command line."""

from pathlib import Path
from typing import Any

import pytest

from cli.workflow_file import WorkflowFile
from cli.workflow_nodes import WorkflowNodes
from engine.types import NodeId
from tests.toys import NOWHERE, REGISTRY, execute
from tests.workflows_functions.documents import double
from workflows.functions import ExpansionError
from workflows.store import Store, StoreError

CLASS = "workflow/Double@1.0.0"
CANVAS: dict[str, Any] = {
    "version": 0.4,
    "nodes": [
        {"id": 12, "type": CLASS, "mode": 0, "inputs": [], "outputs": [{"name": "sum", "type": "INT"}],
         "widgets_values": [4, 1]},
        {"id": 13, "type": "Show", "mode": 0, "outputs": [], "widgets_values": ["value"],
         "inputs": [{"name": "value", "type": "*", "link": 1}]},
    ],
    "links": [[1, 12, 0, 13, 0, "INT"]],
}  # fmt: skip


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A store with the workflow `Double`, released as 1.0.0."""
    path = tmp_path / "workflows.sqlite"
    store = Store.open(path)
    store.create("Double", double(), author="me")
    store.release("Double", "main", author="me")
    store.close()
    return path


def test_a_file_with_workflow_nodes_runs(where: Path) -> None:
    nodes = WorkflowNodes(where, REGISTRY, NOWHERE)
    found = WorkflowFile(Path("a.json"), None, CANVAS)
    prompt, findings = found.prompt_with(["12.value=20"], REGISTRY, NOWHERE, nodes.info)
    assert findings == () and prompt["12"]["inputs"] == {"value": 20, "more": 1}
    made = nodes.expanded(prompt)
    nodes.close()
    outcome, _, _ = execute(made)
    assert outcome.ui[NodeId("13")]["value"] == [41]
    assert made["12:1"]["_meta"]["title"] == "Double › Start"


def test_a_release_that_is_not_there_is_met_with_the_nearest(where: Path) -> None:
    nodes = WorkflowNodes(where, REGISTRY, NOWHERE)
    prompt: dict[str, Any] = {"12": {"class_type": "workflow/Double@1.0.9", "inputs": {}}}
    with pytest.raises(
        ExpansionError, match=r"no release '1.0.9' in workflow 'Double'; its releases: 1"
    ) as error:
        nodes.expanded(prompt)
    assert error.value.problems[0].extra["suggestion"] == f"Did you mean {CLASS!r}?"
    nodes.close()


def test_graphs_without_workflows_do_not_open_the_store(tmp_path: Path) -> None:
    broken = tmp_path / "workflows.sqlite"
    broken.write_bytes(b"no database" * 400)
    nodes = WorkflowNodes(broken, REGISTRY, NOWHERE)
    prompt: dict[str, Any] = {"1": {"class_type": "Number", "inputs": {"value": 1}}}
    assert nodes.expanded(prompt) is prompt and nodes.info("Number") is None
    with pytest.raises(StoreError, match=r"workflows\.sqlite"):
        nodes.info(CLASS)


def test_a_version_is_called_by_name(where: Path) -> None:
    nodes = WorkflowNodes(where, REGISTRY, NOWHERE)
    called = nodes.called("double", "1")
    assert (called.version.number, called.release) == (1, "1.0.0")
    assert called.function.by_name["value"].default == 5
    nodes.close()
