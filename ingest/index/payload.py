"""What every engine stores with a chunk, so that one engine's points mean the same in another."""

from datetime import date
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import qdrant_edge as qdrant

from ingest.chunk import Chunk
from ingest.index import Hit, IndexedDocument, Scope

DENSE: Final = "dense"
SPARSE: Final = "bm25"

KEYWORDS: Final = ("document_id", "version", "groups", "source", "tags", "language")
INTEGERS: Final = ("valid_from", "valid_until")
"""The fields that are filtered by, each with an index of its own."""

AVERAGE_CHUNK_WORDS = 100
"""BM25's avg_len, in words; close to what the default chunking yields."""

_ALWAYS = 0
_FOREVER = date.max.toordinal() + 1


def bm25() -> qdrant.Bm25:
    """Makes the sparse vectors; the inverse document frequency is put in by the engine's search."""
    return qdrant.Bm25(qdrant.Bm25Config(avg_len=AVERAGE_CHUNK_WORDS))


def point_id(document_id: str, version: str, position: int) -> str:
    """The same chunk of the same version always has the same id, so writing it again changes nothing."""
    return str(uuid5(NAMESPACE_OID, f"{document_id}/{version}/{position}"))


def chunk_payload(document: IndexedDocument, position: int, chunk: Chunk) -> dict[str, Any]:
    return document_payload(document) | {
        "position": position,
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
        "heading_path": list(chunk.heading_path),
        "page": chunk.page,
        "context": chunk.context,
        "lead": chunk.lead,
    }


def document_payload(document: IndexedDocument) -> dict[str, Any]:
    """The days are counted from 0001-01-01, which is 1; an open end lies beyond every day."""
    return {
        "document_id": document.id,
        "version": document.version,
        "name": document.name,
        "title": document.title,
        "groups": list(document.groups),
        "valid_from": document.valid_from.toordinal() if document.valid_from else _ALWAYS,
        "valid_until": document.valid_until.toordinal() if document.valid_until else _FOREVER,
        "source": document.source,
        "tags": list(document.tags),
        "language": document.language,
    }


def any_of(scope: Scope) -> dict[str, list[str]]:
    """By field, the values of which a point in scope has at least one; its days are to be looked at,
    too."""
    wanted = {
        "groups": scope.groups,
        "document_id": scope.documents,
        "tags": scope.tags,
        "source": scope.sources,
        "language": scope.languages,
    }
    return {field: sorted(values) for field, values in wanted.items() if values is not None}


def read_document(payload: dict[str, Any]) -> IndexedDocument:
    valid_from, valid_until = payload["valid_from"], payload["valid_until"]
    return IndexedDocument(
        payload["document_id"],
        payload["version"],
        payload["name"],
        payload["title"],
        tuple(payload["groups"]),
        None if valid_from == _ALWAYS else date.fromordinal(valid_from),
        None if valid_until == _FOREVER else date.fromordinal(valid_until),
        # Earlier versions wrote none of these.
        payload.get("source", ""),
        tuple(payload.get("tags", ())),
        payload.get("language"),
    )


def in_order(hits: list[Hit]) -> list[Hit]:
    """The hits, best first. Engines give equal scores in any order; an answer must not depend on it."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.document.id, hit.position))


def read_chunk(payload: dict[str, Any]) -> Chunk:
    return Chunk(
        payload["text"],
        payload["start"],
        payload["end"],
        tuple(payload["heading_path"]),
        payload["page"],
        payload["context"],
        payload["lead"],
    )
