"""Makes the index equal to the sources."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.catalog import Catalog, DocumentRecord, DocumentState, now
from ingest.chunk import Chunk, chunk_document
from ingest.document import Document
from ingest.embed import Encoder, Vectors
from ingest.formats.errors import DocumentTooLarge, ParseError
from ingest.index import Index, IndexedDocument
from ingest.parse import parse
from ingest.settings import ChunkingSettings, IngestSettings
from ingest.source import Listing, SourceFile

CHUNKS_PER_WRITE = 512
"""Documents are encoded together up to this many chunks: equal lengths then share a batch."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `done` of `total` documents that need work; chunks written so far."""

    done: int
    total: int
    chunks: int
    current: str


@dataclass(slots=True)
class IngestReport:
    """What a run did, by document name. `failed` gives the reason for each."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    other_files: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """A file that is new or changed, and what the catalog knows of it."""

    file: SourceFile
    known: DocumentRecord | None


@dataclass(frozen=True, slots=True)
class _Read:
    """A document that waits for its vectors."""

    record: DocumentRecord
    document: Document
    chunks: list[Chunk]


class Worker:
    """Brings an index and its catalog in line with folders, one run at a time.

    `load_encoder` is called only when there is something to embed.
    """

    def __init__(
        self,
        catalog: Catalog,
        index: Index,
        load_encoder: Callable[[], Encoder],
        chunking: ChunkingSettings,
        limits: IngestSettings,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._load_encoder = load_encoder
        self._chunking = chunking
        self._limits = limits

    def run(
        self,
        listings: Sequence[Listing],
        *,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        allow_empty: bool = False,
    ) -> IngestReport:
        """Index what is new or changed, and remove what is gone from the listed roots.

        A root where nothing is left is taken for one that is out of reach and keeps its documents,
        unless `allow_empty`. A document that cannot be read is reported; its indexed version stays.
        """
        report = IngestReport()
        work: list[_Work] = []
        for listing in listings:
            report.other_files += listing.other_files
            report.failed |= {refused.name: refused.reason for refused in listing.refused}
            self._remove_vanished(listing, report, allow_empty=allow_empty)
            work.extend(self._find_work(listing, report))
        if work:
            self._index_all(work, report, on_progress)
        return report

    def _remove_vanished(
        self, listing: Listing, report: IngestReport, *, allow_empty: bool
    ) -> None:
        known = self._catalog.records(root=str(listing.root))
        present = {file.document_id for file in listing.files}
        if not listing.files and not allow_empty:
            kept = f", the {len(known)} indexed from it are kept (--allow-empty removes them)"
            report.failed[str(listing.root)] = f"holds no document{kept if known else ''}"
            return
        for record in known:
            out_of_reach = any(
                Path(record.path).is_relative_to(folder) for folder in listing.unreadable
            )
            if record.id not in present and not out_of_reach:
                self._index.remove(record.id)
                self._catalog.remove(record.id)
                report.removed.append(record.name)

    def _find_work(self, listing: Listing, report: IngestReport) -> Iterator[_Work]:
        for file in listing.files:
            known = self._catalog.record(file.document_id)
            try:
                content_hash = _hash(self._read_bytes(file))
            except (OSError, ParseError) as error:
                self._fail(file, known, None, _reason(error), report)
                continue
            if known and known.error and known.failed_hash == content_hash:
                report.failed[file.name] = known.error
            elif known and _is_up_to_date(known, file, content_hash):
                if known.error:
                    self._catalog.save(replace(known, failed_hash=None, error=None))
                report.unchanged.append(file.name)
            else:
                yield _Work(file, known)

    def _read_bytes(self, file: SourceFile) -> bytes:
        size_mb = file.path.stat().st_size / 1e6
        if size_mb > self._limits.max_file_mb:
            raise DocumentTooLarge(
                f"is {size_mb:.1f} MB, over the limit of {self._limits.max_file_mb:g} MB: divide it, "
                "or raise [ingest] max_file_mb"
            )
        return file.path.read_bytes()

    def _index_all(
        self,
        work: list[_Work],
        report: IngestReport,
        on_progress: Callable[[Progress], None],
    ) -> None:
        encoder = self._load_encoder()
        waiting: list[_Read] = []
        chunks_waiting = 0
        for number, item in enumerate(work):
            on_progress(Progress(number, len(work), report.chunks, item.file.name))
            read = self._read(item, encoder, report)
            if read:
                waiting.append(read)
                chunks_waiting += len(read.chunks)
            if chunks_waiting >= CHUNKS_PER_WRITE:
                self._write(waiting, encoder)
                report.chunks += chunks_waiting
                waiting, chunks_waiting = [], 0
        self._write(waiting, encoder)
        report.chunks += chunks_waiting
        self._index.optimize()
        on_progress(Progress(len(work), len(work), report.chunks, ""))

    def _read(self, item: _Work, encoder: Encoder, report: IngestReport) -> _Read | None:
        file, known = item.file, item.known
        content_hash = None
        try:
            content = self._read_bytes(file)
            content_hash = _hash(content)
            document = parse(content, name=file.path.name)
            chunks = self._chunk(document, encoder)
        except (OSError, ParseError) as error:
            self._fail(file, known, content_hash, _reason(error), report)
            return None
        is_new = known is None or known.content_hash is None
        (report.added if is_new else report.changed).append(file.name)
        record = replace(
            _new_record(file),
            title=document.title,
            state=DocumentState.INDEXED,
            content_hash=content_hash,
            chunks=len(chunks),
            words=len(document.text.split()),
        )
        return _Read(record, document, chunks)

    def _chunk(self, document: Document, encoder: Encoder) -> list[Chunk]:
        return chunk_document(
            document,
            count_tokens=encoder.count_tokens,
            target_tokens=self._chunking.target_tokens,
            max_tokens=min(self._chunking.max_tokens, encoder.max_tokens),
        )

    def _write(self, waiting: list[_Read], encoder: Encoder) -> None:
        """Encode and write; each distinct text is encoded once."""
        self._catalog.mark_indexing([read.record for read in waiting])
        texts = [chunk.embedded_text for read in waiting for chunk in read.chunks]
        distinct = list(dict.fromkeys(texts))
        row = {text: number for number, text in enumerate(distinct)}
        distinct_vectors = encoder.encode(distinct)
        for read in waiting:
            rows = [row[chunk.embedded_text] for chunk in read.chunks]
            vectors: Vectors = distinct_vectors[rows]
            record = read.record
            indexed = IndexedDocument(
                record.id, record.content_hash or "", record.name, record.title
            )
            self._index.replace(indexed, read.chunks, vectors)
            self._catalog.save_indexed(record, read.document)

    def _fail(
        self,
        file: SourceFile,
        known: DocumentRecord | None,
        failed_hash: str | None,
        reason: str,
        report: IngestReport,
    ) -> None:
        if known and known.content_hash:
            reason += " (the version indexed before stays in use)"
            failed = replace(known, failed_hash=failed_hash, error=reason, updated_at=now())
        else:
            # A run that was interrupted may have left points of it.
            self._index.remove(file.document_id)
            failed = replace(
                _new_record(file),
                state=DocumentState.FAILED,
                failed_hash=failed_hash,
                error=reason,
            )
        self._catalog.save(failed)
        report.failed[file.name] = reason


def _new_record(file: SourceFile) -> DocumentRecord:
    return DocumentRecord(
        id=file.document_id,
        root=str(file.root),
        path=str(file.path),
        name=file.name,
        title=file.path.stem,
        state=DocumentState.INDEXING,
        content_hash=None,
        failed_hash=None,
        error=None,
        chunks=0,
        words=0,
        updated_at=now(),
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_up_to_date(known: DocumentRecord, file: SourceFile, content_hash: str) -> bool:
    """Whether nothing changed, nor the root that the file was found under, which names it."""
    return (
        known.state is DocumentState.INDEXED
        and known.content_hash == content_hash
        and known.root == str(file.root)
    )


def _reason(error: OSError | ParseError) -> str:
    if isinstance(error, ParseError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "disappeared while it was read: run the command again"
    return f"could not be opened ({error.strerror or error})"
