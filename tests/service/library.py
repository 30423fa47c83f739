"""A folder of policies with the retriever over its index; changes are indexed when `sync` returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.jobs import JobState
from ingest.embed import BUNDLED, Encoder, Encoders
from ingest.index import EVERYONE
from ingest.metadata import SIDECAR_SUFFIX
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from ingest.worker import Worker
from service.access import LOCAL_READER, Reader
from service.retrieve import Retriever
from service.scope import EVERYTHING, Filter
from service.settings import RetrievalSettings, Settings
from tests.ingest.bench import CountingEncoder

STAFF = Reader("staff", frozenset({EVERYONE, "staff"}))


@dataclass(frozen=True, slots=True)
class Library:
    folder: Path
    store: Store
    admin: Admin
    worker: Worker
    encoders: Encoders
    encoder: CountingEncoder
    retriever: Retriever

    def put(self, name: str, text: str, **said: object) -> None:
        """A document, and what is said beside it; lists and strings as TOML writes them."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        lines = [f"{key} = {value!r}".replace("'", '"') for key, value in said.items()]
        if lines:
            path.with_name(path.name + SIDECAR_SUFFIX).write_text("\n".join(lines))

    def sync(self) -> None:
        self.done(self.admin.add_folders([self.folder], asked_by="test"))

    def done(self, job_id: str) -> None:
        job = self.worker.work_off(job_id)
        assert (job.state, job.failed, job.error) == (JobState.DONE, 0, None)

    def id_of(self, name: str) -> str:
        (record,) = [each for each in self.store.catalog.documents.find() if each.name == name]
        return record.id

    def another(self, **settings: object) -> Retriever:
        """A retriever of its own over the same index."""
        section = RetrievalSettings.model_validate(settings)
        return Retriever(
            self.store.generations, self.store.catalog.documents, self.encoders, section
        )

    def texts(self, question: str, reader: Reader = LOCAL_READER) -> set[str]:
        return {found.chunk.text for found in self.retriever.retrieve(question, reader)}

    def names(
        self, question: str, reader: Reader = LOCAL_READER, within: Filter = EVERYTHING
    ) -> set[str]:
        """The documents that the question finds passages in, where it is decided to search."""
        searched = self.retriever.decide(question, reader, within=within)
        found = self.retriever.retrieve(question, reader, searched=searched)
        return {each.document.name for each in found}


@contextmanager
def library(path: Path, encoder: Encoder) -> Iterator[Library]:
    """An empty one, open as long as the block lasts."""
    counting = CountingEncoder(encoder)
    encoders = Encoders(lambda model: counting)
    settings = Settings(index=IndexSettings(path=path / "store"))
    folder = path / "policies"
    folder.mkdir()
    store = open_store(settings.index, create=True)
    try:
        with worker_for(store, encoders, settings) as worker:
            assert encoders.get(BUNDLED) is counting
            documents = store.catalog.documents
            opened = Library(
                folder,
                store,
                Admin(store, encoders, settings.ingest),
                worker,
                encoders,
                counting,
                Retriever(store.generations, documents, encoders, settings.retrieval),
            )
            yield opened
    finally:
        store.close()
