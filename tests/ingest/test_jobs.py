"""Jobs as they are kept: what was asked for, how far it is, and whose work it is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.catalog import Catalog
from ingest.catalog.jobs import (
    Action,
    Job,
    JobKind,
    Jobs,
    JobState,
    NewTask,
    Plan,
    Task,
    TaskOutcome,
)
from ingest.clock import now

ADD = (Action.ADD, Action.CHANGE, Action.REMOVE)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def jobs(catalog: Catalog) -> Jobs:
    return catalog.jobs


def tasks(*names: str, action: Action = Action.ADD) -> list[NewTask]:
    return [NewTask(f"id-{name}", name, action) for name in names]


def submit(jobs: Jobs, *names: str) -> str:
    """A job whose documents are known already."""
    return jobs.submit(JobKind.UPLOAD, {}, asked_by="ann", planned=tasks(*names))


def claim(jobs: Jobs, worker: str = "w1", limit: int = 10, lease_s: float = 60) -> list[Task]:
    return jobs.claim(worker, ADD, limit=limit, lease_s=lease_s)


def get(jobs: Jobs, job_id: str) -> Job:
    job = jobs.get(job_id)
    assert job is not None
    return job


def names(claimed: list[Task]) -> list[str]:
    return [task.name for task in claimed]


# States and counts


def test_a_job_is_queued_until_it_is_planned(jobs: Jobs) -> None:
    job_id = jobs.submit(JobKind.SYNC, {"sources": ["s1"]}, asked_by="ann")

    job = get(jobs, job_id)
    assert (job.kind, job.state, job.asked_by) == (JobKind.SYNC, JobState.QUEUED, "ann")
    assert (job.target, job.total, job.started_at, job.rate) == ({"sources": ["s1"]}, 0, None, None)
    assert jobs.worked_off() == []


def test_a_plan_sets_it_going_with_its_documents_and_notes(jobs: Jobs) -> None:
    job_id = jobs.submit(JobKind.SYNC, {}, asked_by="ann")
    assert jobs.claim_planning("w1", lease_s=60) == get(jobs, job_id)

    plan = Plan(tasks("a.md", "b.md"), {"c.md": "was deleted by hand"}, unchanged=3, other_files=2)
    assert jobs.planned(job_id, "w1", plan)

    job = get(jobs, job_id)
    assert (job.state, job.total, job.unchanged, job.other_files) == (JobState.RUNNING, 2, 3, 2)
    assert job.notes == {"c.md": "was deleted by hand"}
    assert jobs.outcomes(job_id) == [
        TaskOutcome("id-a.md", "a.md", Action.ADD, "open", None),
        TaskOutcome("id-b.md", "b.md", Action.ADD, "open", None),
    ]


def test_a_job_tells_how_far_it_is_and_what_it_works_at(jobs: Jobs) -> None:
    job_id = submit(jobs, "a.md", "b.md", "c.md", "d.md")
    a, b, _ = claim(jobs, limit=3)
    assert jobs.finish(a, "w1")
    assert jobs.finish(b, "w1", error="is empty")

    job = get(jobs, job_id)
    assert (job.total, job.done, job.failed, job.cancelled) == (4, 1, 1, 0)
    assert job.current == ("c.md",)
    assert job.rate == 0.0
    assert job.started_at is not None
    # Two of four took so long; the other two will take as long again.
    elapsed_s = (now() - job.started_at).total_seconds()
    assert job.remaining_s == pytest.approx(elapsed_s, abs=0.2)


def test_each_documents_outcome_is_kept(jobs: Jobs) -> None:
    job_id = submit(jobs, "a.md", "b.md", "c.md")
    a, b = claim(jobs, limit=2)
    jobs.finish(a, "w1")
    jobs.finish(b, "w1", error="is empty")

    assert [(each.name, each.state, each.error) for each in jobs.outcomes(job_id)] == [
        ("a.md", "done", None),
        ("b.md", "failed", "is empty"),
        ("c.md", "open", None),
    ]
    assert [each.name for each in jobs.outcomes(job_id, state="failed")] == ["b.md"]
    assert [each.name for each in jobs.outcomes(job_id, offset=1, limit=1)] == ["b.md"]


def test_a_job_without_open_documents_is_worked_off_and_can_be_closed(jobs: Jobs) -> None:
    job_id = submit(jobs, "a.md")
    (task,) = claim(jobs)
    assert jobs.worked_off() == []

    jobs.finish(task, "w1", error="is empty")
    assert [job.id for job in jobs.worked_off()] == [job_id]
    jobs.close(job_id)

    job = get(jobs, job_id)
    assert (job.state, job.failed, job.remaining_s) == (JobState.DONE, 1, None)
    assert job.finished_at is not None
    assert jobs.worked_off() == []


def test_a_job_that_failed_as_a_whole_says_why(jobs: Jobs) -> None:
    job_id = submit(jobs)

    jobs.close(job_id, error="its generation was dropped")
    jobs.close(job_id)

    job = get(jobs, job_id)
    assert (job.state, job.error) == (JobState.FAILED, "its generation was dropped")


def test_jobs_are_listed_newest_first_and_by_openness(jobs: Jobs) -> None:
    first, second, third = submit(jobs), submit(jobs, "a.md"), submit(jobs, "b.md")
    jobs.close(first)

    assert [job.id for job in jobs.recent()] == [third, second, first]
    assert [job.id for job in jobs.recent(limit=1)] == [third]
    assert [job.id for job in jobs.recent(open_only=True)] == [third, second]
    assert jobs.get("unknown") is None


# Cancelling


def test_a_queued_job_is_cancelled_at_once(jobs: Jobs) -> None:
    job_id = jobs.submit(JobKind.SYNC, {}, asked_by="ann")
    jobs.claim_planning("w1", lease_s=60)

    jobs.cancel(job_id)

    assert get(jobs, job_id).state is JobState.CANCELLED
    assert not jobs.planned(job_id, "w1", Plan(tasks("a.md")))
    assert jobs.outcomes(job_id) == []


def test_a_running_job_that_is_cancelled_loses_everything_not_committed(jobs: Jobs) -> None:
    job_id = submit(jobs, "a.md", "b.md", "c.md")
    a, b = claim(jobs, limit=2)
    jobs.finish(a, "w1")

    jobs.cancel(job_id)

    assert jobs.cancel_asked(job_id)
    assert not jobs.is_claimed(b, "w1")
    assert not jobs.finish(b, "w1")
    assert not jobs.put_back(b, "w1", error="no space", delay_s=0)
    assert claim(jobs) == []
    jobs.close(job_id)
    job = get(jobs, job_id)
    assert (job.state, job.done, job.cancelled) == (JobState.CANCELLED, 1, 2)


def test_a_job_that_is_over_stays_as_it_is(jobs: Jobs) -> None:
    job_id = submit(jobs)
    jobs.close(job_id)

    jobs.cancel(job_id)

    assert get(jobs, job_id).state is JobState.DONE
    assert jobs.outcomes(job_id) == []


# Whose work it is


def test_two_workers_never_get_the_same_document(jobs: Jobs) -> None:
    many = [f"{number:02}.md" for number in range(40)]
    submit(jobs, *many)
    submit(jobs, *many)

    def take(number: int) -> list[str]:
        return [task.document_id for task in claim(jobs, f"w{number}", limit=4)]

    with ThreadPoolExecutor(8) as pool:
        taken = [id for ids in pool.map(take, range(10)) for id in ids]

    assert sorted(taken) == [f"id-{name}" for name in many]
    assert claim(jobs, "w99") == []


def test_two_tasks_for_one_document_are_done_in_the_order_they_came(jobs: Jobs) -> None:
    first, second = submit(jobs, "a.md"), submit(jobs, "a.md")

    (task,) = claim(jobs)
    assert task.job_id == first
    assert claim(jobs) == []
    jobs.finish(task, "w1")

    (task,) = claim(jobs)
    assert task.job_id == second


def test_a_newer_task_does_not_overtake_one_that_waits_for_another_attempt(jobs: Jobs) -> None:
    first, second = submit(jobs, "a.md"), submit(jobs, "a.md")
    (task,) = claim(jobs)
    jobs.put_back(task, "w1", error="no space", delay_s=60)

    assert claim(jobs) == []

    assert [each.state for each in jobs.outcomes(first)] == ["open"]
    assert [each.state for each in jobs.outcomes(second)] == ["open"]


def test_a_claim_that_expired_is_taken_up_by_another_worker(jobs: Jobs) -> None:
    submit(jobs, "a.md")
    (lost,) = claim(jobs, "w1", lease_s=-1)

    (taken,) = claim(jobs, "w2")

    assert taken.id == lost.id
    assert not jobs.is_claimed(lost, "w1")
    assert not jobs.finish(lost, "w1")
    assert jobs.finish(taken, "w2")


def test_a_renewed_claim_does_not_expire(jobs: Jobs) -> None:
    submit(jobs, "a.md")
    (task,) = claim(jobs, "w1", lease_s=-1)

    jobs.renew("w1", lease_s=60)

    assert claim(jobs, "w2") == []
    assert jobs.is_claimed(task, "w1")


def test_claims_are_released_for_one_worker_or_for_all(jobs: Jobs) -> None:
    submit(jobs, "a.md", "b.md")
    claim(jobs, "w1", limit=1)
    claim(jobs, "w2", limit=1)

    jobs.release("w1")
    assert names(claim(jobs, "w3")) == ["a.md"]
    jobs.release_dead()
    assert names(claim(jobs, "w4")) == ["a.md", "b.md"]


def test_work_that_is_handed_back_or_released_is_no_crash(jobs: Jobs) -> None:
    submit(jobs, "a.md", "b.md")
    handed_back, _ = claim(jobs, "w1")

    jobs.hand_back(handed_back, "w1")
    jobs.release("w1")

    assert [(task.name, task.crashes) for task in claim(jobs, "w1")] == [("a.md", 0), ("b.md", 0)]


def test_whoever_was_there_at_two_crashes_is_claimed_alone(jobs: Jobs) -> None:
    submit(jobs, "a.md", "b.md")
    for _ in range(2):
        claim(jobs)
        jobs.release_dead()
    submit(jobs, "c.md")

    alone = claim(jobs)
    assert [(task.name, task.crashes) for task in alone] == [("a.md", 2)]
    assert claim(jobs) == []
    jobs.finish(alone[0], "w1")
    (alone_too,) = claim(jobs)
    assert alone_too.name == "b.md"
    jobs.finish(alone_too, "w1")
    assert names(claim(jobs)) == ["c.md"]


def test_one_suspected_of_crashes_waits_until_those_before_it_are_done(jobs: Jobs) -> None:
    submit(jobs, "a.md", "b.md", "c.md")
    for _ in range(2):
        claim(jobs)
        jobs.release_dead()
    for task in (claim(jobs)[0], claim(jobs, "w2")[0]):
        jobs.finish(task, "w1" if task.name == "a.md" else "w2")
    submit(jobs, "d.md")

    assert names(claim(jobs)) == ["c.md"]
    assert names(claim(jobs, "w2")) == ["d.md"]


def test_a_claim_that_expired_counts_as_a_crash(jobs: Jobs) -> None:
    submit(jobs, "a.md")
    claim(jobs, "w1", lease_s=-1)

    assert [(task.name, task.crashes) for task in claim(jobs, "w2")] == [("a.md", 1)]


def test_only_the_asked_kinds_of_work_are_claimed(jobs: Jobs) -> None:
    planned = [*tasks("a.md", action=Action.BUILD), *tasks("b.md")]
    jobs.submit(JobKind.REBUILD, {}, asked_by="ann", planned=planned)

    assert jobs.any_open([Action.BUILD])
    assert names(claim(jobs)) == ["b.md"]
    assert names(jobs.claim("w1", [Action.BUILD], limit=5, lease_s=60)) == ["a.md"]


def test_planning_is_claimed_by_one_worker_oldest_job_first(jobs: Jobs) -> None:
    first = jobs.submit(JobKind.SYNC, {}, asked_by="ann")
    second = jobs.submit(JobKind.SYNC, {}, asked_by="ann")

    claimed = [jobs.claim_planning(worker, lease_s=60) for worker in ("w1", "w2", "w3")]

    assert [job.id if job else None for job in claimed] == [first, second, None]
    assert not jobs.planned(first, "w2", Plan())


def test_planning_by_a_dead_worker_is_taken_up(jobs: Jobs) -> None:
    job_id = jobs.submit(JobKind.SYNC, {}, asked_by="ann")
    jobs.claim_planning("w1", lease_s=-1)

    again = jobs.claim_planning("w2", lease_s=60)

    assert again is not None
    assert not jobs.planned(job_id, "w1", Plan())
    assert jobs.planned(job_id, "w2", Plan())


def test_what_is_put_back_waits_and_counts_its_attempts(jobs: Jobs) -> None:
    submit(jobs, "a.md", "b.md")
    a, b = claim(jobs)
    assert (a.attempts, jobs.next_ready_at()) == (0, None)

    jobs.put_back(a, "w1", error="no space", delay_s=60)
    jobs.put_back(b, "w1", error="no space", delay_s=0)

    (again,) = claim(jobs)
    assert (again.name, again.attempts) == ("b.md", 1)
    ready_at = jobs.next_ready_at()
    assert ready_at is not None
    assert (ready_at - now()).total_seconds() == pytest.approx(60, abs=5)


# What is kept


def test_jobs_survive_reopening_and_a_queued_one_is_still_queued(tmp_path: Path) -> None:
    first = Catalog(tmp_path / "catalog.sqlite")
    queued = first.jobs.submit(JobKind.SYNC, {}, asked_by="ann")
    first.jobs.claim_planning("w1", lease_s=60)
    running = submit(first.jobs, "a.md", "b.md")
    (task, _) = claim(first.jobs)
    first.jobs.finish(task, "w1")
    first.close()

    again = Catalog(tmp_path / "catalog.sqlite")
    again.jobs.release_dead()

    assert get(again.jobs, queued).state is JobState.QUEUED
    job = get(again.jobs, running)
    assert (job.state, job.done, job.total, job.current) == (JobState.RUNNING, 1, 2, ())
    planning = again.jobs.claim_planning("w2", lease_s=60)
    assert planning is not None
    assert planning.id == queued
    assert names(claim(again.jobs, "w2")) == ["b.md"]
    again.close()


def test_only_jobs_that_were_over_before_then_are_forgotten(jobs: Jobs) -> None:
    over, still_open = submit(jobs, "a.md"), submit(jobs, "b.md")
    jobs.finish(claim(jobs, limit=1)[0], "w1")
    jobs.close(over)

    assert jobs.prune(before=now() - timedelta(days=1)) == 0
    assert jobs.prune(before=now() + timedelta(seconds=1)) == 1

    assert jobs.get(over) is None
    assert jobs.outcomes(over) == []
    assert get(jobs, still_open).total == 1
