"""LlamaIndex in and out: its readers, its query engines over Pincite's passages, its vector store."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core import Document, SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.readers.base import BaseReader
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import (
    MetadataMode,
    NodeRelationship,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)
from llama_index.core.vector_stores.types import VectorStoreQueryMode
from llama_index.core.vector_stores.utils import build_metadata_filter_fn

from ingest.chunk import Chunk
from ingest.embed import Encoder
from ingest.index import EVERYONE, Hit, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from ingest.llamaindex.filters import to_qdrant
from ingest.llamaindex.reader import ReaderItem, reader_items
from ingest.llamaindex.retriever import PinciteRetriever
from ingest.llamaindex.vector_store import QdrantEdgeVectorStore

EAST, NORTH, UP = np.eye(3).tolist()
NORTHEAST = [0.6, 0.8, 0.0]


class EncoderEmbedding(BaseEmbedding):  # type: ignore[misc]
    """Pincite's encoder, as LlamaIndex takes it."""

    encoder: Any

    def _get_text_embedding(self, text: str) -> list[float]:
        return list(map(float, self.encoder.encode([text])[0]))

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@pytest.fixture
def embedding(encoder: Encoder) -> EncoderEmbedding:
    return EncoderEmbedding(encoder=encoder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[QdrantEdgeVectorStore]:
    made = QdrantEdgeVectorStore(tmp_path / "store")
    yield made
    made.close()


def node(
    name: str,
    vector: list[float] = EAST,
    *,
    text: str | None = None,
    document: str = "handbook",
    said: dict[str, Any] | None = None,
    **metadata: Any,
) -> TextNode:
    source = RelatedNodeInfo(node_id=document)
    return TextNode(
        id_=name,
        text=name if text is None else text,
        embedding=vector,
        metadata=metadata | (said or {}),
        relationships={NodeRelationship.SOURCE: source},
    )


def found(store: QdrantEdgeVectorStore, vector: list[float] = EAST, **options: Any) -> list[str]:
    options = {"similarity_top_k": 9, **options}
    return list(store.query(VectorStoreQuery(query_embedding=vector, **options)).ids or [])


def only(key: str, value: Any, operator: FilterOperator = FilterOperator.EQ) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=key, value=value, operator=operator)])


# The vector store: writing and reading


def test_an_empty_store_finds_nothing(store: QdrantEdgeVectorStore) -> None:
    assert found(store) == []
    assert store.get_nodes() == []
    assert store.client is None
    store.delete("handbook")
    store.clear()
    store.persist()


def test_the_nearest_nodes_come_first_whole_and_with_their_cosines(
    store: QdrantEdgeVectorStore,
) -> None:
    nodes = [node("north", NORTH, page=3, tags=["a", "b"]), node("northeast", NORTHEAST)]
    assert store.add(nodes) == ["north", "northeast"]

    result = store.query(VectorStoreQuery(query_embedding=NORTH, similarity_top_k=2))

    assert result.ids == ["north", "northeast"]
    assert result.similarities == pytest.approx([1, 0.8], abs=1e-6)
    first = (result.nodes or [])[0]
    assert (first.text, first.metadata, first.ref_doc_id) == (
        "north",
        {"page": 3, "tags": ["a", "b"]},
        "handbook",
    )


def test_a_node_of_the_same_id_is_replaced(store: QdrantEdgeVectorStore) -> None:
    store.add([node("a", text="old")])
    store.add([node("a", text="new")])

    assert [each.text for each in store.get_nodes()] == ["new"]


def test_nodes_are_read_by_id_and_by_filter(store: QdrantEdgeVectorStore) -> None:
    store.add([node(f"n{number}", page=number) for number in range(600)])

    assert len(store.get_nodes()) == 600
    assert sorted(each.node_id for each in store.get_nodes(["n7", "n8", "gone"])) == ["n7", "n8"]
    below = only("page", 2, FilterOperator.LT)
    assert sorted(each.node_id for each in store.get_nodes(filters=below)) == ["n0", "n1"]
    assert [each.node_id for each in store.get_nodes(["n1", "n5"], below)] == ["n1"]
    assert store.get_nodes([]) == []


def test_deleting(store: QdrantEdgeVectorStore) -> None:
    def left() -> list[str]:
        return sorted(each.node_id for each in store.get_nodes())

    store.add([node(name, page=place) for place, name in enumerate("abcd")])
    store.add([node("other", document="leave")])

    store.delete_nodes()
    assert left() == ["a", "b", "c", "d", "other"]
    store.delete_nodes(["a", "gone"])
    assert left() == ["b", "c", "d", "other"]
    store.delete_nodes(filters=only("page", 3))
    assert left() == ["b", "c", "other"]
    store.delete("handbook")
    assert left() == ["other"]
    store.clear()
    assert left() == []


def test_everything_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = QdrantEdgeVectorStore(tmp_path / "store")
    first.add([node("a", EAST), node("b", NORTH)])
    first.persist(str(tmp_path / "not here"))
    first.optimize()
    first.close()

    again = QdrantEdgeVectorStore(tmp_path / "store")

    assert found(again, NORTH, similarity_top_k=1) == ["b"]
    assert not (tmp_path / "not here").exists()
    again.close()


def test_its_settings_survive_llamaindex_serialization(store: QdrantEdgeVectorStore) -> None:
    assert store.to_dict() == {
        "stores_text": True,
        "is_embedding_query": True,
        "flat_metadata": False,
        "path": store.path,
        "class_name": "QdrantEdgeVectorStore",
    }


def test_the_asynchronous_variants_do_the_same(store: QdrantEdgeVectorStore) -> None:
    async def use() -> None:
        assert await store.async_add([node("a"), node("b", page=1), node("c", document="d")]) == [
            "a",
            "b",
            "c",
        ]
        result = await store.aquery(VectorStoreQuery(query_embedding=EAST, similarity_top_k=9))
        assert sorted(result.ids or []) == ["a", "b", "c"]
        await store.adelete("d")
        await store.adelete_nodes(filters=only("page", 1))
        assert [each.node_id for each in await store.aget_nodes()] == ["a"]
        await store.aclear()
        assert await store.aget_nodes() == []

    asyncio.run(use())


# The vector store: modes


@pytest.fixture
def policies(store: QdrantEdgeVectorStore) -> QdrantEdgeVectorStore:
    store.add(
        [
            node("tents", EAST, text="Tents may be returned."),
            node("stoves", NORTHEAST, text="Stoves may be exchanged."),
            node("ropes", NORTH, text="Ropes: stoves and ropes and ropes."),
        ]
    )
    return store


@pytest.mark.parametrize("mode", [VectorStoreQueryMode.SPARSE, VectorStoreQueryMode.TEXT_SEARCH])
def test_words_find_nodes_without_an_embedding(
    policies: QdrantEdgeVectorStore, mode: VectorStoreQueryMode
) -> None:
    query = VectorStoreQuery(query_str="Which ropes?", similarity_top_k=9, mode=mode)
    assert policies.query(query).ids == ["ropes"]

    nothing = VectorStoreQuery(query_str="of the", similarity_top_k=9, mode=mode)
    assert policies.query(nothing).ids == []


@pytest.mark.parametrize(
    ("alpha", "best"), [(None, "tents"), (1.0, "tents"), (0.9, "tents"), (0.1, "ropes")]
)
def test_hybrid_fuses_both_rankings_by_alpha(
    policies: QdrantEdgeVectorStore, alpha: float | None, best: str
) -> None:
    hybrid = VectorStoreQueryMode.HYBRID
    ids = found(policies, EAST, query_str="ropes tents", mode=hybrid, alpha=alpha)

    assert ids[0] == best
    assert sorted(ids) == ["ropes", "stoves", "tents"]


def test_hybrid_honours_its_three_limits(policies: QdrantEdgeVectorStore) -> None:
    options = {"query_str": "ropes", "mode": VectorStoreQueryMode.HYBRID}

    both = found(policies, EAST, similarity_top_k=1, sparse_top_k=1, hybrid_top_k=3, **options)
    assert sorted(both) == ["ropes", "tents"]
    assert len(found(policies, EAST, hybrid_top_k=1, **options)) == 1


def test_hybrid_without_words_to_find_goes_by_the_embedding(
    policies: QdrantEdgeVectorStore,
) -> None:
    ids = found(policies, EAST, query_str="of the", mode=VectorStoreQueryMode.HYBRID)

    assert ids == ["tents", "stoves", "ropes"]


def test_mmr_prefers_what_differs(store: QdrantEdgeVectorStore) -> None:
    store.add([node("a", [1, 0.1, 0]), node("twin", [1, 0.11, 0]), node("other", [1, -1, 0])])
    options = {"similarity_top_k": 2, "mode": VectorStoreQueryMode.MMR}

    assert found(store, EAST, mmr_threshold=1.0, **options) == ["a", "twin"]
    assert found(store, EAST, mmr_threshold=0.3, **options) == ["a", "other"]


def test_a_mode_that_it_has_not_is_named(store: QdrantEdgeVectorStore) -> None:
    with pytest.raises(NotImplementedError, match="no mode 'svm'; it has default, sparse"):
        found(store, mode=VectorStoreQueryMode.SVM)


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        (VectorStoreQuery(query_str="tents"), "embedding"),
        (VectorStoreQuery(query_embedding=EAST, mode=VectorStoreQueryMode.SPARSE), "query_str"),
    ],
)
def test_what_a_mode_needs_is_named(
    store: QdrantEdgeVectorStore, query: VectorStoreQuery, missing: str
) -> None:
    with pytest.raises(ValueError, match=missing):
        store.query(query)


# The vector store: filters


def test_queries_are_narrowed_by_document_id_and_node_id(store: QdrantEdgeVectorStore) -> None:
    store.add([node("a"), node("b"), node("c", document="leave")])

    assert sorted(found(store, doc_ids=["handbook"])) == ["a", "b"]
    assert sorted(found(store, node_ids=["b", "c"])) == ["b", "c"]
    assert found(store, doc_ids=["leave"], node_ids=["a"]) == []


@pytest.mark.parametrize("mode", [VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.HYBRID])
def test_top_k_counts_only_what_passes_the_filters(
    store: QdrantEdgeVectorStore, mode: VectorStoreQueryMode
) -> None:
    store.add([node(f"a{n}", text="tents", owner="HR") for n in range(20)])
    store.add([node("far", UP, text="tents", owner="Finance")])

    ids = found(
        store,
        EAST,
        query_str="tents",
        mode=mode,
        filters=only("owner", "Finance"),
        similarity_top_k=1,
    )

    assert ids == ["far"]


@pytest.mark.parametrize("key", ["plain", "with space", "dotted.name", "a[b]", "größe", ""])
def test_any_key_can_be_filtered_by(store: QdrantEdgeVectorStore, key: str) -> None:
    store.add([node("a", said={key: "x"}), node("b", said={key: "y"})])

    assert found(store, filters=only(key, "x")) == ["a"]


def test_a_key_that_cannot_is_named() -> None:
    with pytest.raises(ValueError, match="double quote"):
        to_qdrant(only('say "x"', "x"))


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (FilterOperator.CONTAINS, "hr", ["a", "b"]),
        (FilterOperator.ANY, ["it", "law"], ["b", "c"]),
        (FilterOperator.ALL, ["hr", "it"], ["b"]),
        (FilterOperator.ANY, [], []),
    ],
)
def test_lists_in_metadata(
    store: QdrantEdgeVectorStore, operator: FilterOperator, value: Any, expected: list[str]
) -> None:
    store.add([node("a", tags=["hr"]), node("b", tags=["hr", "it"]), node("c", tags=["law"])])
    store.add([node("d", tags=[]), node("e")])

    assert sorted(found(store, filters=only("tags", value, operator))) == expected


def test_filters_can_be_nested(store: QdrantEdgeVectorStore) -> None:
    store.add([node(f"{page}{owner}", page=page, owner=owner) for page in (1, 2) for owner in "xy"])
    either = MetadataFilters(
        filters=[MetadataFilter(key="page", value=1), MetadataFilter(key="owner", value="x")],
        condition=FilterCondition.OR,
    )
    neither = MetadataFilters(filters=[either], condition=FilterCondition.NOT)
    empty = MetadataFilters(filters=[])

    assert sorted(found(store, filters=either)) == ["1x", "1y", "2x"]
    assert found(store, filters=neither) == ["2y"]
    assert len(found(store, filters=empty)) == 4
    assert len(found(store, filters=MetadataFilters(filters=[empty, either]))) == 3


def test_an_operator_that_it_has_not_is_named() -> None:
    with pytest.raises(NotImplementedError, match="'text_match_insensitive'"):
        to_qdrant(only("owner", "hr", FilterOperator.TEXT_MATCH_INSENSITIVE))


NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from((-0.5, 0.5, 2.0)))
WORDS = st.sampled_from(("HR", "hr", "H", "R & D", ""))
ORDERING = (FilterOperator.GT, FilterOperator.GTE, FilterOperator.LT, FilterOperator.LTE)
EQUALITY = (FilterOperator.EQ, FilterOperator.NE)
MEMBERSHIP = (FilterOperator.IN, FilterOperator.NIN)


def one_filter(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[MetadataFilter]:
    def of(operators: tuple[FilterOperator, ...], value: st.SearchStrategy[Any]) -> Any:
        return st.builds(
            MetadataFilter, key=st.just(key), operator=st.sampled_from(operators), value=value
        )

    same_kind = st.lists(st.integers(-3, 3)) if key == "number" else st.lists(WORDS)
    return st.one_of(
        of(EQUALITY, values),
        of(MEMBERSHIP, same_kind),
        of((FilterOperator.IS_EMPTY,), st.none()),
        of(ORDERING, values) if key == "number" else of((FilterOperator.TEXT_MATCH,), WORDS),
    )


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    filters=st.builds(
        MetadataFilters,
        filters=st.lists(
            st.one_of(one_filter("number", NUMBERS), one_filter("word", WORDS)),
            min_size=1,
            max_size=3,
        ),
        condition=st.sampled_from(list(FilterCondition)),
    )
)
def test_filters_mean_what_they_mean_in_llamaindex(
    many: tuple[QdrantEdgeVectorStore, dict[str, dict[str, Any]]], filters: MetadataFilters
) -> None:
    store, metadata = many
    passes = build_metadata_filter_fn(metadata.__getitem__, filters)

    assert sorted(each.node_id for each in store.get_nodes(filters=filters)) == [
        name for name in sorted(metadata) if passes(name)
    ]


@pytest.fixture(scope="module")
def many(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[QdrantEdgeVectorStore, dict[str, dict[str, Any]]]]:
    """A store with every pair of a number and a word, each of which may be missing."""
    metadata = {
        f"{number}/{word}": {
            **({} if number is None else {"number": number}),
            **({} if word is None else {"word": word}),
        }
        for number in (None, -3, -1, 0, 0.5, 2, 3)
        for word in (None, "", "HR", "hr", "R & D")
    }
    store = QdrantEdgeVectorStore(tmp_path_factory.mktemp("many") / "store")
    store.add([node(name, said=values) for name, values in metadata.items()])
    yield store, metadata
    store.close()


# The vector store in LlamaIndex


def test_a_vector_store_index_answers_from_it(
    store: QdrantEdgeVectorStore, embedding: EncoderEmbedding
) -> None:
    documents = [
        Document(text="Tents may be returned within 30 days.", doc_id="refunds"),
        Document(text="Employees have 25 days of annual leave.", doc_id="leave"),
    ]
    storage = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex.from_documents(documents, storage, embed_model=embedding)

    engine = index.as_query_engine(llm=MockLLM(), similarity_top_k=1)
    response = engine.query("How many holidays do I get?")
    assert [each.node.ref_doc_id for each in response.source_nodes] == ["leave"]
    assert "25 days of annual leave" in str(response)

    hybrid = index.as_retriever(vector_store_query_mode="hybrid", similarity_top_k=2)
    assert hybrid.retrieve("tents")[0].node.ref_doc_id == "refunds"

    index.delete_ref_doc("leave")
    assert [each.node.ref_doc_id for each in index.as_retriever().retrieve("leave")] == ["refunds"]


def test_an_index_is_made_from_a_store_that_is_there(
    store: QdrantEdgeVectorStore, embedding: EncoderEmbedding
) -> None:
    store.add([node("tents", embedding.get_text_embedding("tents"), text="tents")])

    index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)

    (hit,) = asyncio.run(index.as_retriever().aretrieve("camping"))
    assert hit.node.node_id == "tents"


# Pincite's passages as a retriever


LEAVE = IndexedDocument(
    "leave", "v1", "hr/leave.md", "Leave", valid_from=date(2024, 1, 1), valid_until=None
)
CHUNK = Chunk("Employees have 25 days of annual leave.", 40, 79, ("Leave", "Annual"), 3, "Leave")


@pytest.fixture
def passages(tmp_path: Path, encoder: Encoder) -> Iterator[EdgeIndex]:
    manifest = Manifest("bundled", encoder.dimension, 160, 256)
    index = EdgeIndex.create(tmp_path / "index", manifest)
    chunks = [replace(CHUNK, text="Tents may be returned.", page=None, heading_path=()), CHUNK]
    index.write(LEAVE, chunks, encoder.encode([chunk.text for chunk in chunks]))
    yield index
    index.close()


def test_a_query_engine_answers_from_pincites_passages(
    passages: EdgeIndex, encoder: Encoder
) -> None:
    def search(question: str) -> list[Hit]:
        vector = encoder.encode([question])[0]
        return passages.search_dense(vector, top_k=1, scope=Scope(frozenset({EVERYONE})))

    engine = RetrieverQueryEngine(
        PinciteRetriever(search), get_response_synthesizer(llm=MockLLM(), response_mode="compact")
    )
    response = engine.query("How many holidays do I get?")

    (source,) = response.source_nodes
    assert source.node.metadata == {
        "document_id": "leave",
        "version": "v1",
        "name": "hr/leave.md",
        "title": "Leave",
        "heading_path": "Leave > Annual",
        "page": 3,
        "start": 40,
        "end": 79,
    }
    assert source.score == pytest.approx(search("How many holidays do I get?")[0].score)
    assert source.node.ref_doc_id == "leave"
    assert (source.node.start_char_idx, source.node.end_char_idx) == (40, 79)
    assert source.node.get_content(metadata_mode=MetadataMode.LLM) == (
        "name: hr/leave.md\nheading_path: Leave > Annual\npage: 3\n\n"
        "Employees have 25 days of annual leave."
    )
    assert "25 days of annual leave" in str(response)


def test_the_model_is_not_shown_a_page_or_headings_that_there_are_not() -> None:
    hit = Hit(LEAVE, 0, replace(CHUNK, page=None, heading_path=()), 0.5)
    (found,) = PinciteRetriever(lambda _: [hit]).retrieve("leave")

    shown = found.node.get_content(metadata_mode=MetadataMode.LLM)

    assert shown == f"name: hr/leave.md\n\n{CHUNK.text}"


def test_the_retriever_keeps_the_order_and_names_each_passage_once() -> None:
    hits = [Hit(LEAVE, position, CHUNK, score) for position, score in ((4, 0.1), (2, 0.9))]
    retriever = PinciteRetriever(lambda _: hits)

    nodes = retriever.retrieve("leave")
    again = asyncio.run(retriever.aretrieve(QueryBundle("leave")))

    assert [each.score for each in nodes] == [0.1, 0.9]
    assert len({each.node.node_id for each in nodes}) == 2
    assert [each.node.node_id for each in again] == [each.node.node_id for each in nodes]


# Readers


class ListReader(BaseReader):  # type: ignore[misc]
    """A reader as people write them."""

    def __init__(self, *documents: Document) -> None:
        self._documents = documents

    def lazy_load_data(self, *args: Any, **kwargs: Any) -> Iterator[Document]:
        yield from self._documents


def test_the_files_of_a_folder_are_items_named_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text("# Leave\n\n25 days.", "utf-8")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "refunds.txt").write_text("30 Tage, 退款", "utf-8")

    def read() -> list[ReaderItem]:
        reader = SimpleDirectoryReader(str(tmp_path), recursive=True)
        return sorted(reader_items(reader), key=attrgetter("key"))

    refunds, leave = read()

    assert refunds.key == str(tmp_path / "below" / "refunds.txt")
    assert (refunds.content.decode(), refunds.suffix) == ("30 Tage, 退款", ".txt")
    assert leave.key == str(tmp_path / "leave.md")
    assert (leave.content.decode(), leave.suffix) == ("# Leave\n\n25 days.", ".md")
    assert leave.metadata[0]["file_name"] == "leave.md"
    assert [item.key for item in read()] == [refunds.key, leave.key]


def test_the_pages_of_a_file_become_one_item_in_their_order() -> None:
    def page(path: str, number: int) -> Document:
        metadata = {"file_path": path, "page_label": str(number)}
        return Document(text=f"{path} page {number}", metadata=metadata)

    reader = ListReader(page("b.pdf", 1), page("a.pdf", 1), page("b.pdf", 2))

    assert [(item.key, item.content, item.suffix) for item in reader_items(reader)] == [
        ("b.pdf", b"b.pdf page 1\n\nb.pdf page 2", ".txt"),
        ("a.pdf", b"a.pdf page 1", ".txt"),
    ]


@pytest.mark.parametrize(
    ("metadata", "doc_id", "key"),
    [
        ({"file_path": "a/b.txt", "url": "https://x"}, "row-7", "a/b.txt"),
        ({"url": "https://x/y"}, "row-7", "https://x/y"),
        ({"source": "wiki:Leave"}, "row-7", "wiki:Leave"),
        ({"file_path": ""}, "row-7", "row-7"),
        ({}, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
    ],
)
def test_a_key_is_the_place_or_else_the_id(metadata: dict[str, str], doc_id: str, key: str) -> None:
    reader = ListReader(Document(text="text", metadata=metadata, doc_id=doc_id))

    assert [item.key for item in reader_items(reader)] == [key]


def test_documents_without_place_and_id_are_known_by_their_content() -> None:
    def keys(*texts: str) -> list[str]:
        return [item.key for item in reader_items(ListReader(*[Document(text=t) for t in texts]))]

    first = keys("25 days", "30 days", "25 days")

    assert len(first) == 2
    assert all(key.startswith("sha256:") for key in first)
    assert keys("30 days", "25 days") == first[::-1]
    assert keys("26 days") != first[:1]


def test_a_page_that_comes_as_html_is_read_as_html() -> None:
    page = Document(text="<!doctype html><p>25 days</p>", metadata={"url": "https://x/leave"})

    assert [item.suffix for item in reader_items(ListReader(page))] == [".html"]


def test_text_that_is_no_unicode_does_not_stop_the_others() -> None:
    reader = ListReader(Document(text="a\ud800b", doc_id="a"), Document(text="ü", doc_id="b"))

    assert [item.content for item in reader_items(reader)] == [b"a?b", "ü".encode()]
