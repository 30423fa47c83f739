"""A folder of documents with a real store and worker, for tests of what an admin does to it."""

import errno
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ingest.admin import Admin
from ingest.catalog import Catalog
from ingest.catalog.documents import DocumentRecord
from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Job
from ingest.embed import BUNDLED, Encoder, EncoderNotFound, Encoders, Vectors
from ingest.index import EVERYONE, Hit, Index, Scope
from ingest.metadata import NOTHING_SAID, Metadata
from ingest.planner import Planner
from ingest.probe import SentenceProbe
from ingest.receiving import Upload
from ingest.sandbox import ParserProcess
from ingest.settings import ChunkingSettings, EncoderSettings, IndexSettings, IngestSettings
from ingest.source import FolderSource
from ingest.sources import OpenSources
from ingest.store import Store, open_store
from ingest.worker import Worker

SHAPELESS = "shapeless"
"""An encoder to which every text is the same."""

REFUNDS = "# Refunds\n\nUnused tents go back within 30 days.\n"
LEAVE = "# Leave\n\n## Adoption\n\nTen weeks are paid.\n\n## Sickness\n\nRing before nine.\n"
TENTS = ("refunds.md", "Unused tents go back within 30 days.")

FULL = OSError(errno.ENOSPC, "No space left on device")

_NOBODY = 65534

KEPT = " (the version indexed before stays in use)"
NOT_UTF8 = "is not valid UTF-8 (byte 0 of 1): save it as UTF-8"


@dataclass(frozen=True, slots=True)
class Settings:
    """Sections as an application composes them; faults are tried again at once."""

    index: IndexSettings
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    chunking: ChunkingSettings = field(default_factory=ChunkingSettings)
    ingest: IngestSettings = field(
        default_factory=lambda: IngestSettings(attempts=3, retry_s=0.001)
    )


def with_ingest(settings: Settings, ingest: IngestSettings) -> Settings:
    """The settings with this section."""
    return replace(settings, ingest=ingest)


class CountingEncoder:
    """The real encoder, which remembers what it was asked to embed."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.embedded: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        self.before()
        return self._encoder.encode(texts)

    def count_tokens(self, texts: list[str]) -> list[int]:
        return self._encoder.count_tokens(texts)


class ShapelessEncoder(CountingEncoder):
    """Every text lies at the same place, so nothing is found by meaning."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        vectors[:, 0] = 1
        return vectors


class FailingIndex:
    """The real index, whose writes raise these errors first, one each."""

    def __init__(self, index: Index, errors: Iterable[Exception]) -> None:
        self._index = index
        self._errors = list(errors)
        self.writes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)

    def write(self, *arguments: object) -> None:
        self.writes += 1
        if self._errors:
            raise self._errors.pop(0)
        self._index.write(*arguments)  # type: ignore[arg-type]


class Bench:
    """`folder` is what is ingested. The parser is the caller's, so that tests can share one."""

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        parser: ParserProcess,
        *,
        settings: IngestSettings | None = None,
    ) -> None:
        self.folder = path / "policies"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(IndexSettings(path=path / "store"))
        if settings is not None:
            self.settings = replace(self.settings, ingest=settings)
        self.encoder = CountingEncoder(encoder)
        self._shapeless = ShapelessEncoder(encoder)
        self._parser = parser
        self._open = ExitStack()
        self.start()

    def start(self, *, cleared: bool = True) -> None:
        """Open the store as a new process would; with `cleared` the worker is started, too."""
        self.store: Store = open_store(self.settings.index, create=True)
        self._open.callback(self.store.close)
        self.catalog: Catalog = self.store.catalog
        encoders = Encoders(self.load)
        self.worker = self.new_worker(encoders)
        self.admin = Admin(self.store, encoders, self.settings.ingest)
        if cleared:
            self.worker.start()

    def new_worker(self, encoders: Encoders) -> Worker:
        limits = self.settings.ingest
        sources = OpenSources(self.catalog, self.store.uploads, limits)
        probe = SentenceProbe(self.catalog, encoders)
        wanted = (self.settings.encoder, self.settings.chunking)
        planner = Planner(self.store, sources, encoders, *wanted, probe)
        return Worker(self.store, sources, planner, encoders, self._parser, limits)

    def load(self, model: str) -> Encoder:
        known = {BUNDLED: self.encoder, SHAPELESS: self._shapeless}
        if model not in known:
            raise EncoderNotFound(f"The encoder '{model}' cannot be loaded.")
        return known[model]

    def close(self) -> None:
        self._open.close()

    def restart(self) -> None:
        """Leave everything as a process leaves it that is killed now, and begin again."""
        self.close()
        self.start()

    # Files

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def remove(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink()

    def source(self) -> FolderSource:
        return FolderSource(self.folder, max_file_mb=self.settings.ingest.max_file_mb)

    @contextmanager
    def as_another_user(self) -> Iterator[None]:
        """As a user who owns the store and may only look at the folder."""
        path = self.settings.index.path
        with as_another_user(self.folder, owning=[path, *path.rglob("*")]):
            yield

    # Jobs

    def ingest(self, *paths: Path, allow_empty: bool = False) -> Job:
        """`pincite ingest PATH…`, by default of the folder."""
        chosen = paths or (self.folder,)
        return self.done(self.admin.add_folders(chosen, asked_by="test", allow_empty=allow_empty))

    def add(self) -> str:
        """The job that is to index the folder."""
        return self.admin.add_folders([self.folder], asked_by="test")

    def plan(self) -> None:
        """Plan what is queued, without beginning with it."""
        self.worker._planner.plan_queued(self.worker.name)

    def sync(self, *only: Path) -> Job:
        return self.done(self.admin.sync(asked_by="test", only=[str(path) for path in only]))

    def done(self, job_id: str) -> Job:
        return self.worker.work_off(job_id)

    def upload(self, name: str, content: str | bytes, metadata: Metadata = NOTHING_SAID) -> str:
        """Send a file; the job that is to index it."""
        kept = self.keep(content)
        return self.admin.upload([Upload(name, kept, metadata)], asked_by="test")

    def keep(self, content: str | bytes) -> str:
        data = content if isinstance(content, bytes) else content.encode()
        return self.store.uploads.save([data], max_bytes=1_000_000)

    def did(self, job: Job | str) -> list[tuple[str, str]]:
        """Action and name of the job's documents that were done."""
        return self._outcomes(job, "done")

    def failed(self, job: Job | str) -> dict[str, str | None]:
        id = job if isinstance(job, str) else job.id
        return {each.name: each.error for each in self.admin.outcomes(id, state="failed")}

    def _outcomes(self, job: Job | str, state: str) -> list[tuple[str, str]]:
        id = job if isinstance(job, str) else job.id
        return [(each.action.value, each.name) for each in self.admin.outcomes(id, state=state)]

    # What is there

    def record(self, name: str) -> DocumentRecord:
        (found,) = [each for each in self.catalog.documents.find() if each.name == name]
        return found

    def names(self) -> list[str]:
        return [record.name for record in self.catalog.documents.find()]

    def errors(self) -> dict[str, str]:
        return {each.name: each.error for each in self.catalog.documents.find() if each.error}

    def search(
        self,
        words: str,
        *,
        groups: Collection[str] = (EVERYONE,),
        as_of: date | None = None,
    ) -> list[tuple[str, str]]:
        """Document name and text of the chunks that hold one of the words, and that count."""
        scope = Scope(frozenset(groups), as_of)
        with self.store.generations.serving() as generation:
            hits = generation.index.search_sparse(words, top_k=1000, scope=scope)
            ids = {hit.document.id for hit in hits}
            current = self.catalog.documents.current_versions(generation.name, ids)
        return sorted((hit.document.name, hit.chunk.text) for hit in counting(hits, current))

    def points(self, generation: str | None = None) -> list[tuple[str, int, str]]:
        """Document name, position and text of every point, whether it counts or not."""
        name = generation or self.serving()
        points = self.store.generations.get(name).index.points()
        return sorted((point.document.name, point.position, point.chunk.text) for point in points)

    def serving(self) -> str:
        name = self.catalog.generations.serving()
        assert name is not None
        return name

    def generations(self) -> dict[str, GenerationState]:
        return {each.name: each.state for each in self.catalog.generations.all()}

    def break_index(self, *errors: Exception, generation: str | None = None) -> FailingIndex:
        """Have the index's next writes fail."""
        from ingest.generations import Generation

        name = generation or self.serving()
        failing = FailingIndex(self.store.generations.get(name).index, errors)
        self.store.generations._open[name] = Generation(name, failing)  # type: ignore[arg-type]
        return failing


def counting(hits: Iterable[Hit], current: dict[str, str]) -> list[Hit]:
    return [hit for hit in hits if current.get(hit.document.id) == hit.document.version]


@contextmanager
def as_another_user(folder: Path, *, owning: Iterable[Path]) -> Iterator[None]:
    """As one whom permissions hold back, which they do not with root; `folder` can be reached."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    for above in (folder, *folder.parents):
        if above.is_relative_to(tempfile.gettempdir()) and str(above) != tempfile.gettempdir():
            above.chmod(0o755)
    for path in owning:
        os.chown(path, _NOBODY, -1)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
