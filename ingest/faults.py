"""Which errors may pass, and are worth another attempt."""

import errno

from sqlalchemy.exc import OperationalError

from ingest.index import IndexUnreachable, NoIndex

_MAY_PASS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EAGAIN,
        errno.EBUSY,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    }
)


_ABOUT_THE_SURROUNDINGS = (
    IndexUnreachable,
    NoIndex,
    OperationalError,
    MemoryError,
    ConnectionError,
    TimeoutError,
)


def is_transient(error: Exception) -> bool:
    """Whether the fault lies in what surrounds the document (disk, network, memory), not in it."""
    if isinstance(error, OSError) and error.errno in _MAY_PASS:
        return True
    # qdrant_edge raises plain Exception for everything, a full disk included.
    if type(error) is Exception and "No space left" in str(error):
        return True
    return isinstance(error, _ABOUT_THE_SURROUNDINGS)


def reason(error: Exception) -> str:
    """The error in words that continue a document's name."""
    if isinstance(error, FileNotFoundError):
        return "disappeared while it was read"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"could not be stored ({error.strerror}): make room on the disk"
    if isinstance(error, OSError):
        return f"could not be read ({error.strerror or error})"
    return str(error)
