"""The vectors of the single tokens of indexed passages, kept from when the passages were encoded."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

_LEVELS = 127
_WAIT_S = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passage (
    key TEXT PRIMARY KEY,
    generation TEXT NOT NULL,
    document TEXT NOT NULL,
    version TEXT NOT NULL,
    codes BLOB NOT NULL,
    scales BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS passage_version ON passage (document, version);
CREATE INDEX IF NOT EXISTS passage_generation ON passage (generation);
"""


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """The vectors of one text's tokens in their context, each of length 1, in 8-bit numbers: `codes` has
    the shape (tokens, dimension), `scales` (tokens,), and a token's vector is the one times the other.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]

    @classmethod
    def rounded(cls, vectors: NDArray[np.float32]) -> "TokenVectors":
        """From vectors of the shape (tokens, dimension). A dot product changes by .001 or less."""
        largest = np.abs(vectors).max(axis=1, initial=0)
        scales = (np.maximum(largest, 1e-9) / _LEVELS).astype(np.float32)
        return cls(np.rint(vectors / scales[:, None]).astype(np.int8), scales)

    def __len__(self) -> int:
        return len(self.scales)

    def nearest(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each of the vectors, of the shape (count, dimension), its largest dot product with a
        token; there must be one."""
        products = vectors @ self.codes.T.astype(np.float32) * self.scales
        nearest: NDArray[np.float32] = products.max(axis=1)
        return nearest


@dataclass(frozen=True, slots=True)
class Owner:
    """The writing of a document that a passage was encoded for."""

    generation: str
    document: str
    version: str


class TokenVectorStore:
    """A file of its own beside the index, some 60 kB a passage; several threads and processes may use
    it.

    What is not there is encoded by whoever needs it, so no fault of the file is anybody's error: it is
    logged, and a damaged file is begun anew. What two documents say in the same words is kept for the
    later one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection = self._opened()

    def get(self, encoder: str, texts: Sequence[str]) -> dict[str, TokenVectors]:
        """Those of the texts that are there, by text; `encoder` is its name."""
        by_key = {_key(encoder, text): text for text in texts}
        with self._told(), self._lock:
            rows = self._connection.execute(
                "SELECT key, codes, scales FROM passage WHERE key IN (SELECT value FROM json_each(?))",
                [json.dumps([*by_key])],
            )
            return {by_key[key]: _read(codes, scales) for key, codes, scales in rows}
        return {}

    def put(
        self, encoder: str, vectors: Mapping[str, TokenVectors], owners: Mapping[str, Owner]
    ) -> None:
        """Keep the vectors of these texts; every text has its owner."""
        rows = [
            (
                _key(encoder, text),
                *_columns(owners[text]),
                each.codes.tobytes(),
                each.scales.tobytes(),
            )
            for text, each in vectors.items()
        ]
        with self._told(), self._lock, self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO passage VALUES (?, ?, ?, ?, ?, ?)", rows
            )

    def hand_over(self, encoder: str, owners: Mapping[str, Owner]) -> None:
        """Give the texts that are there to these owners: a new version says them as well."""
        rows = [(*_columns(owner), _key(encoder, text)) for text, owner in owners.items()]
        with self._told(), self._lock, self._connection:
            self._connection.executemany(
                "UPDATE passage SET generation = ?, document = ?, version = ? WHERE key = ?", rows
            )

    def remove(self, document: str, *, except_versions: Collection[str] = ()) -> None:
        """Remove what is kept for a document, of every version or of all but these."""
        with self._told(), self._lock, self._connection:
            self._connection.execute(
                "DELETE FROM passage WHERE document = ? "
                "AND version NOT IN (SELECT value FROM json_each(?))",
                [document, json.dumps([*except_versions])],
            )

    def remove_generation(self, generation: str) -> None:
        """Remove what was encoded for this generation last."""
        with self._told(), self._lock, self._connection:
            self._connection.execute("DELETE FROM passage WHERE generation = ?", [generation])

    def versions(self) -> set[tuple[str, str]]:
        """Id and version of every document that something is kept for."""
        with self._told(), self._lock:
            return {*self._connection.execute("SELECT DISTINCT document, version FROM passage")}
        return set()

    def count(self) -> int:
        """Passages whose vectors are there."""
        with self._lock:
            (count,) = self._connection.execute("SELECT count(*) FROM passage").fetchone()
        return int(count)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.Error as error:
            _log.warning("%s is begun anew: %s.", self._path, error)
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return _connect(self._path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Log what goes wrong: the vectors can be had without the file."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            _log.warning("%s: %s. Delete it while nothing runs if this stays.", self._path, error)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What was deleted is not to be found in the file.
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(_SCHEMA)
        connection.execute("SELECT * FROM passage LIMIT 1").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _key(encoder: str, text: str) -> str:
    return hashlib.sha256(f"{encoder}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _columns(owner: Owner) -> tuple[str, str, str]:
    return owner.generation, owner.document, owner.version


def _read(codes: bytes, scales: bytes) -> TokenVectors:
    of_tokens = np.frombuffer(scales, np.float32)
    return TokenVectors(
        np.frombuffer(codes, np.int8).reshape(len(of_tokens), len(codes) // max(1, len(of_tokens))),
        of_tokens,
    )
