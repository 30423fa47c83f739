"""The service on a port of its own, in this process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from fastapi import FastAPI

from ingest.admin import Admin
from ingest.catalog.jobs import Job
from tests.process import free_port

OVER_WITHIN_S = 90.0


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """uvicorn in a thread; yields its address."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("uvicorn ended before it listened")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def finished(admin: Admin, job_id: str) -> Job:
    """The job once a worker has finished it."""
    deadline = time.monotonic() + OVER_WITHIN_S
    while (job := admin.job(job_id)).is_open:
        if time.monotonic() > deadline:
            raise TimeoutError(f"job {job_id} is not over: {job}")
        time.sleep(0.05)
    return job
