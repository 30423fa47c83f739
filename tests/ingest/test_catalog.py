"""What is known of every document."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.catalog import Catalog, DocumentRecord, DocumentState
from tests.ingest.blocks import document, heading, item, paragraph, table

INDEXED = DocumentRecord(
    id="id-refunds",
    root="/policies",
    path="/policies/refunds.md",
    name="refunds.md",
    title="Refunds 🧾",
    state=DocumentState.INDEXED,
    content_hash="a" * 64,
    failed_hash=None,
    error=None,
    chunks=2,
    words=9,
    updated_at=datetime(2025, 2, 3, tzinfo=UTC),
)
FAILED = replace(
    INDEXED,
    id="id-leave",
    root="/other",
    path="/other/leave.pdf",
    name="leave.pdf",
    title="leave",
    state=DocumentState.FAILED,
    content_hash=None,
    failed_hash="b" * 64,
    error="is encrypted",
    chunks=0,
    words=0,
)
REFUNDS = document(
    heading("Refunds 🧾", page=1),
    heading("Gold", 2),
    paragraph("Within\n30 days."),
    item("rail"),
    item("taxi"),
    table("Tier: Gold; Days: 30", "Tier: Basic; Days: 14"),
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


def test_a_document_comes_back_as_it_was_saved(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)

    assert catalog.record("id-refunds") == INDEXED
    assert catalog.document("id-refunds") == replace(REFUNDS, title="Refunds 🧾")


def test_it_is_still_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = Catalog(tmp_path / "catalog.sqlite")
    first.save_indexed(INDEXED, REFUNDS)
    first.close()

    again = Catalog(tmp_path / "catalog.sqlite")

    assert again.records() == [INDEXED]
    assert again.document("id-refunds") == REFUNDS
    again.close()


def test_an_unknown_document_is_none(catalog: Catalog) -> None:
    assert catalog.record("unknown") is None
    assert catalog.document("unknown") is None


def test_records_are_listed_by_name_and_by_root(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)
    catalog.save(FAILED)

    assert catalog.records() == [FAILED, INDEXED]
    assert catalog.records(root="/policies") == [INDEXED]
    assert catalog.records(root="/nowhere") == []
    assert catalog.roots() == ["/other", "/policies"]


def test_a_failed_document_has_a_record_and_no_text(catalog: Catalog) -> None:
    catalog.save(FAILED)

    assert catalog.record("id-leave") == FAILED
    assert catalog.document("id-leave") is None


def test_an_error_leaves_the_indexed_text_as_it_is(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)

    with_error = replace(INDEXED, error="is not valid UTF-8", failed_hash="c" * 64)
    catalog.save(with_error)

    assert catalog.record("id-refunds") == with_error
    assert catalog.document("id-refunds") == REFUNDS


def test_marking_for_indexing_keeps_what_is_known(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)

    catalog.mark_indexing([replace(INDEXED, content_hash="d" * 64, title="New", chunks=9)])

    assert catalog.record("id-refunds") == replace(INDEXED, state=DocumentState.INDEXING)
    assert catalog.document("id-refunds") == REFUNDS


def test_a_new_document_marked_for_indexing_has_nothing_indexed_yet(catalog: Catalog) -> None:
    catalog.mark_indexing([INDEXED])

    assert catalog.record("id-refunds") == replace(
        INDEXED, state=DocumentState.INDEXING, content_hash=None, chunks=0, words=0
    )
    assert catalog.document("id-refunds") is None


def test_documents_are_counted_by_state(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)
    catalog.save(FAILED)
    catalog.save(replace(FAILED, id="id-3", path="/other/3.pdf"))

    assert catalog.count_by_state() == {DocumentState.FAILED: 2, DocumentState.INDEXED: 1}


def test_a_removed_document_is_forgotten(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)
    catalog.save(FAILED)

    catalog.remove("id-refunds")
    catalog.remove("unknown")

    assert catalog.records() == [FAILED]
    assert catalog.document("id-refunds") is None


def test_clearing_forgets_all(catalog: Catalog) -> None:
    catalog.save_indexed(INDEXED, REFUNDS)

    catalog.clear()

    assert (catalog.records(), catalog.roots(), catalog.count_by_state()) == ([], [], {})


def test_threads_can_share_it(catalog: Catalog) -> None:
    records = [
        replace(INDEXED, id=f"id-{n:02}", path=f"/policies/{n:02}.md", name=f"{n:02}.md")
        for n in range(24)
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda record: catalog.save_indexed(record, REFUNDS), records))
        documents = list(pool.map(lambda record: catalog.document(record.id), records))

    assert catalog.records() == records
    assert documents == [REFUNDS] * 24
