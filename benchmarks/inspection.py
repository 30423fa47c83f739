"""What an index holds, and whether it is what its documents say."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ingest.catalog.documents import DocumentRecord
from ingest.chunk import Chunk
from ingest.clock import today
from ingest.embed import Encoders
from ingest.generations import Generation
from ingest.index import IndexedDocument, Manifest, NoIndex, Point
from ingest.indexing import chunks_for
from ingest.parse import parse
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from service.access import Reader
from service.retrieve import Retriever
from service.settings import RetrievalSettings

Piece = tuple[str, int, int, tuple[str, ...]]
"""A chunk as it is compared: text, start, end, heading path."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an inspection found: names of the documents that are indexed, and every fault."""

    indexed: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    stale_points: int = 0


@dataclass(slots=True)
class Inspector:
    """Checks stores against every content that their documents ever had."""

    encoders: Encoders
    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """File name and bytes by their SHA-256."""
    _pieces: dict[tuple[str, Manifest], Counter[Piece]] = field(default_factory=dict)

    def learn(self, folder: Path) -> None:
        """Take note of what the files say now."""
        for file in folder.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                self.contents[hashlib.sha256(content).hexdigest()] = file.name, content

    def inspect(self, index: Path, *, at_rest: bool) -> Found:
        """Open a store that nobody uses, and look for faults; more of them count `at_rest`, with no
        work left undone, than after a crash."""
        try:
            store = open_store(IndexSettings(path=index))
        except NoIndex as error:
            return Found(faults=(f"there is no index: {error}",) if at_rest else ())
        try:
            return self._inspect(store, at_rest=at_rest)
        finally:
            store.close()

    def _inspect(self, store: Store, *, at_rest: bool) -> Found:
        serving = store.catalog.generations.serving() or ""
        faults: list[str] = []
        everywhere: set[tuple[str, str]] = set()
        stale = 0
        for generation in store.generations.kept():
            points = _by_version(generation)
            counting = store.catalog.documents.written(generation.name)
            current = {(id, written.version) for id, written in counting.items()}
            outdated = sum(len(found) for key, found in points.items() if key not in current)
            stale += outdated
            everywhere |= current
            if at_rest and outdated:
                faults.append(f"{generation.name} has {outdated} points that do not count")
            for document_id, written in counting.items():
                found = points.get((document_id, written.version), [])
                wanted = self._wanted(store, document_id, written.version, generation)
                name = found[0].document.name if found else document_id
                if _pieces(point.chunk for point in found) != wanted:
                    faults.append(f"{generation.name} holds other chunks of {name} than it says")
                if sorted(point.position for point in found) != list(range(written.chunks)):
                    faults.append(f"{generation.name} lacks chunks of {name}, or has some twice")
        records = store.catalog.documents.find()
        indexed = store.catalog.documents.written(serving)
        faults += self._unanswered(store, [r for r in records if r.id in indexed])
        if at_rest:
            faults += _unfinished(store, records)
            tokens = store.token_vectors.versions() if store.token_vectors else set()
            if strays := tokens - everywhere:
                faults.append(
                    f"token vectors are kept for {len(strays)} versions that do not count"
                )
        names = frozenset(record.name for record in records if record.id in indexed)
        return Found(names, tuple(faults), stale)

    def _wanted(
        self, store: Store, document_id: str, version: str, generation: Generation
    ) -> Counter[Piece]:
        """The chunks that the version's file has, read anew."""
        known = {each.version: each for each in store.catalog.documents.versions(document_id)}
        content_hash = known[version].content_hash
        manifest = generation.index.manifest
        if (content_hash, manifest) not in self._pieces:
            name, content = self.contents[content_hash]
            document = parse(content, name=name)
            chunks = chunks_for(document, manifest, self.encoders.get(manifest.encoder))
            self._pieces[content_hash, manifest] = _pieces(iter(chunks))
        return self._pieces[content_hash, manifest]

    def _unanswered(self, store: Store, records: list[DocumentRecord]) -> Iterator[str]:
        """Documents that their own first words do not find, or find in two versions."""
        retriever = Retriever(
            store.generations, store.catalog.documents, self.encoders, RetrievalSettings(top_k=50)
        )
        with store.generations.serving() as generation:
            current = store.catalog.documents.current_versions(
                generation.name, [record.id for record in records]
            )
            firsts = {
                point.document.id: point
                for point in generation.index.points()
                if point.position == 0 and current.get(point.document.id) == point.document.version
            }
        for record in records:
            if record.id not in firsts:
                continue  # Counted above as lacking chunks, or it has none.
            first = firsts[record.id]
            answer = retriever.retrieve(
                first.chunk.text, Reader("", frozenset(first.document.groups)), _day(first.document)
            )
            documents = [each for found in answer for each in (found.document, *found.same_text)]
            versions = {each.version for each in documents if each.id == record.id}
            if versions != {current[record.id]}:
                yield f"{record.name} is found in the versions {sorted(versions)}"


def contents(index: Path) -> dict[str, Any]:
    """All that is to be equal in two stores of the same documents, in whatever way they were made."""
    store = open_store(IndexSettings(path=index))
    try:
        records = store.catalog.documents.find()
        names = {record.id: record.name for record in records}
        with store.generations.serving() as generation:
            written = store.catalog.documents.written(generation.name)
            points = Counter(
                (point.document.name, *_described(point.document), *_piece(point.chunk))
                for point in generation.index.points()
            )
        return {
            "points": points,
            "counts": {names[id]: each.chunks for id, each in written.items()},
            "payloads": {names[id]: each.payload for id, each in written.items()},
            "documents": {record.name: _comparable(record, names) for record in records},
            # Which of them stands for the others may hang on their ids, which a moved one takes along.
            "same texts": {
                record.name: sorted(each.name for each in records if _text(each) == _text(record))
                for record in records
            },
        }
    finally:
        store.close()


def differences(index: Path, undisturbed: Path) -> list[str]:
    """What two stores do not have in common, in words."""
    ours, theirs = contents(index), contents(undisturbed)
    faults = []
    for part, wanted in theirs.items():
        if ours[part] != wanted:
            unlike = {*map(str, ours[part].items())} ^ {*map(str, wanted.items())}
            shown = "; ".join(sorted(unlike)[:4])
            faults.append(f"other {part} than undisturbed ({len(unlike)}): {shown}"[:1000])
    return faults


def _comparable(record: DocumentRecord, names: Mapping[str, str]) -> tuple[object, ...]:
    return (
        record.title,
        record.state.value,
        record.content_hash,
        record.error,
        record.language,
        record.words,
        record.valid_from,
        record.valid_until,
        names.get(record.superseded_by or ""),
    )


def _text(record: DocumentRecord) -> str:
    """The document that stands for this one's text."""
    return record.same_as or record.id


def _described(document: IndexedDocument) -> tuple[object, ...]:
    return document.title, document.groups, document.valid_from, document.valid_until


def _unfinished(store: Store, records: list[DocumentRecord]) -> Iterator[str]:
    if left := store.catalog.documents.leftovers():
        yield f"{len(left)} documents are still noted as leftovers"
    if jobs := store.catalog.jobs.recent(open_only=True):
        yield f"{len(jobs)} jobs are still open"
    folders = {folder.name for folder in (store.path / "generations").iterdir()}
    known = {record.name for record in store.catalog.generations.all()}
    if folders != known:
        yield f"the generations {sorted(folders ^ known)} are on the disk or in the catalog alone"
    held = {
        (id, each.version)
        for name in known
        for id, each in store.catalog.documents.written(name).items()
    }
    for record in records:
        for version in store.catalog.documents.versions(record.id):
            if version.text_kept != ((record.id, version.version) in held):
                yield f"the text of {record.name} in version {version.version} is kept or lost"


def _by_version(generation: Generation) -> dict[tuple[str, str], list[Point]]:
    found: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in generation.index.points():
        found[point.document.id, point.document.version].append(point)
    return found


def _pieces(chunks: Iterator[Chunk]) -> Counter[Piece]:
    return Counter(map(_piece, chunks))


def _piece(chunk: Chunk) -> Piece:
    return chunk.text, chunk.start, chunk.end, chunk.heading_path


def _day(document: IndexedDocument) -> date:
    """A day on which the document applies."""
    begins, ends = document.valid_from or date.min, document.valid_until or date.max
    return today() if begins <= today() < ends else begins
