"""What the index in a folder does beyond the contract: damage, and one process at a time."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from ingest.chunk import Chunk
from ingest.faults import is_transient
from ingest.index import (
    EVERYONE,
    IndexDamaged,
    IndexedDocument,
    IndexInUse,
    Manifest,
    NoIndex,
    Scope,
)
from ingest.index.edge import EdgeIndex, _typed
from tests.ingest.bench import as_another_user

MANIFEST = Manifest("bundled", dimension=3, target_tokens=160, max_tokens=256)
EVERYWHERE = Scope(frozenset({EVERYONE}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed index of 50 chunks."""
    path = tmp_path_factory.mktemp("whole") / "index"
    index = EdgeIndex.create(path, MANIFEST)
    chunks = [Chunk(f"tent {n}", 0, 6, (), None, "") for n in range(50)]
    document = IndexedDocument("refunds", "v1", "refunds.md", "Refunds")
    index.write(document, chunks, np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
    index.close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "index"))


def use(path: Path) -> None:
    """Open the index, read all of it, write, and close it."""
    index = EdgeIndex.open(path)
    try:
        assert len(index.search_dense(np.ones(3, np.float32), top_k=99, scope=EVERYWHERE)) == 50
        assert len(index.search_sparse("tent", top_k=99, scope=EVERYWHERE)) == 50
        assert len(list(index.points())) == 50
        index.remove("nothing")
        index.optimize()
    finally:
        index.close()


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwrite(file: Path) -> None:
    file.write_bytes(random.Random(0).randbytes(file.stat().st_size))


def the(path: Path, pattern: str) -> Path:
    return sorted((path / "shard").glob(pattern))[0]


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("edge_config.json", halve),
        ("segments/*/segment.json", halve),
        ("segments/*/segment.json", Path.unlink),
        ("segments/*/mutable_id_tracker.mappings", overwrite),
        ("segments/*/payload_storage/config.json", overwrite),
        ("segments/*/payload_index/config.json", halve),
        # The engine panics on these.
        ("segments/*/vector_storage-dense/vectors/status.dat", halve),
        ("segments/*/vector_storage-bm25/deleted/status.dat", halve),
        ("wal/first-index", overwrite),
        ("wal/open-1", overwrite),
    ],
)
def test_a_damaged_index_says_how_to_build_it_anew(
    path: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    damage(the(path, pattern))

    with pytest.raises(IndexDamaged, match=r"pincite ingest --rebuild"):
        use(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\x87\x00", b"[]", b'{"encoder": "bundled"}'])
def test_a_damaged_manifest_says_so(path: Path, content: bytes) -> None:
    (path / "manifest.json").write_bytes(content)

    with pytest.raises(
        IndexDamaged, match=r"manifest\.json cannot be read.*pincite ingest --rebuild"
    ):
        EdgeIndex.open(path)


def test_a_lost_folder_is_damage_and_nothing_is_made_in_its_place(path: Path) -> None:
    (path / "shard").rename(path / "elsewhere")

    with pytest.raises(IndexDamaged, match="'shard'"):
        EdgeIndex.open(path)

    assert not (path / "shard").exists()


def test_a_folder_without_a_manifest_holds_no_index(path: Path) -> None:
    (path / "manifest.json").unlink()

    with pytest.raises(NoIndex, match="pincite ingest"):
        EdgeIndex.open(path)


def test_a_folder_that_may_only_be_read_says_which_right_is_missing(path: Path) -> None:
    for file in path.rglob("*"):
        if file.is_file():
            file.chmod(0o400)
    # Root may write everywhere.
    as_owner = as_another_user(path, owning=[path, *path.rglob("*")])

    with (
        as_owner if os.geteuid() == 0 else nullcontext(),
        pytest.raises(IndexDamaged, match="right to read and write"),
    ):
        EdgeIndex.open(path)


def test_a_passage_from_an_earlier_version_is_told(path: Path) -> None:
    index = EdgeIndex.open(path)
    document = IndexedDocument("refunds", "v1", "refunds.md", "Refunds")
    index.write(document, [], np.empty((0, 3), np.float32))
    qdrant = pytest.importorskip("qdrant_edge")
    old = qdrant.Point(7, {"dense": [1.0, 0.0, 0.0]}, {"groups": ["everyone"]})
    index._shard.update(qdrant.UpdateOperation.upsert_points([old]))

    with pytest.raises(IndexDamaged, match=r"'valid_from'.*earlier version.*rebuild"):
        index.search_dense(np.ones(3, np.float32), top_k=1, scope=EVERYWHERE)
    index.close()


def test_a_full_disk_may_pass() -> None:
    error = _typed(Path("index"), "Service runtime error: IO Error: No space left on device")

    assert isinstance(error, OSError)
    assert is_transient(error)


def test_a_closed_index_says_that_it_is(path: Path) -> None:
    index = EdgeIndex.open(path)
    index.close()

    with pytest.raises(ValueError, match="is closed"):
        index.count()


@pytest.fixture
def held(path: Path) -> Iterator[Path]:
    """The index, held by another process."""
    program = (
        "import sys; from pathlib import Path; from ingest.index.edge import EdgeIndex;"
        "index = EdgeIndex.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        yield path
        holder.communicate()


def test_only_one_process_at_a_time_holds_it(held: Path) -> None:
    with pytest.raises(IndexInUse, match="Another process"):
        EdgeIndex.open(held)


def test_the_manifest_can_be_read_while_another_process_holds_it(held: Path) -> None:
    assert json.loads((held / "manifest.json").read_text("utf-8")) == MANIFEST.to_json()
