"""What an admin can do: sources, documents, jobs and generations of one store.

The service's routes and the command line both go through here.
"""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ingest.catalog.documents import (
    Deletion,
    DocumentRecord,
    DocumentState,
    VersionRecord,
)
from ingest.catalog.generations import GenerationRecord, GenerationState
from ingest.catalog.jobs import Action, Job, JobKind, NewTask, TaskOutcome
from ingest.catalog.sources import SourceKind, SourceRecord
from ingest.chunk import Chunk
from ingest.embed import BUNDLED, Encoders
from ingest.errors import PinciteError, WrongUse
from ingest.indexing import Indexer
from ingest.llamaindex.source import location_of
from ingest.metadata import NOTHING_SAID, Metadata
from ingest.plan import adopt, new_record, plan_reindex
from ingest.receiving import Incoming, Upload, opened, received
from ingest.settings import IngestSettings
from ingest.source import document_id
from ingest.standing import Standing
from ingest.store import Store
from ingest.uploads import SCHEME


class NotFound(PinciteError):
    """There is no such document, source, job or generation."""

    exit_code = WrongUse.exit_code


@dataclass(frozen=True, slots=True)
class DocumentDetail:
    """A document with its history, its chunks in the serving generation, and its elements' kinds."""

    document: DocumentRecord
    source: SourceRecord | None
    versions: tuple[VersionRecord, ...]
    chunks: tuple[Chunk, ...]
    elements: dict[str, int]


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    record: GenerationRecord
    documents: int
    chunks: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """The generations, and how many documents are in each state; `words` are those of all."""

    generations: tuple[GenerationInfo, ...]
    documents: dict[str, int]
    words: int
    size_bytes: int


class Admin:
    """Changes are jobs, done by a worker; `wake` tells it. A deletion is done when the call returns."""

    def __init__(
        self,
        store: Store,
        encoders: Encoders,
        settings: IngestSettings,
        *,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._catalog = store.catalog
        self._settings = settings
        self._indexer = Indexer(store, encoders)
        self._wake = wake
        self._one_build = Lock()

    # Sources

    def sources(self) -> list[SourceRecord]:
        return self._catalog.sources.all()

    def add_folders(
        self, paths: Sequence[Path], *, asked_by: str, allow_empty: bool = False
    ) -> str:
        """Register folders or files, and have them indexed; the job's id.

        A path inside a registered folder is only read again; one that contains registered folders
        takes their documents over. Raises `WrongUse` for paths that are not there, unless they are
        registered and `allow_empty`, or not below `ingest.allowed_roots`.
        """
        places = [path.expanduser().absolute() for path in paths]
        self._check_places(places, allow_empty=allow_empty)
        sources: list[str] = []
        only: list[str] = []
        for place in dict.fromkeys(_resolved(place) for place in places):
            self._catalog.documents.let_in(str(place))
            holder = self._holder(place)
            if holder is not None and holder.location != str(place):
                only.append(str(place))
                sources.append(holder.id)
            else:
                sources.append(self._register(place, asked_by).id)
        whole = [source for source in sources if self._is_whole(source, places)]
        if only and whole:
            # One job cannot both read some folders whole and others in part.
            self._sync(whole, (), allow_empty=allow_empty, asked_by=asked_by)
            sources = [source for source in sources if source not in whole]
        return self._sync(sources, only, allow_empty=allow_empty, asked_by=asked_by)

    def add_readers(self, names: Sequence[str], *, asked_by: str, allow_empty: bool = False) -> str:
        """Register readers of the settings, and have what they load indexed; the job's id.

        Raises `WrongUse` for a name that the settings do not know.
        """
        unknown = [name for name in names if name not in self._settings.readers]
        if unknown:
            known = ", ".join(self._settings.readers) or "none"
            raise WrongUse(
                f"There is no [ingest.readers.{unknown[0]}] in the settings; those there: {known}. A "
                "service reads its settings when it starts."
            )
        sources = self._register_readers(names, asked_by)
        return self._sync(sources, (), allow_empty=allow_empty, asked_by=asked_by)

    def sync(
        self, source_ids: Collection[str] | None = None, *, asked_by: str, only: Sequence[str] = ()
    ) -> str:
        """Make the index equal to these sources, or to all with the readers of the settings; the job's
        id."""
        if source_ids is None:
            self._register_readers(self._settings.readers, asked_by)
        chosen = [s.id for s in self.sources()] if source_ids is None else list(source_ids)
        for source_id in chosen:
            self._source(source_id)
        self._check_inside(chosen, only)
        return self._sync(chosen, only, allow_empty=False, asked_by=asked_by)

    def remove_source(self, source_id: str, *, asked_by: str) -> int:
        """Forget a source, and delete what was indexed from it; how many documents that were."""
        self._source(source_id)
        # In this order a listing that goes on meanwhile adds nothing more.
        self._catalog.sources.remove(source_id)
        records = self._catalog.documents.find(source_id=source_id)
        self._delete(records, asked_by=asked_by, keep_out=False)
        return len(records)

    # Documents

    def documents(
        self,
        *,
        source_id: str | None = None,
        state: DocumentState | None = None,
        text: str | None = None,
        failing: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[list[DocumentRecord], int]:
        """One page of the documents, and how many there are in all."""
        found = self._catalog.documents.find(
            source_id=source_id,
            state=state,
            text=text,
            failing=failing,
            offset=offset,
            limit=limit,
        )
        total = self._catalog.documents.count(
            source_id=source_id, state=state, text=text, failing=failing
        )
        return found, total

    def document(self, document_id: str) -> DocumentDetail:
        record = self._document(document_id)
        parsed = self._catalog.documents.document(document_id)
        kinds: dict[str, int] = {}
        for element in parsed.elements if parsed else ():
            kinds[element.kind] = kinds.get(element.kind, 0) + 1
        return DocumentDetail(
            record,
            self._catalog.sources.get(record.source_id),
            tuple(self._catalog.documents.versions(document_id)),
            self._chunks(document_id),
            kinds,
        )

    def upload(self, uploads: Sequence[Upload], *, asked_by: str) -> str:
        """Index files that were received into the upload store; the job's id.

        A file of a known name is a new version of it.
        """
        source = self._catalog.sources.add(SourceKind.UPLOADS, "uploads", asked_by=asked_by)
        tasks = []
        for upload in uploads:
            path = SCHEME + upload.name
            known = self._catalog.documents.at(path)
            record = known or new_record(document_id(path), source.id, path, upload.name)
            if known is None:
                self._catalog.documents.save([record])
            # Only this: an earlier upload of that name may be indexed at this moment.
            self._catalog.documents.change(record.id, form=upload.metadata)
            self._catalog.documents.let_in(path)
            action = Action.CHANGE if known and known.content_hash else Action.ADD
            tasks.append(NewTask(record.id, upload.name, action, upload.content_hash))
        return self._submit(
            JobKind.UPLOAD, {"names": [u.name for u in uploads]}, asked_by, planned=tasks
        )

    def upload_files(
        self, files: Sequence[Path], metadata: Metadata = NOTHING_SAID, *, asked_by: str
    ) -> str:
        """Index copies of local files; the job's id. Raises as `receive` does."""
        with opened(files) as contents:
            incoming = [
                Incoming(file.name, content, metadata)
                for file, content in zip(files, contents, strict=True)
            ]
            return self.receive(incoming, asked_by=asked_by)

    def receive(self, files: Sequence[Incoming], *, asked_by: str) -> str:
        """Keep copies of these files and index them; the job's id.

        Raises `WrongUse`, `UploadTooLarge` or `UploadOfOtherKind`; nothing is changed then.
        """
        limit_mb = self._settings.max_file_mb
        uploads = received(files, self._store.uploads, max_file_mb=limit_mb)
        return self.upload(uploads, asked_by=asked_by)

    def delete(self, ids: Sequence[str], *, asked_by: str) -> str:
        """Delete documents: when this returns, no search finds them, and nothing of them is kept but
        that they were there. The id of a job that is done already."""
        records = [self._document(document_id) for document_id in ids]
        self._delete(records, asked_by=asked_by, keep_out=True)
        job = self._submit(
            JobKind.REMOVE, {"names": [record.name for record in records]}, asked_by, planned=()
        )
        self._catalog.jobs.close(job)
        return job

    def deletions(self) -> list[Deletion]:
        return self._catalog.documents.deletions()

    def reindex(
        self,
        *,
        asked_by: str,
        ids: Sequence[str] | None = None,
        source_id: str | None = None,
    ) -> str:
        """Read these documents anew, those of a source, or all; the job's id."""
        if ids is not None:
            records = [self._document(document_id) for document_id in ids]
        else:
            if source_id is not None:
                self._source(source_id)
            records = self._catalog.documents.find(source_id=source_id)
        target: dict[str, Any] = {"documents": len(records), "source": source_id}
        return self._submit(JobKind.REINDEX, target, asked_by, planned=plan_reindex(records))

    # Jobs

    def jobs(self, *, limit: int = 100, open_only: bool = False) -> list[Job]:
        return self._catalog.jobs.recent(limit=limit, open_only=open_only)

    def job(self, job_id: str) -> Job:
        job = self._catalog.jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}; 'pincite jobs list' shows them.")
        return job

    def outcomes(
        self, job_id: str, *, state: str | None = None, offset: int = 0, limit: int | None = None
    ) -> list[TaskOutcome]:
        """How the documents of a job stand; `state` is "open", "done", "failed" or "cancelled"."""
        self.job(job_id)
        return self._catalog.jobs.outcomes(job_id, state=state, offset=offset, limit=limit)

    def cancel(self, job_id: str) -> Job:
        self.job(job_id)
        self._catalog.jobs.cancel(job_id)
        self._wake()
        return self.job(job_id)

    # Generations

    def index(self) -> IndexInfo:
        generations = []
        for record in self._catalog.generations.all():
            written = self._catalog.documents.written(record.name)
            folder = self._store.path / "generations" / record.name
            generations.append(
                GenerationInfo(
                    record,
                    len(written),
                    sum(each.chunks for each in written.values()),
                    size_bytes(folder) if folder.is_dir() else None,
                )
            )
        states = self._catalog.documents.count_by_state()
        return IndexInfo(
            tuple(generations),
            {state.value: count for state, count in states.items()},
            self._catalog.documents.words(),
            size_bytes(self._store.path),
        )

    def rebuild(
        self,
        *,
        asked_by: str,
        encoder: str | None = None,
        encoder_adapter: str | None = None,
        target_tokens: int | None = None,
        max_tokens: int | None = None,
        force: bool = False,
    ) -> str:
        """Build a new generation, by default as the settings say, and put it to service; the job's id.

        `encoder_adapter` is the folder of one for the bundled encoder. Raises `WrongUse` while another
        is being built, and for an adapter beside another encoder.
        """
        if encoder_adapter and encoder not in (None, BUNDLED):
            raise WrongUse(f"An adapter is for the encoder '{BUNDLED}', and '{encoder}' is named.")
        target = {
            "encoder": encoder,
            "encoder_adapter": encoder_adapter,
            "target_tokens": target_tokens,
            "max_tokens": max_tokens,
            "force": force,
        }
        return self._submit_build(JobKind.REBUILD, target, asked_by)

    def use(self, generation: str | None = None, *, asked_by: str) -> str:
        """Bring a kept generation up to date, by default the one that served last, and put it to
        service; the job's id. Raises `WrongUse` while another is being built."""
        kept = [
            each
            for each in self._catalog.generations.all()
            if each.state in (GenerationState.RETAINED, GenerationState.REJECTED)
        ]
        if generation is None:
            served = [each for each in kept if each.served_at is not None]
            if not served:
                raise WrongUse("No earlier generation is kept that could be returned to.")
            generation = max(served, key=lambda each: str(each.served_at)).name
        if generation not in [each.name for each in kept]:
            raise WrongUse(
                f"There is no kept generation {generation}; 'pincite index show' lists them."
            )
        return self._submit_build(JobKind.ROLLBACK, {"generation": generation}, asked_by)

    def drop(self, generation: str) -> None:
        """Delete a generation that does not serve."""
        record = next((g for g in self._catalog.generations.all() if g.name == generation), None)
        if record and record.state is GenerationState.BUILDING and self._build_is_open():
            raise WrongUse(f"{generation} is being built: cancel that job first.")
        self._store.generations.drop(generation)

    def _submit_build(self, kind: JobKind, target: dict[str, Any], asked_by: str) -> str:
        with self._one_build:
            if self._build_is_open():
                raise WrongUse(
                    "A generation is being built already: wait for that job, or cancel it."
                )
            return self._submit(kind, target, asked_by)

    def _build_is_open(self) -> bool:
        builds = (JobKind.REBUILD, JobKind.ROLLBACK)
        return any(job.kind in builds for job in self._catalog.jobs.recent(open_only=True))

    def _submit(
        self,
        kind: JobKind,
        target: dict[str, Any],
        asked_by: str,
        planned: Sequence[NewTask] | None = None,
    ) -> str:
        job_id = self._catalog.jobs.submit(kind, target, asked_by=asked_by, planned=planned)
        self._wake()
        return job_id

    def _sync(
        self, sources: Sequence[str], only: Sequence[str], *, allow_empty: bool, asked_by: str
    ) -> str:
        target = {"sources": list(sources), "only": list(only), "allow_empty": allow_empty}
        return self._submit(JobKind.SYNC, target, asked_by)

    def _delete(self, records: Sequence[DocumentRecord], *, asked_by: str, keep_out: bool) -> None:
        ids = [record.id for record in records]
        uploads = [record for record in records if record.path.startswith(SCHEME)]
        contents = self._catalog.documents.waiting_contents([each.id for each in uploads])
        contents |= {each.signature for each in uploads if each.signature}
        contents |= {each.failed_signature for each in uploads if each.failed_signature}
        behind = self._catalog.documents.behind(ids)
        self._catalog.documents.delete(ids, asked_by=asked_by, keep_out=keep_out)
        self._indexer.remove_leftovers(ids)
        Standing(self._catalog, self._indexer).come_forward(behind)
        for content_hash in contents - self._catalog.documents.contents():
            self._store.uploads.remove(content_hash)
        self._wake()

    def _chunks(self, document_id: str) -> tuple[Chunk, ...]:
        with self._store.generations.serving() as generation:
            current = self._catalog.documents.current_versions(generation.name, [document_id])
            points = list(generation.index.points(document_id))
        return tuple(
            point.chunk
            for point in sorted(points, key=lambda point: point.position)
            if point.document.version == current.get(document_id)
        )

    def _document(self, document_id: str) -> DocumentRecord:
        record = self._catalog.documents.get(document_id)
        if record is None:
            raise NotFound(
                f"There is no document {document_id}; 'pincite documents list' shows them."
            )
        return record

    def _source(self, source_id: str) -> SourceRecord:
        record = self._catalog.sources.get(source_id)
        if record is None:
            raise NotFound(f"There is no source {source_id}; 'pincite sources list' shows them.")
        return record

    def _check_places(self, places: Iterable[Path], *, allow_empty: bool) -> None:
        roots = [root.resolve() for root in self._settings.allowed_roots]
        missing = []
        for place in places:
            target = _resolved(place)
            if roots and not any(target.is_relative_to(root) for root in roots):
                allowed = ", ".join(str(root) for root in roots)
                raise WrongUse(
                    f"{place} is not below the folders that may be indexed ({allowed}): put the "
                    "documents there, or change [ingest] allowed_roots."
                )
            if not target.exists() and not (allow_empty and self._holder(target)):
                missing.append(str(place))
        if missing:
            raise WrongUse(
                f"There is no file or folder {', '.join(missing)}. Nothing was changed. If it is gone "
                "for good, --allow-empty removes what was indexed from it."
            )

    def _check_inside(self, source_ids: Sequence[str], places: Sequence[str]) -> None:
        roots = [self._source(source_id).location for source_id in source_ids]
        for place in places:
            path = Path(os.path.normpath(place))
            if not any(path.is_relative_to(root) for root in roots):
                raise WrongUse(f"{place} does not lie in a folder that is to be read.")

    def _holder(self, place: Path) -> SourceRecord | None:
        """The registered folder or file in which the place lies."""
        for source in self._catalog.sources.all():
            if source.kind is SourceKind.FOLDER and place.is_relative_to(source.location):
                return source
        return None

    def _register_readers(self, names: Iterable[str], asked_by: str) -> list[str]:
        add = self._catalog.sources.add
        places = [location_of(name) for name in dict.fromkeys(names)]
        return [add(SourceKind.READER, place, asked_by=asked_by).id for place in places]

    def _is_whole(self, source_id: str, places: Sequence[Path]) -> bool:
        record = self._catalog.sources.get(source_id)
        return record is not None and record.location in [str(_resolved(p)) for p in places]

    def _register(self, place: Path, asked_by: str) -> SourceRecord:
        source = self._catalog.sources.add(SourceKind.FOLDER, str(place), asked_by=asked_by)
        for inner in self._catalog.sources.all():
            below = inner.id != source.id and Path(inner.location).is_relative_to(place)
            if inner.kind is SourceKind.FOLDER and below:
                self._take_over(inner, source)
        return source

    def _take_over(self, inner: SourceRecord, source: SourceRecord) -> None:
        # Held throughout: a record that a worker changes meanwhile would be described as it was.
        with self._store.generations.writing:
            adopt(self._catalog, inner.id, source.id)
            self._indexer.describe(self._catalog.documents.find(source_id=source.id))
            self._catalog.sources.remove(inner.id)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def size_bytes(folder: Path) -> int:
    """What the folder takes on the disk; Qdrant's files are sparse."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_blocks * 512 if file.is_file() else 0
        except FileNotFoundError:
            continue  # A segment that was merged meanwhile.
    return total
