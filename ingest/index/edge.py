"""The index in this process: Qdrant Edge, Qdrant's own engine as a library."""

import json
import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import qdrant_edge as qdrant
from numpy.typing import NDArray

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.index import Hit, IndexedDocument, IndexInUse, Manifest, NoIndex

_DENSE = "dense"
_SPARSE = "bm25"
_MANIFEST = "manifest.json"

AVERAGE_CHUNK_WORDS = 100
"""BM25's avg_len, in words; close to what the default chunking yields."""


class EdgeIndex:
    """An index in a folder. Only one process at a time can hold it."""

    def __init__(self, shard: qdrant.EdgeShard, manifest: Manifest) -> None:
        self._shard = shard
        self._bm25 = qdrant.Bm25(qdrant.Bm25Config(avg_len=AVERAGE_CHUNK_WORDS))
        self.manifest = manifest

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> "EdgeIndex":
        """A new, empty index in the folder `path`; the rest of an interrupted making is cleared."""
        config = qdrant.EdgeConfig(
            vectors={
                _DENSE: qdrant.EdgeVectorParams(
                    size=manifest.dimension, distance=qdrant.Distance.Cosine
                )
            },
            sparse_vectors={_SPARSE: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
        )
        shard_path = path / "shard"
        shutil.rmtree(shard_path, ignore_errors=True)
        shard_path.mkdir(parents=True)
        shard = qdrant.EdgeShard.create(str(shard_path), config)
        for field in ("document_id", "groups"):
            shard.update(
                qdrant.UpdateOperation.create_field_index(field, qdrant.PayloadSchemaType.Keyword)
            )
        shard.flush()
        # The manifest comes last: a folder without one is an index whose making was interrupted.
        write_atomically(path / _MANIFEST, json.dumps(manifest.to_json(), indent=2) + "\n")
        return cls(shard, manifest)

    @classmethod
    def open(cls, path: Path) -> "EdgeIndex":
        """The index in the folder `path`.

        Raises `NoIndex` where there is none, `IndexInUse` where another process holds it.
        """
        manifest = read_manifest(path)
        if manifest is None:
            raise NoIndex(f"There is no index in {path}. Make one with 'pincite ingest PATH…'.")
        try:
            shard = qdrant.EdgeShard.load(str(path / "shard"))
        # qdrant_edge raises plain Exception for everything.
        except Exception as error:
            if "WouldBlock" in str(error):
                raise IndexInUse(
                    f"Another process (pincite serve or ingest) uses the index in {path}. Ask it over "
                    "HTTP, or stop it first."
                ) from error
            raise NoIndex(
                f"The index in {path} cannot be opened: {error}. Build it anew with "
                "'pincite ingest --rebuild'."
            ) from error
        return cls(shard, manifest)

    def replace(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        if chunks:
            self._shard.update(
                qdrant.UpdateOperation.upsert_points(
                    [
                        self._point(document, position, chunk, vector)
                        for position, (chunk, vector) in enumerate(
                            zip(chunks, vectors, strict=True)
                        )
                    ]
                )
            )
        other_versions = qdrant.Filter(
            must=[_equals("document_id", document.id)],
            must_not=[_equals("version", document.version)],
        )
        self._shard.update(qdrant.UpdateOperation.delete_points_by_filter(other_versions))

    def remove(self, document_id: str) -> None:
        all_versions = qdrant.Filter(must=[_equals("document_id", document_id)])
        self._shard.update(qdrant.UpdateOperation.delete_points_by_filter(all_versions))

    def search_dense(
        self, vector: NDArray[np.float32], *, top_k: int, groups: Collection[str]
    ) -> list[Hit]:
        return self._search(qdrant.Query.Nearest(vector.tolist(), using=_DENSE), top_k, groups)

    def search_sparse(self, query: str, *, top_k: int, groups: Collection[str]) -> list[Hit]:
        sparse = self._bm25.embed_query(query)
        if not sparse.indices:
            return []
        return self._search(qdrant.Query.Nearest(sparse, using=_SPARSE), top_k, groups)

    def count(self) -> int:
        return self._shard.count(qdrant.CountRequest(exact=True))

    def optimize(self) -> None:
        self._shard.optimize()
        self._shard.flush()

    def close(self) -> None:
        self._shard.close()

    def _search(self, query: qdrant.Query, top_k: int, groups: Collection[str]) -> list[Hit]:
        readable = qdrant.Filter(
            must=[qdrant.FieldCondition("groups", match=qdrant.MatchAny(sorted(groups)))]
        )
        request = qdrant.QueryRequest(limit=top_k, query=query, filter=readable, with_payload=True)
        hits = [_hit(point) for point in self._shard.query(request)]
        # Equal scores come back in any order; the answer must not depend on it.
        return sorted(hits, key=lambda hit: (-hit.score, hit.document.id, hit.position))

    def _point(
        self,
        document: IndexedDocument,
        position: int,
        chunk: Chunk,
        vector: NDArray[np.float32],
    ) -> qdrant.Point:
        payload = {
            "document_id": document.id,
            "version": document.version,
            "name": document.name,
            "title": document.title,
            "groups": list(document.groups),
            "position": position,
            "text": chunk.text,
            "start": chunk.start,
            "end": chunk.end,
            "heading_path": list(chunk.heading_path),
            "page": chunk.page,
            "context": chunk.context,
        }
        vectors = {
            _DENSE: vector.tolist(),
            _SPARSE: self._bm25.embed_document(chunk.embedded_text),
        }
        identity = uuid5(NAMESPACE_OID, f"{document.id}/{document.version}/{position}")
        return qdrant.Point(str(identity), vectors, payload)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of the index in the folder `path`, or None where there is no index."""
    try:
        stored = (path / _MANIFEST).read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        return Manifest(**json.loads(stored))
    except (ValueError, TypeError) as error:
        raise NoIndex(
            f"{path / _MANIFEST} cannot be read: {error}. Build the index anew with "
            "'pincite ingest --rebuild'."
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader or a crash sees the old content or the new, nothing between."""
    scratch = path.with_name(path.name + ".new")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _equals(field: str, value: str) -> qdrant.FieldCondition:
    return qdrant.FieldCondition(field, match=qdrant.MatchValue(value))


def _hit(point: qdrant.ScoredPoint) -> Hit:
    payload = point.payload or {}
    document = IndexedDocument(
        payload["document_id"],
        payload["version"],
        payload["name"],
        payload["title"],
        tuple(payload["groups"]),
    )
    chunk = Chunk(
        payload["text"],
        payload["start"],
        payload["end"],
        tuple(payload["heading_path"]),
        payload["page"],
        payload["context"],
    )
    return Hit(document, payload["position"], chunk, point.score)
