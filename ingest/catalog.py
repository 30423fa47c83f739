"""What is known of every document: where it lies, what was indexed of it, what went wrong."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from ingest.document import Document, Element, ElementKind


class DocumentState(StrEnum):
    INDEXING = "indexing"
    """Its points are being written; a run that stopped here does it again."""
    INDEXED = "indexed"
    FAILED = "failed"
    """It could not be read, and no earlier version of it is indexed."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document's row without its text.

    `name` is its path below the root that was ingested, `content_hash` the SHA-256 of the bytes that
    are indexed, `failed_hash` that of the bytes that could not be read, for the reason `error`.
    """

    id: str
    root: str
    path: str
    name: str
    title: str
    state: DocumentState
    content_hash: str | None
    failed_hash: str | None
    error: str | None
    chunks: int
    words: int
    updated_at: datetime


_metadata = MetaData()
_documents = Table(
    "documents",
    _metadata,
    Column("id", String(36), primary_key=True),
    Column("root", Text, nullable=False, index=True),
    Column("path", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("content_hash", String(64)),
    Column("failed_hash", String(64)),
    Column("error", Text),
    Column("chunks", Integer, nullable=False, default=0),
    Column("words", Integer, nullable=False, default=0),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("text", Text),
    Column("elements", Text),
)
_record_columns = [c for c in _documents.columns if c.name not in ("text", "elements")]


class Catalog:
    """The documents of one index, in a SQLite file. Several threads may use it."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        _metadata.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def records(self, root: str | None = None) -> list[DocumentRecord]:
        """All documents, or those of one root, by name."""
        query = select(*_record_columns).order_by(_documents.c.name)
        if root is not None:
            query = query.where(_documents.c.root == root)
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def record(self, document_id: str) -> DocumentRecord | None:
        query = select(*_record_columns).where(_documents.c.id == document_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _record(row) if row else None

    def document(self, document_id: str) -> Document | None:
        """The indexed document with its text and elements; None where there is none."""
        query = select(_documents.c.title, _documents.c.text, _documents.c.elements).where(
            _documents.c.id == document_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.text is None:
            return None
        return Document(row.title, row.text, _elements(row.text, row.elements))

    def count_by_state(self) -> dict[DocumentState, int]:
        query = select(_documents.c.state, func.count()).group_by(_documents.c.state)
        with self._engine.connect() as connection:
            return {DocumentState(state): count for state, count in connection.execute(query)}

    def mark_indexing(self, records: Sequence[DocumentRecord]) -> None:
        """Say that points of these documents may be in the index from now on.

        What is known of an indexed version stays until the new one is written.
        """
        unwritten = {"state": DocumentState.INDEXING, "content_hash": None, "chunks": 0, "words": 0}
        with self._engine.begin() as connection:
            for record in records:
                connection.execute(
                    insert(_documents)
                    .values(**_values(record) | unwritten)
                    .on_conflict_do_update(
                        index_elements=["id"], set_={"state": DocumentState.INDEXING}
                    )
                )

    def save_indexed(self, record: DocumentRecord, document: Document) -> None:
        text = {"text": document.text, "elements": _elements_json(document.elements)}
        self._upsert(_values(record) | text)

    def save(self, record: DocumentRecord) -> None:
        """Save what is known of a document; the text of its indexed version stays as it is."""
        self._upsert(_values(record))

    def clear(self) -> None:
        """Forget every document, before the index is built anew."""
        with self._engine.begin() as connection:
            connection.execute(delete(_documents))

    def roots(self) -> list[str]:
        """The folders and files that documents were ingested from."""
        query = select(_documents.c.root).distinct().order_by(_documents.c.root)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def remove(self, document_id: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(_documents).where(_documents.c.id == document_id))

    def _upsert(self, values: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                insert(_documents)
                .values(**values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _use_write_ahead_log(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=10000")

    return engine


def _values(record: DocumentRecord) -> dict[str, Any]:
    return {column.name: getattr(record, column.name) for column in _record_columns}


def _record(row: RowMapping) -> DocumentRecord:
    # SQLite keeps no time zone; what is stored is UTC.
    updated_at = row["updated_at"].replace(tzinfo=UTC)
    state = DocumentState(row["state"])
    return DocumentRecord(**{**row, "state": state, "updated_at": updated_at})


def _elements_json(elements: tuple[Element, ...]) -> str:
    return json.dumps([[e.kind, e.start, e.end, e.page, e.heading_path] for e in elements])


def _elements(text: str, stored: str) -> tuple[Element, ...]:
    return tuple(
        Element(ElementKind(kind), text[start:end], page, tuple(path), start, end)
        for kind, start, end, page, path in json.loads(stored)
    )


def now() -> datetime:
    return datetime.now(UTC)
