"""What the tests of ingestion share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embed import SentenceTransformerEncoder
from ingest.sandbox import ParserProcess
from tests.ingest.bench import LEAVE, REFUNDS, Bench


@pytest.fixture(scope="session")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(max_s=60, max_memory_mb=2048) as shared:
        yield shared


@pytest.fixture(scope="session")
def new_store(
    encoder: SentenceTransformerEncoder,
    parser: ParserProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A closed store with nothing in it: a copy is at hand sooner than a new one."""
    made = Bench(tmp_path_factory.mktemp("new"), encoder, parser)
    made.close()
    return made.settings.index.path


@pytest.fixture
def empty(
    tmp_path: Path, encoder: SentenceTransformerEncoder, parser: ParserProcess, new_store: Path
) -> Iterator[Bench]:
    """A store beside an empty folder."""
    shutil.copytree(new_store, tmp_path / "store", copy_function=_copy_sparse)
    opened = Bench(tmp_path, encoder, parser)
    yield opened
    opened.close()


@pytest.fixture
def bench(empty: Bench) -> Bench:
    """A folder of two documents, nothing of it indexed yet."""
    empty.put("refunds.md", REFUNDS)
    empty.put("staff/leave.md", LEAVE)
    return empty


@pytest.fixture
def indexed(bench: Bench) -> Bench:
    """The two documents, indexed."""
    bench.ingest()
    bench.encoder.embedded.clear()
    return bench


def _copy_sparse(source: str, target: str) -> None:
    """Copy what there is of a file: the engine's are 170 MB, nearly all of it holes."""
    with open(source, "rb") as old, open(target, "wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        hole = 0
        while hole < size:
            try:
                data = os.lseek(old.fileno(), hole, os.SEEK_DATA)
            except OSError:
                return  # Nothing but a hole up to the end.
            hole = os.lseek(old.fileno(), data, os.SEEK_HOLE)
            new.seek(data)
            new.write(os.pread(old.fileno(), hole - data, data))
