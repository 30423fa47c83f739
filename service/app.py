"""The FastAPI application."""

import re
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.assemble import Assembled
from service.routes import chat, documents, health, openai, web
from service.routes.errors import add_error_handlers, error_response
from service.settings import ServiceSettings

MAX_BODY_BYTES = 2_000_000
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Pages and documents change with every upgrade and ingestion.
    "Cache-Control": "no-cache",
}


def create_app(service: Assembled, settings: ServiceSettings) -> FastAPI:
    """The service over an assembled pipeline; it closes nothing that it did not open."""
    app = FastAPI(
        title="Pincite",
        version=version("pincite"),
        description="Answers from policy documents, every sentence pinned to its passage.",
        # Their pages load scripts from elsewhere; /openapi.json describes the API.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.settings = settings
    for router in (chat.router, openai.router, documents.router, health.router, web.router):
        app.include_router(router)
    app.mount("/web", StaticFiles(directory=web.WEB), name="web")
    add_error_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    # A page of another site must not reach this service by a name that it lets point here.
    app.add_middleware(HostCheck, allowed=LOOPBACK_NAMES)
    app.middleware("http")(_add_security_headers)
    return app


async def _add_security_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers.update(_SECURITY_HEADERS)
    return response


class HostCheck:
    """Answers 400 to a request that calls this service by another name than those allowed."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            if re.sub(r":\d+$", "", host).lower() not in self._allowed:
                response = error_response(
                    400,
                    f"This service is not called '{host[:100]}': use http://127.0.0.1 or localhost.",
                    code="wrong_host",
                )
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Answers 413 to a request whose body is larger than `max_bytes`, before it is read whole."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                response = error_response(
                    413,
                    f"The request is over {self._max_bytes:,} bytes: send less.",
                    code="too_large",
                )
                await response(scope, receive, send)
                return
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                break

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)
