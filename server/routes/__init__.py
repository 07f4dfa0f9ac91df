"""Every route, one file a resource, as rows of one table."""

from server.routes import (
    controls,
    events,
    history,
    jobs,
    metrics,
    models,
    nodes,
    packs,
    pages,
    plan,
    prompt,
    queue,
    runs,
    socket,
    system,
    trace,
    upload,
    userdata,
    users,
    view,
)
from server.table import Route

ROUTES: tuple[Route, ...] = (
    *prompt.ROUTES,
    *plan.ROUTES,
    *runs.ROUTES,
    *queue.ROUTES,
    *history.ROUTES,
    *jobs.ROUTES,
    *controls.ROUTES,
    *events.ROUTES,
    *trace.ROUTES,
    *nodes.ROUTES,
    *packs.ROUTES,
    *view.ROUTES,
    *upload.ROUTES,
    *models.ROUTES,
    *users.ROUTES,
    *userdata.ROUTES,
    *system.ROUTES,
    *metrics.ROUTES,
    *socket.ROUTES,
    *pages.ROUTES,
)
"""The bare paths; `Route.definitions` adds the twins below `/api`."""
