"""Who a version is by."""

from __future__ import annotations

import getpass
from functools import cache

from aiohttp import web

from server.keys import SETTINGS, USERS
from server.routes.users import folder_of


def author_of(request: web.Request) -> str:
    """The user a request is made for, or the one this program runs as. Raises Problem 401 as files do."""
    if not request.app[SETTINGS].multi_user:
        return _own()
    user = folder_of(request).name
    return request.app[USERS].names().get(user, user)


@cache
def _own() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no name for its user
        return "unknown"
