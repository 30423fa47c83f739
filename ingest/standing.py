"""Where each document stands among the others: when it applies, and of which it is the same text."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.catalog import Catalog
from ingest.catalog.documents import DocumentRecord
from ingest.duplicates import Sketched, same_text
from ingest.indexing import Indexer
from ingest.succession import Described
from ingest.validity import Validity, resolve


class Standing:
    """Keeps validity up to date in catalog and index.

    All documents are looked at again when something that decides about it has changed: a name, a
    title, what a document says about itself, that there is one more or one less.
    """

    def __init__(self, catalog: Catalog, indexer: Indexer) -> None:
        self._catalog = catalog
        self._indexer = indexer
        self._decided_on: dict[str, tuple[object, ...]] = {}
        self._outdated = False

    def note(self, record: DocumentRecord | None, document_id: str) -> None:
        """A document was indexed or, with None, removed."""
        there = self._decided_on.get(document_id)
        # A first revision may be that of a document which was deleted meanwhile and came back.
        is_new = record is not None and record.revision == 1
        self._outdated |= is_new or there != (_decisive(record) if record else None)
        if record is not None:
            self.find_same_text(document_id)

    def refresh_noted(self) -> None:
        """Look at all documents again if anything noted asks for it."""
        if self._outdated:
            self.refresh()

    def refresh(self) -> None:
        records = [record for record in self._catalog.documents.find() if record.content_hash]
        validities = resolve([_described(record) for record in records])
        changed = [
            stands
            for record in records
            if (stands := _standing(record, validities[record.id])) != record
        ]
        for record in changed:
            self._catalog.documents.change(
                record.id,
                valid_from=record.valid_from,
                valid_until=record.valid_until,
                superseded_by=record.superseded_by,
            )
        # All of them, since a crash may have come between the catalog and the index the last time.
        self._indexer.describe(records=[_standing(r, validities[r.id]) for r in records])
        self._decided_on = {record.id: _decisive(record) for record in records}
        self._outdated = False

    def come_forward(self, records: Sequence[DocumentRecord]) -> None:
        """Look again at documents that stood behind others which are gone."""
        if any(record.superseded_by for record in records):
            self.refresh()
        for record in records:
            self.find_same_text(record.id)

    def find_same_text(self, document_id: str) -> None:
        """Note which documents are the same text as this one, and which of them stands for all."""
        alike = self._catalog.documents.sketches_like(document_id)
        if len(alike) < 2 and not any(record.same_as for record, _ in alike.values()):
            return
        stands_for = same_text([_sketched(record, sketch) for record, sketch in alike.values()])
        for record, _ in alike.values():
            same_as = stands_for[record.id] if stands_for[record.id] != record.id else None
            if same_as != record.same_as:
                self._catalog.documents.change(record.id, same_as=same_as)


_LAST_RESORTS = (".pdf", ".txt")
"""Formats that say less about a text's structure than others: they stand for it only alone."""


def _sketched(record: DocumentRecord, sketch: bytes) -> Sketched:
    suffix = Path(record.name).suffix.lower()
    begins = record.described.effective_from
    return Sketched(
        record.id,
        frozenset(int.from_bytes(sketch[at : at + 8]) for at in range(0, len(sketch), 8)),
        priority=_LAST_RESORTS.index(suffix) + 1 if suffix in _LAST_RESORTS else 0,
        edition=record.described.version or (begins.isoformat() if begins else None),
    )


def _decisive(record: DocumentRecord) -> tuple[object, ...]:
    return record.name, record.title, record.described


def _described(record: DocumentRecord) -> Described:
    return Described(record.id, record.name, record.title, record.described, record.added_at.date())


def _standing(record: DocumentRecord, validity: Validity) -> DocumentRecord:
    return replace(
        record,
        valid_from=validity.valid_from,
        valid_until=validity.valid_until,
        superseded_by=validity.superseded_by,
    )
