"""Parsing in a process of its own, which can be killed when a document is too much for it.

It contains accidents and exhaustion. It is no jail: a document that takes the parser over has the
rights of the user that runs it, short of the environment's secrets.

`pebble.ProcessPool` was tried first. A worker killed while idle breaks that pool for good, workers
share one pipe that a dying one can leave half read, and spawning imports the parent's main module.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from types import TracebackType
from typing import Any, Self, TypeVar

from ingest.document import Document
from ingest.errors import PinciteError
from ingest.formats.errors import (
    ParseError,
    ParserCrashed,
    ParsingTookTooLong,
    ParsingTookTooMuchMemory,
)
from ingest.sandbox_child import OUT_OF_MEMORY

Key = TypeVar("Key")

READY_WITHIN_S = 120.0
EXITS_WITHIN_S = 2.0
LOOK_AHEAD_DOCUMENTS = 32
LOOK_AHEAD_BYTES = 64 * 2**20

# Everything else, such as keys, tokens and proxies, is nothing that parsing needs.
_ENVIRONMENT = frozenset(
    "PATH HOME LANG LC_ALL LC_CTYPE TZ TMPDIR LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
    "TESSDATA_PREFIX OMP_THREAD_LIMIT OMP_NUM_THREADS VIRTUAL_ENV".split()
)


class ParserUnavailable(PinciteError):
    """The parser's process cannot be started, whatever the document."""


class ParserProcess:
    """Parses one document after another in a child process with limits, and replaces it when it dies.

    Use it as a context manager. The child starts in the background, about 3 s before it is ready.
    A document over `max_s` seconds or `max_memory_mb` (beside the 300 MB that the parsers take, and
    where the system can limit it) loses its child, and the next document gets a fresh one.
    """

    def __init__(self, *, max_s: float, max_memory_mb: float) -> None:
        self._max_s = max_s
        self._max_memory_mb = max_memory_mb
        # Linux kills a child when the thread that started it ends: this one lives until `close`.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parser")
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The child's, while there is one."""
        with self._lock:
            return self._child.process_id if self._child else None

    def start(self) -> None:
        """Have the child started; returns at once."""
        self._thread.submit(self._ready_child)

    def close(self) -> None:
        """Kill the child, and cancel what has not been parsed."""
        with self._lock:
            self._closed = True
            if self._child:
                self._child.kill()
        self._thread.shutdown(cancel_futures=True)
        self._end_child()

    def parse(self, content: bytes, *, name: str) -> Document:
        """`ingest.parse.parse` within the limits.

        Raises its `ParseError`s, `ParsingTookTooLong`, `ParsingTookTooMuchMemory`, `ParserCrashed`,
        or `ParserUnavailable` where the fault is not the document's.
        """
        return self.submit(content, name=name).result()

    def submit(self, content: bytes, *, name: str) -> Future[Document]:
        """Have it parsed after all that was submitted before; the future raises as `parse` does."""
        return self._thread.submit(self._parse, content, name)

    def map(
        self, documents: Iterable[tuple[Key, bytes, str]]
    ) -> Generator[tuple[Key, Document | ParseError], None, None]:
        """Parse (key, content, name) in order, ahead of the consumer.

        At most `LOOK_AHEAD_DOCUMENTS` or about `LOOK_AHEAD_BYTES` wait at a time.
        """
        waiting: deque[tuple[Key, int, Future[Document]]] = deque()
        size_bytes = 0
        try:
            for key, content, name in documents:
                waiting.append((key, len(content), self.submit(content, name=name)))
                size_bytes += len(content)
                while len(waiting) > LOOK_AHEAD_DOCUMENTS or size_bytes > LOOK_AHEAD_BYTES:
                    key, length, future = waiting.popleft()
                    size_bytes -= length
                    yield key, _outcome(future)
            while waiting:
                key, _, future = waiting.popleft()
                yield key, _outcome(future)
        finally:
            for _, _, future in waiting:
                future.cancel()

    def _parse(self, content: bytes, name: str) -> Document:
        child = self._ready_child()
        is_fresh = not child.documents
        try:
            return self._parse_once(child, content, name)
        except (ParserCrashed, ParsingTookTooMuchMemory):
            if is_fresh:
                raise
        # The documents before it may have done the damage, or filled the memory.
        return self._parse_once(self._ready_child(), content, name)

    def _parse_once(self, child: "_Child", content: bytes, name: str) -> Document:
        try:
            reply = child.request(content, name, self._max_s)
        except TimeoutError as error:
            self._end_child()
            raise ParsingTookTooLong(
                f"takes longer than {self._max_s:g} s to read: divide it, "
                "or raise [ingest] max_parse_s"
            ) from error
        except (EOFError, OSError) as error:
            self._end_child(EXITS_WITHIN_S)
            if self._closed:
                raise CancelledError from error
            raise self._fault(child) from error
        if isinstance(reply, ParseError):
            raise reply
        return reply

    def _fault(self, child: "_Child") -> ParseError:
        if child.is_out_of_memory():
            return ParsingTookTooMuchMemory(
                f"takes more than {self._max_memory_mb:g} MB of memory to read: divide it, "
                "or raise [ingest] max_parse_memory_mb"
            )
        return ParserCrashed(
            f"makes the parser crash ({child.ending()}): save it anew, or report this document"
        )

    def _ready_child(self) -> "_Child":
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._child is None or not self._child.is_alive():
                if self._child:
                    self._child.end(0)
                self._child = _Child(self._max_memory_mb)
            child = self._child
        try:
            child.wait_until_ready()
        except (TimeoutError, EOFError, OSError) as error:
            self._end_child(EXITS_WITHIN_S)
            if self._closed:
                raise CancelledError from error
            raise ParserUnavailable(
                f"The parser's process could not be started ({child.ending()}): what it wrote above "
                "says why."
            ) from error
        return child

    def _end_child(self, grace_s: float = 0) -> None:
        with self._lock:
            if self._child:
                self._child.end(grace_s)
            self._child = None


class _Child:
    """One process, and the connection to it."""

    def __init__(self, max_memory_mb: float) -> None:
        self.documents = 0
        self._is_ready = False
        self._connection, theirs = Pipe()
        # Not multiprocessing's own start methods: they import the parent's main module in the child,
        # or fork threads. `-P`: a document's folder may be the working directory, and hold modules.
        arguments = [theirs.fileno(), os.getpid(), int(max_memory_mb * 2**20)]
        program = [sys.executable, "-P", "-Wignore", "-m", "ingest.sandbox_child"]
        self._process = subprocess.Popen(  # noqa: S603
            [*program, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=_environment(),
            # A group of its own is not reached by Ctrl-C, and is killed with all it started.
            start_new_session=True,
        )
        theirs.close()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Raises `TimeoutError`, `EOFError` or `OSError`."""
        if not self._is_ready:
            self._receive(READY_WITHIN_S)
            self._is_ready = True

    def request(self, content: bytes, name: str, max_s: float) -> Document | ParseError:
        """Raises `TimeoutError`, `EOFError` or `OSError`."""
        self.documents += 1
        self._connection.send((content, name))
        reply: Document | ParseError = self._receive(max_s)
        return reply

    def kill(self) -> None:
        if self.is_alive():
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, grace_s: float) -> None:
        """Kill it, unless it ends by itself within `grace_s`."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self.kill()
        self._process.wait()

    def is_out_of_memory(self) -> bool:
        """Whether an ended one said so."""
        return self._process.returncode == OUT_OF_MEMORY

    def ending(self) -> str:
        """How an ended one came to its end, in words."""
        status = self._process.returncode
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def _receive(self, max_s: float) -> Any:
        if not self._connection.poll(max_s):
            raise TimeoutError
        return self._connection.recv()


def _outcome(future: Future[Document]) -> Document | ParseError:
    try:
        return future.result()
    except ParseError as error:
        return error


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
