"""Makes the index equal to the sources, one document at a time."""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from ingest.catalog.documents import ClaimLost, DocumentRecord, DocumentState, Version
from ingest.catalog.jobs import Action, Job, Task
from ingest.clock import now
from ingest.document import Document
from ingest.duplicates import sketch
from ingest.embed import Encoder, Encoders
from ingest.faults import is_transient, reason
from ingest.formats.errors import ParseError, WorkerCrashed
from ingest.index import PARSING_VERSION, IndexUnreachable, Manifest
from ingest.indexing import Encoded, Indexer, Prepared, chunks_for, targets
from ingest.metadata import NOTHING_SAID, Metadata, MetadataError, merged, read_sidecar
from ingest.plan import hash_of, version_name
from ingest.planner import Planner
from ingest.sandbox import ParserProcess
from ingest.settings import IngestSettings
from ingest.source import Content
from ingest.sources import OpenSources
from ingest.standing import Standing
from ingest.stated import stated_in_text
from ingest.store import Store

_log = logging.getLogger(__name__)

CHUNKS_PER_WRITE = 256
"""Documents are encoded together up to this many chunks: equal lengths then share a batch. The smaller
the groups, the more of reading and writing goes on while others are encoded."""
LEASE_S = 600.0
"""A claim that was not renewed for so long, and the time that a document may take, is that of a dead
worker."""
RENEW_EVERY_S = 30.0
CLAIM_LIMIT = 8
BUILD_LIMIT = 32
"""A rebuild goes on by so many documents at a time; between them, what has changed is read."""
SHOW_EVERY_S = 0.2
OPTIMIZE_FROM_CHUNKS = 2_000
"""A job that wrote fewer leaves the index in good enough shape."""

CRASH_LIMIT = 20
"""A document over which a worker was killed so often is given up, or none after it would be indexed.

Not earlier: where processes live for seconds, as while a machine restarts again and again, one and the
same document is often under way at five ends in a row, and is no cause of them.
"""

_READING = (Action.ADD, Action.CHANGE, Action.REINDEX, Action.RENAME, Action.REMOVE)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Documents whose vectors are being made."""

    group: list[Prepared]
    vectors: Future[Encoded]


class Worker:
    """Plans jobs, does their tasks, and closes them. `run` does so for ever, `work_off` until one job
    is over."""

    def __init__(
        self,
        store: Store,
        sources: OpenSources,
        planner: Planner,
        encoders: Encoders,
        parser: ParserProcess,
        settings: IngestSettings,
    ) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self._store = store
        self._catalog = store.catalog
        self._jobs = store.catalog.jobs
        self._sources = sources
        self._planner = planner
        self._encoders = encoders
        self._parser = parser
        self._settings = settings
        self._indexer = Indexer(store, encoders)
        self._standing = Standing(store.catalog, self._indexer)
        self._written_chunks = 0
        # A document that brings the parser down is read twice, and nothing is renewed meanwhile.
        self._lease_s = LEASE_S + 2 * settings.max_parse_s
        self._renewed_at = 0.0
        self._stop = Event()
        self.fault: str | None = None
        """Why the last attempt to work failed; None where it did not."""

    def start(self) -> None:
        """Clear up after a worker that was killed."""
        alone = self._store.lock is not None
        if alone:
            self._jobs.release_dead()  # The store is held by this process.
        self._planner.ensure_generation()
        self._clear_leftovers()
        self._indexer.remove_strays()
        self._standing.refresh()
        for job in self._jobs.recent(open_only=True):
            for done in self._jobs.outcomes(job.id, state="done"):
                self._standing.find_same_text(done.document_id)
        self._store.uploads.remove_orphans(self._catalog.documents.contents(), alone=alone)
        self._jobs.prune(before=now() - timedelta(days=self._settings.keep_jobs_days))

    def run(self, stop: Event, wake: Event) -> None:
        """Work until `stop`; `wake` says that there is something to do."""
        self._stop = stop
        while not stop.is_set():
            wake.clear()
            try:
                worked = self.step()
                self.fault = None
            except Exception as error:  # noqa: BLE001 - or nothing would ever be indexed again
                if stop.is_set():
                    break
                _log.exception("The worker failed, and goes on in a moment")
                self.fault = f"{type(error).__name__}: {error}"
                worked = False
                self._jobs.release(self.name)
            if not worked:
                wake.wait(timeout=1.0)
        self._jobs.release(self.name)

    def interrupt(self) -> None:
        """Once told to stop: give up the document that is being read, which may take a minute. The next
        worker reads it."""
        self._parser.close()

    def work_off(self, job_id: str, on_progress: Callable[[Job], None] = lambda job: None) -> Job:
        """Work until this job is over, others before it included."""
        shown_at = 0.0

        def on_step() -> None:
            nonlocal shown_at
            if time.monotonic() - shown_at >= SHOW_EVERY_S:
                on_progress(self._job(job_id))
                shown_at = time.monotonic()

        while True:
            worked = self.step(on_step)
            job = self._job(job_id)
            on_progress(job)
            if not job.is_open:
                return job
            if not worked:
                time.sleep(0.1)

    def step(self, on_step: Callable[[], None] = lambda: None) -> bool:
        """Do what can be done now; whether there was anything."""
        planned = self._planner.plan_queued(self.name)
        if self._jobs.any_open((*_READING, Action.BUILD)):
            self._get_ready()
        done = self._work(self._read_ahead(), on_step)
        built = self._work(self._build_ahead(), on_step)
        closed = self._close_jobs()
        return planned or done or built or closed

    def _get_ready(self) -> None:
        """Load the encoders while the parser's process starts."""
        self._parser.start()
        # A build alone goes without the serving generation's encoder, which may be lost.
        reads = self._jobs.any_open(_READING)
        serving = self._catalog.generations.serving()
        for generation in self._store.generations.written():
            if reads or generation.name != serving:
                self._encoder_of(generation.index.manifest)

    def _encoder_of(self, manifest: Manifest) -> Encoder:
        return self._encoders.get(manifest.encoder, manifest.adapter)

    def _job(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise LookupError(f"job {job_id} vanished")
        return job

    # Documents come in one by one, are encoded in groups, and are written while the next are encoded.

    def _work(self, prepared: Iterator[Prepared | None], on_step: Callable[[], None]) -> bool:
        group: list[Prepared] = []
        anything = False
        with ThreadPoolExecutor(1, thread_name_prefix="encode") as encoding:
            encoded = _Encoded([], Future())
            for item in prepared:
                anything = True
                self._renew()
                if item is not None:
                    group.append(item)
                if sum(each.chunk_count for each in group) >= CHUNKS_PER_WRITE:
                    encoded = self._encode_and_write(encoding, group, encoded)
                    group = []
                on_step()
                if self._stop.is_set():
                    break
            else:
                encoded = self._encode_and_write(encoding, group, encoded)
            self._write(encoded.group, encoded.vectors.result)
        return anything

    def _encode_and_write(
        self, encoding: Executor, group: list[Prepared], encoded: "_Encoded"
    ) -> "_Encoded":
        """Begin to encode the group; write the one that was begun before as soon as it is encoded."""
        begun = _Encoded(group, encoding.submit(self._indexer.encode, group))
        self._write(encoded.group, encoded.vectors.result)
        return begun

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at > RENEW_EVERY_S:
            self._jobs.renew(self.name, lease_s=self._lease_s)
            self._renewed_at = time.monotonic()

    def _write(self, group: list[Prepared], vectors: Callable[[], Encoded]) -> None:
        if not group:
            return
        self._renew()
        try:
            self._indexer.write(group, vectors(), self.name)
        except Exception as error:  # noqa: BLE001 - the other documents must not suffer from it
            if len(group) == 1:
                self._fail(group[0].task, error, group[0].values.get("signature"))
                return
            for each in group:
                self._write([each], partial(self._indexer.encode, [each]))
            return
        self._written_chunks += sum(each.chunk_count for each in group)
        for each in group:
            self._standing.note(each.record, each.record.id)

    def _read_ahead(self) -> Iterator[Prepared | None]:
        """Claimed documents, read and divided, the next ones being parsed meanwhile. None where a task
        needed no writing."""
        contents: dict[int, Content] = {}
        quiet: list[None] = []

        def wanted() -> Iterator[tuple[Task, bytes, str]]:
            for task in self._claimed(_READING):
                if not self._is_settled(task):
                    content = self._content(task)
                    if content is not None:
                        contents[task.id] = content
                        yield task, content.data, content.file_name
                        continue
                quiet.append(None)

        for task, result in self._parser.map(wanted()):
            yield from quiet
            quiet.clear()
            content = contents.pop(task.id)
            yield self._prepared(task, content, result)
        yield from quiet

    def _claimed(self, actions: tuple[Action, ...]) -> Iterator[Task]:
        while tasks := self._jobs.claim(
            self.name, actions, limit=CLAIM_LIMIT, lease_s=self._lease_s
        ):
            yield from tasks
            self._planner.plan_queued(self.name)

    def _content(self, task: Task) -> Content | None:
        record = self._catalog.documents.get(task.document_id)
        if record is None:
            return None
        try:
            return self._sources.read(record, task.target)
        except (OSError, ParseError) as error:
            self._fail(task, error, self._sources.signature(record, task.target))
            return None

    def _is_settled(self, task: Task) -> bool:
        """Whether nothing is to be read for this task: it is done, or has failed."""
        try:
            return self._settle_without_reading(task)
        except Exception as error:  # noqa: BLE001 - the other documents must not suffer from it
            self._fail(task, error, None)
            return True

    def _settle_without_reading(self, task: Task) -> bool:
        """Whether a removal or a change of name is all there was to do."""
        record = self._catalog.documents.get(task.document_id)
        if record is None:
            self._jobs.finish(task, self.name)
            return True
        if task.action is Action.REMOVE:
            self._remove(task, record)
            return True
        if task.action is Action.RENAME and self._rename(task, record):
            return True
        if task.crashes >= CRASH_LIMIT:
            self._fail(task, _crashed(task), self._sources.signature(record, task.target))
            return True
        return False

    def _remove(self, task: Task, record: DocumentRecord) -> None:
        behind = self._catalog.documents.behind([record.id])
        try:
            self._catalog.documents.delete(
                [record.id], asked_by="sync", keep_out=False, task=(task.id, self.name)
            )
        except ClaimLost:
            return
        self._clear_leftovers()
        self._standing.note(None, record.id)
        for each in behind:
            self._standing.find_same_text(each.id)

    def _rename(self, task: Task, record: DocumentRecord) -> bool:
        """Give the document its new place; False where its text must be read under the new name."""
        path = task.target or record.path
        holder = self._catalog.documents.at(path)
        if holder is not None and holder.id != record.id:
            self._jobs.finish(task, self.name, error="has moved on: the next run finds where to")
            return True
        self._catalog.documents.change(record.id, path=path, name=task.name)
        renamed = replace(record, path=path, name=task.name)
        if _is_told_by_name(record, task.name):
            return False
        self._catalog.documents.change(record.id, signature=self._sources.signature(renamed, None))
        self._indexer.describe([renamed])
        self._standing.note(renamed, renamed.id)
        self._jobs.finish(task, self.name)
        return True

    def _prepared(
        self, task: Task, content: Content, result: Document | ParseError
    ) -> Prepared | None:
        record = self._catalog.documents.get(task.document_id)
        if record is None or not self._jobs.is_claimed(task, self.name):
            return None
        try:
            if isinstance(result, ParseError):
                raise result
            return self._prepare(task, record, content, result)
        except Exception as error:  # noqa: BLE001 - nor from a fault in dividing this one
            self._fail(task, error, content.signature)
            return None

    def _prepare(
        self,
        task: Task,
        record: DocumentRecord,
        content: Content,
        document: Document,
    ) -> Prepared:
        said_for_it = merged(_said_beside(content), record.form)
        # What a text says replaces what is no reason to end another document: anyone can write it.
        stated = replace(stated_in_text(document.text, record.name, document.title), supersedes=())
        described = merged(stated, document.metadata, said_for_it)
        document = replace(document, title=said_for_it.title or document.title, metadata=described)
        content_hash = hash_of(content)
        revision = record.revision + 1
        version = Version(
            version_name(content_hash, revision), content_hash, PARSING_VERSION, document
        )
        generations = targets(self._store.generations, task)
        chunks = tuple(
            chunks_for(document, each.index.manifest, self._encoder_of(each.index.manifest))
            for each in generations
        )
        values: dict[str, Any] = {
            "title": document.title,
            "state": DocumentState.INDEXED,
            "signature": content.signature,
            "content_hash": content_hash,
            "failed_signature": None,
            "error": None,
            "warning": document.warning,
            "described": described,
            "language": document.language,
            "words": len(document.text.split()),
            "chunks": len(chunks[0]),
            "revision": revision,
        }
        if described != record.described or record.content_hash is None:
            values |= {
                "valid_from": described.effective_from,
                "valid_until": described.effective_until,
            }
        return Prepared(
            task=task,
            record=replace(record, **values),
            version=version,
            described=described,
            values=values | {"sketch": sketch_bytes(document.text)},
            into=tuple(each.name for each in generations),
            chunks=chunks,
        )

    # A generation that is built takes the texts that are there.

    def _build_ahead(self) -> Iterator[Prepared | None]:
        building = (Action.BUILD,)
        claimed = self._jobs.claim(self.name, building, limit=BUILD_LIMIT, lease_s=self._lease_s)
        for task in claimed:
            try:
                rebuilt = self._rebuilt(task)
            except Exception as error:  # noqa: BLE001 - as for documents that are read
                self._fail(task, error, None)
                rebuilt = None
            yield rebuilt

    def _rebuilt(self, task: Task) -> Prepared | None:
        if task.crashes >= CRASH_LIMIT:
            raise _crashed(task)
        record = self._catalog.documents.get(task.document_id)
        serving = self._catalog.generations.serving()
        if record is None or serving is None or task.target is None:
            self._jobs.finish(task, self.name)
            return None
        current = self._catalog.documents.current_versions(serving, [record.id])
        version = self._catalog.documents.stored_version(record.id, current.get(record.id, ""))
        if version is None:
            self._jobs.finish(task, self.name)
            return None
        generation = self._store.generations.get(task.target)
        manifest = generation.index.manifest
        described = None
        values: dict[str, Any] = {}
        if version.parsing_version != manifest.parsing_version:
            reread = self._read_again(record)
            if reread is not None:
                version, described = reread, reread.document.metadata
                values = {
                    "revision": record.revision + 1,
                    "warning": reread.document.warning,
                }
        chunks = chunks_for(version.document, manifest, self._encoder_of(manifest))
        return Prepared(task, record, version, described, values, (task.target,), (chunks,))

    def _read_again(self, record: DocumentRecord) -> Version | None:
        """The document as this version of Pincite reads it; None where it is out of reach or has
        changed, which its source's next listing finds out."""
        try:
            content = self._sources.read(record, None)
            if hash_of(content) != record.content_hash:
                return None
            document = self._parser.parse(content.data, name=content.file_name)
        except (OSError, ParseError):
            return None
        document = replace(document, title=record.title, metadata=record.described)
        name = version_name(record.content_hash or "", record.revision + 1)
        return Version(name, record.content_hash or "", PARSING_VERSION, document)

    # What failed, and what is over.

    def _fail(self, task: Task, error: Exception, signature: str | None) -> None:
        """Put the task back where the fault may pass, else note the reason at the document."""
        if self._stop.is_set():
            return  # The parser was told to give up: the fault is not the document's.
        explained = self._explained(error)
        if is_transient(error) and task.attempts + 1 < self._settings.attempts:
            delay_s = self._settings.retry_s * 2**task.attempts
            self._jobs.put_back(task, self.name, error=explained, delay_s=delay_s)
            return
        record = self._catalog.documents.get(task.document_id)
        if record is not None and task.action is not Action.BUILD:
            if record.content_hash:
                explained += " (the version indexed before stays in use)"
            self._catalog.documents.change(
                record.id,
                error=explained,
                failed_signature=None if is_transient(error) else signature,
                state=DocumentState.INDEXED if record.content_hash else DocumentState.FAILED,
            )
        self._jobs.finish(task, self.name, error=explained)

    def _explained(self, error: Exception) -> str:
        if isinstance(error, ParseError | OSError | MetadataError | IndexUnreachable):
            return reason(error)
        _log.error("A document could not be indexed", exc_info=error)
        return f"could not be indexed ({type(error).__name__}: {error}): report this document"

    def _clear_leftovers(self) -> None:
        self._indexer.remove_leftovers(self._catalog.documents.leftovers())

    def _close_jobs(self) -> bool:
        closed = False
        for job in self._jobs.worked_off():
            self._standing.refresh_noted()
            if self._written_chunks >= OPTIMIZE_FROM_CHUNKS:
                for generation in self._store.generations.written():
                    generation.index.optimize()
                self._written_chunks = 0
            self._planner.close(job)
            closed = True
        if closed:
            self._clear_leftovers()
        return closed


def _crashed(task: Task) -> WorkerCrashed:
    return WorkerCrashed(
        f"was being indexed {task.crashes} times when the process was killed, perhaps for lack of "
        "memory: divide it, or have it read again with 'pincite reindex'"
    )


def _said_beside(content: Content) -> Metadata:
    try:
        return read_sidecar(content.sidecar) if content.sidecar is not None else NOTHING_SAID
    except MetadataError as error:
        raise MetadataError(
            f"has a .meta.toml file beside it that cannot be used: {error}"
        ) from error


def _is_told_by_name(record: DocumentRecord, new_name: str) -> bool:
    """Whether something of the document comes from its name, and would from the new one, too."""
    if record.title == Path(record.name).stem:
        return True
    if Path(record.name).suffix.lower() != Path(new_name).suffix.lower():
        return True
    labels = [stated_in_text("", name, record.title).version for name in (record.name, new_name)]
    return labels[0] != labels[1]


def sketch_bytes(text: str) -> bytes:
    """A document's sketch as it is stored."""
    return b"".join(value.to_bytes(8, "big") for value in sorted(sketch(text)))
