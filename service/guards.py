"""What stands before every route: who may call this service, by which name, and with how much."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.routes.errors import error_response

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class AddHeaders:
    """Sets these headers on every response."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


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


class OriginCheck:
    """Answers 403 where a page of another site has the browser change something here.

    A form may be posted across sites without the browser asking first, uploads included. Programs that
    are no browsers send neither header, and pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and scope["method"] not in _SAFE_METHODS
        if not changes or _is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        message = (
            "This request comes from a page of another site, which may not change anything here."
        )
        response = error_response(403, message, code="cross_site")
        await response(scope, receive, send)


def _is_own(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    # The scheme may differ behind a proxy that adds TLS; the port is part of the host.
    return origin is None or re.sub(r"^https?://", "", origin) == headers.get("host")


class BodyLimit:
    """Answers 413 to a request whose body is larger than allowed, before it is read whole.

    `streamed` are the limits of paths whose bodies may be too large for the memory: those are counted
    while the route reads them.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, streamed: Mapping[str, int]) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        is_streamed = scope["path"] in self._streamed
        limit = self._streamed.get(scope["path"], self._max_bytes)
        counted = _counted(receive, limit)
        try:
            if _stated_length(scope) > limit:
                raise _too_large(limit)
            await self._app(scope, counted if is_streamed else await _whole(counted), send)
        except HTTPException as error:
            response = error_response(error.status_code, error.detail, code="too_large")
            await response(scope, receive, send)


def _stated_length(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "")
    return int(stated) if stated.isdecimal() else 0


def _too_large(limit: int) -> HTTPException:
    # Of this type it passes through the form parser and the route.
    return HTTPException(413, f"The request is over {limit:,} bytes: send less.")


def _counted(receive: Receive, limit: int) -> Receive:
    size = 0

    async def count() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _too_large(limit)
        return message

    return count


async def _whole(receive: Receive) -> Callable[[], Awaitable[Message]]:
    """The body, read before anything is done with it."""
    messages: list[Message] = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            break

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay
