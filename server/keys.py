"""The typed keys under which the application holds its parts."""

import asyncio

from aiohttp import web

from server.logs import LogBook
from server.machine import Machine
from server.queue import Queue
from server.settings import Settings
from server.sockets import Hub
from server.specs import Specs
from server.table import Route
from server.users import Users
from server.workers import Supervisor

SETTINGS = web.AppKey("settings", Settings)
SPECS = web.AppKey("specs", Specs)
HUB = web.AppKey("hub", Hub)
SUPERVISOR = web.AppKey("supervisor", Supervisor)
QUEUE = web.AppKey("queue", Queue)
USERS = web.AppKey("users", Users)
MACHINE = web.AppKey("machine", Machine)
LOGS = web.AppKey("logs", LogBook)
TABLE = web.AppKey("table", tuple[Route, ...])
DECODING = web.AppKey("decoding", asyncio.Semaphore)
"""Held while a picture is decoded."""
FAILURE = web.AppKey("failure", asyncio.Queue[str])
"""Receives why the server must stop, if it must."""
