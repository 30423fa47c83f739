"""The index in this process: Qdrant Edge, Qdrant's own engine as a library."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import qdrant_edge as qdrant
from numpy.typing import NDArray

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.index import (
    Hit,
    IndexDamaged,
    IndexedDocument,
    IndexInUse,
    Manifest,
    NoIndex,
    Point,
    Rankings,
    Scope,
)
from ingest.index.payload import (
    DENSE,
    INTEGERS,
    KEYWORDS,
    SPARSE,
    any_of,
    bm25,
    chunk_payload,
    document_payload,
    in_order,
    point_id,
    read_chunk,
    read_document,
)

_MANIFEST = "manifest.json"
_REBUILD = "Build it anew with 'pincite ingest --rebuild'."

# qdrant_edge keeps Python's lock during every call, so nothing else in the process moves meanwhile:
# 16 ms for a batch, where a handbook's 5,000 chunks at once would take 320 ms.
_BATCH_POINTS = 256

EXACT_SEARCH_POINTS = 50_000
"""Up to this many chunks every vector is compared. That is exact, takes 10 ms at 20,000 (a graph: 3 ms),
and spares the making of the graph, during which the process stands still (13 s at 20,000)."""


class EdgeIndex:
    """An index in a folder. Only one process at a time can hold it."""

    def __init__(self, path: Path, shard: qdrant.EdgeShard, manifest: Manifest) -> None:
        self._path = path
        self._shard = shard
        self._bm25 = bm25()
        self.manifest = manifest

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> "EdgeIndex":
        """A new, empty index in the folder `path`; the rest of an interrupted making is cleared."""
        shard_path = path / "shard"
        shutil.rmtree(shard_path, ignore_errors=True)
        shard_path.mkdir(parents=True)
        with _told(path):
            shard = qdrant.EdgeShard.create(str(shard_path), _config(manifest.dimension))
            _index_fields(shard)
            shard.flush()
        # The manifest comes last: a folder without one is an index whose making was interrupted.
        write_atomically(path / _MANIFEST, json.dumps(manifest.to_json(), indent=2) + "\n")
        return cls(path, shard, manifest)

    @classmethod
    def open(cls, path: Path) -> "EdgeIndex":
        """The index in the folder `path`.

        Raises `NoIndex` where there is none, `IndexDamaged` where it cannot be read, `IndexInUse`
        where another process holds it. Damage that the engine does not notice, such as the end of a
        list of points cut off, shows only in `count`.
        """
        manifest = read_manifest(path)
        if manifest is None:
            raise NoIndex(f"There is no index in {path}. Make one with 'pincite ingest PATH…'.")
        shard_path = path / "shard"
        if not shard_path.is_dir():
            raise IndexDamaged(f"The index in {path} has lost its folder 'shard'. {_REBUILD}")
        with _told(path):
            shard = qdrant.EdgeShard.load(str(shard_path))
            _index_fields(shard)
        return cls(path, shard, manifest)

    def write(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        rows = list(enumerate(zip(chunks, vectors, strict=True)))
        for first in range(0, len(rows), _BATCH_POINTS):
            points = [
                self._point(document, position, chunk, vector)
                for position, (chunk, vector) in rows[first : first + _BATCH_POINTS]
            ]
            self._update(qdrant.UpdateOperation.upsert_points(points))
        beyond = qdrant.FieldCondition("position", range=qdrant.RangeFloat(gte=len(rows)))
        left_over = qdrant.Filter(must=[*_of_version(document.id, document.version), beyond])
        self._update(qdrant.UpdateOperation.delete_points_by_filter(left_over))

    def describe(self, document: IndexedDocument) -> None:
        of_version = qdrant.Filter(must=[*_of_version(document.id, document.version)])
        payload = document_payload(document)
        self._update(qdrant.UpdateOperation.set_payload_by_filter(of_version, payload))

    def remove(self, document_id: str, *, except_version: str | None = None) -> None:
        kept = [] if except_version is None else [_equals("version", except_version)]
        removed = qdrant.Filter(must=[_equals("document_id", document_id)], must_not=[*kept])
        self._update(qdrant.UpdateOperation.delete_points_by_filter(removed))

    def search(
        self, vector: NDArray[np.float32], query: str, *, top_k: int, scope: Scope
    ) -> Rankings:
        queries = [_nearest(vector), *self._best(query)]
        dense, *sparse = self._search(queries, top_k, scope)
        return Rankings(tuple(dense), tuple(*sparse))

    def search_dense(self, vector: NDArray[np.float32], *, top_k: int, scope: Scope) -> list[Hit]:
        (hits,) = self._search([_nearest(vector)], top_k, scope)
        return hits

    def search_sparse(self, query: str, *, top_k: int, scope: Scope) -> list[Hit]:
        return next(iter(self._search(self._best(query), top_k, scope)), [])

    def chunks(self, document: IndexedDocument, positions: Sequence[int]) -> dict[int, Chunk]:
        ids = [point_id(document.id, document.version, position) for position in positions]
        with _told(self._path):
            records = self._shard.retrieve([*ids], with_payload=True, with_vector=False)
            payloads = [record.payload or {} for record in records]
            return {payload["position"]: read_chunk(payload) for payload in payloads}

    def points(self, document_id: str | None = None) -> Iterator[Point]:
        offset: qdrant.PointId | None = None
        while True:
            request = qdrant.ScrollRequest(
                offset=offset,
                limit=_BATCH_POINTS,
                filter=_of_document(document_id),
                with_payload=True,
                with_vector=[DENSE],
            )
            with _told(self._path):
                records, offset = self._shard.scroll(request)
                page = [_stored(record) for record in records]
            yield from page
            if offset is None:
                return

    def count(self, document_id: str | None = None) -> int:
        request = qdrant.CountRequest(exact=True, filter=_of_document(document_id))
        with _told(self._path):
            return self._shard.count(request)

    def optimize(self) -> None:
        """While the engine works, nothing else in the process does: see `EXACT_SEARCH_POINTS`."""
        with _told(self._path):
            self._shard.optimize()
            self._shard.flush()

    def close(self) -> None:
        self._shard.close()

    def _update(self, operation: qdrant.UpdateOperation) -> None:
        with _told(self._path):
            self._shard.update(operation)

    def _best(self, query: str) -> list[qdrant.Query]:
        """The search by words; none where the query has none that are searched for."""
        sparse = self._bm25.embed_query(query)
        return [qdrant.Query.Nearest(sparse, using=SPARSE)] if sparse.indices else []

    def _search(self, queries: Sequence[qdrant.Query], top_k: int, scope: Scope) -> list[list[Hit]]:
        """The hits of each query, best first, in one call."""
        chosen = _in_scope(scope)
        requests = [
            qdrant.QueryRequest(limit=top_k, query=query, filter=chosen, with_payload=True)
            for query in queries
        ]
        with _told(self._path):
            found = self._shard.query_batch(qdrant.QueryBatchRequest(requests))
            return [in_order([_hit(point) for point in points]) for points in found]

    def _point(
        self,
        document: IndexedDocument,
        position: int,
        chunk: Chunk,
        vector: NDArray[np.float32],
    ) -> qdrant.Point:
        vectors: dict[str, qdrant.NamedVector] = {
            DENSE: vector.tolist(),
            SPARSE: self._bm25.embed_document(chunk.embedded_text),
        }
        identity = point_id(document.id, document.version, position)
        return qdrant.Point(identity, vectors, chunk_payload(document, position, chunk))


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of the index in the folder `path`, or None where there is no index."""
    try:
        stored = (path / _MANIFEST).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{path / _MANIFEST} cannot be read: {error}. {_REBUILD}") from error
    try:
        return Manifest(**json.loads(stored))
    except (ValueError, TypeError) as error:
        raise IndexDamaged(f"{path / _MANIFEST} cannot be read: {error}. {_REBUILD}") from error


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader or a crash sees the old content or the new, nothing between."""
    scratch = path.with_name(path.name + ".new")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _config(dimension: int) -> qdrant.EdgeConfig:
    dense = qdrant.EdgeVectorParams(size=dimension, distance=qdrant.Distance.Cosine)
    sparse = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)
    bytes_each = dimension * np.dtype(np.float32).itemsize
    graph_from_kb = max(1, EXACT_SEARCH_POINTS * bytes_each // 1024)
    return qdrant.EdgeConfig(
        vectors={DENSE: dense},
        sparse_vectors={SPARSE: sparse},
        optimizers=qdrant.EdgeOptimizersConfig(indexing_threshold=graph_from_kb),
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Give the engine's errors types: it raises plain Exception for everything, and where a file
    contradicts itself it panics with a class derived from BaseException that cannot be imported."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyError):
            raise IndexDamaged(
                f"A passage in {path} lacks {error}: it is damaged, or was written by an earlier "
                f"version. {_REBUILD}"
            ) from error
        if type(error) is not Exception and type(error).__name__ != "PanicException":
            raise
        raise _typed(path, str(error)) from error


def _typed(path: Path, message: str) -> Exception:
    if "WouldBlock" in message:
        return IndexInUse(
            f"Another process (pincite serve or ingest) uses the index in {path}. Ask it over HTTP, "
            "or stop it first."
        )
    if "No space left" in message:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if "Permission denied" in message or "Read-only file system" in message:
        return IndexDamaged(
            f"The index in {path} cannot be opened: {message}. Give the user that runs pincite the "
            "right to read and write that folder and everything in it."
        )
    if "Shard is not initialized" in message:
        return ValueError(f"The index in {path} is closed.")
    return IndexDamaged(f"The index in {path} cannot be used: {message}. {_REBUILD}")


def _equals(field: str, value: str) -> qdrant.FieldCondition:
    return qdrant.FieldCondition(field, match=qdrant.MatchValue(value))


def _of_document(document_id: str | None) -> qdrant.Filter | None:
    return (
        None if document_id is None else qdrant.Filter(must=[_equals("document_id", document_id)])
    )


def _of_version(document_id: str, version: str) -> list[qdrant.FieldCondition]:
    return [_equals("document_id", document_id), _equals("version", version)]


def _index_fields(shard: qdrant.EdgeShard) -> None:
    """Have the fields indexed that are filtered by; an index of an earlier version lacks some."""
    kinds = dict.fromkeys(KEYWORDS, qdrant.PayloadSchemaType.Keyword)
    kinds |= dict.fromkeys(INTEGERS, qdrant.PayloadSchemaType.Integer)
    for field in kinds.keys() - shard.info().payload_schema.keys():
        shard.update(qdrant.UpdateOperation.create_field_index(field, kinds[field]))


def _nearest(vector: NDArray[np.float32]) -> qdrant.Query:
    return qdrant.Query.Nearest(vector.tolist(), using=DENSE)


def _in_scope(scope: Scope) -> qdrant.Filter:
    must = [
        qdrant.FieldCondition(field, match=qdrant.MatchAny(values))
        for field, values in any_of(scope).items()
    ]
    if scope.as_of is not None:
        day = scope.as_of.toordinal()
        must.append(qdrant.FieldCondition("valid_from", range=qdrant.RangeFloat(lte=day)))
        must.append(qdrant.FieldCondition("valid_until", range=qdrant.RangeFloat(gt=day)))
    return qdrant.Filter(must=[*must])


def _hit(point: qdrant.ScoredPoint) -> Hit:
    payload = point.payload or {}
    return Hit(read_document(payload), payload["position"], read_chunk(payload), point.score)


def _stored(record: qdrant.Record) -> Point:
    payload = record.payload or {}
    vectors = cast("dict[str, list[float]]", record.vector)
    vector = np.asarray(vectors[DENSE], np.float32)
    return Point(read_document(payload), payload["position"], read_chunk(payload), vector)
