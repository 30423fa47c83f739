"""What every index answers to, whatever engine stands behind it.

With PINCITE_TEST_QDRANT_URL set, a Qdrant server at that address is put to the same test.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.index import EVERYONE, Hit, Index, IndexedDocument, Manifest, NoIndex, Point, Scope
from ingest.index.connection import IN_MEMORY
from ingest.index.edge import EdgeIndex
from ingest.index.server import ServerEngine
from ingest.settings import IndexSettings

SERVER_URL = os.environ.get("PINCITE_TEST_QDRANT_URL", "")


@dataclass(frozen=True, slots=True)
class Engine:
    """How to make an empty index of some name, and how to open one that is there."""

    create: Callable[[str, Manifest], Index]
    open: Callable[[str], Index]


@contextmanager
def edge(folder: Path) -> Iterator[Engine]:
    yield Engine(
        lambda name, manifest: EdgeIndex.create(folder / name, manifest),
        lambda name: EdgeIndex.open(folder / name),
    )


@contextmanager
def server(url: str, **options: object) -> Iterator[Engine]:
    prefix = f"test-{uuid4().hex}"
    engine = ServerEngine(
        IndexSettings.model_validate({"server_url": url, "server_prefix": prefix, **options})
    )
    made = set[str]()

    def create(name: str, manifest: Manifest) -> Index:
        made.add(name)
        return engine.create(name, manifest)

    yield Engine(create, engine.open)
    for name in made:
        engine.drop(name)
    engine.close()


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Engine]]] = {
    "edge": edge,
    "imitated server": lambda _: server(IN_MEMORY),
}
if SERVER_URL:
    ENGINES["server"] = lambda _: server(SERVER_URL, server_grpc=False)
    ENGINES["server over gRPC"] = lambda _: server(SERVER_URL)
    ENGINES["server with scalar quantization"] = lambda _: server(
        SERVER_URL, server_quantization="scalar"
    )

MANIFEST = Manifest("bundled", dimension=3, target_tokens=160, max_tokens=256)
ANY_DAY = Scope(frozenset({EVERYONE}))
EAST, NORTH, UP = np.eye(3, dtype=np.float32)
NORTHEAST = np.array([0.6, 0.8, 0], np.float32)

REFUNDS = IndexedDocument("11111111-0000-0000-0000-000000000001", "v1", "refunds.md", "Refunds")
LEAVE = IndexedDocument("22222222-0000-0000-0000-000000000002", "v1", "leave.pdf", "Leave 🏖")


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def index(engine: Engine) -> Iterator[Index]:
    made = engine.create("index", MANIFEST)
    yield made
    made.close()


def chunk(text: str, start: int = 0, page: int | None = None) -> Chunk:
    return Chunk(text, start, start + len(text), ("Policy", "Scope"), page, "Policy > Scope")


def vectors(*rows: Sequence[float] | np.ndarray) -> Vectors:
    return np.asarray(rows, np.float32).reshape(len(rows), 3)


def found(hits: list[Hit]) -> list[tuple[str, int, str]]:
    return [(hit.document.name, hit.position, hit.chunk.text) for hit in hits]


def everything(index: Index) -> list[tuple[str, int, str]]:
    return sorted(found(index.search_dense(EAST, top_k=1000, scope=ANY_DAY)))


# An empty index


def test_an_empty_index_knows_what_built_it_and_finds_nothing(index: Index) -> None:
    assert index.manifest == MANIFEST
    assert index.count() == 0
    assert index.search_dense(EAST, top_k=5, scope=ANY_DAY) == []
    assert index.search_sparse("refund", top_k=5, scope=ANY_DAY) == []


# Chunks by their place


def test_chunks_are_read_by_their_place_in_a_version(index: Index) -> None:
    chunks = [chunk("one"), replace(chunk("two", 5), lead="\n\n"), chunk("three", 10)]
    index.write(REFUNDS, chunks, vectors(EAST, NORTH, UP))
    index.write(LEAVE, [chunk("other")], vectors(EAST))

    assert index.chunks(REFUNDS, [1, 2, 3]) == {1: chunks[1], 2: chunks[2]}
    assert index.chunks(replace(REFUNDS, version="v2"), [0, 1]) == {}
    assert index.chunks(REFUNDS, []) == {}


# Dense search


def test_a_hit_carries_the_document_the_place_and_the_whole_chunk(index: Index) -> None:
    chunks = [chunk("Tents, within 30 days.", 40, page=3), chunk("退款 and “quotes” 🧾", 90)]
    index.write(LEAVE, chunks, vectors(EAST, NORTH))

    (hit,) = index.search_dense(EAST, top_k=1, scope=ANY_DAY)

    assert replace(hit, score=1.0) == Hit(LEAVE, 0, chunks[0], 1.0)
    assert index.search_dense(NORTH, top_k=1, scope=ANY_DAY)[0].chunk == chunks[1]


def test_the_nearest_come_first_with_their_cosines(index: Index) -> None:
    index.write(
        REFUNDS,
        [chunk("up"), chunk("northeast"), chunk("east"), chunk("west")],
        vectors(UP, NORTHEAST, EAST, -EAST),
    )

    hits = index.search_dense(EAST, top_k=4, scope=ANY_DAY)

    assert [hit.chunk.text for hit in hits] == ["east", "northeast", "up", "west"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.6, 0, -1], abs=1e-5)


def test_no_more_than_top_k_are_found(index: Index) -> None:
    index.write(REFUNDS, [chunk("east"), chunk("northeast")], vectors(EAST, NORTHEAST))

    assert found(index.search_dense(EAST, top_k=1, scope=ANY_DAY)) == [("refunds.md", 0, "east")]
    assert len(index.search_dense(EAST, top_k=9, scope=ANY_DAY)) == 2


def test_equally_near_ones_come_in_the_order_of_document_and_place(index: Index) -> None:
    index.write(LEAVE, [chunk("c"), chunk("d")], vectors(EAST, EAST))
    index.write(REFUNDS, [chunk("a"), chunk("b")], vectors(EAST, EAST))

    hits = index.search_dense(EAST, top_k=4, scope=ANY_DAY)

    assert "".join(hit.chunk.text for hit in hits) == "abcd"


# Sparse search


def test_words_find_the_chunks_that_hold_them(index: Index) -> None:
    index.write(
        REFUNDS,
        [
            chunk("Tents may be returned."),
            chunk("Gift cards expire."),
            chunk("Tents, tents, tents"),
        ],
        vectors(EAST, EAST, EAST),
    )

    hits = index.search_sparse("Which tents?", top_k=5, scope=ANY_DAY)

    assert [hit.position for hit in hits] == [2, 0]
    assert hits[0].score > hits[1].score > 0


def test_a_rare_word_weighs_more_than_a_common_one(index: Index) -> None:
    texts = ["Gold tents", "Gold stoves", "Gold ropes", "Silver lanterns"]
    index.write(REFUNDS, [chunk(text) for text in texts], vectors(*[EAST] * 4))

    (best, *_) = index.search_sparse("gold lanterns", top_k=4, scope=ANY_DAY)

    assert best.chunk.text == "Silver lanterns"


def test_words_of_the_context_are_found_too(index: Index) -> None:
    index.write(
        REFUNDS,
        [chunk("Thirty days."), replace(chunk("Nine days."), context="Leave > Adoption")],
        vectors(EAST, EAST),
    )

    assert found(index.search_sparse("adoption", top_k=5, scope=ANY_DAY)) == [
        ("refunds.md", 1, "Nine days.")
    ]


@pytest.mark.parametrize("query", ["", " ", "the of and", "?!", "xylophone"])
def test_a_query_without_words_to_find_finds_nothing(index: Index, query: str) -> None:
    index.write(REFUNDS, [chunk("The tents of the trade.")], vectors(EAST))

    assert index.search_sparse(query, top_k=5, scope=ANY_DAY) == []


# Both in one request


def test_one_request_finds_what_each_search_finds_with_its_own_scores(index: Index) -> None:
    index.write(
        REFUNDS,
        [chunk("tents"), chunk("ropes"), chunk("tents and ropes")],
        vectors(EAST, NORTHEAST, UP),
    )
    index.write(replace(LEAVE, groups=("staff",)), [chunk("closed tents")], vectors(EAST))

    found = index.search(EAST, "which tents", top_k=2, scope=ANY_DAY)

    assert list(found.dense) == index.search_dense(EAST, top_k=2, scope=ANY_DAY)
    assert list(found.sparse) == index.search_sparse("which tents", top_k=2, scope=ANY_DAY)
    assert [hit.chunk.text for hit in found.dense] == ["tents", "ropes"]
    assert [hit.score for hit in found.dense] == pytest.approx([1, 0.6], abs=1e-5)
    assert [hit.chunk.text for hit in found.sparse] == ["tents", "tents and ropes"]
    assert found.sparse[0].score > found.sparse[1].score > 0


@pytest.mark.parametrize("query", ["", "?!", "the of and", "xylophone"])
def test_without_words_to_find_the_nearest_are_found_all_the_same(index: Index, query: str) -> None:
    index.write(REFUNDS, [chunk("tents")], vectors(EAST))

    found = index.search(EAST, query, top_k=5, scope=ANY_DAY)

    assert [hit.chunk.text for hit in found.dense] == ["tents"]
    assert found.sparse == ()


# Writing and removing


def test_writing_the_same_version_again_changes_nothing(index: Index) -> None:
    for _ in range(3):
        index.write(REFUNDS, [chunk("one"), chunk("two")], vectors(EAST, NORTH))

    assert everything(index) == [("refunds.md", 0, "one"), ("refunds.md", 1, "two")]
    assert index.count() == 2


def test_a_shorter_writing_of_a_version_leaves_nothing_of_the_longer_one(index: Index) -> None:
    other = replace(REFUNDS, version="v2", name="other.md")
    long = [chunk(f"long {n}") for n in range(600)]
    for document in (REFUNDS, other):
        index.write(document, long, vectors(*[EAST] * 600))

    index.write(REFUNDS, [chunk("short")], vectors(EAST))

    assert index.count() == 601
    assert [hit for hit in everything(index) if hit[0] == "refunds.md"] == [
        ("refunds.md", 0, "short")
    ]
    index.write(REFUNDS, [], vectors())
    assert index.count() == 600


def test_another_version_stands_beside_the_one_there(index: Index) -> None:
    newer = replace(REFUNDS, version="v2", title="Refunds, revised")
    index.write(REFUNDS, [chunk("old tents"), chunk("old ropes")], vectors(EAST, EAST))
    index.write(newer, [chunk("new tents")], vectors(EAST))

    hits = index.search_sparse("tents", top_k=5, scope=ANY_DAY)

    assert {(hit.document, hit.chunk.text) for hit in hits} == {
        (REFUNDS, "old tents"),
        (newer, "new tents"),
    }
    assert index.count(REFUNDS.id) == 3


def test_all_versions_but_one_are_removed(index: Index) -> None:
    for version in ("v1", "v2", "v3"):
        index.write(replace(REFUNDS, version=version), [chunk(version)] * 2, vectors(EAST, EAST))
    index.write(LEAVE, [chunk("leave")], vectors(EAST))

    index.remove(REFUNDS.id, except_version="v2")

    assert everything(index) == [
        ("leave.pdf", 0, "leave"),
        ("refunds.md", 0, "v2"),
        ("refunds.md", 1, "v2"),
    ]


def test_a_removed_document_is_not_found_and_the_others_stay(index: Index) -> None:
    index.write(REFUNDS, [chunk("tents"), chunk("ropes")], vectors(EAST, EAST))
    index.write(replace(REFUNDS, version="v2"), [chunk("tents")], vectors(EAST))
    index.write(LEAVE, [chunk("leave")], vectors(EAST))

    index.remove(REFUNDS.id)
    index.remove("33333333-0000-0000-0000-000000000003")

    assert everything(index) == [("leave.pdf", 0, "leave")]
    assert index.search_sparse("tents", top_k=5, scope=ANY_DAY) == []
    assert index.count() == 1


def test_what_is_counted(index: Index) -> None:
    index.write(REFUNDS, [chunk("a"), chunk("b")], vectors(EAST, EAST))
    index.write(LEAVE, [chunk("c")], vectors(EAST))

    assert index.count() == 3
    assert index.count(REFUNDS.id) == 2
    assert index.count("33333333-0000-0000-0000-000000000003") == 0


def test_a_chunk_without_a_vector_is_an_error(index: Index) -> None:
    with pytest.raises(ValueError, match="shorter"):
        index.write(REFUNDS, [chunk("one"), chunk("two")], vectors(EAST))


# What is said of a document


def test_describing_changes_what_is_said_and_nothing_else(index: Index) -> None:
    old = [chunk("tents", 7, page=2), chunk("ropes")]
    index.write(REFUNDS, old, vectors(EAST, NORTH))
    index.write(replace(REFUNDS, version="v2"), [chunk("newer")], vectors(UP))
    index.write(LEAVE, [chunk("leave")], vectors(UP))

    described = IndexedDocument(
        REFUNDS.id, "v1", "moved/refunds.md", "Returns", ("staff",), date(2024, 1, 1), None
    )
    index.describe(described)

    staff = Scope(frozenset({"staff"}))
    hits = index.search_dense(EAST, top_k=5, scope=staff)
    assert [(hit.document, hit.chunk) for hit in hits] == [(described, old[0]), (described, old[1])]
    assert [hit.score for hit in hits] == pytest.approx([1, 0], abs=1e-6)
    assert found(index.search_sparse("ropes", top_k=5, scope=staff)) == [
        ("moved/refunds.md", 1, "ropes")
    ]
    assert everything(index) == [("leave.pdf", 0, "leave"), ("refunds.md", 0, "newer")]


def test_describing_what_is_not_there_adds_nothing(index: Index) -> None:
    index.describe(REFUNDS)

    assert index.count() == 0


# Access groups


def test_only_what_one_of_the_groups_may_read_is_found(index: Index) -> None:
    index.write(REFUNDS, [chunk("open tents")], vectors(EAST))
    index.write(replace(LEAVE, groups=("staff", "board")), [chunk("closed tents")], vectors(EAST))

    def readable(*groups: str) -> tuple[list[str], list[str]]:
        scope = Scope(frozenset(groups))
        dense = index.search_dense(EAST, top_k=5, scope=scope)
        sparse = index.search_sparse("tents", top_k=5, scope=scope)
        return sorted(h.chunk.text for h in dense), sorted(h.chunk.text for h in sparse)

    both = ["closed tents", "open tents"]
    assert readable(EVERYONE) == (["open tents"],) * 2
    assert readable("board") == (["closed tents"],) * 2
    assert readable(EVERYONE, "staff") == (both, both)
    assert readable("visitors") == ([], [])
    assert readable() == ([], [])


def test_top_k_counts_only_what_is_in_scope(index: Index) -> None:
    index.write(replace(LEAVE, groups=("staff",)), [chunk("a")] * 9, vectors(*[EAST] * 9))
    past = replace(LEAVE, id="past", valid_until=date(2020, 1, 1))
    index.write(past, [chunk("b")] * 9, vectors(*[EAST] * 9))
    index.write(REFUNDS, [chunk("open")], vectors(NORTHEAST))

    hits = index.search_dense(EAST, top_k=1, scope=replace(ANY_DAY, as_of=date(2024, 1, 1)))

    assert found(hits) == [("refunds.md", 0, "open")]


# Narrower scopes


TAGGED = replace(REFUNDS, tags=("travel", "gold tier"), source="source-a", language="en")
OTHER = replace(LEAVE, tags=("leave",), source="source-b", language="de")
BARE = IndexedDocument("33333333-0000-0000-0000-000000000003", "v1", "bare.md", "Bare")


@pytest.mark.parametrize(
    ("narrower", "expected"),
    [
        ({"documents": {REFUNDS.id}}, {"refunds.md"}),
        ({"documents": {REFUNDS.id, LEAVE.id}}, {"refunds.md", "leave.pdf"}),
        ({"documents": {"nobody"}}, set()),
        ({"documents": set()}, set()),
        ({"tags": {"gold tier"}}, {"refunds.md"}),
        ({"tags": {"leave", "travel"}}, {"refunds.md", "leave.pdf"}),
        ({"tags": {"gold"}}, set()),
        ({"tags": set()}, set()),
        ({"sources": {"source-b"}}, {"leave.pdf"}),
        ({"sources": set()}, set()),
        ({"languages": {"en"}}, {"refunds.md"}),
        ({"languages": {"en", "de", "fr"}}, {"refunds.md", "leave.pdf"}),
        ({"languages": set()}, set()),
        ({"tags": {"travel"}, "languages": {"en"}, "sources": {"source-a"}}, {"refunds.md"}),
        ({"tags": {"travel"}, "languages": {"de"}}, set()),
        ({"documents": {BARE.id}, "tags": {"travel"}}, set()),
        ({}, {"refunds.md", "leave.pdf", "bare.md"}),
    ],
    # Sets have another order in each process, and the names of tests must not.
    ids=lambda each: str(
        sorted(each) if isinstance(each, set) else {name: sorted(each[name]) for name in each}
    ),
)
def test_only_what_a_scope_names_is_found(
    index: Index, narrower: dict[str, set[str]], expected: set[str]
) -> None:
    for document in (TAGGED, OTHER, BARE):
        index.write(document, [chunk("tents")], vectors(EAST))

    asked = {name: frozenset(values) for name, values in narrower.items()}
    scope = Scope(frozenset({EVERYONE}), None, **asked)
    found = index.search(EAST, "tents", top_k=9, scope=scope)

    assert {hit.document.name for hit in found.dense} == expected
    assert {hit.document.name for hit in found.sparse} == expected
    assert {hit.document for hit in found.dense} <= {TAGGED, OTHER, BARE}


@pytest.mark.parametrize(
    "narrower",
    [
        {"documents": {TAGGED.id}},
        {"tags": {"travel"}},
        {"sources": {"source-a"}},
        {"languages": {"en"}},
    ],
    ids=str,
)
def test_access_and_validity_win_over_whatever_a_scope_names(
    index: Index, narrower: dict[str, set[str]]
) -> None:
    document = replace(TAGGED, groups=("staff",), valid_until=date(2024, 1, 1))
    index.write(document, [chunk("tents")], vectors(EAST))
    asked = {name: frozenset(values) for name, values in narrower.items()}

    def finds(group: str, as_of: date | None) -> bool:
        scope = Scope(frozenset({group}), as_of, **asked)
        found = index.search(EAST, "tents", top_k=9, scope=scope)
        assert len(found.dense) == len(found.sparse)
        return bool(found.dense)

    assert finds("staff", None)
    assert finds("staff", date(2023, 12, 31))
    assert not finds("staff", date(2024, 1, 1))
    assert not finds(EVERYONE, None)
    assert not finds(EVERYONE, date(2023, 12, 31))


def test_a_description_moves_a_document_from_one_scope_to_another(index: Index) -> None:
    index.write(TAGGED, [chunk("tents")], vectors(EAST))
    index.describe(replace(TAGGED, tags=("leave",), source="source-b", language=None))

    def finds(**narrower: frozenset[str]) -> bool:
        scope = Scope(frozenset({EVERYONE}), None, **narrower)
        return bool(index.search_dense(EAST, top_k=9, scope=scope))

    assert finds(tags=frozenset({"leave"}), sources=frozenset({"source-b"}))
    assert not finds(tags=frozenset({"travel"}))
    assert not finds(sources=frozenset({"source-a"}))
    assert not finds(languages=frozenset({"en"}))


# Validity


FIRST, AFTER = date(2024, 2, 29), date(2025, 3, 1)


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "applies", "applies_not"),
    [
        (FIRST, AFTER, (FIRST, AFTER - timedelta(1)), (FIRST - timedelta(1), AFTER)),
        (None, AFTER, (date.min, AFTER - timedelta(1)), (AFTER, date.max)),
        (FIRST, None, (FIRST, date.max), (date.min, FIRST - timedelta(1))),
        (None, None, (date.min, FIRST, date.max), ()),
        (FIRST, FIRST, (), (date.min, FIRST, date.max)),
        (date.min, date.max, (date.min, date.max - timedelta(1)), (date.max,)),
    ],
    ids=["closed", "from ever", "for ever", "always", "never", "widest"],
)
def test_a_document_applies_from_its_first_day_to_the_day_before_its_end(
    index: Index,
    valid_from: date | None,
    valid_until: date | None,
    applies: tuple[date, ...],
    applies_not: tuple[date, ...],
) -> None:
    document = replace(REFUNDS, valid_from=valid_from, valid_until=valid_until)
    index.write(document, [chunk("tents")], vectors(EAST))

    for day in (*applies, *applies_not, None):
        scope = replace(ANY_DAY, as_of=day)
        expected = [] if day in applies_not else [document]
        dense = index.search_dense(EAST, top_k=5, scope=scope)
        sparse = index.search_sparse("tents", top_k=5, scope=scope)
        assert [hit.document for hit in dense] == expected, day
        assert [hit.document for hit in sparse] == expected, day


# Reading everything


def test_every_chunk_comes_out_with_its_vector(index: Index) -> None:
    refunds = replace(REFUNDS, groups=("a", "b"), valid_from=FIRST, valid_until=AFTER)
    texts = [chunk(f"tent {n}", n, page=n or None) for n in range(600)]
    index.write(refunds, texts, vectors(*[NORTHEAST] * 600))
    index.write(LEAVE, [chunk("leave")], vectors(UP))

    of_refunds = sorted(index.points(REFUNDS.id), key=lambda point: point.position)
    everything = list(index.points())

    assert len(everything) == 601
    assert [(p.document, p.position, p.chunk) for p in of_refunds] == [
        (refunds, position, text) for position, text in enumerate(texts)
    ]
    np.testing.assert_allclose([p.vector for p in of_refunds], [NORTHEAST] * 600, atol=1e-6)
    assert {p.vector.dtype for p in everything} == {np.dtype(np.float32)}
    (leave,) = index.points(LEAVE.id)
    assert isinstance(leave, Point)
    np.testing.assert_allclose(leave.vector, UP, atol=1e-6)


def test_an_empty_index_has_no_points(index: Index) -> None:
    assert list(index.points()) == []


# Keeping


def test_optimizing_keeps_everything(index: Index) -> None:
    index.write(REFUNDS, [chunk(f"day {n}") for n in range(60)], vectors(*[NORTHEAST] * 60))
    index.write(LEAVE, [chunk("leave")], vectors(EAST))
    index.remove(LEAVE.id)

    index.optimize()

    assert everything(index) == sorted(("refunds.md", n, f"day {n}") for n in range(60))


def test_all_is_there_when_it_is_opened_again(engine: Engine) -> None:
    first = engine.create("index", MANIFEST)
    first.write(REFUNDS, [chunk("tents"), chunk("ropes")], vectors(EAST, NORTH))
    first.close()

    again = engine.open("index")

    assert again.manifest == MANIFEST
    assert everything(again) == [("refunds.md", 0, "tents"), ("refunds.md", 1, "ropes")]
    assert found(again.search_sparse("ropes", top_k=5, scope=ANY_DAY)) == [
        ("refunds.md", 1, "ropes")
    ]
    again.close()


def test_making_it_again_makes_it_empty(engine: Engine) -> None:
    first = engine.create("index", MANIFEST)
    first.write(REFUNDS, [chunk("tents")], vectors(EAST))
    first.close()

    again = engine.create("index", replace(MANIFEST, dimension=4))

    assert again.manifest.dimension == 4
    assert again.count() == 0
    again.close()


def test_one_that_was_never_made_is_not_opened(engine: Engine) -> None:
    with pytest.raises(NoIndex, match="pincite ingest"):
        engine.open("never")


def test_two_live_side_by_side(engine: Engine) -> None:
    one = engine.create("one", MANIFEST)
    other = engine.create("other", replace(MANIFEST, dimension=2))
    one.write(REFUNDS, [chunk("tents")], vectors(EAST))
    other.write(REFUNDS, [chunk("ropes")], np.ones((1, 2), np.float32))

    assert found(one.search_dense(EAST, top_k=5, scope=ANY_DAY)) == [("refunds.md", 0, "tents")]
    assert found(other.search_sparse("ropes", top_k=5, scope=ANY_DAY)) == [
        ("refunds.md", 0, "ropes")
    ]
    one.remove(REFUNDS.id)
    assert (one.count(), other.count()) == (0, 1)
    one.close()
    other.close()


def test_searches_go_on_while_versions_come_and_go(index: Index) -> None:
    versions = [replace(REFUNDS, version=f"v{n}") for n in range(30)]
    index.write(versions[0], [chunk("tents")], vectors(EAST))

    def write() -> None:
        for version in versions[1:]:
            index.write(version, [chunk("tents")], vectors(EAST))
            index.remove(version.id, except_version=version.version)

    with ThreadPoolExecutor(3) as pool:
        writing = pool.submit(write)
        seen = set[tuple[str, ...]]()
        while not writing.done():
            hits = index.search_dense(EAST, top_k=1, scope=ANY_DAY)
            seen.add(tuple(hit.chunk.text for hit in hits))
        writing.result()

    assert seen <= {("tents",)}
    assert everything(index) == [("refunds.md", 0, "tents")]


# Engines side by side

WORDS = "refund tent rope leave day manager approve receipt policy stove".split()
DAY = date(2024, 6, 1)


def random_writings(seed: int) -> list[tuple[IndexedDocument, list[Chunk], Vectors]]:
    """Documents of 1 to 4 chunks, some of another group, some that no longer apply on `DAY`."""
    random, numbers = Random(seed), np.random.default_rng(seed)
    writings = []
    for n in range(12):
        document = IndexedDocument(
            f"document-{n:02}",
            "v1",
            f"{n}.md",
            f"Title {n}",
            groups=random.choice(((EVERYONE,), ("staff",), (EVERYONE, "staff"))),
            valid_from=random.choice((None, DAY - timedelta(1), DAY, DAY + timedelta(1))),
            valid_until=random.choice((None, None, DAY, DAY + timedelta(1))),
            tags=random.choice(((), ("travel",), ("travel", "leave"))),
            language=random.choice((None, "en", "de")),
        )
        texts = [" ".join(random.choices(WORDS, k=8)) for _ in range(random.randint(1, 4))]
        rows = numbers.normal(size=(len(texts), 3)).astype(np.float32)
        writings.append((document, [chunk(text) for text in texts], rows))
    return writings


@pytest.mark.parametrize("other", [name for name in ENGINES if name != "edge"])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    words=st.lists(st.sampled_from(WORDS), max_size=3),
    groups=st.frozensets(st.sampled_from((EVERYONE, "staff"))),
    as_of=st.sampled_from((None, DAY)),
    tags=st.none() | st.frozensets(st.sampled_from(("travel", "leave"))),
    languages=st.none() | st.frozensets(st.sampled_from(("en", "de"))),
)
def test_every_engine_ranks_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    other: str,
    seed: int,
    words: list[str],
    groups: frozenset[str],
    as_of: date | None,
    tags: frozenset[str] | None,
    languages: frozenset[str] | None,
) -> None:
    scope = Scope(groups, as_of, tags=tags, languages=languages)
    query = np.random.default_rng(seed + 1).normal(size=3).astype(np.float32)
    rankings = []
    for name in ("edge", other):
        with ENGINES[name](tmp_path_factory.mktemp("index")) as engine:
            index = engine.create("index", MANIFEST)
            for writing in random_writings(seed):
                index.write(*writing)
            found = index.search(query, " ".join(words), top_k=100, scope=scope)
            rankings.append((ranked(found.dense), ranked(found.sparse)))
            index.close()

    assert rankings[0] == rankings[1]


def ranked(hits: Sequence[Hit]) -> list[tuple[float, IndexedDocument, int, Chunk]]:
    """The hits, best first; scores that differ by less than the engines' rounding count as equal."""
    rounded = [(round(hit.score, 4), hit.document, hit.position, hit.chunk) for hit in hits]
    return sorted(rounded, key=lambda row: (-row[0], row[1].id, row[2]))
