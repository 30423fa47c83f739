"""Qdrant Edge, Qdrant's engine in this process, as a LlamaIndex vector store."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import qdrant_edge as qdrant
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores import (
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQueryMode
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from ingest.llamaindex.filters import to_qdrant

_DENSE = "dense"
_SPARSE = "bm25"
_BATCH_POINTS = 256
_RRF_K = 60
_MMR_CANDIDATES = 10
_EVEN = 0.5

_Found = tuple[dict[str, Any], float]
"""A node's payload and its score."""


class QdrantEdgeVectorStore(BasePydanticVectorStore):  # type: ignore[misc]
    """Nodes with dense and BM25 vectors in the folder `path`, which one process at a time can hold.

    Takes the modes default, sparse, text search, hybrid (rank fusion; `alpha` is the weight of the
    dense ranking) and MMR. What is written is there at once and survives a crash, so `persist` only
    flushes, whatever path it is given. The dimension is that of the first nodes added.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    path: str

    _shard: qdrant.EdgeShard | None = PrivateAttr(default=None)
    _bm25: qdrant.Bm25 = PrivateAttr()

    def __init__(self, path: str | Path) -> None:
        super().__init__(path=str(path))
        self._bm25 = qdrant.Bm25()
        if Path(path).is_dir() and any(Path(path).iterdir()):
            self._shard = qdrant.EdgeShard.load(str(path))

    @classmethod
    def class_name(cls) -> str:
        return "QdrantEdgeVectorStore"

    @property
    def client(self) -> qdrant.EdgeShard | None:
        """Qdrant Edge's shard; None until the first nodes are added."""
        return self._shard

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Write nodes with their embeddings; a node of an id that is there replaces it."""
        for first in range(0, len(nodes), _BATCH_POINTS):
            points = [self._point(node) for node in nodes[first : first + _BATCH_POINTS]]
            shard = self._made(len(nodes[first].get_embedding()))
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Remove all nodes of a document."""
        self._delete(qdrant.Filter(must=[_of_documents([ref_doc_id])]))

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Remove nodes that have one of the ids and pass the filters; none without either."""
        if node_ids is not None or filters is not None:
            self._delete(_chosen(node_ids=node_ids, filters=filters))

    def clear(self) -> None:
        self._delete(qdrant.Filter())

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """The nodes that have one of the ids and pass the filters, in no particular order."""
        return list(self._scroll(_chosen(node_ids=node_ids, filters=filters)))

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Similarities are cosines (default, MMR), BM25 scores (sparse) or fused ranks (hybrid)."""
        # LlamaIndex's retrievers say [] where they mean any.
        chosen = _chosen(query.doc_ids or None, query.node_ids or None, query.filters)
        if query.mode == VectorStoreQueryMode.HYBRID:
            found = self._hybrid(query, chosen)
        else:
            found = self._search(*self._asked(query), chosen)
        nodes = [metadata_dict_to_node(payload) for payload, _ in found]
        return VectorStoreQueryResult(
            nodes=nodes,
            similarities=[score for _, score in found],
            ids=[node.node_id for node in nodes],
        )

    def persist(self, persist_path: str = "", fs: Any = None) -> None:
        if self._shard is not None:
            self._shard.flush()

    def optimize(self) -> None:
        """Bring the store into shape after many writes. The whole process waits meanwhile."""
        if self._shard is not None:
            self._shard.optimize()

    def close(self) -> None:
        """Let another process have the folder. Adding nodes again opens it again."""
        if self._shard is not None:
            self._shard.close()
            self._shard = None

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    async def adelete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    async def aclear(self) -> None:
        await asyncio.to_thread(self.clear)

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return await asyncio.to_thread(self.query, query, **kwargs)

    def _made(self, dimension: int) -> qdrant.EdgeShard:
        if self._shard is None:
            Path(self.path).mkdir(parents=True, exist_ok=True)
            if any(Path(self.path).iterdir()):
                self._shard = qdrant.EdgeShard.load(self.path)
            else:
                self._shard = _create(self.path, dimension)
        return self._shard

    def _point(self, node: BaseNode) -> qdrant.Point:
        text = node.get_content(metadata_mode=MetadataMode.EMBED)
        vectors = {_DENSE: node.get_embedding(), _SPARSE: self._bm25.embed_document(text)}
        return qdrant.Point(_point_id(node.node_id), vectors, node_to_metadata_dict(node))

    def _delete(self, chosen: qdrant.Filter) -> None:
        if self._shard is not None:
            self._shard.update(qdrant.UpdateOperation.delete_points_by_filter(chosen))

    def _scroll(self, chosen: qdrant.Filter) -> Iterator[BaseNode]:
        offset: qdrant.PointId | None = None
        while self._shard is not None:
            records, offset = self._shard.scroll(
                qdrant.ScrollRequest(
                    offset=offset, limit=_BATCH_POINTS, filter=chosen, with_payload=True
                )
            )
            for record in records:
                yield metadata_dict_to_node(record.payload or {})
            if offset is None:
                return

    def _asked(self, query: VectorStoreQuery) -> tuple[qdrant.Query | qdrant.Mmr | None, int]:
        """What the engine is asked, and for how many; None where the query has no word to find."""
        top_k = query.similarity_top_k
        match query.mode:
            case VectorStoreQueryMode.DEFAULT:
                return qdrant.Query.Nearest(_embedding(query), using=_DENSE), top_k
            case VectorStoreQueryMode.SPARSE | VectorStoreQueryMode.TEXT_SEARCH:
                return self._words(query), query.sparse_top_k or top_k
            case VectorStoreQueryMode.MMR:
                relevance = _EVEN if query.mmr_threshold is None else query.mmr_threshold
                candidates = top_k * _MMR_CANDIDATES
                return qdrant.Mmr(_embedding(query), relevance, candidates, using=_DENSE), top_k
        raise NotImplementedError(
            f"Qdrant Edge has no mode {query.mode.value!r}; it has default, sparse, text_search, "
            "hybrid and mmr."
        )

    def _hybrid(self, query: VectorStoreQuery, chosen: qdrant.Filter) -> list[_Found]:
        """Reciprocal rank fusion (Cormack et al. 2009, k = 60), the rankings weighted by alpha.

        Qdrant's own weights stretch the ranks and leave a first place its full worth whatever it weighs.
        """
        nearest = qdrant.Query.Nearest(_embedding(query), using=_DENSE)
        alpha = _EVEN if query.alpha is None else query.alpha
        dense = self._search(nearest, query.similarity_top_k, chosen)
        sparse_top_k = query.sparse_top_k or query.similarity_top_k
        sparse = self._search(self._words(query), sparse_top_k, chosen)
        payloads: dict[str, dict[str, Any]] = {}
        scores: dict[str, float] = defaultdict(float)
        for weight, ranking in ((alpha, dense), (1 - alpha, sparse)):
            for rank, (payload, _) in enumerate(ranking, start=1):
                content = payload["_node_content"]
                payloads[content] = payload
                scores[content] += weight / (_RRF_K + rank)
        best = sorted(scores, key=lambda content: (-scores[content], content))
        top_k = query.hybrid_top_k or query.similarity_top_k
        return [(payloads[content], scores[content]) for content in best[:top_k]]

    def _search(
        self, asked: qdrant.Query | qdrant.Mmr | None, top_k: int, chosen: qdrant.Filter
    ) -> list[_Found]:
        if self._shard is None or asked is None:
            return []
        request = qdrant.QueryRequest(limit=top_k, query=asked, filter=chosen, with_payload=True)
        return [(point.payload or {}, point.score) for point in self._shard.query(request)]

    def _words(self, query: VectorStoreQuery) -> qdrant.Query | None:
        if query.query_str is None:
            raise ValueError(f"The mode {query.mode.value!r} needs the query's text (query_str).")
        sparse = self._bm25.embed_query(query.query_str)
        return qdrant.Query.Nearest(sparse, using=_SPARSE) if sparse.indices else None


def _create(path: str, dimension: int) -> qdrant.EdgeShard:
    dense = qdrant.EdgeVectorParams(size=dimension, distance=qdrant.Distance.Cosine)
    sparse = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)
    config = qdrant.EdgeConfig(vectors={_DENSE: dense}, sparse_vectors={_SPARSE: sparse})
    shard = qdrant.EdgeShard.create(path, config)
    of_document = qdrant.UpdateOperation.create_field_index(
        "doc_id", qdrant.PayloadSchemaType.Keyword
    )
    shard.update(of_document)
    return shard


def _chosen(
    doc_ids: list[str] | None = None,
    node_ids: list[str] | None = None,
    filters: MetadataFilters | None = None,
) -> qdrant.Filter:
    must: list[qdrant.ConditionType] = []
    if doc_ids is not None:
        must.append(_of_documents(doc_ids))
    if node_ids is not None:
        must.append(qdrant.HasIdCondition({_point_id(node_id) for node_id in node_ids}))
    if filters is not None:
        must.append(to_qdrant(filters))
    return qdrant.Filter(must=must)


def _of_documents(ref_doc_ids: list[str]) -> qdrant.FieldCondition:
    return qdrant.FieldCondition("doc_id", match=qdrant.MatchAny(ref_doc_ids))


def _embedding(query: VectorStoreQuery) -> list[float]:
    if query.query_embedding is None:
        raise ValueError(f"The mode {query.mode.value!r} needs the query's embedding.")
    return list(query.query_embedding)


def _point_id(node_id: str) -> str:
    """LlamaIndex allows any text as a node's id, Qdrant only UUIDs and numbers."""
    return str(uuid5(NAMESPACE_OID, node_id))
