"""An index goes into another with its vectors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

from ingest.chunk import Chunk
from ingest.index import EVERYONE, Index, IndexedDocument, IndexMismatch, Manifest, Point, Scope
from ingest.index.connection import IN_MEMORY
from ingest.index.copy import IncompleteCopy, copy_index
from ingest.index.edge import EdgeIndex
from ingest.index.server import ServerEngine
from ingest.settings import IndexSettings

MANIFEST = Manifest("bundled", dimension=3, target_tokens=160, max_tokens=256)
REFUNDS = IndexedDocument(
    "refunds", "v1", "refunds.md", "Refunds", (EVERYONE, "staff"), date(2024, 1, 1), None
)
LEAVE = IndexedDocument("leave", "v1", "leave.pdf", "Leave")


@pytest.fixture
def source(tmp_path: Path) -> Iterator[EdgeIndex]:
    index = EdgeIndex.create(tmp_path / "source", MANIFEST)
    for document, count in ((REFUNDS, 3), (replace(REFUNDS, version="v2"), 2), (LEAVE, 600)):
        write(index, document, count)
    yield index
    index.close()


@pytest.fixture
def target() -> Iterator[Index]:
    engine = ServerEngine(IndexSettings(server_url=IN_MEMORY))
    yield engine.create("g0001", MANIFEST)
    engine.close()


def write(index: Index, document: IndexedDocument, count: int) -> None:
    chunks = [Chunk(f"{document.name} {n}", n, n + 9, ("A",), n or None, "A") for n in range(count)]
    rows = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
    index.write(document, chunks, rows)


def in_order(index: Index) -> list[Point]:
    key = attrgetter("document.id", "document.version", "position")
    return sorted(index.points(), key=key)


def assert_same(copy: Index, original: Index) -> None:
    copied, originals = in_order(copy), in_order(original)
    for field in ("document", "position", "chunk"):
        assert [getattr(each, field) for each in copied] == [
            getattr(each, field) for each in originals
        ]
    np.testing.assert_allclose(
        [each.vector for each in copied], [each.vector for each in originals], atol=1e-6
    )


def test_everything_arrives_as_it_was(source: Index, target: Index) -> None:
    progress: list[tuple[int, int]] = []

    copied = copy_index(source, target, on_progress=lambda *counts: progress.append(counts))

    assert copied == 605
    assert_same(target, source)
    assert progress == [(600, 605), (603, 605), (605, 605)]
    scope = Scope(frozenset({"staff"}), date(2024, 1, 1))
    for index in (source, target):
        hits = index.search_sparse("refunds", top_k=9, scope=scope)
        assert {hit.document.version for hit in hits} == {"v1", "v2"}


def test_copying_again_changes_nothing(source: Index, target: Index) -> None:
    copy_index(source, target)

    assert copy_index(source, target) == 605
    assert_same(target, source)


def test_it_goes_back_too(source: Index, target: Index, tmp_path: Path) -> None:
    copy_index(source, target)
    again = EdgeIndex.create(tmp_path / "again", MANIFEST)

    copy_index(target, again)

    assert_same(again, source)
    again.close()


def test_an_empty_index_is_copied(target: Index, tmp_path: Path) -> None:
    empty = EdgeIndex.create(tmp_path / "empty", MANIFEST)

    assert copy_index(empty, target) == 0
    empty.close()


def test_one_that_another_encoder_built_is_refused(source: Index, tmp_path: Path) -> None:
    other = EdgeIndex.create(tmp_path / "other", replace(MANIFEST, encoder="bge-small"))

    with pytest.raises(IndexMismatch, match=r"encoder bge-small \(now wanted: bundled\)"):
        copy_index(source, other)

    assert other.count() == 0
    other.close()


def test_a_target_that_holds_other_things_is_told(source: Index, target: Index) -> None:
    write(target, IndexedDocument("other", "v1", "other.md", "Other"), 2)

    with pytest.raises(IncompleteCopy, match=r"607 passages after 605 were copied"):
        copy_index(source, target)
