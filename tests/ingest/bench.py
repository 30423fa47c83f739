"""A folder of documents with a real index, for tests of what runs do to it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ingest.catalog import Catalog
from ingest.embed import Encoder, Vectors
from ingest.index import EVERYONE, Index, Manifest
from ingest.index.edge import EdgeIndex
from ingest.settings import ChunkingSettings, IngestSettings
from ingest.source import list_files
from ingest.worker import IngestReport, Progress, Worker

MANIFEST = Manifest("bundled", 384, 160, 256)


class CountingEncoder:
    """The real encoder, which remembers what it was asked to embed."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.embedded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return self._encoder.encode(texts)

    def count_tokens(self, texts: list[str]) -> list[int]:
        return self._encoder.count_tokens(texts)


class Bench:
    """`folder` is what is ingested; catalog and index can be swapped for ones that break."""

    def __init__(self, path: Path, encoder: Encoder, folder: Path | None = None) -> None:
        self.folder = folder or path / "policies"
        path.mkdir(exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.encoder = CountingEncoder(encoder)
        self.loads = 0
        self.catalog = Catalog(path / "catalog.sqlite")
        self.index: Index = EdgeIndex.create(path / "index", MANIFEST)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(
        self,
        *paths: Path,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        allow_empty: bool = False,
        catalog: Catalog | None = None,
        index: Index | None = None,
        limits: IngestSettings | None = None,
    ) -> IngestReport:
        worker = Worker(
            catalog or self.catalog,
            index or self.index,
            self._load,
            ChunkingSettings(),
            limits or IngestSettings(),
        )
        listings = [list_files(path) for path in paths or (self.folder,)]
        return worker.run(listings, on_progress=on_progress, allow_empty=allow_empty)

    def search(self, words: str) -> list[tuple[str, str]]:
        """Document name and text of the chunks that hold one of the words."""
        hits = self.index.search_sparse(words, top_k=100, groups=[EVERYONE])
        return sorted((hit.document.name, hit.chunk.text) for hit in hits)

    def everything(self) -> list[tuple[str, int, str]]:
        return contents(self.index, self.encoder)

    def errors(self) -> dict[str, str]:
        return {record.name: record.error for record in self.catalog.records() if record.error}

    def close(self) -> None:
        self.index.close()
        self.catalog.close()

    def _load(self) -> Encoder:
        self.loads += 1
        return self.encoder


def contents(index: Index, encoder: Encoder) -> list[tuple[str, int, str]]:
    """Document name, position and text of every chunk in the index."""
    (vector,) = encoder.encode(["anything"])
    hits = index.search_dense(vector, top_k=index.count() + 100, groups=[EVERYONE])
    assert len(hits) == index.count()
    return sorted((hit.document.name, hit.position, hit.chunk.text) for hit in hits)
