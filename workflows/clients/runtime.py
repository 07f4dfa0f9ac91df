"""What clients in Python do; `python` puts this text, from the next line on, into each of them."""

import json
import mimetypes
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

SERVER = os.environ.get("DARKROOM_SERVER", "http://127.0.0.1:8188")
"""The server that is called unless another is given."""


class CallError(Exception):
    """The server did not do what was asked. `code` is for programs, `status` that of HTTP, 0 if none came."""

    def __init__(
        self, code: str, message: str, status: int = 0, answer: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.answer = code, status, dict(answer or {})


class InvalidInputs(CallError):
    """Values that the workflow does not take: `problems` has `input`, `code` and `message` of each."""

    @property
    def problems(self) -> list[dict[str, str]]:
        return cast("list[dict[str, str]]", self.answer.get("problems", []))


class RunFailed(CallError):
    """The run began, and failed or was cancelled; `run_id` names it."""

    @property
    def run_id(self) -> str:
        return str(self.answer.get("run_id", ""))


class StillRunning(CallError):
    """The run was not over in time. It goes on; `run_id` names it."""

    @property
    def run_id(self) -> str:
        return str(self.answer.get("run_id", ""))


@dataclass(frozen=True)
class Picture:
    """A picture on the server: what a run made, and what another may be given."""

    url: str
    filename: str
    subfolder: str
    type: str
    headers: tuple[tuple[str, str], ...] = ()

    def bytes(self) -> bytes:
        """The file as it is on the server."""
        return _open(Request(self.url, headers=dict(self.headers)), 60.0)[1]

    def save(self, path: str | Path) -> Path:
        """Write the file to a path, or into a folder under its own name; returns where."""
        target = Path(path)
        if target.is_dir():
            target = target / self.filename
        target.write_bytes(self.bytes())
        return target


@dataclass(frozen=True)
class Run:
    """What ran: its id, the version, and the value of every input, with seeds that were drawn."""

    id: str
    workflow: str
    version: str
    release: str | None
    inputs: dict[str, Any]


Image = bytes | Path | Picture | str
"""A picture for the server: its content, its path here, one that is there, or the name of an uploaded one."""


def call(
    reference: str,
    values: Mapping[str, Any],
    *,
    server: str,
    timeout: float,
    headers: Mapping[str, str] | None,
) -> tuple[Run, dict[str, Any]]:
    """Run a workflow and wait for its outputs. It runs once, also if the connection breaks meanwhile."""
    sent = dict(headers or {})
    body, kind = _body({name: value for name, value in values.items() if value is not None})
    until = time.monotonic() + timeout
    # Asking again with the same key asks for the same run.
    once = {**sent, "Content-Type": kind, "Idempotency-Key": str(uuid.uuid4())}
    while True:
        wait = min(max(until - time.monotonic(), 0.1), 60.0)
        path = f"/api/v1/workflows/{quote(reference, safe='')}/run?{urlencode({'wait': f'{wait:.1f}'})}"
        request = Request(server.rstrip("/") + path, data=body, headers=once, method="POST")
        status, raw = _patiently(request, wait + 30.0, until)
        answer = cast("dict[str, Any]", json.loads(raw))
        if status == 200:
            return _run(answer), {name: _output(one, server, sent) for name, one in answer["outputs"].items()}
        if time.monotonic() >= until:
            raise StillRunning("timeout", f"the run is not over after {timeout:g} seconds", status, answer)


def _run(answer: Mapping[str, Any]) -> Run:
    return Run(
        answer["run_id"], answer["workflow"], answer["version"], answer.get("release"), answer["inputs"]
    )


def _output(value: Any, server: str, headers: Mapping[str, str]) -> Any:
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    return [_picture(one, server, headers) if _is_file(one) else one for one in items]


def _is_file(one: Any) -> bool:
    return isinstance(one, dict) and "filename" in one and "url" in one


def _picture(one: Mapping[str, str], server: str, headers: Mapping[str, str]) -> Picture:
    url = server.rstrip("/") + one["url"]
    return Picture(url, one["filename"], one["subfolder"], one["type"], tuple(headers.items()))


def _body(values: Mapping[str, Any]) -> tuple[bytes, str]:
    """The values as JSON, or as a form if there are files among them."""
    plain = {name: _plain(value) for name, value in values.items() if not isinstance(value, bytes | Path)}
    files = {name: value for name, value in values.items() if isinstance(value, bytes | Path)}
    if not files:
        return json.dumps(plain).encode(), "application/json"
    boundary = uuid.uuid4().hex
    parts = [_part(name, json.dumps(value).encode(), "application/json", "") for name, value in plain.items()]
    for name, value in files.items():
        content = value.read_bytes() if isinstance(value, Path) else value
        filename = value.name if isinstance(value, Path) else f"{name}.png"
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        parts.append(_part(name, content, kind, filename))
    body = b"".join(f"--{boundary}\r\n".encode() + part for part in parts)
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _plain(value: Any) -> Any:
    if isinstance(value, Picture):
        return {"filename": value.filename, "subfolder": value.subfolder, "type": value.type}
    return value


def _part(name: str, content: bytes, kind: str, filename: str) -> bytes:
    file = f'; filename="{quote(filename)}"' if filename else ""
    head = f'Content-Disposition: form-data; name="{name}"{file}\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _patiently(request: Request, seconds: float, until: float) -> tuple[int, bytes]:
    """Ask again while the server cannot be reached or has too much to do, as long as there is time."""
    pause = 0.5
    while True:
        try:
            return _open(request, seconds)
        except CallError as error:
            if error.status not in (0, 429, 502, 503, 504) or time.monotonic() + pause >= until:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 10.0)


def _open(request: Request, seconds: float) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=seconds) as response:
            return int(response.status), cast("bytes", response.read())
    except HTTPError as error:
        raise _error(error.code, error.read()) from None
    except (URLError, HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise CallError("unreachable", f"{request.full_url} does not answer: {reason}") from error


def _error(status: int, body: bytes) -> CallError:
    try:
        answer = cast("dict[str, Any]", json.loads(body))
        told = cast("dict[str, Any]", answer["error"])
        code, message = str(told.get("code") or told.get("type")), str(told["message"])
    except (ValueError, TypeError, KeyError):
        return CallError("unknown", f"HTTP {status}: {body[:200].decode(errors='replace')}", status)
    if nodes := cast("dict[str, Any]", answer.get("node_errors") or {}):
        message = f"{message}: {json.dumps(nodes)}"
    kinds = {"invalid_inputs": InvalidInputs, "run_failed": RunFailed, "run_cancelled": RunFailed}
    return kinds.get(code, CallError)(code, message, status, answer)
