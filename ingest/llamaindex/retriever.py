"""Pincite's passages as a LlamaIndex retriever."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from ingest.chunk import Chunk
from ingest.index import IndexedDocument
from ingest.index.payload import point_id


class Passage(Protocol):
    """A chunk that was found, such as `Hit` is one."""

    @property
    def document(self) -> IndexedDocument: ...
    @property
    def position(self) -> int: ...
    @property
    def chunk(self) -> Chunk: ...
    @property
    def score(self) -> float: ...


Search = Callable[[str], Sequence[Passage]]
"""A question -> its passages, best first."""

FOR_THE_MODEL = frozenset({"name", "heading_path", "page"})
"""The metadata that LlamaIndex puts into a prompt; ids and offsets are for programs."""


class PinciteRetriever(BaseRetriever):  # type: ignore[misc]
    """Hands a question to `search` and gives its passages as nodes, in the same order.

    A node's text is the passage; its metadata says where that stands: document_id, version, name,
    title, heading_path, page, start and end (character offsets in the document's text).
    """

    def __init__(self, search: Search, *, callback_manager: CallbackManager | None = None) -> None:
        super().__init__(callback_manager=callback_manager)
        self._search = search

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [to_node(passage) for passage in self._search(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def to_node(passage: Passage) -> NodeWithScore:
    document, chunk = passage.document, passage.chunk
    metadata = {
        "document_id": document.id,
        "version": document.version,
        "name": document.name,
        "title": document.title,
        "heading_path": " > ".join(chunk.heading_path),
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
    }
    hidden = [key for key, value in metadata.items() if key not in FOR_THE_MODEL or not value]
    node = TextNode(
        id_=point_id(document.id, document.version, passage.position),
        text=chunk.text,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document.id)},
    )
    return NodeWithScore(node=node, score=passage.score)
