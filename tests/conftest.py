"""What several test folders share; each is made once a run."""

from pathlib import Path

import pytest

from ingest.embed import BUNDLED, SentenceTransformerEncoder
from ingest.settings import ChunkingSettings, EncoderSettings, IngestSettings
from ingest.source import list_files
from ingest.store import open_or_create_store
from ingest.worker import Worker

POLICIES = Path(__file__).parents[1] / "examples" / "policies"


@pytest.fixture(scope="session")
def encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(BUNDLED)


@pytest.fixture(scope="session")
def example_store_path(
    encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A closed index of examples/policies. Copy it to open it: one process at a time can hold it."""
    path = tmp_path_factory.mktemp("example") / "pincite"
    chunking = ChunkingSettings()
    store = open_or_create_store(path, EncoderSettings(), chunking, lambda: encoder)
    worker = Worker(store.catalog, store.index, lambda: encoder, chunking, IngestSettings())
    report = worker.run([list_files(POLICIES)])
    store.close()
    assert report.failed == {}
    return path
