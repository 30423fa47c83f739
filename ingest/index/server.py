"""The index on a Qdrant server, from version 1.16 on, which many processes can use at once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.errors import WrongUse
from ingest.index import (
    Hit,
    IndexDamaged,
    IndexedDocument,
    Manifest,
    NoIndex,
    Point,
    Rankings,
    Scope,
)
from ingest.index.connection import Connection
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
from ingest.settings import IndexSettings

Quantization = Literal["none", "scalar", "binary"]
T = TypeVar("T")

_BATCH_POINTS = 256
_MANIFEST = "pincite"


class ServerIndex:
    """An index that is one collection of a Qdrant server."""

    def __init__(self, connection: Connection, collection: str, manifest: Manifest) -> None:
        self._connection = connection
        self._client = connection.client
        self._collection = collection
        self._bm25 = bm25()
        self.manifest = manifest
        self._parameters = _search_parameters(connection, collection)

    @classmethod
    def create(
        cls,
        connection: Connection,
        collection: str,
        manifest: Manifest,
        *,
        quantization: Quantization = "none",
    ) -> "ServerIndex":
        """A new, empty collection; one of that name is deleted."""
        client = connection.client
        connection.call(client.delete_collection, collection)
        connection.call(
            client.create_collection,
            collection,
            vectors_config={
                DENSE: models.VectorParams(size=manifest.dimension, distance=models.Distance.COSINE)
            },
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            quantization_config=_quantization_config(quantization),
        )
        _index_fields(connection, collection, known=())
        # The manifest comes last: a collection without one is an index whose making was interrupted.
        connection.call(
            client.update_collection, collection, metadata={_MANIFEST: manifest.to_json()}
        )
        return cls(connection, collection, manifest)

    @classmethod
    def open(cls, connection: Connection, collection: str) -> "ServerIndex":
        """Raises `NoIndex` where there is no such collection, or not one that Pincite made whole."""
        if not connection.call(connection.client.collection_exists, collection):
            raise NoIndex(
                f"The Qdrant server at {connection.address} has no collection {collection}. Make one "
                "with 'pincite ingest PATH…'."
            )
        info = connection.call(connection.client.get_collection, collection)
        stored = (info.config.metadata or {}).get(_MANIFEST)
        if stored is None:
            raise NoIndex(
                f"The collection {collection} at {connection.address} is none of Pincite's, or its "
                "making was interrupted. Build it anew with 'pincite ingest --rebuild'."
            )
        _index_fields(connection, collection, known=info.payload_schema)
        return cls(connection, collection, Manifest(**stored))

    def write(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        rows = list(enumerate(zip(chunks, vectors, strict=True)))
        for first in range(0, len(rows), _BATCH_POINTS):
            points = [
                self._point(document, position, chunk, vector)
                for position, (chunk, vector) in rows[first : first + _BATCH_POINTS]
            ]
            self._call(self._client.upsert, points=points)
        beyond = models.FieldCondition(key="position", range=models.Range(gte=len(rows)))
        self._delete(models.Filter(must=[*_of_version(document.id, document.version), beyond]))

    def describe(self, document: IndexedDocument) -> None:
        of_version = models.Filter(must=[*_of_version(document.id, document.version)])
        payload = document_payload(document)
        self._call(self._client.set_payload, payload=payload, points=of_version)

    def remove(self, document_id: str, *, except_version: str | None = None) -> None:
        kept = [] if except_version is None else [_equals("version", except_version)]
        self._delete(models.Filter(must=[_equals("document_id", document_id)], must_not=[*kept]))

    def search(
        self, vector: NDArray[np.float32], query: str, *, top_k: int, scope: Scope
    ) -> Rankings:
        requests = [self._nearest(vector, top_k, scope), *self._best(query, top_k, scope)]
        dense, *sparse = self._search(requests)
        return Rankings(tuple(dense), tuple(*sparse))

    def search_dense(self, vector: NDArray[np.float32], *, top_k: int, scope: Scope) -> list[Hit]:
        (hits,) = self._search([self._nearest(vector, top_k, scope)])
        return hits

    def search_sparse(self, query: str, *, top_k: int, scope: Scope) -> list[Hit]:
        return next(iter(self._search(self._best(query, top_k, scope))), [])

    def chunks(self, document: IndexedDocument, positions: Sequence[int]) -> dict[int, Chunk]:
        ids = [point_id(document.id, document.version, position) for position in positions]
        payloads = map(_payload, self._call(self._client.retrieve, ids=ids, with_payload=True))
        return {payload["position"]: read_chunk(payload) for payload in payloads}

    def points(self, document_id: str | None = None) -> Iterator[Point]:
        offset: Any = None
        while True:
            records, offset = self._call(
                self._client.scroll,
                scroll_filter=_of_document(document_id),
                offset=offset,
                limit=_BATCH_POINTS,
                with_payload=True,
                with_vectors=[DENSE],
            )
            yield from map(_stored, records)
            if offset is None:
                return

    def count(self, document_id: str | None = None) -> int:
        chosen = _of_document(document_id)
        return self._call(self._client.count, count_filter=chosen, exact=True).count

    def optimize(self) -> None:
        """The server does so by itself."""

    def close(self) -> None:
        """Nothing is held that others do not share: see `ServerEngine.close`."""

    def _call(self, method: Callable[..., T], **options: Any) -> T:
        return self._connection.call(method, self._collection, **options)

    def _delete(self, chosen: models.Filter) -> None:
        self._call(self._client.delete, points_selector=models.FilterSelector(filter=chosen))

    def _nearest(
        self, vector: NDArray[np.float32], top_k: int, scope: Scope
    ) -> models.QueryRequest:
        return _request(vector.tolist(), DENSE, top_k, scope, self._parameters)

    def _best(self, query: str, top_k: int, scope: Scope) -> list[models.QueryRequest]:
        """The search by words; none where the query has none that are searched for."""
        sparse = self._bm25.embed_query(query)
        return [_request(_sparse(sparse), SPARSE, top_k, scope)] if sparse.indices else []

    def _search(self, requests: list[models.QueryRequest]) -> list[list[Hit]]:
        """The hits of each request, best first, in one round trip."""
        if not requests:
            return []
        found = self._call(self._client.query_batch_points, requests=requests)
        return [in_order([_hit(point) for point in each.points]) for each in found]

    def _point(
        self,
        document: IndexedDocument,
        position: int,
        chunk: Chunk,
        vector: NDArray[np.float32],
    ) -> models.PointStruct:
        return models.PointStruct(
            id=point_id(document.id, document.version, position),
            vector={
                DENSE: vector.tolist(),
                SPARSE: _sparse(self._bm25.embed_document(chunk.embedded_text)),
            },
            payload=chunk_payload(document, position, chunk),
        )


class ServerEngine:
    """Generations as collections of one server: `{prefix}-{name}`, and the alias `{prefix}` for the one
    that serves."""

    exclusive = False

    def __init__(self, settings: IndexSettings) -> None:
        if settings.server_url is None:
            raise WrongUse("Set [index] server_url to the address of the Qdrant server.")
        key = settings.server_api_key
        self.connection = Connection(
            settings.server_url,
            api_key=None if key is None else key.get_secret_value(),
            prefer_grpc=settings.server_grpc,
        )
        self._prefix = settings.server_prefix
        self._quantization: Quantization = settings.server_quantization

    def create(self, name: str, manifest: Manifest) -> ServerIndex:
        return ServerIndex.create(
            self.connection, self._named(name), manifest, quantization=self._quantization
        )

    def open(self, name: str) -> ServerIndex:
        return ServerIndex.open(self.connection, self._named(name))

    def drop(self, name: str) -> None:
        self.connection.call(self.connection.client.delete_collection, self._named(name))

    def serve(self, name: str) -> None:
        """Point the alias at this generation, in one step: at no moment does it point nowhere."""
        remove = models.DeleteAliasOperation(
            delete_alias=models.DeleteAlias(alias_name=self._prefix)
        )
        add = models.CreateAliasOperation(
            create_alias=models.CreateAlias(
                collection_name=self._named(name), alias_name=self._prefix
            )
        )
        steps = [remove, add] if self.serving() is not None else [add]
        self.connection.call(
            self.connection.client.update_collection_aliases, change_aliases_operations=steps
        )

    def serving(self) -> str | None:
        """The generation that the alias points at."""
        aliases = self.connection.call(self.connection.client.get_aliases).aliases
        for each in aliases:
            if each.alias_name == self._prefix:
                return str(each.collection_name).removeprefix(f"{self._prefix}-")
        return None

    def close(self) -> None:
        self.connection.client.close()

    def _named(self, name: str) -> str:
        return f"{self._prefix}-{name}"


def _index_fields(connection: Connection, collection: str, *, known: Collection[str]) -> None:
    """Have the fields indexed that are filtered by; an index of an earlier version lacks some."""
    # The imitation has no such indexes, and warns.
    if connection.in_memory:
        return
    kinds = dict.fromkeys(KEYWORDS, models.PayloadSchemaType.KEYWORD)
    kinds |= dict.fromkeys(INTEGERS, models.PayloadSchemaType.INTEGER)
    for field, kind in kinds.items():
        if field not in known:
            connection.call(connection.client.create_payload_index, collection, field, kind)


def _quantization_config(quantization: Quantization) -> models.QuantizationConfig | None:
    if quantization == "scalar":
        return models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        )
    if quantization == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None


def _search_parameters(connection: Connection, collection: str) -> models.SearchParams | None:
    """Where vectors are compressed, twice as many are found by them and compared again in full."""
    # The imitation compresses nothing, and warns.
    if connection.in_memory:
        return None
    config = connection.call(connection.client.get_collection, collection).config
    if config.quantization_config is None:
        return None
    return models.SearchParams(
        quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0)
    )


def _sparse(vector: Any) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices, values=vector.values)


def _equals(field: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def _of_document(document_id: str | None) -> models.Filter | None:
    return (
        None if document_id is None else models.Filter(must=[_equals("document_id", document_id)])
    )


def _of_version(document_id: str, version: str) -> list[models.FieldCondition]:
    return [_equals("document_id", document_id), _equals("version", version)]


def _request(
    query: list[float] | models.SparseVector,
    using: str,
    top_k: int,
    scope: Scope,
    parameters: models.SearchParams | None = None,
) -> models.QueryRequest:
    return models.QueryRequest(
        query=query,
        using=using,
        limit=top_k,
        filter=_in_scope(scope),
        params=parameters,
        with_payload=True,
    )


def _in_scope(scope: Scope) -> models.Filter:
    must = [
        models.FieldCondition(key=field, match=models.MatchAny(any=values))
        for field, values in any_of(scope).items()
    ]
    if scope.as_of is not None:
        day = scope.as_of.toordinal()
        must.append(models.FieldCondition(key="valid_from", range=models.Range(lte=day)))
        must.append(models.FieldCondition(key="valid_until", range=models.Range(gt=day)))
    return models.Filter(must=[*must])


def _hit(point: models.ScoredPoint) -> Hit:
    payload = _payload(point)
    return Hit(read_document(payload), payload["position"], read_chunk(payload), point.score)


def _stored(record: models.Record) -> Point:
    payload = _payload(record)
    vectors = cast("dict[str, list[float]]", record.vector)
    vector = np.asarray(vectors[DENSE], np.float32)
    return Point(read_document(payload), payload["position"], read_chunk(payload), vector)


def _payload(point: models.ScoredPoint | models.Record) -> dict[str, Any]:
    if point.payload is None or "valid_from" not in point.payload:
        raise IndexDamaged(
            f"The point {point.id} was not written by this version of Pincite. Build the index anew "
            "with 'pincite ingest --rebuild'."
        )
    return point.payload
