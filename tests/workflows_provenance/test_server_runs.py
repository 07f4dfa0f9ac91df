"""A picture that a server made, made again by the command line: the same to the bit."""

import copy

import pytest

from cli.arguments import parse
from cli.workflows.replay import replay
from tests.e2e.program import Program
from workflows.library import newest


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "euler_ancestral"])
def test_the_release_a_server_ran_is_replayed_bit_for_bit(
    sampler: str, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"portrait {sampler}"
    document = copy.deepcopy(newest()["text_to_image"].document)
    status, version = program.post("/api/v1/workflows", {"name": name, "document": document})
    assert status < 300, version
    path = f"/api/v1/workflows/{name.replace(' ', '%20')}"
    status, release = program.post(f"{path}/releases", {"version": "main", "number": "1.0.0"})
    assert status < 300, release
    call = {
        "prompt": "a cactus on a yellow background",
        "steps": 3,
        "seed": "random",
        "sampler_name": sampler,
    }
    status, done = program.post(f"{path}@1.0.0/run?wait=120", call)
    assert (status, done["status"]) == (200, "success"), done

    found = program.get(f"/api/v1/runs/{done['run_id']}/provenance?wait=60")
    assert (found["workflow"], found["release"]) == (name, "1.0.0")
    assert (found["version"], found["modified"]) == (version["id"], False)
    assert found["inputs"]["steps"] == 3 and found["inputs"]["prompt"] == call["prompt"]
    [seed] = [seed for seeds in found["seeds"].values() for seed in seeds.values()]
    assert seed == found["inputs"]["seed"] != "random"
    assert found["environment"]["precision"]["policy"] == "float32"
    assert found["environment"]["libraries"]["torch"]

    words = ["workflows", "replay", done["run_id"], "--verify", "--base-directory", str(program.base)]
    assert replay(parse(words)) == 0
    said = "".join(capsys.readouterr())
    assert f"Run {done['run_id']} of {name}@1.0.0" in said
    assert "identical, bit for bit" in said
