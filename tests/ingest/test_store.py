"""The folder of a store: made, opened, refused, repaired."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest.catalog.documents import DocumentState
from ingest.catalog.schema import CatalogUnreadable
from ingest.errors import PinciteError
from ingest.index import IndexDamaged, IndexInUse, Manifest, NoIndex
from ingest.index.edge import EdgeIndex
from ingest.settings import IndexSettings
from ingest.store import FolderUnusable, open_store
from tests.ingest.bench import TENTS, Bench, as_another_user


@pytest.fixture
def path(indexed: Bench) -> Path:
    """A closed store of two documents."""
    indexed.close()
    return indexed.settings.index.path


def opened(path: Path, **how: bool) -> ExitStack:
    stack = ExitStack()
    stack.callback(open_store(IndexSettings(path=path), **how).close)
    return stack


def test_a_store_is_opened_as_it_was_left(path: Path) -> None:
    store = open_store(IndexSettings(path=path))

    assert [record.name for record in store.catalog.documents.find()] == [
        "refunds.md",
        "staff/leave.md",
    ]
    with store.generations.serving() as generation:
        assert (generation.name, generation.index.count()) == ("g0001", 3)
        assert generation.index.manifest == Manifest("bundled", 384, 160, 256)
    store.close()


def test_where_there_is_no_index_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match=r"There is no index in .*nowhere.*'pincite ingest PATH…'"):
        open_store(IndexSettings(path=tmp_path / "nowhere"))

    assert list(tmp_path.iterdir()) == []


def test_a_store_that_was_never_worked_on_is_no_index(tmp_path: Path) -> None:
    opened(tmp_path / "new", create=True).close()

    with pytest.raises(NoIndex, match="There is no index in"):
        open_store(IndexSettings(path=tmp_path / "new"))


def test_a_second_opening_is_refused_until_the_first_lets_go(path: Path) -> None:
    with opened(path), pytest.raises(IndexInUse, match=r"Another process .* stop it first\."):
        open_store(IndexSettings(path=path))

    opened(path).close()


def test_a_second_process_is_refused_until_the_first_lets_go(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ingest.store import open_store\n"
        "from ingest.settings import IndexSettings\n"
        "store = open_store(IndexSettings(path=Path(sys.argv[1])))\n"
        "print('held', flush=True); sys.stdin.read(); store.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(IndexInUse):
            open_store(IndexSettings(path=path))
        with pytest.raises(IndexInUse):
            open_store(IndexSettings(path=path), create=True, repair=True)
        process.communicate("")

    opened(path).close()


def test_an_opening_that_fails_lets_go_of_everything(path: Path) -> None:
    manifest = path / "generations" / "g0001" / "manifest.json"
    content = manifest.read_bytes()
    manifest.write_bytes(b"{")
    with pytest.raises(IndexDamaged):
        open_store(IndexSettings(path=path))
    manifest.write_bytes(content)

    opened(path).close()


# What cannot be used


def test_a_folder_that_cannot_be_written_says_which_and_what_to_do(path: Path) -> None:
    with (
        as_another_user(path.parent, owning=()),
        pytest.raises(FolderUnusable, match=r"Nothing can be written into .*store \(Permission"),
    ):
        open_store(IndexSettings(path=path))


def test_a_folder_that_is_a_file_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")

    with pytest.raises(FolderUnusable, match=r"Nothing can be written into .* \(File exists\)\."):
        open_store(IndexSettings(path=tmp_path / "store"), create=True)


def test_a_damaged_catalog_is_refused(path: Path) -> None:
    (path / "catalog.sqlite").write_bytes(b"This is no database. " * 100)

    with pytest.raises(CatalogUnreadable, match="Restore it from a backup, or delete it"):
        open_store(IndexSettings(path=path))


def remove_manifest(generation: Path) -> None:
    (generation / "manifest.json").unlink()


def truncate_manifest(generation: Path) -> None:
    manifest = generation / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:20])


def remove_shard(generation: Path) -> None:
    shutil.rmtree(generation / "shard")


def remove_segments(generation: Path) -> None:
    shutil.rmtree(generation / "shard" / "segments")


def truncate_segments(generation: Path) -> None:
    for file in (generation / "shard" / "segments").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def damage_configuration(generation: Path) -> None:
    (generation / "shard" / "edge_config.json").write_text("{")


def lose_points(generation: Path) -> None:
    """What the engine does not notice."""
    (tracker,) = generation.rglob("mutable_id_tracker.mappings")
    tracker.write_bytes(b"")


DAMAGES = [
    remove_manifest,
    truncate_manifest,
    remove_shard,
    remove_segments,
    truncate_segments,
    damage_configuration,
    lose_points,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_index_is_refused_and_can_be_repaired(
    indexed: Bench, damage: Callable[[Path], None]
) -> None:
    indexed.close()
    path = indexed.settings.index.path
    damage(path / "generations" / "g0001")

    with pytest.raises(PinciteError) as raised:
        open_store(IndexSettings(path=path))
    assert isinstance(raised.value, NoIndex)
    assert "'pincite ingest" in str(raised.value)

    opened(path, repair=True).close()
    indexed.start()
    assert indexed.catalog.documents.count_by_state() == {DocumentState.PENDING: 2}
    assert indexed.did(indexed.ingest()) == [("add", "refunds.md"), ("add", "staff/leave.md")]
    assert indexed.search("tents") == [TENTS]
    assert len(indexed.points()) == 3


def test_a_damaged_generation_that_does_not_serve_is_dropped_and_nothing_else(
    indexed: Bench,
) -> None:
    indexed.done(indexed.admin.rebuild(asked_by="test", target_tokens=80))
    assert indexed.serving() == "g0002"
    indexed.close()
    remove_manifest(indexed.settings.index.path / "generations" / "g0001")

    opened(indexed.settings.index.path, repair=True).close()
    indexed.start()

    assert list(indexed.generations()) == ["g0002"]
    assert (indexed.ingest().unchanged, indexed.search("tents")) == (2, [TENTS])


def test_the_rest_of_an_interrupted_making_is_no_generation(path: Path) -> None:
    EdgeIndex.create(path / "generations" / "g0002", Manifest("bundled", 384, 80, 256)).close()

    with opened(path):
        pass


def test_everything_lies_in_one_folder(path: Path) -> None:
    assert sorted(each.name for each in path.iterdir() if "sqlite-" not in each.name) == [
        "catalog.sqlite",
        "generations",
        "lock",
        "token-vectors.sqlite",
    ]
