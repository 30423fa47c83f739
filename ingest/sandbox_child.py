"""The child process of `ingest.sandbox`: parses what it is sent, within its limits."""

import ctypes
import importlib
import os
import resource
import signal
import sys
import threading
from importlib.abc import MetaPathFinder
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from ingest.document import Document
from ingest.formats.errors import CorruptDocument, DocumentTooLarge, ParseError
from ingest.parse import parse

OUT_OF_MEMORY = 77
"""The exit status that says so."""

LONGEST_TEXT_CHARS = 10_000_000
"""About 4,000 pages. The parent's process has to hold and divide them, in time that grows with them."""

# spaCy imports torch where it finds it: 2 s and 180 MB for nothing.
_NOT_NEEDED = ("torch", "tensorflow", "mxnet")
_PRELOADED = ("markup", "pdf", "text", "word")
_FIRST = (
    b"Refunds are paid within thirty days of the day on which the goods were returned to us.\n" * 3
)
"""Has the models loaded that are loaded at first use, such as that of the languages."""

_PR_SET_PDEATHSIG = 1


def serve(descriptor: int, parent: int, max_memory_bytes: int) -> None:
    """Parse what comes over the connection, until the parent closes it."""
    _end_with(parent)
    sys.addaudithook(_refuse_network)
    sys.meta_path.insert(0, _NotNeeded())
    for name in _PRELOADED:
        importlib.import_module(f"ingest.formats.{name}")
    parse(_FIRST, name="first.md")
    _limit_memory(max_memory_bytes)
    # From a third on, a buffer that is doubled while the old one is kept does not fit.
    much_bytes = _peak_bytes() + max_memory_bytes // 3
    with Connection(descriptor) as connection:
        connection.send(None)
        while True:
            try:
                content, name = connection.recv()
            except EOFError:
                return
            try:
                connection.send(_parsed(content, name, much_bytes))
            except MemoryError:
                # Without clearing up, for which there is no memory either.
                os._exit(OUT_OF_MEMORY)


def _parsed(content: bytes, name: str, much_bytes: int) -> Document | ParseError:
    try:
        document = parse(content, name=name)
    except ParseError as error:
        if _is_lack_of_memory(error, much_bytes):
            raise MemoryError from error
        return error
    if len(document.text) > LONGEST_TEXT_CHARS:
        return DocumentTooLarge(
            f"has {len(document.text):,} characters of text, more than {LONGEST_TEXT_CHARS:,}: "
            "divide it"
        )
    return document


def _is_lack_of_memory(error: BaseException, much_bytes: int) -> bool:
    """Whether a parser took the lack of memory for a fault of the document. lxml says anything then."""
    if isinstance(error, CorruptDocument) and _peak_bytes() > much_bytes:
        return True
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, MemoryError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _limit_memory(max_bytes: int) -> None:
    """Let this process take `max_bytes` more than it has, where the system can limit it."""
    # RLIMIT_AS would count libraries and reserved address space, too. macOS enforces neither.
    data = _data_bytes() + max_bytes
    for kind, limit in ((resource.RLIMIT_DATA, data), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):
            continue


def _data_bytes() -> int:
    """What RLIMIT_DATA counts of this process; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[5]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _peak_bytes() -> int:
    """The most memory this process ever had; 0 where the system does not tell."""
    # Not getrusage: its figure starts with the peak of the process that started this one.
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    figures = status.partition("VmHWM:")[2].split()
    return int(figures[0]) * 1024 if figures else 0


def _end_with(parent: int) -> None:
    """Have this process killed when its parent dies, in whatever way."""
    if sys.platform == "linux":
        # By the kernel: a thread has no turn while a regular expression goes astray.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> NoReturn:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(1)
    os._exit(1)


class _NotNeeded(MetaPathFinder):
    """Has libraries do without what they import only where it is installed."""

    # Not `sys.modules[name] = None`: SciPy takes whatever stands there for the module.
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname.partition(".")[0] in _NOT_NEEDED:
            raise ModuleNotFoundError(f"{fullname} is not for parsers", name=fullname)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise PermissionError("a document's parser has no network")


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
