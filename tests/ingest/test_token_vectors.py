"""The vectors of tokens are there for what is indexed, and for nothing else."""

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.jobs import JobState
from ingest.embed import Encoders, SentenceTransformerEncoder
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from ingest.token_vectors import Owner, TokenVectors, TokenVectorStore
from ingest.worker import Worker
from service.settings import Settings

FIRST = Owner("g0001", "tents", "1")
TENTS = "# Tents\n\nTents are kept for 30 days.\n\n## Ropes\n\nRopes are kept for 14 days.\n"


def unit(count: int, seed: int = 1) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    unit_vectors: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit_vectors


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[TokenVectorStore]:
    store = TokenVectorStore(tmp_path / "tokens.sqlite")
    yield store
    store.close()


def put(store: TokenVectorStore, text: str, owner: Owner = FIRST) -> None:
    store.put("mini", {text: TokenVectors.rounded(unit(3))}, {text: owner})


def test_rounding_changes_a_dot_product_hardly() -> None:
    vectors, asked = unit(200), unit(20, seed=2)

    rounded = TokenVectors.rounded(vectors)

    exact = (asked @ vectors.T).max(axis=1)
    assert len(rounded) == 200
    assert rounded.nearest(asked) == pytest.approx(exact, abs=4e-3)
    assert rounded.nearest(vectors) == pytest.approx(np.ones(200), abs=2e-3)


def test_no_tokens_and_vectors_of_zeros_can_be_rounded() -> None:
    assert len(TokenVectors.rounded(np.zeros((0, 384), np.float32))) == 0
    assert TokenVectors.rounded(np.zeros((1, 384), np.float32)).nearest(unit(1)) == [0]


def test_what_was_put_comes_back_as_it_was(kept: TokenVectorStore) -> None:
    texts = {
        text: TokenVectors.rounded(unit(n)) for n, text in enumerate(["", "a", "é 退款\ud800"])
    }

    kept.put("mini", texts, dict.fromkeys(texts, FIRST))
    found = kept.get("mini", [*texts, "unknown"])

    assert found.keys() == texts.keys()
    for text, vectors in texts.items():
        assert found[text].codes.tobytes() == vectors.codes.tobytes()
        np.testing.assert_array_equal(found[text].scales, vectors.scales)
    assert kept.get("another encoder", [*texts]) == {}
    assert kept.get("mini", []) == {}


def test_what_a_document_no_longer_says_is_removed(kept: TokenVectorStore) -> None:
    for text, version in (("old", "1"), ("both", "1"), ("new", "2")):
        put(kept, text, Owner("g0001", "tents", version))
    put(kept, "other", Owner("g0001", "ropes", "1"))
    kept.hand_over("mini", {"both": Owner("g0001", "tents", "2"), "unknown": FIRST})

    kept.remove("tents", except_versions={"2"})
    assert kept.get("mini", ["old", "both", "new", "other"]).keys() == {"both", "new", "other"}

    kept.remove("tents")
    assert kept.get("mini", ["both", "new", "other"]).keys() == {"other"}
    assert kept.versions() == {("ropes", "1")}

    kept.remove_generation("g0001")
    assert kept.count() == 0


def test_what_is_removed_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    store = TokenVectorStore(tmp_path / "tokens.sqlite")
    vectors = TokenVectors.rounded(unit(50))
    store.put("mini", {"secret": vectors}, {"secret": FIRST})
    store.remove("tents")
    store.close()

    (file,) = tmp_path.iterdir()
    assert vectors.codes.tobytes()[:400] not in file.read_bytes()


def test_a_damaged_file_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens.sqlite"
    path.write_bytes(b"no database at all" * 1000)

    store = TokenVectorStore(path)
    put(store, "tents")

    assert store.count() == 1
    assert "is begun anew" in caplog.text
    store.close()


def test_a_fault_of_the_file_is_logged_and_nothing_is_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tokens.sqlite"
    store = TokenVectorStore(path)
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE passage")
    other.close()

    with caplog.at_level(logging.WARNING):
        assert store.get("mini", ["tents"]) == {}
        put(store, "tents")
        store.remove("tents")
        assert store.versions() == set()

    assert caplog.text.count("no such table") == 4
    store.close()


def test_vectors_that_are_damaged_are_not_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TokenVectorStore(tmp_path / "tokens.sqlite")
    put(store, "tents")
    with sqlite3.connect(tmp_path / "tokens.sqlite") as other:
        other.execute("UPDATE passage SET codes = substr(codes, 1, 10)")
    other.close()

    assert store.get("mini", ["tents"]) == {}
    assert "cannot reshape" in caplog.text
    store.close()


def test_several_threads_and_two_processes_may_write_at_once(tmp_path: Path) -> None:
    stores = [TokenVectorStore(tmp_path / "tokens.sqlite") for _ in range(2)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: put(stores[n % 2], f"text {n}"), range(40)))

    assert [store.count() for store in stores] == [40, 40]
    for store in stores:
        store.close()


# What the worker keeps and removes


@dataclass(frozen=True, slots=True)
class Office:
    """A folder that is indexed into a store when `sync` is called."""

    folder: Path
    store: Store
    worker: Worker
    admin: Admin

    @property
    def kept(self) -> TokenVectorStore:
        assert self.store.token_vectors is not None
        return self.store.token_vectors

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def sync(self) -> None:
        self.done(self.admin.add_folders([self.folder], asked_by="test"))

    def done(self, job_id: str) -> None:
        job = self.worker.work_off(job_id)
        assert (job.state, job.failed, job.error) == (JobState.DONE, 0, None)

    def texts(self) -> list[str]:
        with self.store.generations.serving() as generation:
            return [point.chunk.embedded_text for point in generation.index.points()]

    def are_kept(self, encoder: SentenceTransformerEncoder) -> bool:
        """Whether the vectors of all that is indexed are kept, and of nothing else."""
        texts = self.texts()
        is_all = self.kept.get(encoder.name, texts).keys() == set(texts)
        return is_all and self.kept.count() == len(set(texts))


@contextmanager
def at_work(path: Path, encoders: Encoders, *, token_vectors: bool = True) -> Iterator[Office]:
    index = IndexSettings(path=path / "store", token_vectors=token_vectors)
    settings = Settings(index=index)
    folder = path / "policies"
    folder.mkdir(exist_ok=True)
    store = open_store(settings.index, create=True)
    try:
        with worker_for(store, encoders, settings) as worker:
            yield Office(folder, store, worker, Admin(store, encoders, settings.ingest))
    finally:
        store.close()


@pytest.fixture
def office(tmp_path: Path, encoders: Encoders) -> Iterator[Office]:
    with at_work(tmp_path, encoders) as opened:
        opened.put("tents.md", TENTS)
        opened.put("boots.md", "# Boots\n\nBoots are dried.\n")
        opened.sync()
        yield opened


def test_the_tokens_of_what_is_indexed_are_those_of_the_encoder(
    office: Office, encoder: SentenceTransformerEncoder
) -> None:
    texts = office.texts()

    found = office.kept.get(encoder.name, texts)

    assert office.are_kept(encoder)
    for text, vectors in zip(texts, encoder.encode_tokens(texts), strict=True):
        assert found[text].nearest(vectors) == pytest.approx(np.ones(len(vectors)), abs=2e-3)


def test_a_change_and_a_deletion_leave_nothing_of_what_was(
    office: Office, encoder: SentenceTransformerEncoder
) -> None:
    office.put("tents.md", TENTS.replace("30 days", "60 days"))
    office.sync()

    assert office.are_kept(encoder)
    assert len(office.texts()) == 3

    (office.folder / "tents.md").unlink()
    office.sync()

    assert len(office.texts()) == 1
    assert office.are_kept(encoder)


def test_a_rebuild_has_its_own_and_a_dropped_generation_none(
    office: Office, encoder: SentenceTransformerEncoder
) -> None:
    office.put("tents.md", TENTS + "\n" + "Whoever damages one pays for it. " * 20)
    office.sync()
    before = set(office.texts())
    office.done(office.admin.rebuild(asked_by="test", target_tokens=40, force=True))

    after = set(office.texts())
    assert office.kept.get(encoder.name, [*before, *after]).keys() == before | after

    office.admin.drop("g0001")
    assert office.are_kept(encoder)


def test_what_a_killed_process_left_of_a_deleted_document_is_removed_at_the_next_start(
    office: Office, encoder: SentenceTransformerEncoder
) -> None:
    put(office.kept, "deleted", Owner("g0001", "gone", "1"))

    office.worker.start()

    assert office.are_kept(encoder)


def test_where_none_are_wanted_there_is_no_file(tmp_path: Path, encoders: Encoders) -> None:
    with at_work(tmp_path, encoders, token_vectors=False) as opened:
        opened.put("tents.md", TENTS)
        opened.sync()

        assert opened.store.token_vectors is None
        assert len(opened.texts()) == 2
    assert [path.name for path in (tmp_path / "store").iterdir() if "token" in path.name] == []
