"""`/admin/jobs`: what was asked for, and how far it is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from ingest.admin import Admin
from ingest.catalog.jobs import Job
from ingest.messages import MAX_PAGE, JobAnswer, JobDetail, JobList
from service.routes.dependencies import AdminDep

router = APIRouter()

LOOK_EVERY_S = 0.5
PING_EVERY_S = 15

_JOB = TypeAdapter(Job)


@router.get("/jobs")
def list_jobs(
    admin: AdminDep,
    open_only: Annotated[bool, Query(description="Only those that are not over")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> JobList:
    """Jobs, the latest first."""
    return JobList(admin.jobs(limit=limit, open_only=open_only))


@router.get("/jobs/{job_id}")
def show_job(
    job_id: str,
    admin: AdminDep,
    state: Annotated[
        Literal["open", "done", "failed", "cancelled"] | None,
        Query(description="Only documents in this state"),
    ] = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=0, le=MAX_PAGE)] = 100,
) -> JobDetail:
    """A job, and how its documents stand: `error` says why one failed."""
    job = admin.job(job_id)
    return JobDetail(job, admin.outcomes(job_id, state=state, offset=offset, limit=limit))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: str, admin: AdminDep) -> JobAnswer:
    """Start nothing more of a job. What it has done stays."""
    return JobAnswer(admin.cancel(job_id))


@router.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events `job`, `end`"}},
)
def follow_job(
    job_id: str,
    admin: AdminDep,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The job as server-sent events: `job` at every change, `end` once it is over.

    Whoever comes back gets the job as it is; one who has seen the end gets 204, which has browsers
    give up.
    """
    job = admin.job(job_id)
    if not job.is_open and last_event_id == _event(job).id:
        return Response(status_code=204)
    return EventSourceResponse(_events(admin, job), ping=PING_EVERY_S)


async def _events(admin: Admin, job: Job) -> AsyncIterator[ServerSentEvent]:
    shown: str | None = None
    while True:
        event = _event(job)
        if event.id != shown:
            yield event
            shown = event.id
        if not job.is_open:
            return
        await anyio.sleep(LOOK_EVERY_S)
        job = await run_in_threadpool(admin.job, job.id)


def _event(job: Job) -> ServerSentEvent:
    # Estimates change with the time alone.
    steady = _JOB.dump_json(replace(job, rate=None, remaining_s=None))
    return ServerSentEvent(
        _JOB.dump_json(job).decode(),
        event="job" if job.is_open else "end",
        id=sha256(steady).hexdigest()[:16],
    )
