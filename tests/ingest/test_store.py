"""The folder that holds catalog, index and uploads: made, opened, refused, repaired."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.catalog.documents import DocumentState
from ingest.catalog.schema import SCHEMA_VERSION, CatalogUnreadable
from ingest.index import IndexInUse, NoIndex
from ingest.settings import IndexSettings
from ingest.store import FolderUnusable, Store, open_store
from tests.ingest.bench import Bench


def reopened(bench: Bench, *, repair: bool = False) -> Store:
    bench.close()
    return open_store(bench.settings.index, repair=repair)


def test_where_there_is_no_index_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match=r"There is no index in .*nowhere.*'pincite ingest PATH…'"):
        open_store(IndexSettings(path=tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_opened_as_it_was_left(indexed: Bench) -> None:
    store = reopened(indexed)

    assert store.catalog.documents.count_by_state() == {DocumentState.INDEXED: 2}
    with store.generations.serving() as generation:
        assert (generation.name, generation.index.count()) == ("g0001", 3)
    store.close()


def test_a_second_process_is_refused_until_the_first_lets_go(indexed: Bench) -> None:
    program = (
        "import sys; from pathlib import Path; from ingest.store import open_store\n"
        "from ingest.settings import IndexSettings\n"
        "store = open_store(IndexSettings(path=Path(sys.argv[1])))\n"
        "print('held', flush=True); sys.stdin.read(); store.close()"
    )
    settings = indexed.settings.index
    indexed.close()
    with subprocess.Popen(
        [sys.executable, "-c", program, str(settings.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(IndexInUse, match=r"Another process .* uses the index in .*stop it fi"):
            open_store(settings)
        with pytest.raises(IndexInUse):
            open_store(settings, create=True, repair=True)
        process.communicate("")

    open_store(settings).close()


def no_manifest(generation: Path) -> None:
    (generation / "manifest.json").unlink()


def bad_manifest(generation: Path) -> None:
    (generation / "manifest.json").write_text("{")


def bad_shard(generation: Path) -> None:
    (generation / "shard" / "edge_config.json").write_text("{")


def lost_points(generation: Path) -> None:
    """What the engine does not notice."""
    (tracker,) = generation.rglob("mutable_id_tracker.mappings")
    tracker.write_bytes(b"")


@pytest.mark.parametrize("damage", [no_manifest, bad_manifest, bad_shard, lost_points])
def test_a_damaged_index_is_refused_and_its_documents_wait_to_be_indexed_again(
    indexed: Bench, damage: Callable[[Path], None]
) -> None:
    settings = indexed.settings.index
    indexed.close()
    damage(settings.path / "generations" / "g0001")

    with pytest.raises(NoIndex, match="pincite ingest"):
        open_store(settings)

    repaired = open_store(settings, repair=True)
    assert repaired.catalog.generations.serving() is None
    assert repaired.catalog.documents.count_by_state() == {DocumentState.PENDING: 2}
    repaired.close()


def test_a_catalog_of_a_newer_pincite_is_refused(indexed: Bench) -> None:
    settings = indexed.settings.index
    indexed.close()
    with sqlite3.connect(settings.path / "catalog.sqlite") as database:
        database.execute("UPDATE pincite SET schema_version = ?", (SCHEMA_VERSION + 1,))
    database.close()

    with pytest.raises(CatalogUnreadable, match=r"newer Pincite.*upgrade Pincite"):
        open_store(settings)


def test_a_damaged_catalog_is_refused(indexed: Bench) -> None:
    settings = indexed.settings.index
    indexed.close()
    (settings.path / "catalog.sqlite").write_bytes(b"no database " * 1000)

    with pytest.raises(CatalogUnreadable, match=r"cannot be read .*Restore it from a backup"):
        open_store(settings)


def test_a_folder_that_nothing_can_be_written_into_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderUnusable, match=r"Nothing can be written into .*file/store"):
        open_store(IndexSettings(path=tmp_path / "file" / "store"), create=True)
