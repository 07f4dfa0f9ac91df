"""Two clients from PyPI, unmodified: they submit the text-to-image graph, follow it and fetch the picture."""

# The two clients come without type stubs.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import asyncio
import io
from typing import Any, cast

import pytest
from PIL import Image

from tests.server.conftest import ToyServer, misbehave, picture, sleep


def untyped(client: object) -> Any:
    """A client whose own hints say `dict` without saying of what."""
    return cast("Any", client)


def test_comfy_api_simplified_gets_the_picture(toy: ToyServer) -> None:
    from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper

    api = untyped(ComfyApiWrapper(f"{toy.url}/"))
    workflow = ComfyWorkflowWrapper(titled(picture(prefix="simplified")))
    # This one opens its socket after the POST: an early run is over by then, a long one still going.
    for seed, steps in ((1, 1), (2, 400), (2, 400)):
        workflow.set_node_param("KSampler", "seed", seed)
        workflow.set_node_param("KSampler", "steps", steps)
        prompt_id, _ = asyncio.run(api.queue_prompt_and_wait(workflow))
        entry = api.get_history(prompt_id)[prompt_id]
        [image] = entry["outputs"]["9"]["images"]
        data = api.get_image(image["filename"], image["subfolder"], image["type"])
        assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (seed, 40, 90)
    assert api.get_queue() == {"queue_running": [], "queue_pending": []}
    assert "KSampler" in api.get_object_info() and api.get_system_stats()["devices"]


def titled(graph: dict[str, Any]) -> dict[str, Any]:
    """Every node with a title, as the canvas exports it."""
    return {key: {"_meta": {"title": node["class_type"]}, **node} for key, node in graph.items()}


def test_comfy_api_simplified_uploads_and_hears_of_errors(toy: ToyServer, tmp_path: Any) -> None:
    from comfy_api_simplified import ComfyApiWrapper
    from comfy_api_simplified.exceptions import ComfyApiError

    api = untyped(ComfyApiWrapper(f"{toy.url}/"))
    Image.new("RGB", (4, 4)).save(tmp_path / "mine.png")
    assert api.upload_image(tmp_path / "mine.png")["name"] == "mine.png"
    with pytest.raises(ComfyApiError, match="400"):
        api.queue_prompt({"1": {"class_type": "Nope", "inputs": {}}})
    prompt_id = api.queue_prompt(misbehave("raise"), "me")["prompt_id"]
    with pytest.raises(ComfyApiError, match="404"):
        api.get_image("absent.png", "", "output")
    api.queue_prompt(sleep(2.0, seed=71))  # so that its socket is open before the next job ends
    with pytest.raises(ComfyApiError, match="Execution error"):
        asyncio.run(api.queue_prompt_and_wait(misbehave("raise", seed=72)))
    kind, data = api.get_history(prompt_id)[prompt_id]["status"]["messages"][-1]
    assert (kind, data["exception_type"], data["node_id"]) == ("execution_error", "ValueError", "1")


async def test_comfy_catapult_gets_the_picture(toy: ToyServer) -> None:
    from comfy_catapult.api_client import ComfyAPIClient
    from comfy_catapult.catapult import ComfyCatapult

    async with ComfyAPIClient(comfy_api_url=toy.url) as client:
        async with ComfyCatapult(comfy_client=client, debug_path=None) as catapult:
            graph = titled(picture(seed=3, prefix="catapult"))
            async with asyncio.timeout(60):
                job = await untyped(catapult).Catapult(
                    job_id="a-fox", prepared_workflow=graph, important=["9"]
                )
            [image] = job["outputs"]["9"]["images"]
            status, _ = await untyped(catapult).GetStatus(job_id="a-fox")
            assert status.success is not None and status.errored is None
        data = await client.GetView(
            folder_type=image["type"], subfolder=image["subfolder"], filename=image["filename"]
        )
        assert Image.open(io.BytesIO(data)).size == (64, 48)
        info = await client.GetObjectInfo()
        assert "KSampler" in info.root
        assert not (await client.GetQueue()).queue_running


async def test_comfy_catapult_hears_why_a_graph_is_refused(toy: ToyServer) -> None:
    from comfy_catapult.api_client import ComfyAPIClient

    graph = titled(picture())
    del graph["3"]["inputs"]["steps"]
    async with ComfyAPIClient(comfy_api_url=toy.url) as client:
        # It expects text where the protocol has an object, so it complains of that and shows our reason.
        with pytest.raises(Exception, match="prompt_outputs_failed_validation"):
            await untyped(client).PostPrompt(prompt_workflow=graph)
