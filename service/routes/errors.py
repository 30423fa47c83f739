"""Every error leaves the service in OpenAI's format."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from ingest.admin import NotFound
from ingest.errors import PinciteError, WrongUse
from ingest.index import IndexDamaged, IndexInUse, IndexOutdated, IndexUnreachable, NoIndex
from ingest.messages import code_of
from ingest.receiving import UploadNotKept, UploadOfOtherKind, UploadTooLarge

_log = logging.getLogger(__name__)

RETRY_AFTER_S = "5"

# A class stands after those that derive from it.
_STATUSES: dict[type[PinciteError], int] = {
    NotFound: 404,
    UploadTooLarge: 413,
    UploadOfOtherKind: 415,
    UploadNotKept: 507,
    WrongUse: 400,
    IndexUnreachable: 503,
    IndexOutdated: 503,
    IndexInUse: 409,
    IndexDamaged: 500,
    NoIndex: 503,
}


class RequestError(Exception):
    """A request that cannot be served; `message` says what to change, `param` names the field."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code


def error_response(
    status: int, message: str, *, param: str | None = None, code: str | None = None
) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status)


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestError)
    def _request_error(_: Request, error: RequestError) -> JSONResponse:
        return error_response(error.status, error.message, param=error.param, code=error.code)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]["loc"]
        if error.errors()[0]["type"] == "json_invalid":
            message = f"The body is not valid JSON (character {first[-1]})."
            return error_response(400, message, code="invalid_request")
        faults = [_fault(fault["loc"], fault["msg"]) for fault in error.errors()]
        content_type = request.headers.get("content-type", "")
        if "json" not in content_type and "multipart" not in content_type:
            faults.append("send JSON with the header Content-Type: application/json")
        param = ".".join(str(part) for part in first[1:]) or None
        return error_response(400, "; ".join(faults), param=param, code="invalid_request")

    @app.exception_handler(PinciteError)
    def _known(request: Request, error: PinciteError) -> JSONResponse:
        status = next(
            (status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500
        )
        if status >= 500:
            _log.error("%s %s failed: %s", request.method, request.url.path, error)
        response = error_response(status, str(error), code=code_of(error))
        if status == 503:
            response.headers["Retry-After"] = RETRY_AFTER_S
        return response

    @app.exception_handler(OperationalError)
    def _database(request: Request, error: OperationalError) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        response = error_response(
            503, f"The catalog does not answer ({error.orig}): try again in a moment."
        )
        response.headers["Retry-After"] = RETRY_AFTER_S
        return response

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        message = str(error.detail)
        if error.status_code in (404, 405):
            place = f"{request.method} {request.url.path}"
            message = f"There is no {place}; /openapi.json lists what there is."
        code = "too_large" if error.status_code == 413 else None
        response = error_response(error.status_code, message, code=code)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return error_response(500, "The service failed at this request; its log says why.")


def _fault(location: tuple[str | int, ...], message: str) -> str:
    place = ".".join(str(part) for part in location[1:]) or str(location[0])
    return f"{place}: {message}"
