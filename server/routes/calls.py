"""/api/v1/workflows/{name}/run: a workflow called by its name."""

from __future__ import annotations

from aiohttp import web

from server.jobs.resubmission import HEADER
from server.table import Route
from server.workflows.call_schemas import CallAccepted, CallBody, CallDone, CallFailed, InvalidInputs
from server.workflows.calls import call


async def run(request: web.Request) -> web.Response:
    """Run a workflow with these inputs. `name` is NAME or NAME@REF; without REF its newest release runs.

    The answer is 202 once the run is on disk. With `wait`, in seconds, it is 200 with the outputs if the run
    is over by then. Files come as the parts of a form, named as the inputs. `Idempotency-Key` works as for
    `/prompt`. A client that goes away does not stop the run.
    """
    return await call(request)


ROUTES = (
    Route(
        "POST",
        "/api/v1/workflows/{name}/run",
        run,
        alias=False,
        body=CallBody,
        answer=CallDone,
        others=((202, CallAccepted), (422, InvalidInputs), (500, CallFailed)),
        multipart=True,
        query=("wait", "front", "priority", "client_id"),
        headers=(HEADER,),
    ),
)
