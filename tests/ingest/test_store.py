"""The folder of an index: made, opened, refused, dropped."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.catalog import DocumentState
from ingest.embed import SentenceTransformerEncoder
from ingest.index import IndexInUse, IndexMismatch, Manifest, NoIndex
from ingest.index.edge import read_manifest
from ingest.settings import ChunkingSettings, EncoderSettings
from ingest.store import drop_index, known_roots, open_or_create_store, open_store
from tests.ingest.test_catalog import INDEXED, REFUNDS

ENCODER, CHUNKING = EncoderSettings(), ChunkingSettings()


@pytest.fixture
def path(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Path:
    """A closed index of one document."""
    store = open_or_create_store(tmp_path / "store", ENCODER, CHUNKING, lambda: encoder)
    store.catalog.save_indexed(INDEXED, REFUNDS)
    store.close()
    return tmp_path / "store"


def never() -> SentenceTransformerEncoder:
    raise AssertionError("the encoder is not needed")


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    program = (
        "import sys; from pathlib import Path; from ingest.index.edge import EdgeIndex\n"
        "index = EdgeIndex.open(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path / "index")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("")


def test_a_new_index_remembers_what_built_it(path: Path) -> None:
    assert read_manifest(path / "index") == Manifest("bundled", 384, 160, 256, 1)


def test_an_index_is_opened_as_it_was_left_without_its_encoder(path: Path) -> None:
    store = open_or_create_store(path, ENCODER, CHUNKING, never)

    assert store.catalog.records() == [INDEXED]
    assert store.index.count() == 0
    store.close()


def test_where_there_is_no_index_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match=r"There is no index in .*nowhere.*'pincite ingest PATH…'"):
        open_store(tmp_path / "nowhere", ENCODER, CHUNKING)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("encoder_settings", "chunking", "message"),
    [
        (EncoderSettings(model="bge"), CHUNKING, r"encoder bundled \(now wanted: bge\)\. Change"),
        (
            ENCODER,
            ChunkingSettings(target_tokens=100, max_tokens=128),
            r"target tokens 160 \(now wanted: 100\), max tokens 256 \(now wanted: 128\)\. Change",
        ),
    ],
)
def test_other_settings_are_refused_with_both_values_and_the_way_out(
    path: Path, encoder_settings: EncoderSettings, chunking: ChunkingSettings, message: str
) -> None:
    with pytest.raises(IndexMismatch, match=message) as raised:
        open_store(path, encoder_settings, chunking)
    assert str(raised.value).endswith(
        "Change the settings back, or run 'pincite ingest --rebuild' to build it anew."
    )
    with pytest.raises(IndexMismatch, match=message):
        open_or_create_store(path, encoder_settings, chunking, never)
    open_store(path, ENCODER, CHUNKING).close()


def test_an_index_of_an_older_parser_is_refused(path: Path) -> None:
    manifest = path / "index" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"parsing_version": 0}))

    with pytest.raises(IndexMismatch, match=r"parsing version 0 \(now wanted: 1\)"):
        open_store(path, ENCODER, CHUNKING)


def test_a_second_process_is_refused_until_the_first_lets_go(path: Path) -> None:
    with held_by_another_process(path):
        with pytest.raises(IndexInUse, match=r"Another process .* uses the index in .*stop it fi"):
            open_store(path, ENCODER, CHUNKING)
        with pytest.raises(IndexInUse):
            drop_index(path)

    store = open_store(path, ENCODER, CHUNKING)
    assert store.catalog.count_by_state() == {DocumentState.INDEXED: 1}
    store.close()


def test_an_index_whose_making_was_interrupted_is_made_anew(
    path: Path, encoder: SentenceTransformerEncoder
) -> None:
    (path / "index" / "manifest.json").unlink()

    store = open_or_create_store(path, ENCODER, CHUNKING, lambda: encoder)

    assert store.index.count() == 0
    assert store.catalog.records() == []
    store.close()


def damage_manifest(path: Path) -> None:
    (path / "index" / "manifest.json").write_text("{")


def damage_shard(path: Path) -> None:
    (path / "index" / "shard" / "edge_config.json").write_text("{")


@pytest.mark.parametrize("damage", [damage_manifest, damage_shard])
def test_a_damaged_index_is_refused_and_can_be_dropped(
    path: Path, encoder: SentenceTransformerEncoder, damage: Callable[[Path], None]
) -> None:
    damage(path)

    with pytest.raises(NoIndex, match=r"Build (it|the index) anew with 'pincite ingest --rebuild'"):
        open_store(path, ENCODER, CHUNKING)

    assert known_roots(path) == [Path("/policies")]
    drop_index(path)
    open_or_create_store(path, ENCODER, CHUNKING, lambda: encoder).close()
    open_store(path, ENCODER, CHUNKING).close()


def test_the_roots_are_known_until_a_new_index_is_made(
    path: Path, encoder: SentenceTransformerEncoder
) -> None:
    assert known_roots(path) == [Path("/policies")]

    drop_index(path)

    assert known_roots(path) == [Path("/policies")]
    open_or_create_store(path, ENCODER, CHUNKING, lambda: encoder).close()
    assert known_roots(path) == []


def test_nowhere_has_no_roots_and_is_not_made(tmp_path: Path) -> None:
    assert known_roots(tmp_path / "nowhere") == []
    drop_index(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
