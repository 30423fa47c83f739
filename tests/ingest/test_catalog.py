"""What is known of every document."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from ingest.catalog import Catalog
from ingest.catalog.documents import (
    ClaimLost,
    DocumentRecord,
    DocumentState,
    Version,
    Written,
)
from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Action, JobKind, NewTask, Task
from ingest.catalog.schema import SCHEMA_VERSION, CatalogUnreadable
from ingest.catalog.sources import SourceKind
from ingest.index import Manifest
from ingest.metadata import Metadata
from ingest.plan import new_record
from tests.ingest.blocks import document, heading, item, paragraph, table

MANIFEST = Manifest("bundled", 384, 160, 256)
SAID = Metadata(title="Refunds 🧾", owner="Ann", effective_from=date(2026, 3, 1), groups=("staff",))
REFUNDS = replace(
    new_record("id-refunds", "s1", "/policies/refunds.md", "refunds.md"),
    title="Refunds 🧾",
    state=DocumentState.INDEXED,
    signature="12.5",
    content_hash="a" * 64,
    described=SAID,
    form=Metadata(owner="Ann"),
    language="en",
    words=9,
    chunks=2,
    revision=1,
    valid_from=date(2026, 3, 1),
    added_at=datetime(2025, 2, 3, tzinfo=UTC),
)
LEAVE = replace(
    new_record("id-leave", "s2", "/other/leave.pdf", "leave.pdf"),
    state=DocumentState.FAILED,
    failed_signature="9.9",
    error="is encrypted",
)
TEXT = replace(
    document(
        heading("Refunds 🧾", page=1),
        heading("Gold", 2),
        paragraph("Within\n30 days."),
        item("rail"),
        item("taxi"),
        table("Tier: Gold; Days: 30", "Tier: Basic; Days: 14"),
    ),
    language="en",
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    opened.generations.add(MANIFEST, lambda name: None)
    yield opened
    opened.close()


def claimed(catalog: Catalog, document_id: str = "id-refunds", worker: str = "w") -> Task:
    tasks = [NewTask(document_id, "a", Action.ADD)]
    catalog.jobs.submit(JobKind.UPLOAD, {}, asked_by="ann", planned=tasks)
    (task,) = catalog.jobs.claim(worker, [Action.ADD], limit=1, lease_s=60)
    return task


def commit(
    catalog: Catalog,
    version: str = "v1",
    *,
    generations: tuple[str, ...] = ("g0001",),
    task: Task | None = None,
) -> None:
    """Index REFUNDS as this version."""
    done = task or claimed(catalog)
    catalog.documents.commit(
        done.id,
        "w",
        done.document_id,
        [Written(generation, version, 2, "{}") for generation in generations],
        everywhere=False,
        version=Version(version, "a" * 64, 1, TEXT),
        described=SAID,
        values={"chunks": 2},
    )


MAX_PARAMETERS = 32_766
"""SQLite's own limit; some systems build it with a higher one."""


def limit_parameters(catalog: Catalog) -> None:
    @event.listens_for(catalog._engine, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MAX_PARAMETERS)

    catalog._engine.dispose()


def without_times(record: DocumentRecord | None) -> DocumentRecord | None:
    return replace(record, updated_at=REFUNDS.updated_at) if record else None


# Documents


def test_a_document_comes_back_as_it_was_saved(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS, LEAVE])

    assert catalog.documents.get("id-refunds") == REFUNDS
    assert catalog.documents.at("/other/leave.pdf") == LEAVE
    assert catalog.documents.by_ids(["id-leave", "id-unknown"]) == {"id-leave": LEAVE}


def test_an_unknown_document_is_none(catalog: Catalog) -> None:
    assert catalog.documents.get("unknown") is None
    assert catalog.documents.at("/nowhere") is None
    assert catalog.documents.document("unknown") is None
    assert catalog.documents.versions("unknown") == []


def test_single_fields_can_be_changed(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS])

    catalog.documents.change("id-refunds", name="returns.md", form=Metadata(owner="Ben"))
    catalog.documents.change("unknown", name="returns.md")

    changed = replace(REFUNDS, name="returns.md", form=Metadata(owner="Ben"))
    assert without_times(catalog.documents.get("id-refunds")) == changed


def test_documents_are_found_by_source_state_words_and_place(catalog: Catalog) -> None:
    inner = replace(LEAVE, id="id-3", path="/other/deep/3.pdf", name="a 100%_sure.pdf", error=None)
    catalog.documents.save([REFUNDS, LEAVE, inner])
    find = catalog.documents.find

    assert find() == [inner, LEAVE, REFUNDS]
    assert find(source_id="s1") == [REFUNDS]
    assert find(state=DocumentState.FAILED) == [inner, LEAVE]
    assert find(failing=True) == [LEAVE]
    assert find(text="REFUND") == [REFUNDS]
    assert find(text="100%_") == [inner]
    assert find(text="a_100") == []
    assert find(below=["/other"]) == [inner, LEAVE]
    assert find(below=["/other/deep/", "/policies/refunds.md"]) == [inner, REFUNDS]
    assert find(below=["/othe"]) == []
    assert find(offset=1, limit=1) == [LEAVE]
    assert catalog.documents.count(source_id="s2", text="leave.pdf") == 1
    assert catalog.documents.count_by_state() == {
        DocumentState.FAILED: 2,
        DocumentState.INDEXED: 1,
    }
    assert catalog.documents.words() == 9


def test_two_documents_cannot_lie_in_one_place(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS])

    with pytest.raises(Exception, match="UNIQUE"):
        catalog.documents.save([replace(REFUNDS, id="id-2")])


def test_it_is_all_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = Catalog(tmp_path / "catalog.sqlite")
    first.generations.add(MANIFEST, lambda name: None)
    first.documents.save([REFUNDS])
    commit(first)
    first.close()

    again = Catalog(tmp_path / "catalog.sqlite")

    assert without_times(again.documents.get("id-refunds")) == REFUNDS
    assert again.documents.document("id-refunds") == replace(TEXT, metadata=SAID)
    again.close()


def test_threads_can_share_it(catalog: Catalog) -> None:
    records = [
        replace(REFUNDS, id=f"id-{n:02}", path=f"/policies/{n:02}.md", name=f"{n:02}.md")
        for n in range(24)
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda record: catalog.documents.save([record]), records))
        found = list(pool.map(lambda record: catalog.documents.get(record.id), records))

    assert found == records
    assert catalog.documents.find() == records


def test_more_documents_can_be_named_at_once_than_a_statement_has_parameters(
    catalog: Catalog,
) -> None:
    many = [f"id-{number}" for number in range(MAX_PARAMETERS + 1)]
    catalog.documents.save([REFUNDS])
    commit(catalog)
    limit_parameters(catalog)

    assert list(catalog.documents.by_ids([*many, "id-refunds"])) == ["id-refunds"]
    assert catalog.documents.current_versions("g0001", [*many, "id-refunds"]) == {
        "id-refunds": "v1"
    }
    assert list(catalog.documents.written("g0001", [*many, "id-refunds"])) == ["id-refunds"]
    gone = catalog.documents.delete([*many, "id-refunds"], asked_by="ann", keep_out=False)
    assert [record.id for record in gone] == ["id-refunds"]
    assert catalog.documents.leftovers() == ["id-refunds"]


# What counts


def test_a_committed_version_counts_and_can_be_read(catalog: Catalog) -> None:
    catalog.documents.save([replace(REFUNDS, chunks=0)])
    task = claimed(catalog)
    assert catalog.documents.current_versions("g0001", ["id-refunds"]) == {}

    commit(catalog, task=task)

    assert catalog.documents.current_versions("g0001", ["id-refunds"]) == {"id-refunds": "v1"}
    assert catalog.documents.current_versions("g0002", ["id-refunds"]) == {}
    assert catalog.documents.written("g0001") == {"id-refunds": Written("g0001", "v1", 2, "{}")}
    assert catalog.documents.document("id-refunds") == replace(TEXT, metadata=SAID)
    stored = catalog.documents.get("id-refunds")
    assert stored is not None
    assert stored.chunks == 2
    (outcome,) = catalog.jobs.outcomes(task.job_id)
    assert outcome.state == "done"


def test_a_commit_without_the_claim_changes_nothing(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS])
    task = claimed(catalog)
    catalog.jobs.release_dead()
    catalog.jobs.claim("another", [Action.ADD], limit=1, lease_s=60)

    with pytest.raises(ClaimLost, match=f"task {task.id} is no longer that of w"):
        commit(catalog, task=task)

    assert catalog.documents.current_versions("g0001", ["id-refunds"]) == {}
    assert catalog.documents.versions("id-refunds") == []


def test_a_commit_of_a_document_that_was_never_there_changes_nothing(catalog: Catalog) -> None:
    task = claimed(catalog, "id-unknown")

    with pytest.raises(ClaimLost, match="document id-unknown was deleted"):
        commit(catalog, task=task)

    assert catalog.jobs.is_claimed(task, "w")
    assert catalog.documents.written("g0001") == {}


def test_the_text_of_a_version_is_kept_while_a_generation_holds_it(catalog: Catalog) -> None:
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.documents.save([REFUNDS])
    commit(catalog, "v1", generations=("g0001", "g0002"))

    commit(catalog, "v2", generations=("g0002",))
    commit(catalog, "v3", generations=("g0002",))

    kept = {each.version: each.text_kept for each in catalog.documents.versions("id-refunds")}
    assert kept == {"v3": True, "v2": False, "v1": True}
    assert [each.version for each in catalog.documents.versions("id-refunds")] == ["v3", "v2", "v1"]
    assert catalog.documents.document("id-refunds", "v2") is None
    assert catalog.documents.stored_version("id-refunds", "v2") is None
    v1 = catalog.documents.stored_version("id-refunds", "v1")
    assert v1 == Version("v1", "a" * 64, 1, replace(TEXT, metadata=SAID))


def test_the_text_that_only_a_removed_generation_held_is_forgotten(catalog: Catalog) -> None:
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.documents.save([REFUNDS])
    commit(catalog, "v1", generations=("g0001", "g0002"))
    commit(catalog, "v2", generations=("g0001",))

    catalog.generations.drop("g0002")
    catalog.generations.remove("g0002")

    kept = {each.version: each.text_kept for each in catalog.documents.versions("id-refunds")}
    assert kept == {"v2": True, "v1": False}


# Deleting


def test_a_deleted_document_leaves_only_that_it_was_there(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS, LEAVE])
    commit(catalog)

    gone = catalog.documents.delete(["id-refunds", "unknown"], asked_by="ann", keep_out=True)

    assert [record.id for record in gone] == ["id-refunds"]
    assert catalog.documents.find() == [LEAVE]
    assert catalog.documents.document("id-refunds") is None
    assert catalog.documents.versions("id-refunds") == []
    assert catalog.documents.current_versions("g0001", ["id-refunds"]) == {}
    (deletion,) = catalog.documents.deletions()
    assert (deletion.document_id, deletion.path, deletion.name, deletion.asked_by) == (
        "id-refunds",
        "/policies/refunds.md",
        "refunds.md",
        "ann",
    )
    assert catalog.documents.leftovers() == ["id-refunds"]


def test_deleting_calls_off_the_open_work_on_the_document(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS])
    task = claimed(catalog)

    catalog.documents.delete(["id-refunds"], asked_by="ann", keep_out=False)

    (outcome,) = catalog.jobs.outcomes(task.job_id)
    assert (outcome.state, outcome.error) == ("cancelled", "the document was deleted")
    with pytest.raises(ClaimLost):
        commit(catalog, task=task)


def test_a_path_deleted_by_hand_is_kept_out_until_it_is_let_in(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS, LEAVE])
    catalog.documents.delete(["id-refunds"], asked_by="ann", keep_out=True)
    catalog.documents.delete(["id-leave"], asked_by="sync", keep_out=False)
    assert catalog.documents.kept_out() == {"/policies/refunds.md": "refunds.md"}

    catalog.documents.let_in("/policies/refunds.md")

    assert catalog.documents.kept_out() == {}
    assert [each.name for each in catalog.documents.deletions()] == ["leave.pdf", "refunds.md"]


def test_a_document_can_be_deleted_again_after_it_came_back(catalog: Catalog) -> None:
    for asked_by in ("ann", "ben"):
        catalog.documents.save([REFUNDS])
        catalog.documents.delete(["id-refunds"], asked_by=asked_by, keep_out=True)

    assert [each.asked_by for each in catalog.documents.deletions()] == ["ben"]


def test_leftovers_of_documents_at_work_are_nobody_elses_business(catalog: Catalog) -> None:
    catalog.documents.save([REFUNDS, LEAVE])
    task = claimed(catalog)
    catalog.documents.mark_leftovers(["id-refunds", "id-leave"])
    assert catalog.documents.leftovers() == ["id-leave"]

    catalog.jobs.finish(task, "w")
    assert sorted(catalog.documents.leftovers()) == ["id-leave", "id-refunds"]
    catalog.documents.clear_leftovers(["id-refunds", "id-leave"])
    assert catalog.documents.leftovers() == []


# Generations and sources


def test_exactly_one_generation_serves_and_the_one_before_is_retained(catalog: Catalog) -> None:
    catalog.generations.add(replace(MANIFEST, target_tokens=80), lambda name: None)
    assert catalog.generations.serving() == "g0001"

    catalog.generations.serve("g0002")
    catalog.generations.mark("g0002", check={"probe": 0.9})

    assert catalog.generations.serving() == "g0002"
    first, second = catalog.generations.all()
    assert (first.state, second.state) == (GenerationState.RETAINED, GenerationState.SERVING)
    assert (second.manifest.target_tokens, second.check) == (80, {"probe": 0.9})
    assert second.served_at is not None


def test_serving_an_unknown_generation_changes_nothing(catalog: Catalog) -> None:
    with pytest.raises(LookupError, match="there is no generation g9"):
        catalog.generations.serve("g9")

    assert catalog.generations.serving() == "g0001"


def test_a_source_is_registered_once(catalog: Catalog) -> None:
    first = catalog.sources.add(SourceKind.FOLDER, "/policies", asked_by="ann")
    again = catalog.sources.add(SourceKind.FOLDER, "/policies", asked_by="ben")

    assert first == again
    assert (first.kind, first.location, first.added_by) == (SourceKind.FOLDER, "/policies", "ann")
    assert first.synced_at is None
    catalog.sources.mark_synced(first.id)
    (known,) = catalog.sources.all()
    assert known.synced_at is not None
    catalog.sources.remove(first.id)
    assert catalog.sources.get(first.id) is None


# Catalogs that cannot be used


def test_a_catalog_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    Catalog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE pincite SET schema_version = 99")
    connection.close()
    before = path.read_bytes()

    message = rf"newer Pincite \(its version 99, this one reads {SCHEMA_VERSION}\): upgrade"
    with pytest.raises(CatalogUnreadable, match=message):
        Catalog(path)

    assert path.read_bytes() == before


def test_a_catalog_of_an_unknown_older_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    Catalog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE pincite SET schema_version = 1")
    connection.close()

    with pytest.raises(CatalogUnreadable, match=r"made by Pincite 0\.1\."):
        Catalog(path)


def test_a_catalog_of_the_first_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE documents (id TEXT PRIMARY KEY)")
    connection.close()

    with pytest.raises(CatalogUnreadable, match=r"made by Pincite 0\.1\. .*'pincite ingest'"):
        Catalog(path)


@pytest.mark.parametrize("damage", ["no database", "cut off"])
def test_a_damaged_catalog_is_refused_with_the_way_out(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "catalog.sqlite"
    if damage == "no database":
        path.write_bytes(b"This is no database. " * 100)
    else:
        Catalog(path).close()
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    with pytest.raises(CatalogUnreadable, match=r"cannot be read \(.*Restore it from a backup"):
        Catalog(path)


def test_what_is_found_in_a_source_that_was_removed_meanwhile_is_not_added(
    catalog: Catalog,
) -> None:
    there = catalog.sources.add(SourceKind.FOLDER, "/policies", asked_by="ada")
    found = [replace(REFUNDS, id="kept", source_id=there.id), replace(REFUNDS, path="/gone/a.md")]

    catalog.documents.add(found)

    assert [record.id for record in catalog.documents.find()] == ["kept"]


def test_a_new_one_waits_for_another_process_that_is_making_it(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE pincite (schema_version INTEGER)")

    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(Catalog, path)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.3)
        other.execute("ROLLBACK")
        opened = opening.result(timeout=30)
    other.close()

    assert opened.documents.find() == []
    opened.close()
