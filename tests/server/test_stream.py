"""The WebSocket: which messages, in which order, to whom, and what a socket that comes late is told."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from engine.events import NodeError, NodeFailed, RunFinished
from engine.types import NodeId
from server.jobs.records import Job, State
from server.stream.sockets import MAX_WAITING_BYTES, PREVIEW_BACKLOG, Hub
from server.stream.wire import RunView
from tests.server.conftest import (
    PATIENCE,
    drained,
    finished,
    messages,
    misbehave,
    picture,
    run,
    sleep,
    submit,
    text,
)


def told(found: list[Any]) -> list[str]:
    """The types of messages, without progress_state; frames as their event number."""
    names: list[str] = [
        f"binary{struct.unpack('>I', m[:4])[0]}" if isinstance(m, bytes) else m["type"] for m in found
    ]
    return [name for name in names if name != "progress_state"]


def data_of(found: list[Any], kind: str) -> list[dict[str, Any]]:
    """The data of the messages of one type."""
    return [m["data"] for m in found if not isinstance(m, bytes) and m["type"] == kind]


async def opened(http: ClientSession, sid: str, *, metadata: bool | None = None) -> ClientWebSocketResponse:
    socket = await http.ws_connect(f"/ws?clientId={sid}")
    first = await socket.receive_json()
    assert first["type"] == "status" and first["data"]["sid"] == sid
    if metadata is not None:
        flags = {"supports_preview_metadata": metadata}
        await socket.send_str("not JSON")
        await socket.send_json(["no object"])
        await socket.send_json({"type": "feature_flags", "data": flags})
        answer = await socket.receive_json()
        assert answer["type"] == "feature_flags"
        assert answer["data"] == {
            "supports_preview_metadata": True,
            "max_upload_size": 104857600,
            "darkroom_events": True,
        }
    return socket


async def followed(http: ClientSession, socket: ClientWebSocketResponse, sid: str, graph: Any) -> list[Any]:
    accepted = await submit(http, graph, client_id=sid)
    return await messages(socket, accepted["prompt_id"])


async def test_a_cold_run_tells_its_steps_in_order(http: ClientSession) -> None:
    socket = await opened(http, "cold")
    found = await followed(http, socket, "cold", picture(seed=11, steps=1, prefix="cold"))
    names = told(found)
    assert names[:4] == ["status", "status", "execution_start", "execution_cached"]
    assert names[-5:] == ["executing", "executed", "execution_success", "status", "executing"]
    ran = [data["node"] for data in data_of(found, "executing")]
    assert ran[-1] is None and set(ran[:-1]) <= set("3456789") and ran[-3:-1] == ["8", "9"]
    step = names.index("progress")
    assert names[step - 1 : step + 2] == ["executing", "progress", "binary1"]
    counts = [m["data"]["status"]["exec_info"]["queue_remaining"] for m in found if told([m]) == ["status"]]
    assert counts == [1, 1, 0]
    for message in found:
        if isinstance(message, dict) and message["type"] not in {"status"}:
            assert message["data"]["prompt_id"]


async def test_progress_state_lists_every_node_seen_with_its_state(http: ClientSession) -> None:
    socket = await opened(http, "states")
    found = await followed(http, socket, "states", picture(seed=12, steps=2, prefix="states"))
    states = [data["nodes"] for data in data_of(found, "progress_state")]
    sampler = [(s["3"]["state"], s["3"]["value"], s["3"]["max"]) for s in states if "3" in s]
    assert sampler[:3] == [("running", 0.0, 1.0), ("running", 1, 2), ("running", 2, 2)]
    assert sampler[-1] == ("finished", 2, 2)
    last = states[-1]["9"]
    assert last["state"] == "finished" and last["value"] == last["max"]
    assert (last["node_id"], last["display_node_id"], last["parent_node_id"], last["real_node_id"]) == (
        "9",
        "9",
        None,
        "9",
    )


async def test_previews_come_with_metadata_to_those_who_asked(http: ClientSession) -> None:
    socket = await opened(http, "meta", metadata=True)
    found = await followed(http, socket, "meta", picture(seed=13, steps=1, prefix="meta"))
    names = told(found)
    step = names.index("progress")
    assert names[step - 1 : step + 1] == ["binary4", "progress"]
    [frame] = [m for m in found if isinstance(m, bytes)]
    kind, length = struct.unpack(">II", frame[:8])
    meta = json.loads(frame[8 : 8 + length])
    assert kind == 4
    assert meta["node_id"] == "3" and meta["image_type"] == "image/jpeg" and meta["prompt_id"]
    assert frame[8 + length :].startswith(b"\xff\xd8\xff")


async def test_plain_previews_are_jpeg_after_eight_bytes(http: ClientSession) -> None:
    socket = await opened(http, "plain", metadata=False)
    found = await followed(http, socket, "plain", picture(seed=14, steps=1, prefix="plain"))
    [frame] = [m for m in found if isinstance(m, bytes)]
    assert struct.unpack(">II", frame[:8]) == (1, 1)
    assert frame[8:].startswith(b"\xff\xd8\xff")


async def test_a_cached_run_repeats_the_outputs_and_runs_nothing(http: ClientSession) -> None:
    socket = await opened(http, "cached")
    graph = picture(seed=15, prefix="cached")
    first = await followed(http, socket, "cached", graph)
    again = await followed(http, socket, "cached", graph)
    assert told(again) == [
        "status",
        "status",
        "execution_start",
        "execution_cached",
        "executed",
        "execution_success",
        "status",
        "executing",
    ]
    cached = next(m for m in again if m["type"] == "execution_cached")
    assert set(cached["data"]["nodes"]) == set(graph)
    assert outputs(again) == outputs(first)


def outputs(found: list[Any]) -> list[Any]:
    return [data["output"] for data in data_of(found, "executed")]


async def test_changing_the_seed_reruns_the_sampler_and_what_follows(http: ClientSession) -> None:
    socket = await opened(http, "seed")
    await followed(http, socket, "seed", picture(seed=16, steps=1, prefix="seed"))
    found = await followed(http, socket, "seed", picture(seed=17, steps=1, prefix="seed"))
    ran = [data["node"] for data in data_of(found, "executing")]
    assert ran == ["3", "8", "9", None]


async def test_an_error_names_node_inputs_and_exception(http: ClientSession) -> None:
    socket = await opened(http, "error")
    found = await followed(http, socket, "error", misbehave("raise"))
    assert told(found)[-4:] == ["executing", "execution_error", "status", "executing"]
    data = next(m["data"] for m in found if m["type"] == "execution_error")
    assert (data["node_id"], data["node_type"], data["exception_type"]) == ("1", "Misbehave", "ValueError")
    assert data["exception_message"].startswith("it was asked to\n")
    assert data["current_inputs"]["how"] == ["raise"]
    assert data["traceback"] and data["current_outputs"] == ["1"]
    entry = await finished(http, data["prompt_id"])
    assert entry["status"]["status_str"] == "error" and entry["status"]["completed"] is False
    assert entry["status"]["messages"][-1] == ["execution_error", data]


def failed_view() -> RunView:
    """A run one branch of which has failed."""
    graph = {"1": {"class_type": "Misbehave"}, "2": {"class_type": "Sleep"}}
    view = RunView(
        Job("p", 0, False, None, graph, {}, ("1", "2"), 0.0, id=1, state=State.RUNNING, attempts=1)
    )
    error = NodeError(node_id=NodeId("1"), class_type="Misbehave", exception_type="E", message="m")
    view.view(NodeFailed(job_id="p", seq=1, error=error))
    return view


def test_a_cancel_after_a_failure_leaves_one_terminal_message() -> None:
    view = failed_view()
    view.view(RunFinished(job_id="p", seq=2, status="interrupted", seconds=1.0))
    assert [message.type for message in view.terminal()] == ["execution_error"]
    ending = view.ending(1.0)
    assert ending.state is State.ERROR and [kind for kind, _ in ending.messages] == ["execution_error"]


def test_a_fault_of_the_worker_is_told_beside_that_of_a_node_and_instead_of_success() -> None:
    view = failed_view()
    view.fail_whole("OSError", "the engine broke")
    assert [m.data["exception_type"] for m in view.terminal()] == ["E", "OSError"]
    view = RunView(Job("p", 0, False, None, {}, {}, (), 0.0, id=1, state=State.RUNNING, attempts=1))
    view.view(RunFinished(job_id="p", seq=1, status="success", seconds=1.0))
    view.fail_whole("OSError", "the engine broke")
    assert [message.type for message in view.terminal()] == ["execution_error"]
    assert view.ending(1.0).state is State.ERROR


async def test_history_is_complete_when_success_is_told(http: ClientSession) -> None:
    socket = await opened(http, "history")
    accepted = await submit(http, text("history first"), client_id="history")
    while (await socket.receive_json())["type"] != "execution_success":
        pass
    async with http.get(f"/history/{accepted['prompt_id']}") as response:
        assert (await response.json())[accepted["prompt_id"]]["status"]["completed"] is True


async def test_events_go_to_their_owner_alone(http: ClientSession) -> None:
    mine, other = await opened(http, "mine"), await opened(http, "other")
    await followed(http, mine, "mine", picture(seed=18, steps=2, prefix="owner"))
    accepted = await submit(http, text("other"), client_id="other")
    foreign = await messages(other, accepted["prompt_id"])
    assert all(m["type"] == "status" or m["data"]["prompt_id"] == accepted["prompt_id"] for m in foreign)


async def test_without_an_owner_progress_is_for_all_and_pictures_for_nobody(http: ClientSession) -> None:
    socket = await opened(http, "watcher")
    await run(http, picture(seed=19, steps=2, prefix="ownerless"))
    marker = await submit(http, text("marker"), client_id="watcher")
    found = await messages(socket, marker["prompt_id"])
    others = [m for m in found if isinstance(m, bytes) or m["data"].get("prompt_id") != marker["prompt_id"]]
    assert {told([m])[0] for m in others if told([m])} == {"status", "progress"}


async def test_two_sockets_of_one_session_both_hear_and_one_leaving_silences_none(
    http: ClientSession,
) -> None:
    first, second = await opened(http, "twins"), await opened(http, "twins")
    accepted = await submit(http, text("twins"), client_id="twins")
    heard = await asyncio.gather(*(messages(s, accepted["prompt_id"]) for s in (first, second)))
    assert told(heard[0]) == told(heard[1])
    await first.close()
    assert told(await followed(http, second, "twins", text("twins again")))[-1] == "executing"


async def test_a_socket_that_joins_in_the_middle_hears_what_runs(http: ClientSession) -> None:
    accepted = await submit(http, sleep(1.5, seed=1), client_id="late")
    early = await opened(http, "late")
    while (await early.receive_json())["type"] != "progress":
        pass
    await early.close()
    socket = await opened(http, "late")
    running = await socket.receive_json()
    assert running == {
        "type": "executing",
        "data": {"node": "1", "display_node": "1", "prompt_id": accepted["prompt_id"]},
    }
    assert (await socket.receive_json())["type"] == "progress_state"
    assert told(await messages(socket, accepted["prompt_id"]))[-3:] == [
        "execution_success",
        "status",
        "executing",
    ]


async def test_a_socket_that_joins_after_the_end_hears_the_outcome(http: ClientSession) -> None:
    watcher = await opened(http, "watcher")
    accepted = await submit(http, text("missed", seed=7), client_id="missed")
    await drained(http)
    await watcher.close()
    socket = await opened(http, "missed")
    assert told(await messages(socket, accepted["prompt_id"])) == [
        "executed",
        "execution_success",
        "executing",
    ]


async def test_a_session_without_id_gets_one(http: ClientSession) -> None:
    socket = await http.ws_connect("/api/ws")
    assert len((await socket.receive_json())["data"]["sid"]) == 32


async def test_a_plain_get_is_told_to_speak_websocket(http: ClientSession) -> None:
    async with http.get("/ws") as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "not_a_websocket"


@pytest.mark.parametrize(
    "junk", ["[" * 100_000, "{}", '{"type": "feature_flags"}', '{"type": 5, "data": []}']
)
async def test_junk_on_the_socket_does_no_harm(http: ClientSession, junk: str) -> None:
    socket = await opened(http, "junk")
    await socket.send_str(junk)
    await socket.send_bytes(b"\0" * 100)
    assert told(await followed(http, socket, "junk", text("after junk")))[-1] == "executing"


class Stuck:
    """A socket whose client does not read."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.open = asyncio.Event()

    async def send_str(self, data: str) -> None:
        await self.open.wait()
        self.sent.append(data)

    async def send_bytes(self, data: bytes) -> None:
        await self.open.wait()
        self.sent.append(data)


async def test_a_client_that_does_not_read_loses_previews_first_and_then_its_socket() -> None:
    stuck = Stuck()
    client = Hub({}).join(stuck, "slow")
    pump = asyncio.create_task(client.pump())
    for _ in range(100):
        client.send_preview(b"picture")
    client.send("message")
    stuck.open.set()
    async with asyncio.timeout(PATIENCE):
        while "message" not in stuck.sent:
            await asyncio.sleep(0)
    assert stuck.sent.count(b"picture") <= PREVIEW_BACKLOG + 1
    assert stuck.sent[-1] == "message"
    stuck.open.clear()
    while not client.closing.is_set():
        client.send("x" * 1_000_000)
        assert len(stuck.sent) < MAX_WAITING_BYTES
    assert client.close_code == 1013
    pump.cancel()


async def test_a_stalled_socket_does_not_hold_up_the_others(http: ClientSession, toy: Any) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(toy.url.rsplit(":", 1)[1]))
    writer.write(
        b"GET /ws?clientId=busy HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await writer.drain()  # and never read
    socket = await opened(http, "busy")
    found = await followed(http, socket, "busy", picture(seed=20, steps=300, prefix="busy"))
    assert sum(1 for m in found if isinstance(m, dict) and m["type"] == "progress") == 300
    writer.close()


async def test_closing_the_client_leaves_no_socket_behind(http: ClientSession) -> None:
    for _ in range(30):
        socket = await opened(http, "fleeting")
        await socket.close()
        assert (await socket.receive()).type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.CLOSE}
    socket = await opened(http, "fleeting")
    assert told(await followed(http, socket, "fleeting", text("fleeting")))[-1] == "executing"
