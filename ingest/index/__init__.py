"""The searchable index: what it holds, and the protocol every engine answers to."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.errors import PinciteError

EVERYONE = "everyone"
"""The access group that every reader belongs to."""

PARSING_VERSION = 1
"""Raised when parsing or chunking changes so that indexed passages would come out otherwise."""


class NoIndex(PinciteError):
    """There is no index where the settings say; the message says how to make one."""


class IndexMismatch(PinciteError):
    """The index was built with other settings; the message names both and the way out."""


class IndexInUse(PinciteError):
    """Another process holds the index."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What built the index. `encoder` is the setting [encoder] model, `dimension` its vectors'."""

    encoder: str
    dimension: int
    target_tokens: int
    max_tokens: int
    parsing_version: int = PARSING_VERSION

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def check(self, **wanted: str | int) -> None:
        """Raise `IndexMismatch` where a field named in `wanted` has another value."""
        built = asdict(self)
        differences = [
            f"{name.replace('_', ' ')} {built[name]} (now wanted: {value})"
            for name, value in wanted.items()
            if built[name] != value
        ]
        if differences:
            raise IndexMismatch(
                f"The index was built with {', '.join(differences)}. Change the settings back, or "
                "run 'pincite ingest --rebuild' to build it anew."
            )


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """What a point says of its document. `version` is the SHA-256 of the file's bytes."""

    id: str
    version: str
    name: str
    title: str
    groups: tuple[str, ...] = (EVERYONE,)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found. `position` is its place among the document's chunks, `score` the
    cosine (dense) or the BM25 score (sparse), larger is nearer."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    score: float


class Index(Protocol):
    """Chunks with their vectors. Searches go on during writes."""

    @property
    def manifest(self) -> Manifest: ...

    def replace(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Make these the document's chunks; those of other versions go. Can be repeated."""
        ...

    def remove(self, document_id: str) -> None: ...

    def search_dense(
        self, vector: NDArray[np.float32], *, top_k: int, groups: Collection[str]
    ) -> list[Hit]:
        """The nearest chunks by cosine that one of the groups may read; vector: (dimension,)."""
        ...

    def search_sparse(self, query: str, *, top_k: int, groups: Collection[str]) -> list[Hit]:
        """The best chunks by BM25 that one of the groups may read."""
        ...

    def count(self) -> int:
        """Number of chunks."""
        ...

    def optimize(self) -> None:
        """Bring the index into shape after many writes, and onto the disk."""
        ...

    def close(self) -> None: ...
