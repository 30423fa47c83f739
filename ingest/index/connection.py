"""The connection to a Qdrant server: what to do when it does not answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import Any, TypeVar

import grpc
import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ingest.errors import WrongUse
from ingest.index import IndexUnreachable, NoIndex

T = TypeVar("T")

IN_MEMORY = ":memory:"
"""The address of no server, but of the client's imitation of one: for tests."""

ANSWER_WITHIN_S = 30
_ATTEMPTS = 4
_BUSY_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_BUSY_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
    }
)
_REFUSED_CODES = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class Connection:
    """A client whose errors are Pincite's, and which asks again where the fault may pass.

    Every operation on an index may be repeated, so a request whose answer was lost is sent again.
    """

    def __init__(
        self, address: str, *, api_key: str | None = None, prefer_grpc: bool = False
    ) -> None:
        self.address = address
        self.in_memory = address == IN_MEMORY
        self.client = QdrantClient(
            location=address,
            api_key=api_key,
            prefer_grpc=prefer_grpc,
            timeout=ANSWER_WITHIN_S,
            # Asks the server at once, and warns instead of raising where it does not answer.
            check_compatibility=False,
        )
        # The imitation is not made for threads.
        self._lock: AbstractContextManager[object] = RLock() if self.in_memory else nullcontext()
        self._attempts = Retrying(
            retry=retry_if_exception_type(IndexUnreachable),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )

    def call(self, method: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Raises `IndexUnreachable`, `NoIndex` where the collection is gone, `WrongUse` where the
        server does not accept the key."""
        answer: T = self._attempts(self._attempt, method, *arguments, **options)
        return answer

    def _attempt(self, method: Callable[..., T], *arguments: Any, **options: Any) -> T:
        try:
            with self._lock:
                return method(*arguments, **options)
        except (
            ResponseHandlingException,
            UnexpectedResponse,
            ResourceExhaustedResponse,
            grpc.RpcError,
        ) as error:
            raise self._typed(error) from error

    def _typed(self, error: Exception) -> Exception:
        if _is_passing(error):
            return IndexUnreachable(
                f"The Qdrant server at {self.address} does not answer ({_cause(error)}). Start it, or "
                "set [index] server_url to where it is."
            )
        status = getattr(error, "status_code", None)
        code = error.code() if isinstance(error, grpc.RpcError) else None
        if status in (401, 403) or code in _REFUSED_CODES:
            return WrongUse(
                f"The Qdrant server at {self.address} refuses the key: set [index] server_api_key."
            )
        if status == 404 or code is grpc.StatusCode.NOT_FOUND:
            return NoIndex(
                f"The Qdrant server at {self.address} no longer has this index ({_cause(error)}). "
                "Build it anew with 'pincite ingest --rebuild'."
            )
        return error


def _is_passing(error: Exception) -> bool:
    if isinstance(error, ResponseHandlingException):
        return isinstance(error.source, httpx.TransportError)
    if isinstance(error, UnexpectedResponse):
        return error.status_code in _BUSY_STATUS
    if isinstance(error, grpc.RpcError):
        return error.code() in _BUSY_CODES
    return isinstance(error, ResourceExhaustedResponse)


def _cause(error: Exception) -> str:
    if isinstance(error, grpc.RpcError):
        return f"{error.code().name}: {error.details()}"
    source = error.source if isinstance(error, ResponseHandlingException) else error
    return " ".join(str(source).split()) or type(source).__name__
