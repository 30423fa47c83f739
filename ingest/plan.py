"""What a job has to do: the sources as they should be, against the catalog as it is."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.catalog import Catalog
from ingest.catalog.documents import DocumentRecord, DocumentState
from ingest.catalog.jobs import Action, NewTask, Plan
from ingest.catalog.sources import SourceKind
from ingest.clock import now
from ingest.faults import reason
from ingest.formats.errors import ParseError
from ingest.metadata import NOTHING_SAID
from ingest.source import (
    Content,
    Item,
    Listing,
    Source,
    SourceUnreachable,
    document_id,
    is_below,
)

KEPT_OUT = "was deleted by hand: name the file itself to index it again"


@dataclass(slots=True)
class _Plan:
    """A plan in the making."""

    tasks: list[NewTask]
    notes: dict[str, str]
    unchanged: int = 0
    other_files: int = 0


def plan_sync(
    catalog: Catalog,
    sources: Mapping[str, Source],
    *,
    only: Collection[str] = (),
    allow_empty: bool = False,
) -> Plan:
    """What makes the index equal to these sources, by id; with `only`, to what lies at those paths.

    Documents that are new get their row in the catalog. A source that is empty now is taken for one
    out of reach and keeps its documents, unless `allow_empty`.
    """
    plan = _Plan([], {})
    for source_id, source in sources.items():
        try:
            listing = source.items(only)
        except SourceUnreachable as error:
            plan.notes[_location(catalog, source_id)] = (
                f"{reason(error)}: what was indexed from it is kept"
            )
            continue
        except FileNotFoundError as error:
            if not allow_empty:
                plan.notes[str(error)] = (
                    "what was indexed from it is kept (--allow-empty removes it)"
                )
                continue
            listing = Listing()
        plan.other_files += listing.other_files
        plan.notes.update({refused.name: refused.reason for refused in listing.refused})
        records = catalog.documents.find(source_id=source_id, below=only)
        known = {record.path: record for record in records}
        # Read after those: what is deleted meanwhile is then known, or kept out, or both.
        kept_out = catalog.documents.kept_out()
        items = listing.items
        if not items and not only and not allow_empty and not listing.refused:
            if known:
                plan.notes[_location(catalog, source_id)] = (
                    f"holds no document, the {len(known)} documents indexed from it are kept "
                    "(--allow-empty removes them)"
                )
            elif not _is_uploads(catalog, source_id):
                plan.notes[_location(catalog, source_id)] = "holds no document"
            continue
        present = {item.path for item in listing.items}
        gone = [
            record
            for path, record in known.items()
            if path not in present and not is_below(path, listing.unreadable)
        ]
        new = [item for item in items if item.path not in known]
        for item in items:
            if item.path in known:
                _plan_known(catalog, source, item, known[item.path], plan)
        _plan_moves(catalog, source, source_id, new, gone, kept_out, plan)
        catalog.sources.mark_synced(source_id)
    return Plan(plan.tasks, plan.notes, plan.unchanged, plan.other_files)


def _is_uploads(catalog: Catalog, source_id: str) -> bool:
    record = catalog.sources.get(source_id)
    return record is not None and record.kind is SourceKind.UPLOADS


def _location(catalog: Catalog, source_id: str) -> str:
    record = catalog.sources.get(source_id)
    return record.location if record else source_id


def _plan_known(
    catalog: Catalog, source: Source, item: Item, known: DocumentRecord, plan: _Plan
) -> None:
    if known.state is DocumentState.PENDING:
        plan.tasks.append(NewTask(known.id, item.name, Action.ADD))
        return
    if known.error is not None and known.failed_signature == item.signature and item.signature:
        plan.notes[item.name] = known.error
        return
    unchanged = known.signature == item.signature and bool(item.signature) and known.error is None
    if not unchanged and known.content_hash is not None:
        unchanged = _is_touched_only(catalog, source, item, known)
    if not unchanged:
        action = Action.CHANGE if known.content_hash else Action.ADD
        plan.tasks.append(NewTask(known.id, item.name, action))
    elif known.name != item.name:
        plan.tasks.append(NewTask(known.id, item.name, Action.RENAME, item.path))
    else:
        plan.unchanged += 1


def _is_touched_only(catalog: Catalog, source: Source, item: Item, known: DocumentRecord) -> bool:
    """Whether the content is the known one, though its signature is not; that is noted then."""
    content_hash = _hash_of(source, item)
    if content_hash != known.content_hash:
        return False
    catalog.documents.change(known.id, signature=item.signature, failed_signature=None, error=None)
    return True


def _plan_moves(
    catalog: Catalog,
    source: Source,
    source_id: str,
    new: Collection[Item],
    gone: Collection[DocumentRecord],
    kept_out: Mapping[str, str],
    plan: _Plan,
) -> None:
    """New items, vanished documents, and those that are both: the same content in another place."""
    by_content = {record.content_hash: record for record in gone if record.content_hash}
    added: list[DocumentRecord] = []
    for item in new:
        if item.path in kept_out:
            plan.notes[item.name] = KEPT_OUT
            continue
        moved = by_content.pop(_hash_of(source, item) or "", None) if by_content else None
        if moved is not None:
            plan.tasks.append(NewTask(moved.id, item.name, Action.RENAME, item.path))
            gone = [record for record in gone if record.id != moved.id]
            continue
        record = new_record(_free_id(catalog, item.path), source_id, item.path, item.name)
        added.append(record)
        plan.tasks.append(NewTask(record.id, item.name, Action.ADD))
    plan.tasks.extend(NewTask(record.id, record.name, Action.REMOVE) for record in gone)
    catalog.documents.add(added)


def plan_reindex(records: Collection[DocumentRecord]) -> list[NewTask]:
    return [NewTask(record.id, record.name, Action.REINDEX) for record in records]


def plan_build(catalog: Catalog, generation: str) -> list[NewTask]:
    """What the generation lacks of what the serving one holds."""
    serving = catalog.generations.serving()
    wanted = catalog.documents.written(serving) if serving else {}
    there = catalog.documents.written(generation)
    missing = [
        document_id
        for document_id, written in wanted.items()
        if document_id not in there
        or not _is_same_content(there[document_id].version, written.version)
    ]
    records = catalog.documents.by_ids(missing).values()
    return [
        NewTask(record.id, record.name, Action.BUILD, generation)
        for record in sorted(records, key=lambda record: (record.name, record.id))
    ]


def version_name(content_hash: str, revision: int) -> str:
    """The name of one writing of a document."""
    return f"{content_hash[:16]}.{revision}"


def _is_same_content(first: str, second: str) -> bool:
    return first.split(".")[0] == second.split(".")[0]


def new_record(id: str, source_id: str, path: str, name: str) -> DocumentRecord:
    """A document that was found, of which nothing is indexed yet."""
    return DocumentRecord(
        id=id,
        source_id=source_id,
        path=path,
        name=name,
        title=Path(name).stem,
        state=DocumentState.PENDING,
        signature=None,
        content_hash=None,
        failed_signature=None,
        error=None,
        warning=None,
        described=NOTHING_SAID,
        form=NOTHING_SAID,
        language=None,
        words=0,
        chunks=0,
        revision=0,
        valid_from=None,
        valid_until=None,
        superseded_by=None,
        same_as=None,
        added_at=now(),
        updated_at=now(),
    )


def adopt(catalog: Catalog, from_source: str, to_source: str) -> None:
    """Make the documents of one source those of another, which holds the same places."""
    for record in catalog.documents.find(source_id=from_source):
        catalog.documents.change(record.id, source_id=to_source)


def hash_of(content: Content) -> str:
    """SHA-256 of the bytes, those of a sidecar included."""
    digest = hashlib.sha256(content.data)
    if content.sidecar is not None:
        digest.update(b"\0sidecar\0" + content.sidecar)
    return digest.hexdigest()


def _hash_of(source: Source, item: Item) -> str | None:
    try:
        return hash_of(source.read(item.path))
    except (OSError, ParseError):
        return None  # Whoever indexes it comes upon the same, and says so.


def _free_id(catalog: Catalog, path: str) -> str:
    """The id that the place gives; another where a document that was moved away carries it on."""
    chosen = document_id(path)
    number = 1
    while catalog.documents.get(chosen) is not None:
        number += 1
        chosen = document_id(f"{path}#{number}")
    return chosen
