"""The shortest way through the whole engine. If this fails, look here first."""

from __future__ import annotations

import json
import subprocess
import sys

from engine.cache import MemoryCache
from engine.events import NodeFinished, RunFinished, from_json, to_json
from engine.validate import validate
from tests.toys import NOWHERE, REGISTRY, add, execute, sum_prompt


def test_a_graph_runs_and_shows_its_result() -> None:
    outcome, journal, _ = execute(sum_prompt(1, 2))
    assert outcome.status == "success"
    assert outcome.ui == {"show": {"value": [3]}}
    assert set(journal.ran) == {"one", "two", "sum", "show"}


def test_running_it_again_runs_nothing() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(), cache)
    outcome, journal, events = execute(sum_prompt(), cache)
    assert journal.ran == []
    assert outcome.ui == {"show": {"value": [3]}}
    assert [e.cached for e in events if isinstance(e, NodeFinished)] == [True]


def test_changing_one_input_reruns_only_its_descendants() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(1, 2), cache)
    outcome, journal, _ = execute(sum_prompt(1, 5), cache)
    assert journal.ran == ["two", "sum", "show"]
    assert outcome.ui == {"show": {"value": [6]}}


def test_a_mistake_is_reported_with_node_and_input() -> None:
    wired = sum_prompt()
    wired["sum"]["inputs"]["a"] = ["nobody", 0]
    error, nodes = validate(wired, REGISTRY, NOWHERE).response()
    assert error is not None and error["type"] == "prompt_outputs_failed_validation"
    assert nodes["sum"]["errors"][0]["extra_info"]["input_name"] == "a"
    assert nodes["sum"]["dependent_outputs"] == ["show"]


def test_a_node_is_still_a_function() -> None:
    assert add.spec.name == "Add"
    assert add.spec.outputs[0].type == "INT"


def test_events_survive_json() -> None:
    _, _, events = execute(sum_prompt())
    assert isinstance(events[-1], RunFinished)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert [from_json(json.loads(json.dumps(to_json(e)))) for e in events] == events


def test_importing_the_engine_imports_nothing_heavy() -> None:
    code = (
        "import sys, pkgutil, importlib, engine\n"
        "for m in pkgutil.walk_packages(engine.__path__, 'engine.'): importlib.import_module(m.name)\n"
        "print(','.join(sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    heavy = {"torch", "numpy", "aiohttp", "transformers", "PIL", "networkx", "pydantic", "sqlalchemy"}
    assert heavy.isdisjoint(found.stdout.strip().split(","))
