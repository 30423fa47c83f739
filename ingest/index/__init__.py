"""The searchable index: what it holds, and the protocol every engine answers to."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.chunk import Chunk
from ingest.embed import EncoderAdapter, Vectors, encoder_name
from ingest.errors import PinciteError

EVERYONE = "everyone"
"""The access group that every reader belongs to."""

PARSING_VERSION = 3
"""Raised when parsing or chunking changes so that indexed passages would come out otherwise."""


class NoIndex(PinciteError):
    """There is no index where the settings say; the message says how to make one."""


class IndexDamaged(NoIndex):
    """There is an index, but its engine cannot work with the files; the message names the cause."""


class IndexMismatch(PinciteError):
    """The index was built with other settings; the message names both and the way out."""


class IndexOutdated(PinciteError):
    """The points were written by an earlier version, and do not say yet what is asked of them."""


class IndexInUse(PinciteError):
    """Another process holds the index."""


class IndexUnreachable(PinciteError):
    """The server that holds the index does not answer; it may later."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What built the index. `encoder` is the setting [encoder] model, `dimension` its vectors'.
    Where the encoder had an adapter, its weights count, not the folder in which they lay."""

    encoder: str
    dimension: int
    target_tokens: int
    max_tokens: int
    parsing_version: int = PARSING_VERSION
    adapter_sha256: str | None = None
    adapter_folder: str | None = field(default=None, compare=False)

    @property
    def adapter(self) -> EncoderAdapter | None:
        if self.adapter_sha256 is None or self.adapter_folder is None:
            return None
        return EncoderAdapter(self.adapter_sha256, self.adapter_folder)

    @property
    def encoder_name(self) -> str:
        """The encoder with its adapter, to be shown and compared."""
        return encoder_name(self.encoder, self.adapter)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def check(self, **wanted: str | int) -> None:
        """Raise `IndexMismatch` where a field named in `wanted` has another value."""
        built = asdict(self) | {"encoder": self.encoder_name}
        differences = [
            f"{name.replace('_', ' ')} {built[name]} (now wanted: {value})"
            for name, value in wanted.items()
            if built[name] != value
        ]
        if differences:
            raise IndexMismatch(
                f"The index was built with {', '.join(differences)}. Change the settings back, or "
                "run 'pincite index rebuild' to build a new one beside it."
            )


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """What a point says of its document.

    `version` names one writing of it: points of two versions may be there at once, and the catalog
    knows which counts. It applies on the days from `valid_from` up to, not including, `valid_until`;
    None leaves that end open. `source` is the id of the source it comes from, `language` the ISO 639-1
    code of its text, None where it could not be told.
    """

    id: str
    version: str
    name: str
    title: str
    groups: tuple[str, ...] = (EVERYONE,)
    valid_from: date | None = None
    valid_until: date | None = None
    source: str = ""
    tags: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may return: documents that one of `groups` may read, that apply on the day `as_of`,
    and that are among `documents` (ids), have one of `tags`, come from one of `sources` (ids) and are in
    one of `languages`. None leaves that open, an empty set lets nothing through."""

    groups: frozenset[str]
    as_of: date | None = None
    documents: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    languages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found. `position` is its place among the document's chunks, `score` the
    cosine (dense) or the BM25 score (sparse), larger is nearer."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Rankings:
    """What one question found by meaning and by words, each best first with its own scores."""

    dense: tuple[Hit, ...]
    sparse: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A chunk as it is stored; vector: (dimension,)."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    vector: NDArray[np.float32]


class Index(Protocol):
    """Chunks with their vectors. Searches go on during writes."""

    @property
    def manifest(self) -> Manifest: ...

    def write(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Add the chunks of one version of a document; vectors: (len(chunks), dimension).

        Other versions stay until `remove`. Can be repeated: the same version overwrites itself.
        """
        ...

    def describe(self, document: IndexedDocument) -> None:
        """Change what the points of this version say of their document, not their text or vectors."""
        ...

    def remove(self, document_id: str, *, except_version: str | None = None) -> None:
        """Remove the document's chunks, of every version or of all but one."""
        ...

    def search(
        self, vector: NDArray[np.float32], query: str, *, top_k: int, scope: Scope
    ) -> Rankings:
        """Both searches in one request of the engine: the nearest `top_k` chunks in scope by cosine, and
        the best `top_k` by BM25; vector: (dimension,)."""
        ...

    def search_dense(self, vector: NDArray[np.float32], *, top_k: int, scope: Scope) -> list[Hit]:
        """The nearest chunks in scope by cosine; vector: (dimension,)."""
        ...

    def search_sparse(self, query: str, *, top_k: int, scope: Scope) -> list[Hit]:
        """The best chunks in scope by BM25."""
        ...

    def chunks(self, document: IndexedDocument, positions: Sequence[int]) -> dict[int, Chunk]:
        """The chunks of this version at these positions, by position, as far as they are there."""
        ...

    def points(self, document_id: str | None = None) -> Iterator[Point]:
        """The chunks of one document or of all with their vectors, in no particular order, while
        nothing is written."""
        ...

    def count(self, document_id: str | None = None) -> int:
        """Number of chunks, of one document or of all."""
        ...

    def optimize(self) -> None:
        """Bring the index into shape after many writes, and onto the disk."""
        ...

    def close(self) -> None: ...
