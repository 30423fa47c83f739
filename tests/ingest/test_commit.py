"""A version counts from its commit on, or not at all; faults that may pass are tried again."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.catalog.documents import DocumentState, Written
from ingest.catalog.jobs import Action, JobState
from ingest.faults import is_transient
from ingest.index import IndexUnreachable
from ingest.worker import CRASH_LIMIT
from tests.ingest.bench import FULL, KEPT, REFUNDS, TENTS, Bench

BOOTS = "# Refunds\n\nWorn boots go back within 14 days.\n"


def change(bench: Bench) -> str:
    """A job that is to replace refunds.md."""
    bench.put("refunds.md", BOOTS)
    job_id = bench.add()
    bench.plan()
    return job_id


def between_writing_and_commit(bench: Bench, act: Callable[[], object]) -> None:
    """Have something happen when the points of the next document are written but do not count."""
    index = bench.store.generations.get(bench.serving()).index
    write = index.write

    def write_then_act(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        index.write = write  # type: ignore[method-assign]
        act()

    index.write = write_then_act  # type: ignore[method-assign,assignment]


# Between claim and commit


def test_until_its_commit_a_new_version_is_not_found_and_the_old_one_is(indexed: Bench) -> None:
    job_id = change(indexed)
    seen: list[list[tuple[str, str]]] = []
    points: list[int] = []

    def look() -> None:
        seen.append(indexed.search("tents boots"))
        points.append(len(indexed.points()))

    between_writing_and_commit(indexed, look)
    indexed.done(job_id)

    assert seen == [[TENTS]]
    assert points == [4]
    assert indexed.search("tents boots") == [("refunds.md", "Worn boots go back within 14 days.")]
    assert len(indexed.points()) == 3


def test_a_hit_of_a_version_that_does_not_count_is_none(indexed: Bench) -> None:
    refunds = indexed.record("refunds.md")
    index = indexed.store.generations.get(indexed.serving()).index
    stale = next(iter(index.points(refunds.id)))
    job_id = change(indexed)
    indexed.done(job_id)

    index.write(
        stale.document.__class__("id-ghost", "v0", "ghost.md", "Ghost"),
        [stale.chunk],
        stale.vector[None],
    )
    index.write(stale.document, [stale.chunk], stale.vector[None])

    assert len(indexed.points()) == 5
    assert indexed.search("tents") == []


@pytest.mark.parametrize("moment", ["while it is encoded", "after its points are written"])
@pytest.mark.parametrize("what", ["deleted", "cancelled"])
def test_what_is_called_off_before_its_commit_leaves_nothing_behind(
    indexed: Bench, what: str, moment: str
) -> None:
    refunds = indexed.record("refunds.md")
    job_id = change(indexed)

    def call_off() -> None:
        indexed.encoder.before = lambda: None
        if what == "deleted":
            indexed.admin.delete([refunds.id], asked_by="ann")
        else:
            indexed.admin.cancel(job_id)

    if moment == "while it is encoded":
        indexed.encoder.before = call_off
    else:
        between_writing_and_commit(indexed, call_off)
    job = indexed.done(job_id)

    assert (job.done, job.cancelled) == (0, 1)
    assert job.state is (JobState.DONE if what == "deleted" else JobState.CANCELLED)
    assert indexed.search("boots") == []
    assert indexed.search("tents") == ([] if what == "deleted" else [TENTS])
    assert len(indexed.points()) == (2 if what == "deleted" else 3)
    assert indexed.catalog.documents.leftovers() == []


def test_the_other_documents_of_a_group_are_indexed_when_one_is_called_off(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()
    refunds = bench.record("refunds.md")

    def delete() -> None:
        bench.encoder.before = lambda: None
        bench.admin.delete([refunds.id], asked_by="ann")

    bench.encoder.before = delete
    job = bench.worker.work_off(job_id)

    assert (job.done, job.cancelled) == (1, 1)
    assert bench.names() == ["staff/leave.md"]
    assert len(bench.points()) == 2


def test_a_claim_that_another_worker_took_over_is_not_committed_twice(indexed: Bench) -> None:
    job_id = change(indexed)

    def take_over() -> None:
        indexed.encoder.before = lambda: None
        indexed.catalog.jobs.release_dead()
        indexed.catalog.jobs.claim("another", [Action.CHANGE], limit=1, lease_s=60)

    indexed.encoder.before = take_over
    indexed.worker.step()

    assert indexed.search("tents boots") == [TENTS]
    assert indexed.admin.job(job_id).current == ("refunds.md",)
    indexed.catalog.jobs.release_dead()
    assert indexed.done(job_id).done == 1
    assert len(indexed.points()) == 3


def test_a_worker_clears_up_what_a_killed_one_left(indexed: Bench) -> None:
    job_id = change(indexed)
    (task,) = indexed.catalog.jobs.claim("killed", [Action.CHANGE], limit=9, lease_s=600)
    index = indexed.store.generations.get(indexed.serving()).index
    point = next(iter(index.points(task.document_id)))
    indexed.catalog.documents.mark_leftovers([task.document_id])
    half = point.document.__class__(task.document_id, "half", "refunds.md", "Refunds")
    index.write(half, [point.chunk], point.vector[None])
    assert len(indexed.points()) == 4

    indexed.restart()

    assert len(indexed.points()) == 3
    assert indexed.catalog.documents.leftovers() == []
    assert indexed.done(job_id).done == 1
    assert indexed.search("tents boots") == [("refunds.md", "Worn boots go back within 14 days.")]


def test_a_deletion_that_was_killed_before_the_index_is_finished_at_the_start(
    indexed: Bench,
) -> None:
    refunds = indexed.record("refunds.md")
    indexed.catalog.documents.delete([refunds.id], asked_by="ann", keep_out=True)
    assert (indexed.search("tents"), len(indexed.points())) == ([], 3)

    indexed.restart()

    assert len(indexed.points()) == 2


def test_a_job_goes_on_after_its_process_was_killed(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()
    bench.catalog.jobs.claim("killed", [Action.ADD], limit=1, lease_s=600)

    bench.restart()

    assert bench.admin.job(job_id).state is JobState.RUNNING
    job = bench.done(job_id)
    assert (job.state, job.done) == (JobState.DONE, 2)


def test_searches_during_a_change_see_one_version_or_the_other(indexed: Bench) -> None:
    stop = threading.Event()
    seen: set[tuple[tuple[str, str], ...]] = set()

    def look() -> None:
        while not stop.is_set():
            seen.add(tuple(indexed.search("tents boots")))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for text in (BOOTS, REFUNDS, BOOTS):
            indexed.put("refunds.md", text)
            indexed.ingest()
    finally:
        stop.set()
        thread.join()

    # A search may fall between the index's answer and the commit, and then finds neither.
    assert seen <= {(TENTS,), (("refunds.md", "Worn boots go back within 14 days."),), ()}
    assert (TENTS,) in seen


# Faults that may pass


def test_a_fault_that_passes_is_tried_again_and_nobody_need_know(indexed: Bench) -> None:
    job_id = change(indexed)
    index = indexed.break_index(FULL, FULL)

    job = indexed.done(job_id)

    assert (job.state, job.done, job.failed) == (JobState.DONE, 1, 0)
    assert index.writes == 3
    assert indexed.errors() == {}
    assert indexed.search("tents boots") == [("refunds.md", "Worn boots go back within 14 days.")]
    assert len(indexed.points()) == 3


def test_while_it_waits_the_job_is_open_and_says_what_is_the_matter(indexed: Bench) -> None:
    job_id = change(indexed)
    indexed.break_index(FULL)

    indexed.worker.step()

    (outcome,) = indexed.admin.outcomes(job_id)
    assert (outcome.state, outcome.error) == (
        "open",
        "could not be stored (No space left on device): make room on the disk",
    )
    assert indexed.search("tents boots") == [TENTS]


@pytest.mark.parametrize("error", [FULL, IndexUnreachable("The server does not answer.")])
def test_a_fault_that_does_not_pass_is_given_up_and_tried_in_the_next_run(
    indexed: Bench, error: Exception
) -> None:
    assert is_transient(error)
    job_id = change(indexed)
    index = indexed.break_index(error, error, error)

    job = indexed.done(job_id)

    assert (job.failed, index.writes) == (1, 3)
    (text,) = indexed.failed(job).values()
    assert text is not None
    assert text.endswith(KEPT)
    assert indexed.search("tents boots") == [TENTS]
    assert len(indexed.points()) == 3

    assert indexed.did(indexed.ingest()) == [("change", "refunds.md")]
    assert indexed.errors() == {}


def test_each_further_attempt_waits_twice_as_long(indexed: Bench) -> None:
    job_id = change(indexed)
    (task,) = indexed.catalog.jobs.claim(indexed.worker.name, [Action.CHANGE], limit=1, lease_s=60)
    waits: list[float] = []
    put_back = indexed.catalog.jobs.put_back

    def remember(*arguments: object, delay_s: float, **others: object) -> bool:
        waits.append(delay_s)
        return put_back(*arguments, delay_s=delay_s, **others)  # type: ignore[arg-type]

    indexed.catalog.jobs.put_back = remember  # type: ignore[method-assign]
    indexed.catalog.jobs.release_dead()
    indexed.break_index(FULL, FULL, FULL)

    indexed.done(job_id)

    assert task.attempts == 0
    assert waits == [0.001, 0.002]


def test_a_fault_of_the_document_is_not_tried_again(indexed: Bench) -> None:
    job_id = change(indexed)
    index = indexed.break_index(ValueError("odd"), FULL)

    job = indexed.done(job_id)

    assert index.writes == 1
    assert indexed.failed(job) == {
        "refunds.md": f"could not be indexed (ValueError: odd): report this document{KEPT}"
    }
    assert (indexed.ingest().total, indexed.search("tents")) == (0, [TENTS])


def test_a_document_that_cannot_be_written_does_not_hold_up_its_group(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()
    bench.break_index(ValueError("odd"), ValueError("odd"))

    job = bench.done(job_id)

    # The first attempt wrote them together, the second each by itself.
    assert (job.done, job.failed) == (1, 1)
    assert bench.record("refunds.md").state is DocumentState.FAILED
    assert bench.record("staff/leave.md").state is DocumentState.INDEXED


def test_a_lack_of_memory_for_a_group_is_met_by_one_document_at_a_time(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()

    def run_out() -> None:
        bench.encoder.before = lambda: None
        raise MemoryError

    bench.encoder.before = run_out
    job = bench.done(job_id)

    assert (job.done, job.failed) == (2, 0)
    assert len(bench.points()) == 3


def test_a_document_over_which_the_worker_is_killed_again_and_again_is_given_up(
    indexed: Bench,
) -> None:
    job_id = change(indexed)
    indexed.plan()
    for _ in range(CRASH_LIMIT):
        indexed.catalog.jobs.claim(indexed.worker.name, [Action.CHANGE], limit=8, lease_s=60)
        indexed.catalog.jobs.release_dead()

    job = indexed.done(job_id)

    (error,) = indexed.failed(job).values()
    assert error is not None
    assert error.startswith(f"was being indexed {CRASH_LIMIT} times when the process was killed")
    assert error.endswith(KEPT)
    # Until the file changes, or somebody asks.
    assert (indexed.ingest().total, indexed.search("tents")) == (0, [TENTS])
    record = indexed.record("refunds.md")
    again = indexed.done(indexed.admin.reindex(asked_by="ann", ids=[record.id]))
    assert (again.done, indexed.search("boots") != []) == (1, True)


def test_what_was_divided_before_a_generation_was_begun_elsewhere_is_read_again(
    indexed: Bench,
) -> None:
    job_id = change(indexed)
    manifest = replace(
        indexed.store.generations.get(indexed.serving()).index.manifest, target_tokens=20
    )

    def begin() -> None:
        indexed.encoder.before = lambda: None
        indexed.store.generations.create(manifest)

    indexed.encoder.before = begin
    job = indexed.done(job_id)

    assert (job.done, job.failed) == (1, 0)
    record = indexed.record("refunds.md")
    serving, begun = indexed.catalog.generations.all()
    assert indexed.catalog.documents.current_versions(
        begun.name, [record.id]
    ) == indexed.catalog.documents.current_versions(serving.name, [record.id])
    assert indexed.search("boots") != []


def test_what_is_written_is_noted_with_its_count(indexed: Bench) -> None:
    refunds = indexed.record("refunds.md")
    written = indexed.catalog.documents.written(indexed.serving())[refunds.id]

    assert written == Written(
        indexed.serving(),
        f"{(refunds.content_hash or '')[:16]}.1",
        1,
        f'{{"name": "refunds.md", "title": "Refunds", "groups": ["everyone"], "valid_from": null, '
        f'"valid_until": null, "source": "{refunds.source_id}", "tags": [], "language": null}}',
    )
