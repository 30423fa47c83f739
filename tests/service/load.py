"""A store with a worker at work in one thread, and questions asked without a pause in others."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.jobs import Job, JobState
from ingest.settings import IndexSettings
from ingest.store import Store
from service.access import LOCAL_READER
from service.assemble import Assembled, assemble
from service.retrieve import Retrieved, Retriever
from service.settings import Settings

THREADS = 8
OVER_WITHIN_S = 120.0

SUBJECTS = "kayaks tents stoves ropes lanterns sledges".split()
_SECTIONS = ("Hire", "Repair")


def policy(subject: str, days: int = 30) -> str:
    """A policy of two sections, each one passage, or several smaller ones."""
    sections = [
        f"## {name}\n\n"
        f"{name} of {subject} is open to every member of the club who has paid for the year. "
        f"Whoever asks for the {name.lower()} of {subject} shows a card at the desk in the hall. "
        f"The desk keeps {subject} for {days} days, and writes down who took them. "
        f"After {days} days the warden of the {subject} sends one letter, and then a second one. "
        f"Damaged {subject} are put aside, and the warden decides on them within a week.\n"
        for name in _SECTIONS
    ]
    return f"# Rules for {subject}\n\n" + "\n".join(sections)


def question(subject: str) -> str:
    return f"Who decides on damaged {subject} and for how many days are {subject} kept?"


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage, as it is compared."""

    document: str
    version: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was answered, by the clock of `time.monotonic`."""

    question: str
    began: float
    ended: float
    passages: tuple[Passage, ...]
    is_refusal: bool


@dataclass(slots=True)
class Load:
    """What the threads have asked so far, and what went wrong."""

    asked: list[Asked] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def wait_for(self, more: int) -> None:
        """Return when so many further questions were answered."""
        wanted = len(self.asked) + more
        wait_until(lambda: len(self.asked) >= wanted or bool(self.errors))


@dataclass(frozen=True, slots=True)
class Bench:
    """A service whose documents lie in `folder`; its worker runs in a thread."""

    folder: Path
    service: Assembled
    retriever: Retriever
    admin: Admin

    @property
    def store(self) -> Store:
        return self.service.store

    def put(self, subject: str, days: int = 30) -> None:
        (self.folder / f"{subject}.md").write_text(policy(subject, days))

    def id_of(self, subject: str) -> str:
        (record,) = self.store.catalog.documents.find(text=f"{subject}.md")
        return record.id

    def finished(self, job_id: str) -> Job:
        """The job, when it is over."""
        wait_until(lambda: not self.admin.job(job_id).is_open)
        return self.admin.job(job_id)

    def done(self, job_id: str) -> Job:
        """The job, when it is over and every document of it is done."""
        job = self.finished(job_id)
        assert (job.state, job.error, job.failed) == (JobState.DONE, None, 0)
        return job

    def serving(self) -> str:
        name = self.store.catalog.generations.serving()
        assert name is not None
        return name

    def passages(self, question: str) -> tuple[Passage, ...]:
        return self.search(question).passages

    def search(self, question: str) -> Asked:
        """Retrieve the question's passages."""
        began = time.monotonic()
        found = self.retriever.retrieve(question, LOCAL_READER)
        return _asked(question, began, found)

    def ask(self, question: str) -> Asked:
        """Have the question answered."""
        began = time.monotonic()
        trace = self.service.pipeline.answer(question, [], LOCAL_READER)
        return _asked(question, began, trace.retrieved, is_refusal=trace.answer.refusal is not None)

    def texts(self, generation: str, subject: str) -> list[str]:
        """What the points of the subject's document say, sorted, whether they count or not."""
        points = self.store.generations.get(generation).index.points()
        name = f"{subject}.md"
        return sorted(point.chunk.text for point in points if point.document.name == name)


@contextmanager
def at_work(path: Path) -> Iterator[Bench]:
    """Open or make the store in `path`, and have a worker run until the block ends."""
    settings = Settings(index=IndexSettings(path=path / "store"))
    folder = path / "policies"
    folder.mkdir(exist_ok=True)
    service = assemble(settings, create=True)
    stop, wake = Event(), Event()
    with worker_for(service.store, service.encoders, settings) as worker:
        admin = Admin(service.store, service.encoders, settings.ingest, wake=wake.set)
        thread = Thread(target=worker.run, args=(stop, wake))
        thread.start()
        try:
            yield Bench(folder, service, _retriever(service, settings), admin)
        finally:
            stop.set()
            wake.set()
            thread.join()
    service.store.close()


def _retriever(service: Assembled, settings: Settings) -> Retriever:
    store = service.store
    documents = store.catalog.documents
    return Retriever(store.generations, documents, service.encoders, settings.retrieval)


def _asked(
    question: str, began: float, found: Sequence[Retrieved], *, is_refusal: bool = False
) -> Asked:
    return Asked(question, began, time.monotonic(), tuple(map(_passage, found)), is_refusal)


def _passage(found: Retrieved) -> Passage:
    chunk = found.chunk
    return Passage(found.document.name, found.document.version, chunk.start, chunk.end, chunk.text)


@contextmanager
def under_load(bench: Bench, questions: Sequence[str], threads: int = THREADS) -> Iterator[Load]:
    """Ask these questions over and over in so many threads for as long as the block lasts; one thread
    in four has them answered, the others only retrieve."""
    load = Load()
    stop = Event()

    def hammer(first: int) -> None:
        number = first
        ask = bench.search if first % 4 else bench.ask
        while not stop.is_set():
            try:
                answered = ask(questions[number % len(questions)])
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to see it
                load.errors.append(error)
                return
            with load.lock:
                load.asked.append(answered)
            number += 1

    started = [Thread(target=hammer, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    try:
        load.wait_for(2 * threads)
        yield load
        load.wait_for(2 * threads)
    finally:
        stop.set()
        for thread in started:
            thread.join()


def wait_until(condition: Callable[[], bool]) -> None:
    """Raises `TimeoutError` where it takes longer than any of these tests may."""
    deadline = time.monotonic() + OVER_WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"what was waited for did not come within {OVER_WITHIN_S:g} s")
        time.sleep(0.005)
