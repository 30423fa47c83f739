"""What the catalog answers to on every database that can hold it.

PostgreSQL is put to the same test where PINCITE_TEST_POSTGRES_URL names an empty database of one (its
tables are dropped), or where its programs are installed: then a server of its own is started.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import create_engine, text

from ingest.catalog import Catalog
from ingest.catalog.documents import (
    ClaimLost,
    DocumentRecord,
    DocumentState,
    GenerationsChanged,
    Version,
    Written,
)
from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Action, JobKind, JobState, NewTask, Plan, Task
from ingest.catalog.schema import CatalogUnreadable, metadata
from ingest.catalog.sources import SourceKind
from ingest.clock import now
from ingest.index import Manifest
from ingest.metadata import Metadata
from tests.ingest.blocks import document, heading, item, paragraph
from tests.process import free_port

POSTGRES_URL = os.environ.get("PINCITE_TEST_POSTGRES_URL", "")
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
POSTGRES_PROGRAMS = _PROGRAMS[-1].parent if _PROGRAMS else None
LEASE_S = 60.0

Open = Callable[[], Catalog]

MANIFEST = Manifest("bundled", 384, 160, 256, 1)
REFUNDS = document(heading("Refunds 🧾", page=1), paragraph("Within\n30 days."), item("rail"))
RECORD = DocumentRecord(
    id="refunds",
    source_id="policies",
    path="/policies/refunds.md",
    name="refunds.md",
    title="Refunds 🧾",
    state=DocumentState.INDEXED,
    signature="1-2",
    content_hash="a" * 64,
    failed_signature=None,
    error=None,
    warning="was read in part: page 2 holds pictures",
    described=Metadata(owner="Finance", effective_from=date(2026, 3, 1)),
    form=Metadata(tags=("travel",)),
    language="en",
    words=9,
    chunks=2,
    revision=1,
    valid_from=date(2026, 3, 1),
    valid_until=None,
    superseded_by=None,
    same_as=None,
    added_at=datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
    updated_at=datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh PostgreSQL server on loopback, whose zone and order of letters are not
    those that the catalog keeps."""
    assert POSTGRES_PROGRAMS is not None
    folder = Path(tempfile.mkdtemp(prefix="pincite-postgres-"))
    as_user = _as_user_postgres(folder)
    port = free_port()

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(POSTGRES_PROGRAMS / program), "-D", str(folder / "data")]
        with (folder / "log").open("ab") as log:
            subprocess.run([*command, *arguments], check=True, cwd=folder, stdout=log, stderr=log)

    order = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
    run("initdb", "--auth=trust", "--username=pincite", "--encoding=UTF8", *order)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c timezone=Asia/Tokyo -c fsync=off -k ''"
    try:
        run("pg_ctl", "-w", "-o", options, "start")
        yield f"postgresql+psycopg://pincite@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _as_user_postgres(folder: Path) -> Sequence[str]:
    """How to run a program as the user of the server, which refuses to be run by root."""
    if os.geteuid() != 0:
        return ()
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("psycopg")
    if POSTGRES_URL:
        yield POSTGRES_URL
    elif POSTGRES_PROGRAMS:
        with postgres() as url:
            yield url
    else:
        pytest.skip("no PostgreSQL: set PINCITE_TEST_POSTGRES_URL or install its server")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where an empty catalog can be made."""
    if request.param == "sqlite":
        yield tmp_path / "catalog.sqlite"
        return
    url: str = request.getfixturevalue("server")
    yield url
    engine = create_engine(url)
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def open_catalog(place: Path | str) -> Iterator[Open]:
    """Opens the same catalog as another process would."""
    opened: list[Catalog] = []

    def open_one() -> Catalog:
        opened.append(Catalog(place))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def catalog(open_catalog: Open) -> Catalog:
    return open_catalog()


def tasks(*documents: str) -> list[NewTask]:
    return [NewTask(each, f"{each}.md", Action.ADD) for each in documents]


def running(catalog: Catalog, *documents: str) -> str:
    """A job that has these documents to do."""
    return catalog.jobs.submit(JobKind.UPLOAD, {}, asked_by="anna", planned=tasks(*documents))


def claim(
    catalog: Catalog, worker: str, *, limit: int = 10, lease_s: float = LEASE_S
) -> list[Task]:
    return catalog.jobs.claim(worker, list(Action), limit=limit, lease_s=lease_s)


def commit(catalog: Catalog, task: Task, worker: str, *, version: str = "v1") -> None:
    catalog.generations.add(MANIFEST, lambda name: None, only_first=True)
    catalog.documents.commit(
        task.id,
        worker,
        task.document_id,
        [Written("g0001", version, 2, "{}")],
        everywhere=True,
        version=Version(version, "a" * 64, 1, REFUNDS),
        values={"state": DocumentState.INDEXED, "chunks": 2},
    )


def save(catalog: Catalog, *ids: str) -> None:
    catalog.documents.save([replace(RECORD, id=i, path=f"/policies/{i}.md") for i in ids])


# Documents


def test_a_document_comes_back_as_it_was_saved(catalog: Catalog) -> None:
    catalog.documents.save([RECORD])

    assert catalog.documents.get("refunds") == RECORD
    assert catalog.documents.at("/policies/refunds.md") == RECORD
    assert catalog.documents.count_by_state() == {DocumentState.INDEXED: 1}
    assert catalog.documents.words() == 9


def test_a_moment_keeps_its_instant_whatever_zone_it_is_told_in(catalog: Catalog) -> None:
    in_india = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 3, 1, 2, 0, tzinfo=in_india)

    catalog.documents.save([replace(RECORD, added_at=moment)])

    found = catalog.documents.get("refunds")
    assert found is not None
    assert found.added_at == datetime(2026, 2, 28, 20, 30, tzinfo=UTC)


def test_documents_below_a_folder_are_told_from_those_beside_it(catalog: Catalog) -> None:
    paths = ["/a/b", "/a/b/1.md", "/a/b/c/2.md", "/a/b-c/3.md", "/a/b.md", "/a/b0", "/a/B/4.md"]
    catalog.documents.save([replace(RECORD, id=path, path=path, name=path) for path in paths])

    found = catalog.documents.find(below=["/a/b"])

    assert [record.path for record in found] == ["/a/b", "/a/b/1.md", "/a/b/c/2.md"]


def test_documents_are_found_by_part_of_a_name_in_any_case(catalog: Catalog) -> None:
    names = ["Refunds.md", "refund_old.md", "leave.md"]
    catalog.documents.save([replace(RECORD, id=n, path=n, name=n, title="") for n in names])

    assert [r.name for r in catalog.documents.find(text="REFUND")] == names[:2]
    assert [r.name for r in catalog.documents.find(text="d_o")] == ["refund_old.md"]
    assert catalog.documents.count(text="refund") == 2
    assert [r.name for r in catalog.documents.find(offset=1, limit=1)] == ["leave.md"]


# Commits and deletions


def test_what_is_committed_counts_from_then_on(catalog: Catalog) -> None:
    save(catalog, "refunds")
    catalog.generations.add(MANIFEST, lambda name: None)
    job = running(catalog, "refunds")
    (task,) = claim(catalog, "w1")
    assert catalog.documents.current_versions("g0001", ["refunds"]) == {}

    commit(catalog, task, "w1")

    assert catalog.documents.current_versions("g0001", ["refunds"]) == {"refunds": "v1"}
    assert catalog.documents.document("refunds") == REFUNDS
    assert [(o.document_id, o.state) for o in catalog.jobs.outcomes(job)] == [("refunds", "done")]
    done = catalog.jobs.get(job)
    assert done is not None
    assert (done.done, done.chunks, done.current) == (1, 2, ())


def test_the_text_of_a_replaced_version_is_dropped_and_its_name_kept(catalog: Catalog) -> None:
    save(catalog, "refunds")
    for version in ("v1", "v2"):
        running(catalog, "refunds")
        (task,) = claim(catalog, "w1")
        commit(catalog, task, "w1", version=version)

    kept = {v.version: v.text_kept for v in catalog.documents.versions("refunds")}

    assert kept == {"v2": True, "v1": False}
    assert catalog.documents.document("refunds", "v1") is None
    assert catalog.documents.document("refunds", "v2") == REFUNDS


def test_a_deletion_takes_the_document_from_whoever_is_reading_it(catalog: Catalog) -> None:
    save(catalog, "refunds", "leave")
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")

    gone = catalog.documents.delete(["refunds"], asked_by="anna", keep_out=True)

    assert [record.id for record in gone] == ["refunds"]
    with pytest.raises(ClaimLost):
        commit(catalog, task, "w1")
    assert catalog.documents.written("g0001") == {}
    assert catalog.documents.leftovers() == ["refunds"]
    assert catalog.documents.kept_out() == {"/policies/refunds.md": "refunds.md"}
    assert [d.asked_by for d in catalog.documents.deletions()] == ["anna"]


def test_a_deletion_beside_a_commit_leaves_nothing_of_the_document(open_catalog: Open) -> None:
    """Whichever comes first: a deleted document is never found again."""
    catalogs = [open_catalog(), open_catalog()]
    ids = [f"document-{n}" for n in range(20)]
    save(catalogs[0], *ids)
    running(catalogs[0], *ids)
    claimed = claim(catalogs[0], "w1", limit=20)
    start = Barrier(2)

    def commit_all() -> int:
        start.wait()
        committed = 0
        for task in claimed:
            try:
                commit(catalogs[0], task, "w1")
                committed += 1
            except ClaimLost:
                continue
        return committed

    def delete_all() -> int:
        start.wait()
        return sum(
            len(catalogs[1].documents.delete([each], asked_by="anna", keep_out=False))
            for each in reversed(ids)
        )

    with ThreadPoolExecutor(2) as pool:
        commits, deletions = pool.submit(commit_all), pool.submit(delete_all)
        assert deletions.result() == 20
        assert 0 <= commits.result() <= 20

    assert catalogs[0].documents.find() == []
    assert catalogs[0].documents.written("g0001") == {}
    assert [catalogs[0].documents.versions(each) for each in ids] == [[]] * 20


# What a search meets


def test_every_change_of_what_can_be_found_changes_the_state(open_catalog: Open) -> None:
    catalog, elsewhere = open_catalog(), open_catalog()
    states = [elsewhere.documents.index_state()]

    def note() -> None:
        states.append(elsewhere.documents.index_state())

    save(catalog, "refunds", "leave")
    catalog.generations.add(MANIFEST, lambda name: None)
    note()
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")
    commit(catalog, task, "w1")
    note()
    catalog.documents.save_payloads("g0001", {"refunds": "{}"})
    note()
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.generations.serve("g0002")
    note()
    catalog.generations.drop("g0001")
    note()
    catalog.documents.delete(["refunds"], asked_by="anna", keep_out=False)
    note()

    assert len(set(states)) == len(states)
    assert [state.generation for state in states] == [None] + ["g0001"] * 3 + ["g0002"] * 3
    counts = [state.changes for state in states]
    assert counts == sorted(counts)


def test_what_changes_nothing_that_can_be_found_leaves_the_state(catalog: Catalog) -> None:
    save(catalog, "refunds")
    before = catalog.documents.index_state()

    running(catalog, "refunds")
    claim(catalog, "w1")
    catalog.documents.change("refunds", error="cannot be read")
    catalog.documents.save_payloads("g0001", {})
    catalog.documents.delete(["nobody"], asked_by="anna", keep_out=False)

    assert catalog.documents.index_state() == before


def test_a_change_that_is_called_off_does_not_count(catalog: Catalog) -> None:
    save(catalog, "refunds")
    catalog.generations.add(MANIFEST, lambda name: None)
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")
    before = catalog.documents.index_state()

    with pytest.raises(ClaimLost):
        commit(catalog, task, "another")

    assert catalog.documents.index_state() == before


# Jobs and claims


def test_a_job_is_planned_by_one_worker_and_over_when_its_documents_are(catalog: Catalog) -> None:
    job_id = catalog.jobs.submit(JobKind.SYNC, {"sources": ["s"]}, asked_by="anna")

    job = catalog.jobs.claim_planning("w1", lease_s=LEASE_S)
    assert job is not None
    assert (job.id, job.target, job.state) == (job_id, {"sources": ["s"]}, JobState.QUEUED)
    assert catalog.jobs.claim_planning("w2", lease_s=LEASE_S) is None
    assert not catalog.jobs.planned(job_id, "w2", Plan())
    plan = Plan(tasks("a", "b", "c"), {"x.md": "is empty"}, 3, 1)
    assert catalog.jobs.planned(job_id, "w1", plan)

    assert [task.document_id for task in claim(catalog, "w1")] == ["a", "b", "c"]
    assert catalog.jobs.worked_off() == []
    catalog.jobs.release("w1")
    for task in claim(catalog, "w1"):
        catalog.jobs.finish(task, "w1", error="is empty" if task.document_id == "b" else None)
    (over,) = catalog.jobs.worked_off()
    catalog.jobs.close(over.id)

    done = catalog.jobs.get(job_id)
    assert done is not None
    assert (done.state, done.done, done.failed, done.unchanged) == (JobState.DONE, 2, 1, 3)
    assert done.notes == {"x.md": "is empty"}
    assert done.finished_at is not None
    assert timedelta(0) <= now() - done.finished_at < timedelta(minutes=1)


def test_two_workers_at_once_share_the_tasks_and_do_none_twice(open_catalog: Open) -> None:
    catalogs = [open_catalog(), open_catalog()]
    ids = [f"document-{n:02}" for n in range(60)]
    job = running(catalogs[0], *ids)
    start = Barrier(2)

    def work(n: int) -> list[str]:
        start.wait()
        done: list[str] = []
        while batch := claim(catalogs[n], f"w{n}", limit=3):
            for task in batch:
                assert catalogs[n].jobs.finish(task, f"w{n}")
            done += [task.document_id for task in batch]
        return done

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, range(2))

    assert sorted(first + second) == ids
    counted = catalogs[0].jobs.get(job)
    assert counted is not None
    assert (counted.done, counted.total) == (60, 60)


def test_two_workers_never_hold_the_same_document(open_catalog: Open) -> None:
    one, other = open_catalog(), open_catalog()
    running(one, "refunds", "leave")
    running(one, "refunds")

    first = claim(one, "w1", limit=1)
    second = claim(other, "w2")

    assert [task.document_id for task in first] == ["refunds"]
    assert [task.document_id for task in second] == ["leave"]
    assert one.jobs.finish(first[0], "w1")
    assert [task.document_id for task in claim(other, "w2")] == ["refunds"]


def test_a_claim_that_ran_out_is_another_workers(catalog: Catalog) -> None:
    running(catalog, "refunds")
    (late,) = claim(catalog, "w1", lease_s=-1)

    (task,) = claim(catalog, "w2")

    assert task.id == late.id
    assert not catalog.jobs.is_claimed(late, "w1")
    assert not catalog.jobs.finish(late, "w1")
    with pytest.raises(ClaimLost):
        commit(catalog, late, "w1")
    catalog.jobs.renew("w2", lease_s=LEASE_S)
    assert catalog.jobs.is_claimed(task, "w2")


def test_a_task_put_back_waits_for_its_time(catalog: Catalog) -> None:
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")

    assert catalog.jobs.put_back(task, "w1", error="timed out", delay_s=30)

    assert claim(catalog, "w1") == []
    ready_at = catalog.jobs.next_ready_at()
    assert ready_at is not None
    assert timedelta(seconds=25) < ready_at - now() <= timedelta(seconds=30)


def test_a_cancelled_job_starts_nothing_more(catalog: Catalog) -> None:
    job_id = running(catalog, "refunds", "leave")
    (begun,) = claim(catalog, "w1", limit=1)

    catalog.jobs.cancel(job_id)

    assert claim(catalog, "w2") == []
    assert catalog.jobs.cancel_asked(job_id)
    assert not catalog.jobs.finish(begun, "w1")
    catalog.jobs.close(job_id)
    job = catalog.jobs.get(job_id)
    assert job is not None
    assert (job.state, job.done, job.cancelled) == (JobState.CANCELLED, 0, 2)
    assert catalog.jobs.prune(before=now() + timedelta(seconds=1)) == 1
    assert catalog.jobs.recent() == []


# Sources and generations


def test_a_source_is_registered_once(open_catalog: Open) -> None:
    catalogs = [open_catalog() for _ in range(4)]

    def add(catalog: Catalog) -> str:
        return catalog.sources.add(SourceKind.FOLDER, "/policies", asked_by="anna").id

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(add, catalogs))

    assert [source.id for source in catalogs[0].sources.all()] == list(ids)
    catalogs[0].sources.mark_synced(*ids)
    catalogs[0].sources.remove(*ids)
    assert catalogs[1].sources.all() == []


def test_one_generation_serves_and_the_one_before_is_kept(catalog: Catalog) -> None:
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.generations.mark("g0002", check={"hits": 3})

    catalog.generations.serve("g0002")

    found = {each.name: (each.state, each.check) for each in catalog.generations.all()}
    assert catalog.generations.serving() == "g0002"
    assert found == {
        "g0001": (GenerationState.RETAINED, None),
        "g0002": (GenerationState.SERVING, {"hits": 3}),
    }
    with pytest.raises(LookupError):
        catalog.generations.serve("g0003")
    assert catalog.generations.serving() == "g0002"
    catalog.generations.remove("g0001")
    assert [each.name for each in catalog.generations.all()] == ["g0002"]


def test_what_misses_a_generation_that_was_begun_meanwhile_is_not_committed(
    catalog: Catalog,
) -> None:
    save(catalog, "refunds")
    catalog.generations.add(MANIFEST, lambda name: None)
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")
    catalog.generations.add(MANIFEST, lambda name: None)

    with pytest.raises(GenerationsChanged):
        commit(catalog, task, "w1")

    assert catalog.jobs.is_claimed(task, "w1")
    assert catalog.documents.written("g0001") == {}
    catalog.generations.drop("g0002")
    commit(catalog, task, "w1")
    assert set(catalog.documents.written("g0001")) == {"refunds"}


def test_what_was_written_into_a_dropped_generation_is_not_committed(catalog: Catalog) -> None:
    save(catalog, "refunds")
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.generations.add(MANIFEST, lambda name: None)
    catalog.generations.serve("g0002")
    running(catalog, "refunds")
    (task,) = claim(catalog, "w1")
    catalog.generations.drop("g0001")

    with pytest.raises(GenerationsChanged):
        commit(catalog, task, "w1")

    assert catalog.jobs.is_claimed(task, "w1")


# Opening


def test_several_processes_can_make_it_at_once(place: Path | str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Catalog(place), range(4)))

    assert [each.documents.find() for each in opened] == [[]] * 4
    for each in opened:
        each.close()


def test_one_of_a_newer_pincite_is_refused(open_catalog: Open, place: Path | str) -> None:
    open_catalog()
    engine = create_engine(place if isinstance(place, str) else f"sqlite:///{place}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE pincite SET schema_version = 99"))
    engine.dispose()

    with pytest.raises(CatalogUnreadable, match=r"newer Pincite \(its version 99"):
        open_catalog()


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql+psycopg://pincite:secret@127.0.0.1:{free_port()}/pincite"

    with pytest.raises(CatalogUnreadable, match="Check that the database runs") as refused:
        Catalog(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["nonsense", "mssql+pyodbc://host/catalog", "nosuch://host/x"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(CatalogUnreadable):
        Catalog(url)


def test_of_several_that_begin_at_once_one_makes_the_first_generation(open_catalog: Open) -> None:
    made: list[str] = []
    catalogs = [open_catalog() for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        begun = list(
            threads.map(
                lambda each: each.generations.add(MANIFEST, made.append, only_first=True), catalogs
            )
        )

    assert made == ["g0001"]
    assert [each for each in begun if each] == [("g0001", GenerationState.SERVING)]
    assert catalogs[0].generations.serving() == "g0001"


def test_a_catalog_of_the_version_before_is_upgraded_with_all_that_is_in_it(
    open_catalog: Open,
) -> None:
    first = open_catalog()
    save(first, "refunds")
    job_id = running(first, "refunds")
    known = first.documents.get("refunds")
    assert known is not None
    with first._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE documents DROP COLUMN warning")
        connection.exec_driver_sql("ALTER TABLE tasks DROP COLUMN crashes")
        connection.exec_driver_sql("UPDATE pincite SET schema_version = 2")

    for again in (open_catalog(), open_catalog()):
        assert again.documents.get("refunds") == replace(known, warning=None)
        assert [job.id for job in again.jobs.recent()] == [job_id]
    assert [(task.document_id, task.crashes) for task in claim(again, "w1")] == [("refunds", 0)]
