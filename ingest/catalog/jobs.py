"""Jobs: what was asked for, and how far it is. Tasks: the documents that a job has yet to do."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ingest.catalog.schema import documents, jobs, tasks
from ingest.clock import now


class JobKind(StrEnum):
    SYNC = "sync"
    """Make the index equal to sources."""
    UPLOAD = "upload"
    REMOVE = "remove"
    REINDEX = "reindex"
    """Read documents anew, changed or not."""
    REBUILD = "rebuild"
    """Build a new generation of the index, and put it to service."""
    ROLLBACK = "rollback"
    """Bring a retained generation up to date, and put it to service."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    """Every task was done or has failed with its reason."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    """The job as a whole could not be done, for the reason in `error`."""


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)

ALONE_FROM_CRASHES = 2
"""A worker that was killed twice over the same documents does each of them by itself."""


class Action(StrEnum):
    ADD = "add"
    CHANGE = "change"
    REINDEX = "reindex"
    RENAME = "rename"
    """The same content under another name."""
    REMOVE = "remove"
    BUILD = "build"
    """Index the version that is known into one generation."""


@dataclass(frozen=True, slots=True)
class NewTask:
    document_id: str
    name: str
    action: Action
    target: str | None = None
    """A rename's new path, or the generation to build."""


@dataclass(frozen=True, slots=True)
class Task:
    """A document that a worker has claimed. `attempts` counts those before this one, `crashes` those
    that ended with the worker's process."""

    id: int
    job_id: str
    document_id: str
    name: str
    action: Action
    target: str | None
    attempts: int
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How a task stands: "open", "done", "failed" or "cancelled". `warning` says what of the document
    was not read."""

    document_id: str
    name: str
    action: Action
    state: str
    error: str | None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job and how far it is, in documents and chunks.

    `notes` are names that needed no task and why: files that were refused or kept out. `rate` is
    chunks a second since the start, `remaining_s` an estimate in seconds, None where there is none.
    """

    id: str
    kind: JobKind
    state: JobState
    target: dict[str, Any]
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    notes: dict[str, str]
    total: int
    done: int
    failed: int
    cancelled: int
    unchanged: int
    other_files: int
    chunks: int
    current: tuple[str, ...]
    rate: float | None
    remaining_s: float | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job has to do, as a worker found it."""

    tasks: Sequence[NewTask] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    unchanged: int = 0
    other_files: int = 0


class Jobs:
    """The jobs of a catalog. Several workers may claim from it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def submit(
        self,
        kind: JobKind,
        target: Mapping[str, Any],
        *,
        asked_by: str,
        planned: Sequence[NewTask] | None = None,
    ) -> str:
        """Queue a job; its id. With `planned` it needs no further planning."""
        job_id = str(uuid4())
        with self._writing.begin() as connection:
            connection.execute(
                insert(jobs).values(
                    id=job_id,
                    kind=kind,
                    target=json.dumps(target),
                    asked_by=asked_by,
                    state=JobState.QUEUED if planned is None else JobState.RUNNING,
                    notes="{}",
                    unchanged=0,
                    other_files=0,
                    cancel=False,
                    asked_at=now(),
                    started_at=None if planned is None else now(),
                )
            )
            _insert_tasks(connection, job_id, planned or ())
        return job_id

    def get(self, job_id: str) -> Job | None:
        found = self._jobs(jobs.c.id == job_id, 1)
        return found[0] if found else None

    def recent(self, *, limit: int = 100, open_only: bool = False) -> list[Job]:
        """Jobs, newest first."""
        states = OPEN_STATES if open_only else tuple(JobState)
        return self._jobs(jobs.c.state.in_(states), limit)

    def outcomes(
        self, job_id: str, *, state: str | None = None, offset: int = 0, limit: int | None = None
    ) -> list[TaskOutcome]:
        """How each document of the job stands, in the order of its plan."""
        of_document = documents.c.id == tasks.c.document_id
        query = (
            select(tasks, documents.c.warning)
            .join(documents, of_document, isouter=True)
            .where(tasks.c.job_id == job_id)
            .order_by(tasks.c.id)
        )
        query = query.offset(offset).limit(limit)
        if state is not None:
            query = query.where(tasks.c.state == state)
        with self._engine.connect() as connection:
            return [
                TaskOutcome(
                    row["document_id"],
                    row["name"],
                    Action(row["action"]),
                    row["state"],
                    row["error"],
                    row["warning"],
                )
                for row in connection.execute(query).mappings()
            ]

    def claim_planning(self, worker: str, *, lease_s: float) -> Job | None:
        """The oldest queued job, for this worker to plan."""
        free = or_(jobs.c.claimed_until.is_(None), jobs.c.claimed_until < now())
        with self._writing.begin() as connection:
            query = (
                select(jobs.c.id)
                .where(jobs.c.state == JobState.QUEUED, free)
                .order_by(jobs.c.asked_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            job_id = connection.execute(query).scalar_one_or_none()
            if job_id is None:
                return None
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(worker=worker, claimed_until=now() + timedelta(seconds=lease_s))
            )
        return self.get(job_id)

    def planned(self, job_id: str, worker: str, plan: Plan) -> bool:
        """Store a job's plan, and let the work begin; False where it is no longer this worker's."""
        with self._writing.begin() as connection:
            started = connection.execute(
                update(jobs)
                .where(
                    jobs.c.id == job_id,
                    jobs.c.state == JobState.QUEUED,
                    jobs.c.worker == worker,
                    jobs.c.cancel.is_(False),
                )
                .values(
                    state=JobState.RUNNING,
                    started_at=now(),
                    worker=None,
                    claimed_until=None,
                    notes=json.dumps(dict(plan.notes)),
                    unchanged=plan.unchanged,
                    other_files=plan.other_files,
                )
            )
            if started.rowcount:
                _insert_tasks(connection, job_id, plan.tasks)
        return bool(started.rowcount)

    def claim(
        self, worker: str, actions: Collection[Action], *, limit: int, lease_s: float
    ) -> list[Task]:
        """Up to `limit` open tasks of these kinds, the oldest first; no document twice.

        One during which workers ended `ALONE_FROM_CRASHES` times is claimed alone, so that no other
        is blamed for the next time.
        """
        moment = now()
        with self._writing.begin() as connection:
            _free(connection, tasks.c.claimed_until < moment)
            others = select(tasks.c.document_id).where(
                tasks.c.state == "open", tasks.c.worker.is_not(None)
            )
            wanted = and_(tasks.c.state == "open", tasks.c.action.in_(actions))
            # Of several tasks for one document the oldest goes first, even if it has to wait: the
            # content that came last must be indexed last.
            oldest = select(func.min(tasks.c.id)).where(wanted).group_by(tasks.c.document_id)
            query = (
                select(tasks)
                .where(
                    tasks.c.id.in_(oldest),
                    tasks.c.worker.is_(None),
                    or_(tasks.c.not_before.is_(None), tasks.c.not_before <= moment),
                    tasks.c.document_id.not_in(others),
                )
                .order_by(tasks.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            mine = and_(tasks.c.worker == worker, tasks.c.state == "open")
            held = list(connection.scalars(select(tasks.c.crashes).where(mine)))
            rows = _in_company(held, list(connection.execute(query).mappings()))
            claimed = []
            for row in rows:
                try:
                    with connection.begin_nested():
                        connection.execute(
                            update(tasks)
                            .where(tasks.c.id == row["id"])
                            .values(
                                worker=worker,
                                claimed_until=moment + timedelta(seconds=lease_s),
                            )
                        )
                except IntegrityError:
                    continue  # Another worker was faster with this document.
                claimed.append(_task(row))
        return claimed

    def any_open(self, actions: Collection[Action]) -> bool:
        """Whether a task of these kinds is yet to be done."""
        query = select(tasks.c.id).where(tasks.c.state == "open", tasks.c.action.in_(actions))
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).scalar_one_or_none() is not None

    def renew(self, worker: str, *, lease_s: float) -> None:
        """Keep what this worker has claimed for longer."""
        with self._writing.begin() as connection:
            connection.execute(
                update(tasks)
                .where(tasks.c.worker == worker, tasks.c.state == "open")
                .values(claimed_until=now() + timedelta(seconds=lease_s))
            )

    def is_claimed(self, task: Task, worker: str) -> bool:
        """Whether the task is still this worker's: not cancelled, nor its document deleted."""
        query = select(tasks.c.id).where(
            tasks.c.id == task.id, tasks.c.worker == worker, tasks.c.state == "open"
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() is not None

    def finish(self, task: Task, worker: str, *, error: str | None = None) -> bool:
        """The task is done, or has failed for good; False where it was no longer this worker's."""
        return self._change_claimed(task, worker, state="failed" if error else "done", error=error)

    def put_back(self, task: Task, worker: str, *, error: str, delay_s: float) -> bool:
        """Try the task again later."""
        return self._change_claimed(
            task,
            worker,
            error=error,
            attempts=task.attempts + 1,
            not_before=now() + timedelta(seconds=delay_s),
        )

    def hand_back(self, task: Task, worker: str) -> None:
        """Leave the task to whoever claims it next, through no fault of its own."""
        self._change_claimed(task, worker)

    def release(self, worker: str) -> None:
        """Give up the claims of this worker."""
        with self._writing.begin() as connection:
            for table in (tasks, jobs):
                connection.execute(
                    update(table)
                    .where(table.c.worker == worker)
                    .values(worker=None, claimed_until=None)
                )

    def release_dead(self) -> None:
        """Give up all claims, where no worker can be alive: those who made them were killed."""
        with self._writing.begin() as connection:
            _free(connection, tasks.c.worker.is_not(None))
            claimed = update(jobs).where(jobs.c.worker.is_not(None))
            connection.execute(claimed.values(worker=None, claimed_until=None))

    def next_ready_at(self) -> datetime | None:
        """When the earliest task that waits for another attempt may be tried; None where none waits."""
        query = select(func.min(tasks.c.not_before)).where(
            tasks.c.state == "open", tasks.c.worker.is_(None)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def worked_off(self) -> list[Job]:
        """Running jobs without an open task, oldest first."""
        busy = select(tasks.c.job_id).where(tasks.c.state == "open")
        return list(
            reversed(
                self._jobs(and_(jobs.c.state == JobState.RUNNING, jobs.c.id.not_in(busy)), 1000)
            )
        )

    def close(self, job_id: str, *, error: str | None = None) -> None:
        """The job is over: cancelled where that was asked, failed with an `error`, else done."""
        closed = case((jobs.c.cancel.is_(True), JobState.CANCELLED), else_=JobState.DONE)
        with self._writing.begin() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(OPEN_STATES))
                .values(
                    state=JobState.FAILED if error else closed,
                    error=error,
                    finished_at=now(),
                    worker=None,
                    claimed_until=None,
                )
            )

    def cancel(self, job_id: str) -> None:
        """Start nothing more of this job; what is not committed by now is dropped."""
        with self._writing.begin() as connection:
            is_open = and_(jobs.c.id == job_id, jobs.c.state.in_(OPEN_STATES))
            connection.execute(update(jobs).where(is_open).values(cancel=True))
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.QUEUED)
                .values(state=JobState.CANCELLED, finished_at=now(), worker=None)
            )
            connection.execute(
                update(tasks)
                .where(tasks.c.job_id == job_id, tasks.c.state == "open")
                .values(state="cancelled", worker=None, claimed_until=None)
            )

    def cancel_asked(self, job_id: str) -> bool:
        query = select(jobs.c.cancel).where(jobs.c.id == job_id)
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar_one_or_none())

    def prune(self, *, before: datetime) -> int:
        """Forget jobs that were over before then; how many."""
        old = select(jobs.c.id).where(jobs.c.finished_at < before, jobs.c.state.not_in(OPEN_STATES))
        with self._writing.begin() as connection:
            connection.execute(delete(tasks).where(tasks.c.job_id.in_(old)))
            forgotten = connection.execute(delete(jobs).where(jobs.c.id.in_(old)))
        return forgotten.rowcount

    def _change_claimed(self, task: Task, worker: str, **values: Any) -> bool:
        with self._writing.begin() as connection:
            changed = connection.execute(
                update(tasks)
                .where(tasks.c.id == task.id, tasks.c.worker == worker, tasks.c.state == "open")
                .values(worker=None, claimed_until=None, **values)
            )
        return changed.rowcount == 1

    def _jobs(self, condition: Any, limit: int) -> list[Job]:
        query = select(jobs).where(condition).order_by(jobs.c.asked_at.desc()).limit(limit)
        with self._engine.connect() as connection:
            rows = list(connection.execute(query).mappings())
            ids = [row["id"] for row in rows]
            counts = _counts(connection, ids)
        return [_job(row, counts.get(row["id"], _Counts())) for row in rows]


@dataclass(slots=True)
class _Counts:
    by_state: dict[str, int] = field(default_factory=dict)
    chunks: int = 0
    current: list[str] = field(default_factory=list)


def _counts(connection: Any, ids: Collection[str]) -> dict[str, _Counts]:
    counts = {job_id: _Counts() for job_id in ids}
    query = (
        select(tasks.c.job_id, tasks.c.state, func.count(), func.sum(tasks.c.chunks))
        .where(tasks.c.job_id.in_(ids))
        .group_by(tasks.c.job_id, tasks.c.state)
    )
    for job_id, state, number, chunks in connection.execute(query):
        counts[job_id].by_state[state] = number
        counts[job_id].chunks += chunks
    at_work = select(tasks.c.job_id, tasks.c.name).where(
        tasks.c.job_id.in_(ids), tasks.c.state == "open", tasks.c.worker.is_not(None)
    )
    for job_id, name in connection.execute(at_work.order_by(tasks.c.id)):
        counts[job_id].current.append(name)
    return counts


def _job(row: Any, counts: _Counts) -> Job:
    done, failed, cancelled = (
        counts.by_state.get(state, 0) for state in ("done", "failed", "cancelled")
    )
    waiting = counts.by_state.get("open", 0)
    rate = remaining_s = None
    if row["started_at"]:
        elapsed_s = ((row["finished_at"] or now()) - row["started_at"]).total_seconds()
        rate = counts.chunks / elapsed_s if elapsed_s > 0 else None
        if waiting and done + failed:
            remaining_s = elapsed_s / (done + failed) * waiting
    return Job(
        id=row["id"],
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        target=json.loads(row["target"]),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        notes=json.loads(row["notes"]),
        total=done + failed + cancelled + waiting,
        done=done,
        failed=failed,
        cancelled=cancelled,
        unchanged=row["unchanged"],
        other_files=row["other_files"],
        chunks=counts.chunks,
        current=tuple(counts.current),
        rate=round(rate, 1) if rate is not None else None,
        remaining_s=round(remaining_s, 1) if remaining_s is not None else None,
    )


def _free(connection: Connection, abandoned: ColumnElement[bool]) -> None:
    """Take open tasks from workers that were killed while they did them."""
    connection.execute(
        update(tasks)
        .where(tasks.c.state == "open", abandoned)
        .values(worker=None, claimed_until=None, crashes=tasks.c.crashes + 1)
    )


def _in_company(held: Collection[int], rows: list[RowMapping]) -> list[RowMapping]:
    """Those of the tasks that may be done together, beside others with `held` crashes."""
    suspects = [number for number, row in enumerate(rows) if row["crashes"] >= ALONE_FROM_CRASHES]
    if any(crashes >= ALONE_FROM_CRASHES for crashes in held):
        return []
    if not suspects:
        return rows
    if suspects[0] > 0:
        return rows[: suspects[0]]
    return [] if held else rows[:1]


def _insert_tasks(connection: Any, job_id: str, new: Iterable[NewTask]) -> None:
    rows = [
        {
            "job_id": job_id,
            "document_id": task.document_id,
            "name": task.name,
            "action": task.action,
            "target": task.target,
            "state": "open",
            "chunks": 0,
            "attempts": 0,
        }
        for task in new
    ]
    if rows:
        connection.execute(insert(tasks), rows)


def _task(row: Any) -> Task:
    return Task(
        row["id"],
        row["job_id"],
        row["document_id"],
        row["name"],
        Action(row["action"]),
        row["target"],
        row["attempts"],
        row["crashes"],
    )
