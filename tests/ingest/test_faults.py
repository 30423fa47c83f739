"""Which errors are worth another attempt, and how they are told."""

import errno
import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from ingest.faults import is_transient, reason
from ingest.formats.errors import CorruptDocument, EmptyDocument
from ingest.index import IndexDamaged, IndexUnreachable
from ingest.metadata import MetadataError


@pytest.mark.parametrize(
    "error",
    [
        IndexDamaged("The index cannot be used."),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EIO, "Input/output error"),
        OSError(errno.ESTALE, "Stale file handle"),
        OSError(errno.EMFILE, "Too many open files"),
        Exception("Service internal error: No space left on device"),
        IndexUnreachable("The server does not answer."),
        OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")),
        MemoryError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__ + str(getattr(error, "errno", "")),
)
def test_faults_of_disk_network_and_memory_may_pass(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        EmptyDocument("is empty"),
        CorruptDocument("is cut off"),
        MetadataError("is not TOML"),
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        PermissionError(errno.EACCES, "Permission denied"),
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE")),
        Exception("anything else"),
        ValueError("No space left"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_faults_of_the_document_or_of_pincite_stay(error: Exception) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EmptyDocument("is empty"), "is empty"),
        (FileNotFoundError(2, "No such file or directory"), "disappeared while it was read"),
        (PermissionError(13, "Permission denied"), "could not be read (Permission denied)"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "could not be stored (No space left on device): make room on the disk",
        ),
        (OSError("odd"), "could not be read (odd)"),
    ],
    ids=["parse", "gone", "denied", "full", "bare"],
)
def test_a_reason_continues_the_documents_name(error: Exception, words: str) -> None:
    assert reason(error) == words
