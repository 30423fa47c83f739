"""What every index answers to, whatever engine stands behind it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ingest.chunk import Chunk
from ingest.embed import Vectors
from ingest.index import EVERYONE, Hit, Index, IndexedDocument, Manifest
from ingest.index.edge import EdgeIndex


@dataclass(frozen=True, slots=True)
class Engine:
    """How to make an empty index in a folder, and how to open one that is there."""

    create: Callable[[Path, Manifest], Index]
    open: Callable[[Path], Index]


ENGINES = {
    "edge": Engine(EdgeIndex.create, EdgeIndex.open),
}

MANIFEST = Manifest("bundled", dimension=3, target_tokens=160, max_tokens=256)
READERS = (EVERYONE,)
EAST, NORTH, UP = np.eye(3, dtype=np.float32)
NORTHEAST = np.array([0.6, 0.8, 0], np.float32)

REFUNDS = IndexedDocument("11111111-0000-0000-0000-000000000001", "v1", "refunds.md", "Refunds")
LEAVE = IndexedDocument("22222222-0000-0000-0000-000000000002", "v1", "leave.pdf", "Leave 🏖")


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen = request.param
    assert isinstance(chosen, Engine)
    return chosen


@pytest.fixture
def index(engine: Engine, tmp_path: Path) -> Iterator[Index]:
    made = engine.create(tmp_path / "index", MANIFEST)
    yield made
    made.close()


def chunk(text: str, start: int = 0, page: int | None = None) -> Chunk:
    return Chunk(text, start, start + len(text), ("Policy", "Scope"), page, "Policy > Scope")


def vectors(*rows: Sequence[float] | np.ndarray) -> Vectors:
    return np.asarray(rows, np.float32).reshape(len(rows), 3)


def found(hits: list[Hit]) -> list[tuple[str, int, str]]:
    return [(hit.document.name, hit.position, hit.chunk.text) for hit in hits]


def everything(index: Index) -> list[tuple[str, int, str]]:
    return sorted(found(index.search_dense(EAST, top_k=1000, groups=READERS)))


# An empty index


def test_an_empty_index_knows_what_built_it_and_finds_nothing(index: Index) -> None:
    assert index.manifest == MANIFEST
    assert index.count() == 0
    assert index.search_dense(EAST, top_k=5, groups=READERS) == []
    assert index.search_sparse("refund", top_k=5, groups=READERS) == []


# Dense search


def test_a_hit_carries_the_document_the_place_and_the_whole_chunk(index: Index) -> None:
    chunks = [chunk("Tents, within 30 days.", 40, page=3), chunk("退款 and “quotes” 🧾", 90)]
    index.replace(LEAVE, chunks, vectors(EAST, NORTH))

    (hit,) = index.search_dense(EAST, top_k=1, groups=READERS)

    assert replace(hit, score=1.0) == Hit(LEAVE, 0, chunks[0], 1.0)
    assert index.search_dense(NORTH, top_k=1, groups=READERS)[0].chunk == chunks[1]


def test_the_nearest_come_first_with_their_cosines(index: Index) -> None:
    index.replace(
        REFUNDS,
        [chunk("up"), chunk("northeast"), chunk("east"), chunk("west")],
        vectors(UP, NORTHEAST, EAST, -EAST),
    )

    hits = index.search_dense(EAST, top_k=4, groups=READERS)

    assert [hit.chunk.text for hit in hits] == ["east", "northeast", "up", "west"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.6, 0, -1], abs=1e-5)


def test_no_more_than_top_k_are_found(index: Index) -> None:
    index.replace(REFUNDS, [chunk("east"), chunk("northeast")], vectors(EAST, NORTHEAST))

    assert found(index.search_dense(EAST, top_k=1, groups=READERS)) == [("refunds.md", 0, "east")]
    assert len(index.search_dense(EAST, top_k=9, groups=READERS)) == 2


def test_equally_near_ones_come_in_the_order_of_document_and_place(index: Index) -> None:
    index.replace(LEAVE, [chunk("c"), chunk("d")], vectors(EAST, EAST))
    index.replace(REFUNDS, [chunk("a"), chunk("b")], vectors(EAST, EAST))

    hits = index.search_dense(EAST, top_k=4, groups=READERS)

    assert "".join(hit.chunk.text for hit in hits) == "abcd"


# Sparse search


def test_words_find_the_chunks_that_hold_them(index: Index) -> None:
    index.replace(
        REFUNDS,
        [
            chunk("Tents may be returned."),
            chunk("Gift cards expire."),
            chunk("Tents, tents, tents"),
        ],
        vectors(EAST, EAST, EAST),
    )

    hits = index.search_sparse("Which tents?", top_k=5, groups=READERS)

    assert [hit.position for hit in hits] == [2, 0]
    assert hits[0].score > hits[1].score > 0


def test_a_rare_word_weighs_more_than_a_common_one(index: Index) -> None:
    texts = ["Gold tents", "Gold stoves", "Gold ropes", "Silver lanterns"]
    index.replace(REFUNDS, [chunk(text) for text in texts], vectors(*[EAST] * 4))

    (best, *_) = index.search_sparse("gold lanterns", top_k=4, groups=READERS)

    assert best.chunk.text == "Silver lanterns"


def test_words_of_the_context_are_found_too(index: Index) -> None:
    index.replace(
        REFUNDS,
        [chunk("Thirty days."), replace(chunk("Nine days."), context="Leave > Adoption")],
        vectors(EAST, EAST),
    )

    assert found(index.search_sparse("adoption", top_k=5, groups=READERS)) == [
        ("refunds.md", 1, "Nine days.")
    ]


@pytest.mark.parametrize("query", ["", " ", "the of and", "?!", "xylophone"])
def test_a_query_without_words_to_find_finds_nothing(index: Index, query: str) -> None:
    index.replace(REFUNDS, [chunk("The tents of the trade.")], vectors(EAST))

    assert index.search_sparse(query, top_k=5, groups=READERS) == []


# Replacing and removing


def test_replacing_with_the_same_version_changes_nothing(index: Index) -> None:
    for _ in range(3):
        index.replace(REFUNDS, [chunk("one"), chunk("two")], vectors(EAST, NORTH))

    assert everything(index) == [("refunds.md", 0, "one"), ("refunds.md", 1, "two")]
    assert index.count() == 2


def test_a_new_version_takes_the_place_of_the_old_one_whole(index: Index) -> None:
    index.replace(LEAVE, [chunk("leave")], vectors(UP))
    index.replace(REFUNDS, [chunk("old tents"), chunk("b"), chunk("c")], vectors(EAST, EAST, UP))

    newer = replace(REFUNDS, version="v2", title="Refunds, revised")
    index.replace(newer, [chunk("new ropes")], vectors(NORTH))

    assert everything(index) == [("leave.pdf", 0, "leave"), ("refunds.md", 0, "new ropes")]
    assert index.count() == 2
    assert index.search_sparse("tents", top_k=5, groups=READERS) == []
    assert index.search_sparse("ropes", top_k=5, groups=READERS)[0].document == newer


def test_going_back_to_an_earlier_version_works(index: Index) -> None:
    for version, text in (("v1", "one"), ("v2", "two"), ("v1", "one")):
        index.replace(replace(REFUNDS, version=version), [chunk(text)], vectors(EAST))

    assert everything(index) == [("refunds.md", 0, "one")]


def test_a_version_without_chunks_leaves_nothing_of_the_old_one(index: Index) -> None:
    index.replace(REFUNDS, [chunk("old")], vectors(EAST))

    index.replace(replace(REFUNDS, version="v2"), [], vectors())

    assert index.count() == 0


def test_a_removed_document_is_not_found_and_the_others_stay(index: Index) -> None:
    index.replace(REFUNDS, [chunk("tents"), chunk("ropes")], vectors(EAST, EAST))
    index.replace(LEAVE, [chunk("leave")], vectors(EAST))

    index.remove(REFUNDS.id)
    index.remove("33333333-0000-0000-0000-000000000003")

    assert everything(index) == [("leave.pdf", 0, "leave")]
    assert index.search_sparse("tents", top_k=5, groups=READERS) == []
    assert index.count() == 1


def test_a_chunk_without_a_vector_is_an_error(index: Index) -> None:
    with pytest.raises(ValueError, match="shorter"):
        index.replace(REFUNDS, [chunk("one"), chunk("two")], vectors(EAST))


# Access groups


def test_only_what_one_of_the_groups_may_read_is_found(index: Index) -> None:
    index.replace(REFUNDS, [chunk("open tents")], vectors(EAST))
    index.replace(replace(LEAVE, groups=("staff", "board")), [chunk("closed tents")], vectors(EAST))

    def readable(*groups: str) -> tuple[list[str], list[str]]:
        dense = index.search_dense(EAST, top_k=5, groups=groups)
        sparse = index.search_sparse("tents", top_k=5, groups=groups)
        return sorted(h.chunk.text for h in dense), sorted(h.chunk.text for h in sparse)

    both = ["closed tents", "open tents"]
    assert readable(EVERYONE) == (["open tents"],) * 2
    assert readable("board") == (["closed tents"],) * 2
    assert readable(EVERYONE, "staff") == (both, both)
    assert readable("visitors") == ([], [])
    assert readable() == ([], [])


def test_top_k_counts_only_what_may_be_read(index: Index) -> None:
    index.replace(replace(LEAVE, groups=("staff",)), [chunk("a")] * 9, vectors(*[EAST] * 9))
    index.replace(REFUNDS, [chunk("open")], vectors(NORTHEAST))

    assert found(index.search_dense(EAST, top_k=1, groups=READERS)) == [("refunds.md", 0, "open")]


# Keeping


def test_optimizing_keeps_everything(index: Index) -> None:
    index.replace(REFUNDS, [chunk(f"day {n}") for n in range(60)], vectors(*[NORTHEAST] * 60))
    index.replace(LEAVE, [chunk("leave")], vectors(EAST))
    index.remove(LEAVE.id)

    index.optimize()

    assert everything(index) == sorted(("refunds.md", n, f"day {n}") for n in range(60))


def test_all_is_there_when_it_is_opened_again(engine: Engine, tmp_path: Path) -> None:
    first = engine.create(tmp_path / "index", MANIFEST)
    first.replace(REFUNDS, [chunk("tents"), chunk("ropes")], vectors(EAST, NORTH))
    first.close()

    again = engine.open(tmp_path / "index")

    assert again.manifest == MANIFEST
    assert everything(again) == [("refunds.md", 0, "tents"), ("refunds.md", 1, "ropes")]
    assert found(again.search_sparse("ropes", top_k=5, groups=READERS)) == [
        ("refunds.md", 1, "ropes")
    ]
    again.close()


def test_searches_go_on_while_a_document_is_replaced(index: Index) -> None:
    versions = [replace(REFUNDS, version=f"v{n}") for n in range(30)]
    index.replace(versions[0], [chunk("tents")], vectors(EAST))

    def write() -> None:
        for version in versions[1:]:
            index.replace(version, [chunk("tents")], vectors(EAST))

    with ThreadPoolExecutor(3) as pool:
        writing = pool.submit(write)
        seen = set[tuple[str, ...]]()
        while not writing.done():
            hits = index.search_dense(EAST, top_k=1, groups=READERS)
            seen.add(tuple(hit.chunk.text for hit in hits))
        writing.result()

    assert seen <= {("tents",)}
    assert everything(index) == [("refunds.md", 0, "tents")]
