"""Locks of workflows, and finding here what was locked elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from engine.graph import as_object
from server.conversion import prompt_of
from server.http import Problem
from server.jobs.records import Json
from server.keys import SETTINGS
from server.known import node_specs
from server.submission import Refused, refusal
from server.workflows.access import WORKFLOWS
from server.workflows.compare_schemas import Side
from server.workflows.functions import FUNCTIONS, ExpansionError
from workflows.locks import LockError, Stock, lock, lock_of, needs, resolve, with_names
from workflows.provenance.hashes import FileHashes
from workflows.provenance.inventory import files_of
from workflows.provenance.record import FileUsed

if TYPE_CHECKING:
    from workflows.store import Store


async def locked(app: web.Application, side: Side) -> Json:
    """The lock of a version or document. Raises Problem, Refused."""
    prompt = await _prompt(app, await _document(app, side))
    settings = app[SETTINGS]
    known = (await node_specs(app)).registry.get

    def work(store: Store) -> Json:
        hashes = _hashes(store)
        made = lock(prompt, known, settings.folders, hashes, packs=settings.packs, darkroom=settings.version)
        return made.to_json()

    return await app[WORKFLOWS].call(work)


async def resolved(app: web.Application, document: Json) -> Json:
    """What of a document's requirements is here, and the document with the names found. Raises Problem."""
    try:
        wanted = lock_of(document)
    except LockError as error:
        raise Problem(400, "invalid_lock", str(error), "document.extra.darkroom.lock") from error
    folders, packs, known = app[SETTINGS].folders, app[SETTINGS].packs, (await node_specs(app)).registry.get
    try:
        prompt = await _prompt(app, document)
    except Refused:  # of what nobody knows here, the lock says what it needs
        prompt = {}

    def work(store: Store) -> Json:
        named = files_of(prompt, known, folders)
        models = resolve(_merged(named, wanted.models if wanted else ()), Stock(folders, _hashes(store)))
        names = {
            (m.model.kind, m.model.name): m.name
            for m in models
            if m.name is not None and m.name != m.model.name
        }
        return {
            "models": [model.to_json() for model in models],
            "packs": [need.to_json() for need in needs(wanted.packs if wanted else (), packs)],
            "document": with_names(document, names, known),
        }

    return await app[WORKFLOWS].call(work)


def _merged(named: list[FileUsed], locked: tuple[FileUsed, ...]) -> list[FileUsed]:
    """What the lock names, with its hashes, then what the document names besides."""
    known = {(model.kind, model.name) for model in locked}
    return [*locked, *(f for f in named if f.kind != "input" and (f.kind, f.name) not in known)]


async def _document(app: web.Application, side: Side) -> Json:
    name, ref = side.workflow, side.ref
    if side.document is not None or name is None:
        return side.document or {}
    return await app[WORKFLOWS].call(lambda store: store.document(store.version(name, ref).id))


async def _prompt(app: web.Application, document: Json) -> Json:
    """What a document runs, with the workflows in it as their nodes. Raises Problem, Refused."""
    inner = as_object(document.get("prompt"))
    prompt = dict(inner) if inner is not None else (await prompt_of(app, document)).prompt
    try:
        return await app[FUNCTIONS].expanded(prompt)
    except ExpansionError as error:
        raise Refused(refusal("invalid_workflow", str(error), "")) from error


def _hashes(store: Store) -> FileHashes:
    from workflows.provenance.runs import KnownHashes

    return FileHashes(KnownHashes(store))
