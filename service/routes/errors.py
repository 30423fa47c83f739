"""Every error leaves the service in OpenAI's format."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

_log = logging.getLogger(__name__)


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
        if "json" not in request.headers.get("content-type", ""):
            faults.append("send JSON with the header Content-Type: application/json")
        param = ".".join(str(part) for part in first[1:]) or None
        return error_response(400, "; ".join(faults), param=param, code="invalid_request")

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        message = str(error.detail)
        if error.status_code in (404, 405):
            place = f"{request.method} {request.url.path}"
            message = f"There is no {place}; /openapi.json lists what there is."
        response = error_response(error.status_code, message)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return error_response(500, "The service failed at this request; its log says why.")


def _fault(location: tuple[str | int, ...], message: str) -> str:
    place = ".".join(str(part) for part in location[1:]) or str(location[0])
    return f"{place}: {message}"
