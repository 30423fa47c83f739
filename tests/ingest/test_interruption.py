"""`pincite ingest` killed in the midst of its work, and run again."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.catalog import DocumentState
from ingest.embed import SentenceTransformerEncoder
from ingest.settings import ChunkingSettings, EncoderSettings, IngestSettings
from ingest.source import list_files
from ingest.store import Store, open_or_create_store
from ingest.worker import IngestReport, Worker
from tests.ingest.bench import contents

PINCITE = Path(sys.executable).parent / "pincite"
DOCUMENTS = 40


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    for number in range(DOCUMENTS):
        text = f"# Policy {number}\n\n## Days\n\nWait {number} days.\n\n## Fee\n\nPay £{number}.\n"
        (folder / f"{number:02}.md").write_text(text)
    return folder


@pytest.fixture(scope="module")
def undisturbed(
    policies: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, int, str]]:
    store, _ = finish(tmp_path_factory.mktemp("undisturbed"), policies, encoder)
    found = contents(store.index, encoder)
    store.close()
    assert found[:2] == [("00.md", 0, "Wait 0 days."), ("00.md", 1, "Pay £0.")]
    return found


def finish(
    path: Path, policies: Path, encoder: SentenceTransformerEncoder
) -> tuple[Store, IngestReport]:
    chunking = ChunkingSettings()
    store = open_or_create_store(path, EncoderSettings(), chunking, lambda: encoder)
    worker = Worker(store.catalog, store.index, lambda: encoder, chunking, IngestSettings())
    return store, worker.run([list_files(policies)])


def indexed_so_far(path: Path) -> int:
    """Documents whose state is indexed; -1 before the first is marked for indexing."""
    try:
        connection = sqlite3.connect(f"file:{path / 'catalog.sqlite'}?mode=ro", uri=True)
        try:
            states = [row[0] for row in connection.execute("SELECT state FROM documents")]
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return -1
    return states.count(DocumentState.INDEXED) if states else -1


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [0, *random.Random(20250203).sample(range(1, DOCUMENTS - 5), 2)],  # noqa: S311
    ids=lambda moment: f"after {moment} documents",
)
def test_a_killed_run_is_finished_by_the_next_as_if_nothing_had_been(
    moment: int,
    policies: Path,
    undisturbed: list[tuple[str, int, str]],
    encoder: SentenceTransformerEncoder,
    tmp_path: Path,
) -> None:
    path = tmp_path / "store"
    with subprocess.Popen([PINCITE, "--index", path, "ingest", policies]) as process:
        while process.poll() is None and indexed_so_far(path) < moment:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    store, report = finish(path, policies, encoder)

    assert sorted(report.added + report.unchanged) == [f"{n:02}.md" for n in range(DOCUMENTS)]
    assert report.added != []
    assert (report.changed, report.removed, report.failed) == ([], [], {})
    assert contents(store.index, encoder) == undisturbed
    assert store.catalog.count_by_state() == {DocumentState.INDEXED: DOCUMENTS}
    store.close()
