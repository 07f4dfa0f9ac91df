"""The typed keys under which the application holds its parts."""

import asyncio
from typing import Any

from aiohttp import web

from server.files.drafts import Drafts
from server.jobs.dispatch import Dispatcher
from server.jobs.queue import Queue
from server.jobs.resubmission import Resubmissions
from server.observe.logs import LogBook
from server.observe.machine import Machine
from server.observe.metrics import Metrics
from server.packs.known import Packs
from server.safety import Clearance
from server.settings import Settings
from server.specs import Specs
from server.stream.sockets import Hub
from server.supervision.pool import Pool
from server.table import Route
from server.users import Users
from server.workflows.remembered import Remembered

SETTINGS = web.AppKey("settings", Settings)
SPECS = web.AppKey("specs", Specs)
HUB = web.AppKey("hub", Hub)
POOL = web.AppKey("pool", Pool)
CLEARANCE = web.AppKey("clearance", Clearance)
"""What files may leave the server."""
PACKS = web.AppKey("packs", Packs)
QUEUE = web.AppKey("queue", Queue)
METRICS = web.AppKey("metrics", Metrics)
DISPATCHER = web.AppKey("dispatcher", Dispatcher)
REMEMBERED = web.AppKey("remembered", Remembered)
RESUBMISSIONS = web.AppKey("resubmissions", Resubmissions)
DRAFTS = web.AppKey("drafts", Drafts)
USERS = web.AppKey("users", Users)
MACHINE = web.AppKey("machine", Machine)
LOGS = web.AppKey("logs", LogBook)
TABLE = web.AppKey("table", tuple[Route, ...])
STREAMS = web.AppKey("streams", set[asyncio.Task[Any]])
"""Requests that are answered with events as long as there are any."""
DECODING = web.AppKey("decoding", asyncio.Semaphore)
"""Held while a picture is decoded."""
FAILURE = web.AppKey("failure", asyncio.Queue[str])
"""Receives why the server must stop, if it must."""
