"""What is known of every document: where it lies, what was indexed of it, what went wrong."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from ingest.catalog.schema import (
    deletions,
    documents,
    generations,
    index_changes,
    indexed,
    leftovers,
    note_index_change,
    sketch_keys,
    sources,
    tasks,
    versions,
)
from ingest.clock import now
from ingest.document import Document, Element, ElementKind
from ingest.metadata import Metadata


class DocumentState(StrEnum):
    PENDING = "pending"
    """Found or uploaded, nothing of it indexed yet."""
    INDEXED = "indexed"
    FAILED = "failed"
    """It could not be read, and no earlier version of it is indexed."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document's row.

    `path` says where it lies, `name` is what people see. `signature` tells cheaply whether the file
    changed since its `content_hash` was taken, `failed_signature` whether it did since the `error`.
    `described` is what is said about it, `form` the part of that given on upload. It is answered from
    on the days from `valid_from` up to, not including, `valid_until`. `same_as` is the document of
    which this one is the same text. `warning` says what of it was not read.
    """

    id: str
    source_id: str
    path: str
    name: str
    title: str
    state: DocumentState
    signature: str | None
    content_hash: str | None
    failed_signature: str | None
    error: str | None
    warning: str | None
    described: Metadata
    form: Metadata
    language: str | None
    words: int
    chunks: int
    revision: int
    valid_from: date | None
    valid_until: date | None
    superseded_by: str | None
    same_as: str | None
    added_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One writing of a document; `text_kept` as long as an index holds it."""

    version: str
    content_hash: str
    parsing_version: int
    title: str
    described: Metadata
    indexed_at: datetime
    text_kept: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A parsed document under the name that its points carry."""

    version: str
    content_hash: str
    parsing_version: int
    document: Document


@dataclass(frozen=True, slots=True)
class Written:
    """What was put into one generation's index: number of chunks, and what its points say."""

    generation: str
    version: str
    chunks: int
    payload: str


@dataclass(frozen=True, slots=True)
class Deletion:
    document_id: str
    path: str
    name: str
    asked_by: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class IndexState:
    """The serving generation, None where there is none, and how often what can be found has changed:
    between two equal states every search finds the same."""

    generation: str | None
    changes: int


class ClaimLost(Exception):
    """The work is not this worker's any more: it was cancelled, deleted or taken over."""


class GenerationsChanged(Exception):
    """A generation of the index was begun or dropped since the document was divided for those there
    were."""


_METADATA = TypeAdapter(Metadata)
_FIELDS = tuple(field.name for field in fields(DocumentRecord))
_COLUMNS = [documents.c[name] for name in _FIELDS]


class Documents:
    """The documents of a catalog. Several threads and processes may use it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def get(self, document_id: str) -> DocumentRecord | None:
        return self._one(select(*_COLUMNS).where(documents.c.id == document_id))

    def at(self, path: str) -> DocumentRecord | None:
        """The document that lies at `path`."""
        return self._one(select(*_COLUMNS).where(documents.c.path == path))

    def find(
        self,
        *,
        source_id: str | None = None,
        state: DocumentState | None = None,
        text: str | None = None,
        failing: bool = False,
        below: Collection[str] = (),
        offset: int = 0,
        limit: int | None = None,
    ) -> list[DocumentRecord]:
        """Documents by name; `text` is looked for in name and title, `failing` asks for those with an
        error, `below` for those that lie at or below one of these paths."""
        query = _filtered(select(*_COLUMNS), source_id, state, text, failing)
        if below:
            query = query.where(or_(*(_lies_below(path.rstrip("/")) for path in below)))
        query = query.order_by(documents.c.name, documents.c.id).offset(offset).limit(limit)
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def count(
        self,
        *,
        source_id: str | None = None,
        state: DocumentState | None = None,
        text: str | None = None,
        failing: bool = False,
    ) -> int:
        query = _filtered(select(func.count(documents.c.id)), source_id, state, text, failing)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def count_by_state(self) -> dict[DocumentState, int]:
        query = select(documents.c.state, func.count()).group_by(documents.c.state)
        with self._engine.connect() as connection:
            return {DocumentState(state): count for state, count in connection.execute(query)}

    def passages(self, generation: str) -> int:
        """Chunks that the generation should hold at least."""
        query = select(func.sum(indexed.c.chunks)).where(indexed.c.generation == generation)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def words(self) -> int:
        """Words of all documents."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.sum(documents.c.words))).scalar() or 0

    def by_ids(self, ids: Collection[str]) -> dict[str, DocumentRecord]:
        query = select(*_COLUMNS)
        with self._engine.connect() as connection:
            return {
                row["id"]: _record(row)
                for some in _batches(ids)
                for row in connection.execute(query.where(documents.c.id.in_(some))).mappings()
            }

    def save(self, records: Iterable[DocumentRecord]) -> None:
        """Insert these documents, or change what is known of them."""
        with self._writing.begin() as connection:
            for record in records:
                _save(connection, record)

    def add(self, records: Collection[DocumentRecord]) -> None:
        """Insert documents that were found; not those whose source was removed since it was listed."""
        wanted = {record.source_id for record in records}
        query = select(sources.c.id).where(sources.c.id.in_(wanted)).with_for_update()
        with self._writing.begin() as connection:
            there = set(connection.scalars(query))
            for record in records:
                if record.source_id in there:
                    _save(connection, record)

    def change(self, document_id: str, **values: Any) -> None:
        """Set these columns of a document, if it is still there."""
        with self._writing.begin() as connection:
            _change(connection, document_id, values)

    def document(self, document_id: str, version: str | None = None) -> Document | None:
        """The text and elements of one version, by default of the one that is searched; None where
        there is none, or its text is no longer kept."""
        if version is None:
            serving = select(generations.c.name).where(generations.c.state == "serving")
            wanted = select(indexed.c.version).where(
                indexed.c.document_id == document_id, indexed.c.generation.in_(serving)
            )
            matches: ColumnElement[bool] = versions.c.version.in_(wanted)
        else:
            matches = versions.c.version == version
        query = select(versions).where(versions.c.document_id == document_id, matches)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _parsed(row) if row and row["text"] is not None else None

    def stored_version(self, document_id: str, version: str) -> Version | None:
        """One version with its text, for indexing it again; None where the text is not kept."""
        query = select(versions).where(
            versions.c.document_id == document_id, versions.c.version == version
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None or row["text"] is None:
            return None
        return Version(version, row["content_hash"], row["parsing_version"], _parsed(row))

    def versions(self, document_id: str) -> list[VersionRecord]:
        """Every writing of the document, newest first."""
        query = (
            select(versions)
            .where(versions.c.document_id == document_id)
            .order_by(versions.c.indexed_at.desc(), versions.c.version.desc())
        )
        with self._engine.connect() as connection:
            return [
                VersionRecord(
                    row["version"],
                    row["content_hash"],
                    row["parsing_version"],
                    row["title"],
                    _METADATA.validate_json(row["described"]),
                    row["indexed_at"],
                    row["text"] is not None,
                )
                for row in connection.execute(query).mappings()
            ]

    def index_state(self) -> IndexState:
        """What a search meets now. One read; nothing that was found before it changed is in it."""
        query = select(
            select(generations.c.name).where(generations.c.state == "serving").scalar_subquery(),
            select(index_changes.c.count).scalar_subquery(),
        )
        with self._engine.connect() as connection:
            generation, changes = connection.execute(query).one()
        return IndexState(generation, changes or 0)

    def locations(self) -> dict[str, str]:
        """Where each source lies, by its id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(sources.c.id, sources.c.location))
            return {row.id: row.location for row in rows}

    def current_versions(self, generation: str, ids: Collection[str]) -> dict[str, str]:
        """For each of these documents the version that counts in this generation."""
        return {id: each.version for id, each in self.written(generation, ids).items()}

    def payloads(self, generation: str) -> dict[str, str]:
        """What the points of every document in the generation say, by document."""
        query = select(indexed.c.document_id, indexed.c.payload)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(indexed.c.generation == generation))
            return {row.document_id: row.payload for row in rows}

    def written(self, generation: str, ids: Collection[str] | None = None) -> dict[str, Written]:
        """What the generation holds, of these documents or of all, by document."""
        query = select(indexed).where(indexed.c.generation == generation)
        queries = [query]
        if ids is not None:
            queries = [query.where(indexed.c.document_id.in_(some)) for some in _batches(ids)]
        with self._engine.connect() as connection:
            return {
                row["document_id"]: Written(
                    generation, row["version"], row["chunks"], row["payload"]
                )
                for each in queries
                for row in connection.execute(each).mappings()
            }

    def commit(
        self,
        task_id: int,
        worker: str,
        document_id: str,
        written: Sequence[Written],
        *,
        everywhere: bool,
        version: Version | None = None,
        described: Metadata | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Make what was written count, in one transaction: from here on it is found.

        `version` is the new text, None where a known one was indexed again; `values` are columns of
        the document. What is written `everywhere` is in every generation that serves or is built.
        Raises `ClaimLost` where the task is no longer this worker's or the document is deleted, and
        `GenerationsChanged` where one is missing or gone; nothing is changed then.
        """
        with self._writing.begin() as connection:
            _check_generations(connection, written, everywhere=everywhere)
            _finish_task(connection, task_id, worker, written)
            if not _change(connection, document_id, values or {}):
                raise ClaimLost(f"document {document_id} was deleted")
            if values and "sketch" in values:
                _save_sketch_keys(connection, document_id, values["sketch"])
            if version is not None:
                _save_version(connection, document_id, version, described or Metadata())
            for entry in written:
                _save_written(connection, document_id, entry)
            _forget_texts(connection, document_id)
            note_index_change(connection)

    def sketches_like(self, document_id: str) -> dict[str, tuple[DocumentRecord, bytes]]:
        """The document and those that share one of the smallest hashes of its sketch, with their
        sketches."""
        keys = select(sketch_keys.c.key).where(sketch_keys.c.document_id == document_id)
        alike = select(sketch_keys.c.document_id).where(sketch_keys.c.key.in_(keys))
        query = select(*_COLUMNS, documents.c.sketch).where(documents.c.id.in_(alike))
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return {row["id"]: (_record(row), row["sketch"] or b"") for row in rows}

    def behind(self, ids: Collection[str]) -> list[DocumentRecord]:
        """The documents that one of these supersedes, or is the same text as and stands for."""
        query = select(*_COLUMNS)
        with self._engine.connect() as connection:
            return [
                _record(row)
                for some in _batches(ids)
                for row in connection.execute(
                    query.where(
                        or_(documents.c.superseded_by.in_(some), documents.c.same_as.in_(some))
                    )
                ).mappings()
            ]

    def save_payloads(self, generation: str, payloads: Mapping[str, str]) -> None:
        """Note what the points of these documents say now."""
        if not payloads:
            return
        with self._writing.begin() as connection:
            note_index_change(connection)
            for document_id, payload in payloads.items():
                connection.execute(
                    update(indexed)
                    .where(indexed.c.generation == generation, indexed.c.document_id == document_id)
                    .values(payload=payload)
                )

    def delete(
        self,
        ids: Collection[str],
        *,
        asked_by: str,
        keep_out: bool,
        task: tuple[int, str] | None = None,
    ) -> list[DocumentRecord]:
        """Forget these documents: no search finds them from here on, and open work on them is off.

        Only that they existed stays, and as leftovers that their points are to be removed.
        `keep_out` has a folder's next listing pass them over. With `task` (id and worker) that one is
        done thereby; raises `ClaimLost` where it is no longer this worker's.
        """
        with self._writing.begin() as connection:
            if task is not None:
                _finish_task(connection, *task, [])
            gone = [record for some in _batches(ids) for record in _forget(connection, some)]
            for record in gone:
                connection.execute(delete(deletions).where(deletions.c.document_id == record.id))
                connection.execute(
                    insert(deletions).values(
                        document_id=record.id,
                        path=record.path,
                        name=record.name,
                        asked_by=asked_by,
                        deleted_at=now(),
                        keep_out=keep_out,
                    )
                )
            _delete_leftovers(connection, ids)
            _insert_leftovers(connection, [record.id for record in gone])
            if gone:
                note_index_change(connection)
        return gone

    def forget_unread(self, ids: Collection[str]) -> None:
        """Forget those of these documents of which nothing was read and nothing is to be."""
        awaited = select(tasks.c.document_id).where(tasks.c.state == "open")
        unread = and_(
            documents.c.state == DocumentState.PENDING,
            documents.c.content_hash.is_(None),
            documents.c.id.not_in(awaited),
        )
        with self._writing.begin() as connection:
            for some in _batches(ids):
                connection.execute(delete(documents).where(unread, documents.c.id.in_(some)))

    def mark_leftovers(self, ids: Collection[str]) -> None:
        """Points of these documents that no catalog entry counts may be in an index from now on."""
        with self._writing.begin() as connection:
            _delete_leftovers(connection, ids)
            _insert_leftovers(connection, ids)

    def clear_leftovers(self, ids: Collection[str]) -> None:
        with self._writing.begin() as connection:
            _delete_leftovers(connection, ids)

    def leftovers(self) -> list[str]:
        """Documents that nobody works on and that may have points too many."""
        busy = select(tasks.c.document_id).where(
            tasks.c.state == "open", tasks.c.worker.is_not(None), tasks.c.claimed_until > now()
        )
        query = select(leftovers.c.document_id).where(leftovers.c.document_id.not_in(busy))
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def kept_out(self) -> dict[str, str]:
        """Path -> name of what was deleted by hand and must not come back with its folder."""
        query = select(deletions.c.path, deletions.c.name).where(deletions.c.keep_out.is_(True))
        with self._engine.connect() as connection:
            return {row.path: row.name for row in connection.execute(query)}

    def let_in(self, path: str) -> None:
        """A path deleted by hand may be indexed again."""
        with self._writing.begin() as connection:
            connection.execute(
                update(deletions).where(deletions.c.path == path).values(keep_out=False)
            )

    def index_all_again(self) -> None:
        """Nothing of any document is indexed any more."""
        with self._writing.begin() as connection:
            connection.execute(
                update(documents).values(
                    state=DocumentState.PENDING, content_hash=None, error=None, chunks=0
                )
            )

    def deletions(self) -> list[Deletion]:
        """That these documents existed, newest deletion first."""
        query = select(deletions).order_by(deletions.c.deleted_at.desc())
        names = [field.name for field in fields(Deletion)]
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return [Deletion(**{name: row[name] for name in names}) for row in rows]

    def contents(self) -> set[str]:
        """What uploads in the store are still needed: the signatures that documents refer to, and what
        waits to be read."""
        known = select(documents.c.signature, documents.c.failed_signature)
        waiting = select(tasks.c.target).where(tasks.c.state == "open")
        with self._engine.connect() as connection:
            rows = [*connection.execute(known), *connection.execute(waiting)]
        return {text for row in rows for text in row if text}

    def waiting_contents(self, ids: Collection[str]) -> set[str]:
        """What waits to be read of these documents."""
        waiting = select(tasks.c.target).where(tasks.c.state == "open", tasks.c.target.is_not(None))
        with self._engine.connect() as connection:
            return {
                target
                for some in _batches(ids)
                for target in connection.scalars(waiting.where(tasks.c.document_id.in_(some)))
            }

    def _one(self, query: Select[Any]) -> DocumentRecord | None:
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _record(row) if row else None


_MAX_NAMED = 10_000
"""Well below the parameters that a statement can have, which SQLite counts too."""


def _batches(ids: Collection[str]) -> list[list[str]]:
    named = list(ids)
    return [named[first : first + _MAX_NAMED] for first in range(0, len(named), _MAX_NAMED)]


def _forget(connection: Connection, ids: Collection[str]) -> list[DocumentRecord]:
    """Remove these documents with all that hangs on them; those that were there."""
    rows = connection.execute(select(*_COLUMNS).where(documents.c.id.in_(ids))).mappings()
    gone = [_record(row) for row in rows]
    connection.execute(update(documents).where(documents.c.same_as.in_(ids)).values(same_as=None))
    for table in (indexed, versions, sketch_keys):
        connection.execute(delete(table).where(table.c.document_id.in_(ids)))
    connection.execute(
        update(tasks)
        .where(tasks.c.document_id.in_(ids), tasks.c.state == "open")
        .values(state="cancelled", worker=None, error="the document was deleted")
    )
    connection.execute(delete(documents).where(documents.c.id.in_(ids)))
    return gone


def _delete_leftovers(connection: Connection, ids: Collection[str]) -> None:
    for some in _batches(ids):
        connection.execute(delete(leftovers).where(leftovers.c.document_id.in_(some)))


def _insert_leftovers(connection: Connection, ids: Collection[str]) -> None:
    if ids:
        connection.execute(insert(leftovers), [{"document_id": each} for each in ids])


def _filtered(
    query: Select[Any],
    source_id: str | None,
    state: DocumentState | None,
    text: str | None,
    failing: bool,
) -> Select[Any]:
    if source_id is not None:
        query = query.where(documents.c.source_id == source_id)
    if state is not None:
        query = query.where(documents.c.state == state)
    if failing:
        query = query.where(documents.c.error.is_not(None))
    if text:
        query = query.where(
            or_(
                documents.c.name.icontains(text, autoescape=True),
                documents.c.title.icontains(text, autoescape=True),
            )
        )
    return query


def _lies_below(path: str) -> ColumnElement[bool]:
    # A range, unlike LIKE, uses the index on paths: "0" is the character after "/".
    inside = and_(documents.c.path > f"{path}/", documents.c.path < f"{path}0")
    return or_(documents.c.path == path, inside)


def _change(connection: Connection, document_id: str, values: Mapping[str, Any]) -> bool:
    stored = {
        name: _METADATA.dump_json(value).decode() if isinstance(value, Metadata) else value
        for name, value in values.items()
    }
    changed = connection.execute(
        update(documents).where(documents.c.id == document_id).values(updated_at=now(), **stored)
    )
    return changed.rowcount == 1


def _check_generations(
    connection: Connection, written: Sequence[Written], *, everywhere: bool
) -> None:
    query = select(generations.c.name, generations.c.state).where(generations.c.state != "dropped")
    states = {row.name: row.state for row in connection.execute(query)}
    names = {entry.generation for entry in written}
    live = {name for name, state in states.items() if state in ("serving", "building")}
    if not names <= states.keys() or (everywhere and not live <= names):
        raise GenerationsChanged(f"written into {sorted(names)}; there are {states}")


def _finish_task(
    connection: Connection, task_id: int, worker: str, written: Sequence[Written]
) -> None:
    finished = connection.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.worker == worker, tasks.c.state == "open")
        .values(
            state="done", worker=None, error=None, chunks=sum(entry.chunks for entry in written)
        )
    )
    if finished.rowcount != 1:
        raise ClaimLost(f"task {task_id} is no longer that of {worker}")


SKETCH_KEYS = 8
"""Of two texts that are nearly equal, the smallest hashes are hardly ever all different."""


def _save_sketch_keys(connection: Connection, document_id: str, sketch: bytes) -> None:
    connection.execute(delete(sketch_keys).where(sketch_keys.c.document_id == document_id))
    # Halved, since the database's integers have a sign.
    keys = sorted({int.from_bytes(sketch[at : at + 8]) >> 1 for at in range(0, len(sketch), 8)})
    if keys:
        rows = [{"document_id": document_id, "key": key} for key in keys[:SKETCH_KEYS]]
        connection.execute(insert(sketch_keys), rows)


def _save_version(
    connection: Connection, document_id: str, version: Version, described: Metadata
) -> None:
    key = and_(versions.c.document_id == document_id, versions.c.version == version.version)
    connection.execute(delete(versions).where(key))
    connection.execute(
        insert(versions).values(
            document_id=document_id,
            version=version.version,
            content_hash=version.content_hash,
            parsing_version=version.parsing_version,
            title=version.document.title,
            described=_METADATA.dump_json(described).decode(),
            language=version.document.language,
            text=version.document.text,
            elements=_elements_json(version.document.elements),
            indexed_at=now(),
        )
    )


def _save_written(connection: Connection, document_id: str, entry: Written) -> None:
    key = and_(indexed.c.generation == entry.generation, indexed.c.document_id == document_id)
    values = {"version": entry.version, "chunks": entry.chunks, "payload": entry.payload}
    if not connection.execute(update(indexed).where(key).values(**values)).rowcount:
        connection.execute(
            insert(indexed).values(generation=entry.generation, document_id=document_id, **values)
        )


def _forget_texts(connection: Connection, document_id: str) -> None:
    """Drop the text of versions that no generation holds; that they were stays known."""
    held = select(indexed.c.version).where(indexed.c.document_id == document_id)
    connection.execute(
        update(versions)
        .where(versions.c.document_id == document_id, versions.c.version.not_in(held))
        .values(text=None, elements=None)
    )


def _save(connection: Connection, record: DocumentRecord) -> None:
    values = _values(record)
    known = update(documents).where(documents.c.id == record.id).values(**values)
    if not connection.execute(known).rowcount:
        connection.execute(insert(documents).values(sketch=None, **values))


def _values(record: DocumentRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in _FIELDS}
    for name in ("described", "form"):
        values[name] = _METADATA.dump_json(values[name]).decode()
    return values


def _record(row: RowMapping) -> DocumentRecord:
    values = {name: row[name] for name in _FIELDS}
    values["state"] = DocumentState(values["state"])
    for name in ("described", "form"):
        values[name] = _METADATA.validate_json(values[name])
    return DocumentRecord(**values)


def _parsed(row: RowMapping) -> Document:
    return Document(
        row["title"],
        row["text"],
        _elements(row["text"], row["elements"]),
        _METADATA.validate_json(row["described"]),
        row["language"],
    )


def _elements_json(elements: tuple[Element, ...]) -> str:
    return json.dumps([[e.kind, e.start, e.end, e.page, e.heading_path] for e in elements])


def _elements(text: str, stored: str) -> tuple[Element, ...]:
    return tuple(
        Element(ElementKind(kind), text[start:end], page, tuple(path), start, end)
        for kind, start, end, page, path in json.loads(stored)
    )
