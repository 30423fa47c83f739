"""The page on which people rate answers or decide on drafts: on this machine only."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from eval.rating.draft_routes import draft_routes
from eval.rating.drafts import Drafts
from eval.rating.rate_routes import rate_routes
from eval.rating.session import Ratings
from service.app import LOOPBACK_NAMES
from service.guards import AddHeaders, BodyLimit, HostCheck, OriginCheck
from service.routes.errors import RequestError, add_error_handlers
from service.routes.web import WEB as SERVICE_WEB

WEB = Path(__file__).parent / "web"
MAX_BODY_BYTES = 1_000_000
_TOKEN_PLACE = "TOKEN-OF-THIS-PAGE"  # noqa: S105

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def rating_app(ratings: Ratings, *, token: str | None = None) -> FastAPI:
    """The page for rating answers."""
    return _app("rate.html", rate_routes(ratings), token)


def drafts_app(drafts: Drafts, out: Path, *, token: str | None = None) -> FastAPI:
    """The page for deciding on drafts; its button writes the suite `out`."""
    return _app("drafts.html", draft_routes(drafts, out), token)


def _app(page: str, routes: APIRouter, token: str | None) -> FastAPI:
    """`token` is what a request must bring along; it stands in the page."""
    token = token or secrets.token_urlsafe(24)
    app = FastAPI(title="Pincite rating", docs_url=None, redoc_url=None, openapi_url=None)
    html = (WEB / page).read_text("utf-8").replace(_TOKEN_PLACE, token)

    @app.get("/", include_in_schema=False)
    def the_page() -> HTMLResponse:
        return HTMLResponse(html)

    app.include_router(routes, dependencies=[Depends(_token_check(token))])
    app.mount("/web", StaticFiles(directory=SERVICE_WEB), name="web")
    app.mount("/rating", StaticFiles(directory=WEB), name="rating")
    add_error_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES, streamed={})
    app.add_middleware(OriginCheck)
    app.add_middleware(HostCheck, allowed=LOOPBACK_NAMES)
    app.add_middleware(AddHeaders, headers=_HEADERS)
    return app


def _token_check(token: str) -> Callable[[str], None]:
    def check(x_pincite_token: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(x_pincite_token.encode(), token.encode()):
            raise RequestError(
                403, "The rating was started anew: load this page again.", code="wrong_token"
            )

    return check
