"""Every route, one file a resource, as rows of one table."""

from server.routes import (
    history,
    jobs,
    models,
    nodes,
    pages,
    prompt,
    queue,
    socket,
    system,
    upload,
    userdata,
    users,
    view,
)
from server.table import Route

ROUTES: tuple[Route, ...] = (
    *prompt.ROUTES,
    *queue.ROUTES,
    *history.ROUTES,
    *jobs.ROUTES,
    *nodes.ROUTES,
    *view.ROUTES,
    *upload.ROUTES,
    *models.ROUTES,
    *users.ROUTES,
    *userdata.ROUTES,
    *system.ROUTES,
    *socket.ROUTES,
    *pages.ROUTES,
)
"""The bare paths; `Route.definitions` adds the twins below `/api`."""
