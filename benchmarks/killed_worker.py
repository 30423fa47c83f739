"""A worker in a process of its own that can be killed, by the clock or at a chosen step of its work."""

import multiprocessing
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

import numpy as np

import ingest.worker
from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.documents import Documents
from ingest.catalog.generations import GenerationTable
from ingest.catalog.jobs import Job, Jobs
from ingest.embed import Encoder, Encoders, SentenceTransformerEncoder, Vectors
from ingest.generations import EdgeEngine
from ingest.index.edge import EdgeIndex
from ingest.indexing import Indexer
from ingest.sandbox import ParserProcess
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from ingest.worker import Worker
from service.settings import Settings

CHUNKS_PER_WRITE = 12
"""So few that a small corpus is written in many groups, each with its own commits."""

STEPS: dict[str, tuple[type, str]] = {
    "plan": (Jobs, "planned"),
    "parse": (ParserProcess, "submit"),
    "divide": (Worker, "_prepare"),
    "encode": (Indexer, "encode"),
    "note leftovers": (Documents, "mark_leftovers"),
    "change points": (EdgeIndex, "_update"),
    "write": (EdgeIndex, "write"),
    "commit": (Documents, "commit"),
    "clear leftovers": (Indexer, "remove_leftovers"),
    "describe": (EdgeIndex, "describe"),
    "close job": (Jobs, "close"),
    "delete": (Documents, "delete"),
    "add generation": (GenerationTable, "add"),
    "build": (Worker, "_rebuilt"),
    "optimize": (EdgeIndex, "optimize"),
    "switch": (GenerationTable, "serve"),
    "drop": (GenerationTable, "drop"),
    "delete files": (EdgeEngine, "drop"),
    "forget generation": (GenerationTable, "remove"),
}
"""What a worker can be stopped before or after, by name."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a worker is to stand still: before or after a step is done for the `number`th time (from
    1), or "within" it, with its transaction made but not committed."""

    step: str
    when: str
    number: int


@dataclass(frozen=True, slots=True)
class Order:
    """What the worker is to do: index the folder, and with `target_tokens` rebuild, with `use` return
    to the generation before, with `delete` delete these documents by name, with `drop` delete the
    generations that do not serve. `name` is the job's, so that a restarted worker goes on with it.
    """

    name: str
    folder: Path
    index: Path
    memory: Path | None = None
    target_tokens: int | None = None
    use: bool = False
    drop: bool = False
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """How one process ended: killed, at a step or by the clock, or with its job done."""

    pid: int
    finished: bool
    stopped_at: str | None
    lived_s: float
    parser_outlived_s: float


class RememberingEncoder:
    """The real encoder, which does not work out again what lies in the file `memory`."""

    def __init__(self, encoder: Encoder, memory: Path | None) -> None:
        self._encoder = encoder
        self._memory = memory
        self._known: dict[str, Any] = {}
        if memory is not None and memory.exists():
            with np.load(memory) as stored:
                self._known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
        self.name = encoder.name
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.count_tokens = encoder.count_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        found = [self._known[text] for text in texts]
        return np.asarray(found, np.float32).reshape(len(texts), self.dimension)

    def save(self) -> None:
        if self._memory is not None:
            texts = np.array(list(self._known), dtype=np.str_)
            np.savez(self._memory, texts=texts, vectors=np.array(list(self._known.values())))


def encoders(memory: Path | None) -> Encoders:
    return Encoders(lambda model: RememberingEncoder(SentenceTransformerEncoder(model), memory))


def live(order: Order, *, kill_after_s: float | None = None, stop: Stop | None = None) -> Life:
    """Start a worker, and kill it: so many seconds after it set to work, or where it stops.

    It may be done before that. Raises `RuntimeError` where it ends otherwise.
    """
    context = multiprocessing.get_context("forkserver")
    # Forked with everything imported, a worker starts in a moment.
    context.set_forkserver_preload(["benchmarks.killed_worker", "sentence_transformers"])
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(order, stop, theirs), daemon=False)
    began = time.monotonic()
    process.start()
    theirs.close()
    stopped_at = None
    finished = False
    try:
        _expect(ours, "at work", 120)
        if ours.poll(120 if kill_after_s is None else kill_after_s):
            said = ours.recv()
            finished = said == "done"
            stopped_at = None if finished else str(said)
    except EOFError as error:
        process.join()
        raise RuntimeError(f"the worker ended by itself ({process.exitcode})") from error
    finally:
        if not finished:
            process.kill()
        process.join()
    if finished and process.exitcode != 0:
        raise RuntimeError(f"the worker ended with {process.exitcode}")
    lived_s = time.monotonic() - began
    pid = process.pid or 0
    return Life(pid, finished, stopped_at, lived_s, _parser_outlives_s(pid))


def _expect(connection: Connection, message: str, within_s: float) -> None:
    said = connection.recv() if connection.poll(within_s) else "nothing"
    if said != message:
        raise RuntimeError(f"the worker did not say '{message}' within {within_s} s, but {said!r}")


def _parser_outlives_s(worker: int) -> float:
    """Seconds until no parser of this worker was left; `inf` where one stayed."""
    began = time.monotonic()
    while time.monotonic() - began < 15:
        listed = subprocess.run(
            ["ps", "-axo", "stat=,command="], capture_output=True, text=True, check=True
        )
        alive = [
            line
            for line in listed.stdout.splitlines()
            if "ingest.sandbox_child" in line and f" {worker} " in line and line[0] != "Z"
        ]
        if not alive:
            return time.monotonic() - began
        time.sleep(0.05)
    return float("inf")


# ---- In the child -------------------------------------------------------------------------------


def _work(order: Order, stop: Stop | None, connection: Connection) -> None:
    ingest.worker.CHUNKS_PER_WRITE = CHUNKS_PER_WRITE
    settings = Settings(index=IndexSettings(path=order.index))
    connection.send("at work")
    if stop is not None:
        _install(stop, connection)
    store = open_store(settings.index, create=True)
    made = encoders(order.memory)
    with worker_for(store, made, settings) as worker:
        admin = Admin(store, made, settings.ingest)
        _carry_out(order, store, admin, worker)
        encoder = made.get(settings.encoder.model)
        if isinstance(encoder, RememberingEncoder):
            encoder.save()
    store.close()
    connection.send("done")


def _carry_out(order: Order, store: Store, admin: Admin, worker: Worker) -> None:
    if order.delete:
        records, _ = admin.documents(limit=10_000)
        ids = [record.id for record in records if record.name in order.delete]
        for document_id in ids:
            admin.delete([document_id], asked_by=order.name)
    if order.drop:
        for info in admin.index().generations:
            if info.record.name != store.catalog.generations.serving():
                admin.drop(info.record.name)
    job = worker.work_off(_job(order, admin))
    if job.error:
        raise SystemExit(f"the job failed: {job.error}")


def _job(order: Order, admin: Admin) -> str:
    """The order's job, submitted unless a worker before this one did."""
    known = [job for job in admin.jobs(limit=1000) if job.asked_by == order.name and _counts(job)]
    if known:
        return known[0].id
    if order.use:
        return admin.use(asked_by=order.name)
    if order.target_tokens is not None:
        return admin.rebuild(asked_by=order.name, target_tokens=order.target_tokens, force=True)
    return admin.add_folders([order.folder], asked_by=order.name)


def _counts(job: Job) -> bool:
    return job.kind != "remove"


def _install(stop: Stop, connection: Connection) -> None:
    """Have this process stand still at the step."""
    owner, name = STEPS[stop.step]
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def stand_still() -> NoReturn:
        connection.send(f"{stop.when} {stop.step} {stop.number}")
        while True:
            Event().wait()

    def replaced(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < stop.number:
            return original(*arguments, **named)
        if stop.when == "before":
            stand_still()
        if stop.when == "within":
            _before_commit(stand_still)
        result = original(*arguments, **named)
        stand_still() if stop.when == "after" else None
        return result

    setattr(owner, name, replaced)


def _before_commit(stand_still: Callable[[], NoReturn]) -> None:
    from sqlalchemy import Engine, event

    event.listen(Engine, "commit", lambda connection: stand_still())


ONCE = "plan,close job,optimize,switch,drop,forget generation".split(",")
"""Steps that a job takes once, and others for each document or group of them."""


def random_stop(chance: random.Random, steps: Sequence[str], most: int) -> Stop:
    """A step to stop at, at most at the `most`th time."""
    step = chance.choice(list(steps))
    most = 1 if step in ONCE else most
    in_catalog = STEPS[step][0] in (Documents, GenerationTable, Jobs)
    whens = ["before", "after", "within"] if in_catalog else ["before", "after"]
    return Stop(step, chance.choice(whens), chance.randint(1, most))
