"""The FastAPI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from uuid import uuid4

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from ingest.admin import Admin
from service.assemble import Assembled
from service.background import Background
from service.guards import AddHeaders, BodyLimit, HostCheck, OriginCheck
from service.routes import admin, chat, documents, health, openai, web
from service.routes.errors import add_error_handlers
from service.settings import Settings

MAX_BODY_BYTES = 2_000_000
MULTIPART_BYTES = 1_000_000
"""What an upload has beside its files."""
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages and documents change with every upgrade and ingestion.
    "Cache-Control": "no-cache",
}


def create_app(
    service: Assembled, settings: Settings, background: Background | None = None
) -> FastAPI:
    """The service over an assembled pipeline; it closes nothing that it did not open.

    `background` works while the application runs; without one, jobs wait for a worker elsewhere.
    """
    app = FastAPI(
        title="Pincite",
        version=version("pincite"),
        description="Answers from policy documents, every sentence pinned to its passage.",
        # Their pages load scripts from elsewhere; /openapi.json describes the API.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.service = service
    app.state.settings = settings.service
    app.state.background = background
    app.state.admin = Admin(
        service.store,
        service.encoders,
        settings.ingest,
        wake=background.wake if background else lambda: None,
    )
    app.state.instance = uuid4().hex
    for router in (
        chat.router,
        openai.router,
        documents.router,
        admin.router,
        health.router,
        web.router,
    ):
        app.include_router(router)
    app.mount("/web", StaticFiles(directory=web.WEB), name="web")
    add_error_handlers(app)
    upload_bytes = int(settings.service.max_upload_mb * 1e6) + MULTIPART_BYTES
    app.add_middleware(
        BodyLimit, max_bytes=MAX_BODY_BYTES, streamed={"/admin/documents": upload_bytes}
    )
    app.add_middleware(OriginCheck)
    # A page of another site must not reach this service by a name that it lets point here.
    app.add_middleware(HostCheck, allowed=LOOPBACK_NAMES)
    app.add_middleware(AddHeaders, headers=_SECURITY_HEADERS)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    background: Background | None = app.state.background
    if background is None:
        yield
        return
    background.start()
    try:
        yield
    finally:
        await run_in_threadpool(background.stop)
