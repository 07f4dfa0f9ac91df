"""The application: every part made and joined by hand, in the order they depend on each other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.files.drafts import Drafts
from server.frames import Frame
from server.gate import Gate, gate_middleware
from server.jobs.dispatch import Dispatcher
from server.jobs.queue import Queue
from server.jobs.records import Json, StoreError
from server.jobs.resubmission import Resubmissions
from server.jobs.waiting import ENDINGS, Endings
from server.keys import (
    CLEARANCE,
    DECODING,
    DISPATCHER,
    DRAFTS,
    FAILURE,
    HUB,
    LOGS,
    MACHINE,
    METRICS,
    PACKS,
    POOL,
    QUEUE,
    REMEMBERED,
    RESUBMISSIONS,
    SETTINGS,
    SPECS,
    STREAMS,
    TABLE,
    USERS,
)
from server.middlewares import caching, compression, errors
from server.observe.logs import LogBook
from server.observe.machine import Machine
from server.observe.metrics import Metrics
from server.packs.files import pack_stamp
from server.packs.known import Packs, listener
from server.packs.passing import packs as pack_routes
from server.provenance.recording import PROVENANCE, Provenance
from server.routes import ROUTES
from server.runs.following import FOLLOWING, Following
from server.runs.ledger import LEDGER, Ledger
from server.safety import Clearance
from server.settings import Settings
from server.specs import Specs, code_hash
from server.stream.sockets import Hub
from server.supervision.pool import Pool
from server.sweeps.feeder import FEEDER, Feeder
from server.users import Users
from server.webhooks.deliverer import DELIVERER, Deliverer
from server.workflows.access import WORKFLOWS, Workflows
from server.workflows.functions import FUNCTIONS, Functions
from server.workflows.remembered import Remembered

if TYPE_CHECKING:
    from workflows.store import Store

log = logging.getLogger("darkroom.server")
_GOING_AWAY = 1001
_DECODING_AT_ONCE = 2


def build_app(settings: Settings) -> web.Application:
    """An application with all routes; it opens the queue and starts the worker when it starts up."""
    gate = gate_middleware(Gate.of(settings))
    around: list[Middleware] = (
        [caching, compression, gate, errors, pack_routes]
        if settings.compress
        else [caching, gate, errors, pack_routes]
    )
    app = web.Application(middlewares=around, client_max_size=settings.max_body)
    _furnish(app, settings)
    for route in ROUTES:
        app.router.add_routes(route.definitions())
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_say_goodbye)
    return app


def _furnish(app: web.Application, settings: Settings) -> None:
    code = code_hash(settings.code_roots) + pack_stamp(settings.packs)
    specs, packs = (
        Specs(settings.state_dir / "specs.json", code),
        Packs(settings.state_dir / "packs.json", code),
    )
    settings = replace(settings, folders=packs.extend(settings.folders))
    machine = Machine(settings.argv, settings.version)
    book = LogBook()

    def learn(info: Json) -> None:
        machine.worker = info

    hub = Hub(
        {"supports_preview_metadata": True, "max_upload_size": settings.max_body, "darkroom_events": True}
    )
    pool = Pool(settings, specs.update, learn, book)
    clearance, packs_hear = Clearance(settings, pool), listener(packs, hub)

    def hear(frame: Frame) -> None:
        packs_hear(frame)
        clearance.hear(frame)

    pool.on_message = hear
    queue = Queue(settings, hub)
    app[SETTINGS] = settings
    app[SPECS] = specs
    app[MACHINE] = machine
    app[LOGS] = book
    app[HUB] = hub
    app[POOL] = pool
    app[PACKS] = packs
    app[CLEARANCE] = clearance
    app[QUEUE] = queue
    app[DISPATCHER] = Dispatcher(settings, queue, pool, hub, specs)
    app[METRICS] = Metrics(queue, pool, hub)
    app[RESUBMISSIONS] = Resubmissions()
    app[USERS] = Users(settings.folders.user, multi=settings.multi_user)
    app[DRAFTS] = Drafts()
    app[WORKFLOWS] = Workflows(settings.workflows_store)
    if settings.library:
        app[WORKFLOWS].on_open.append(_install)
    store = settings.workflows_store
    file = store if isinstance(store, Path) else None
    app[REMEMBERED] = Remembered(settings.state_dir / "functions.json", file)
    app[FUNCTIONS] = Functions(app[WORKFLOWS], specs, settings.folders, app[REMEMBERED])
    app[ENDINGS] = Endings(queue)
    app[PROVENANCE] = Provenance(queue, specs, app[WORKFLOWS], settings.folders)
    app[LEDGER] = Ledger(queue, app[WORKFLOWS])
    app[FOLLOWING] = Following(queue, app[LEDGER], app[WORKFLOWS])
    app[FEEDER] = Feeder(app)
    app[DELIVERER] = Deliverer(settings, app[WORKFLOWS], app[LEDGER])
    app[LEDGER].on_kept.append(app[DELIVERER].wake)
    app[TABLE] = ROUTES
    app[STREAMS] = set()
    app[DECODING] = asyncio.Semaphore(_DECODING_AT_ONCE)
    app[FAILURE] = asyncio.Queue[str]()


async def _running(app: web.Application) -> AsyncIterator[None]:
    """Start the queue and the worker, in this order, while requests are already served; stop them at the
    end.
    """
    if app[SPECS].recall():
        app[PACKS].recall()
    tasks = [asyncio.create_task(_open(app), name="open")]
    tasks.append(asyncio.create_task(app[PROVENANCE].recover(), name="records"))
    tasks.append(asyncio.create_task(app[LEDGER].run(), name="ledger"))
    tasks.append(asyncio.create_task(app[FEEDER].run(), name="sweeps"))
    tasks.append(asyncio.create_task(app[DELIVERER].run(), name="webhooks"))
    tasks.append(asyncio.create_task(app[DISPATCHER].run(), name="dispatch"))
    tasks.append(asyncio.create_task(app[METRICS].watch(), name="lag"))
    yield
    for task in tasks:
        task.cancel()
    app[POOL].retire()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app[QUEUE].close()
    await app[PROVENANCE].close()
    entries = await app[FUNCTIONS].entries()
    await app[WORKFLOWS].close()
    if entries is not None:
        await asyncio.to_thread(app[REMEMBERED].keep, *entries)


async def _open(app: web.Application) -> None:
    settings = app[SETTINGS]
    # The database library is imported beside the first requests: answering /object_info does not need it.
    from server.jobs.database import DatabaseUnusable, unusable
    from server.jobs.store import JobStore

    file = settings.state_dir / "jobs.sqlite"
    try:
        store = await asyncio.to_thread(JobStore.open, file)
        await app[QUEUE].open(store)
        # Not beside the jobs: the library that migrates databases does one at a time.
        await asyncio.gather(app[POOL].keep_alive(), app[WORKFLOWS].open())
    except DatabaseUnusable as error:
        app[FAILURE].put_nowait(str(error))
    except StoreError as error:
        app[FAILURE].put_nowait(unusable(file, error))
    except Exception as error:  # without this task no request would ever be answered: stop instead
        log.exception("the server cannot start")
        app[FAILURE].put_nowait(f"the server cannot start: {type(error).__name__}: {error}")


def _install(store: Store) -> None:
    from workflows.library.install import install  # which imports the database library, too

    install(store)


async def _say_goodbye(app: web.Application) -> None:
    app[ENDINGS].give_up()
    for stream in app[STREAMS]:
        stream.cancel()
    for client in app[HUB].clients:
        client.close(_GOING_AWAY)
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while app[HUB].clients:
                await asyncio.sleep(0.01)
