"""The registered sources: folders and files, uploads, LlamaIndex readers."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Engine, Select, delete, insert, select, update

from ingest.catalog.schema import sources
from ingest.clock import now


class SourceKind(StrEnum):
    FOLDER = "folder"
    """A folder, or one file."""
    UPLOADS = "uploads"
    READER = "reader"
    """A LlamaIndex reader of the settings; its location is "reader:" and its name there."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    id: str
    kind: SourceKind
    location: str
    added_by: str
    added_at: datetime
    synced_at: datetime | None


class Sources:
    """The sources of a catalog."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def all(self) -> list[SourceRecord]:
        query = select(sources).order_by(sources.c.location)
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def get(self, source_id: str) -> SourceRecord | None:
        return self._one(select(sources).where(sources.c.id == source_id))

    def add(self, kind: SourceKind, location: str, *, asked_by: str) -> SourceRecord:
        """Register a source; the known one where it is registered already."""
        source_id = str(uuid5(NAMESPACE_URL, f"{kind}:{location}"))
        with self._writing.begin() as connection:
            known = connection.execute(select(sources.c.id).where(sources.c.id == source_id))
            if known.scalar_one_or_none() is None:
                connection.execute(
                    insert(sources).values(
                        id=source_id,
                        kind=kind,
                        location=location,
                        added_by=asked_by,
                        added_at=now(),
                    )
                )
        record = self.get(source_id)
        if record is None:
            raise LookupError(f"source {source_id} vanished while it was added")
        return record

    def mark_synced(self, source_id: str) -> None:
        with self._writing.begin() as connection:
            connection.execute(
                update(sources).where(sources.c.id == source_id).values(synced_at=now())
            )

    def remove(self, source_id: str) -> None:
        with self._writing.begin() as connection:
            connection.execute(delete(sources).where(sources.c.id == source_id))

    def _one(self, query: Select[Any]) -> SourceRecord | None:
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _record(row) if row else None


def _record(row: Any) -> SourceRecord:
    values = {field.name: row[field.name] for field in fields(SourceRecord)}
    return SourceRecord(**values | {"kind": SourceKind(values["kind"])})
