"""The policy where a worker's words leave it: files it names, events, messages of packs, questions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.events import Event, NodeBlocked, NodeError, NodeFailed, NodeProgress, NodeWarned
from engine.folders import Folders
from engine.shown import files_in
from nodes.policy.files import clean, judge, replace_file, was_released
from nodes.policy.screen import Report, Screen

log = logging.getLogger("darkroom.safety")


class PolicyOutlet:
    """Everything but pixels on wires that leaves a worker. Safe to use from any thread.

    Where pictures are only marked, it leaves everything as it is. `on_verdict` is told of every file that was
    looked at, so that the server need not ask.
    """

    def __init__(self, screen: Screen, folders: Folders) -> None:
        self._screen = screen
        self._folders = folders
        self.on_verdict: Callable[[str, str], None] = lambda digest, finding: None

    def seen(self, ui: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """What a node gives the canvas, as it may leave: flagged files it names are replaced on disk, and
        `safety` says which.
        """
        if self._screen.checker is None:
            return dict(ui)
        report = Report()
        for path in files_in(ui, self._folders):
            if path.is_file() and self._is_flagged(path):
                report.replaced.append(report.pictures)
            report.pictures += 1
        shown: dict[str, list[Any]] = {key: clean(self._screen, values) for key, values in ui.items()}
        return {**shown, **{key: [*shown.get(key, []), *said] for key, said in report.note().items()}}

    def event(self, event: Event) -> Event:
        """Previews are of pictures nobody has checked yet: they stay, but for those an output node sends."""
        if self._screen.checker is None:
            return event
        if isinstance(event, NodeFailed):
            told = clean(self._screen, event.error.to_json())
            return replace(event, error=NodeError.from_json(told))
        if isinstance(event, NodeBlocked | NodeWarned):
            return replace(event, message=clean(self._screen, event.message))
        if not isinstance(event, NodeProgress) or event.preview is None:
            return event
        sent = event.preview
        # Only PNG keeps pixels as they were released, by which they are known.
        if sent.media_type == "image/png" and was_released(self._screen, sent.data):
            return event
        return replace(event, preview=None)

    def message(self, message: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes] | None:
        """What a pack tells clients by itself; None if it may not leave, as pictures may not."""
        if self._screen.checker is None:
            return message, blob
        return None if blob else (clean(self._screen, message), b"")

    def judge(self, path: Path) -> dict[str, Any]:
        """The server asks about a file: `digest` of the bytes looked at, and what was found."""
        try:
            verdict = judge(self._screen, path.read_bytes())
        except OSError as error:
            return {"digest": "", "finding": "unknown", "why": str(error)}
        return {"digest": verdict.digest, "finding": verdict.finding}

    def _is_flagged(self, path: Path) -> bool:
        """Whether people get to see another picture."""
        try:
            verdict = judge(self._screen, path.read_bytes())
            flagged = verdict.finding == "flagged"
            # What people uploaded is theirs: it is not handed out, and stays.
            if flagged and not path.is_relative_to(self._folders.input.resolve()):
                log.warning("%s is flagged and was replaced", path.name)
                replace_file(self._screen, path)
                verdict = judge(self._screen, path.read_bytes())
        except (OSError, ValueError) as error:
            log.warning("%s cannot be looked at and will not be handed out: %s", path.name, error)
            return False
        self.on_verdict(verdict.digest, verdict.finding)
        return flagged
