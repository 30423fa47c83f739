"""Documents are deleted while they are asked for and indexed again: none comes back."""

import sqlite3
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ingest.catalog.jobs import JobState
from ingest.catalog.sources import SourceKind
from ingest.index.edge import EdgeIndex
from ingest.plan import KEPT_OUT, plan_sync
from ingest.receiving import Upload
from ingest.source import FolderSource, Listing
from tests.service.load import (
    SUBJECTS,
    Asked,
    Bench,
    at_work,
    policy,
    question,
    under_load,
)

DELETED = SUBJECTS[:4]
UPLOADED = "anoraks"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A policy on every subject, indexed from a folder, and one that was uploaded."""
    with at_work(tmp_path) as opened:
        for subject in SUBJECTS:
            opened.put(subject)
        opened.done(opened.admin.add_folders([opened.folder], asked_by="test"))
        upload(opened)
        yield opened


def upload(bench: Bench) -> None:
    kept = bench.store.uploads.save([policy(UPLOADED).encode()], max_bytes=100_000)
    bench.done(bench.admin.upload([Upload(f"{UPLOADED}.md", kept)], asked_by="test"))


def cells_with(store: Path, words: str) -> list[str]:
    """The columns of the catalog in which these words stand, as table.column."""
    connection = sqlite3.connect(store / "catalog.sqlite")
    try:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return sorted(
            {
                f"{table}.{column[1]}"
                for table in tables
                for column in connection.execute(f"PRAGMA table_info({table})")
                for (cell,) in connection.execute(f'SELECT "{column[1]}" FROM "{table}"')  # noqa: S608
                if words in str(cell)
            }
        )
    finally:
        connection.close()


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def found_after(asked: list[Asked], deleted_at: dict[str, float]) -> list[str]:
    """Deleted documents in answers to questions that began when they were gone."""
    return [
        passage.document
        for each in asked
        for passage in each.passages
        if each.began > deleted_at.get(passage.document, float("inf"))
    ]


def test_no_question_asked_after_a_deletion_finds_the_document_again(
    bench: Bench, tmp_path: Path
) -> None:
    deleted_at: dict[str, float] = {}
    questions = [question(subject) for subject in (*DELETED, UPLOADED)]

    with under_load(bench, questions) as load:
        again = bench.admin.reindex(asked_by="test")
        rebuild = bench.admin.rebuild(asked_by="test", target_tokens=40, force=True)
        for subject in (*DELETED, UPLOADED):
            load.wait_for(10)
            bench.admin.delete([bench.id_of(subject)], asked_by="ada")
            deleted_at[f"{subject}.md"] = time.monotonic()
        bench.finished(again)
        bench.done(rebuild)
        bench.done(bench.admin.sync(asked_by="test"))

    assert load.errors == []
    assert found_after(load.asked, deleted_at) == []
    assert all(
        any(p.document == name for each in load.asked for p in each.passages) for name in deleted_at
    )
    left = {f"{subject}.md" for subject in SUBJECTS} - deleted_at.keys()
    assert {record.name for record in bench.admin.documents()[0]} == left
    assert len(bench.admin.index().generations) == 2
    for generation in bench.admin.index().generations:
        assert generation.documents == len(left)
        points = list(bench.store.generations.get(generation.record.name).index.points())
        assert {point.document.name for point in points} == left
    assert bench.store.catalog.documents.leftovers() == []
    assert {each.name: each.asked_by for each in bench.admin.deletions()} == dict.fromkeys(
        deleted_at, "ada"
    )
    for subject in (*DELETED, UPLOADED):
        assert cells_with(tmp_path / "store", f"of the {subject}") == []
    assert files(tmp_path / "store" / "uploads") == []


def test_deleted_documents_stay_away_after_a_restart(tmp_path: Path) -> None:
    with at_work(tmp_path) as bench:
        for subject in SUBJECTS[:2]:
            bench.put(subject)
        bench.done(bench.admin.add_folders([bench.folder], asked_by="test"))
        upload(bench)
        bench.admin.delete([bench.id_of("kayaks"), bench.id_of(UPLOADED)], asked_by="ada")

    with at_work(tmp_path) as bench:
        synced = bench.done(bench.admin.sync(asked_by="test"))
        bench.done(bench.admin.rebuild(asked_by="test", target_tokens=40, force=True))
        found = {p.document for p in bench.passages(question("kayaks"))}

    assert found == {"tents.md"}
    assert synced.notes["kayaks.md"] == KEPT_OUT


def test_deleting_during_a_rebuild_does_not_end_it(bench: Bench) -> None:
    first = bench.serving()

    rebuild = bench.admin.rebuild(asked_by="test", target_tokens=40, force=True)
    while not bench.admin.job(rebuild).total:
        time.sleep(0.001)
    bench.admin.delete([bench.id_of("ropes")], asked_by="ada")
    job = bench.finished(rebuild)

    assert (job.state, job.error, job.cancelled) == (JobState.DONE, None, 1)
    assert bench.serving() != first


def test_nothing_of_a_document_is_written_after_its_deletion(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points that came late would be nobody's if the worker were killed then."""
    written_at: list[float] = []
    deleted_at: list[float] = []
    write = EdgeIndex.write

    def delete() -> None:
        bench.admin.delete([bench.id_of("ropes")], asked_by="ada")
        deleted_at.append(time.monotonic())

    deleting = Thread(target=delete)

    def slow_write(index: EdgeIndex, *arguments: Any) -> None:
        deleting.start()
        deleting.join(0.5)
        write(index, *arguments)
        written_at.append(time.monotonic())

    monkeypatch.setattr(EdgeIndex, "write", slow_write)
    bench.finished(bench.admin.reindex(asked_by="test", ids=[bench.id_of("ropes")]))
    deleting.join()

    assert written_at < deleted_at
    assert bench.texts(bench.serving(), "ropes") == []
    assert bench.store.catalog.documents.leftovers() == []


def test_an_upload_whose_deletion_was_interrupted_leaves_no_file(tmp_path: Path) -> None:
    with at_work(tmp_path) as bench:
        upload(bench)
        # What a worker leaves that is killed when the catalog has forgotten the document.
        ids = [bench.id_of(UPLOADED)]
        bench.store.catalog.documents.delete(ids, asked_by="ada", keep_out=True)

    with at_work(tmp_path) as bench:
        assert bench.texts(bench.serving(), UPLOADED) == []

    assert files(tmp_path / "store" / "uploads") == []


def test_a_listing_made_while_a_document_is_deleted_does_not_bring_it_back(bench: Bench) -> None:
    catalog, ropes = bench.store.catalog, bench.id_of("ropes")
    (source,) = [each for each in bench.admin.sources() if each.kind is SourceKind.FOLDER]

    class Deleting(FolderSource):
        """Its listing takes so long that a deletion falls into it."""

        def items(self, only: Collection[str] = ()) -> Listing:
            catalog.documents.delete([ropes], asked_by="ada", keep_out=True)
            return super().items(only)

    plan = plan_sync(catalog, {source.id: Deleting(bench.folder.resolve(), max_file_mb=25)})

    assert [task.name for task in plan.tasks] == []
    assert plan.notes == {"ropes.md": KEPT_OUT}
