"""Ask every sample of a suite, and record each answer as soon as it is there."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Self

from pydantic import ValidationError

from eval.dataset import Sample, Suite
from eval.folder import RunFolder
from eval.record import AnswerRecord, Record, RunInfo, Timing
from eval.recorded import answer_record
from ingest.document import one_line
from ingest.errors import PinciteError
from service.access import Reader
from service.conversation import Turn
from service.pipeline import UNVERIFIED, Trace
from service.verify import VerifierUnavailable

COST_LIMIT = "cost limit reached"
"""The error of a sample that was not asked; another run of the command asks it."""

MAX_ERROR_CHARS = 500

Ask = Callable[[str, Sequence[Turn], Reader], Trace]
"""From a question, the conversation before it and who asks to the trace of its answer."""

Price = Callable[[AnswerRecord], float]
"""What an answer cost."""

OnProgress = Callable[[int, int], None]
"""Told how many of how many samples are done."""


class Interrupted(PinciteError):
    """The user stopped the run; what was answered until then is kept."""

    exit_code = 130


class AnswerTimeout(PinciteError):
    """An answer took longer than it may."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a suite is asked.

    `repeats`: how often each question is asked again. `timeout_s` is for one answer. From `cost_limit`
    on, in the unit of `price`, nothing more is asked. `retry_failed`: whether a resumed run asks those
    again that had an error.
    """

    repeats: int = 0
    concurrency: int = 1
    timeout_s: float = 300.0
    cost_limit: float | None = None
    price: Price = lambda answer: 0.0
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class _Answered:
    record: Record
    timing: Timing | None


def ask_suite(
    suite: Suite,
    ask: Ask,
    folder: RunFolder,
    info: RunInfo,
    asking: Asking,
    *,
    fresh: bool = False,
    on_progress: OnProgress = lambda done, total: None,
) -> int:
    """Ask what the folder's run has no answer to yet, and say how many samples it had.

    In the end its records are in the order of the suite, whatever the order of the answers was. A
    sample that fails is recorded with its error, and the others are asked.
    Raises `OtherRun` where the folder holds another run, and `Interrupted` on Ctrl-C.
    """
    folder.begin(info, suite.samples, fresh=fresh)
    records, timings = _kept(folder, suite, retry_failed=asking.retry_failed)
    already = len(records)
    # What was half written is gone from here on, so that the next line begins a line.
    folder.replace(records.values(), timings.values())
    budget = _Budget(asking, records.values())
    left = [sample for sample in suite.samples if sample.id not in records]
    on_progress(len(records), len(suite.samples))
    try:
        for answered in _answers(left, ask, asking, budget):
            if answered.record.error != COST_LIMIT:
                folder.append(answered.record, answered.timing)
            records[answered.record.sample_id] = answered.record
            if answered.timing is not None:
                timings[answered.record.sample_id] = answered.timing
            on_progress(len(records), len(suite.samples))
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped with {len(records)} of {len(suite.samples)} samples in {folder.path}. "
            "The same command goes on from there."
        ) from None
    folder.replace(
        [records[sample.id] for sample in suite.samples],
        [timings[sample.id] for sample in suite.samples if sample.id in timings],
    )
    return already


def _kept(
    folder: RunFolder, suite: Suite, *, retry_failed: bool
) -> tuple[dict[str, Record], dict[str, Timing]]:
    """What was recorded before, by sample."""
    ids = {sample.id for sample in suite.samples}
    records = {
        record.sample_id: record
        for record in folder.records()
        if record.sample_id in ids
        and record.error != COST_LIMIT
        and not (retry_failed and record.error)
    }
    timings = {
        timing.sample_id: timing
        for timing in folder.timings_by_sample()
        if timing.sample_id in records
    }
    return records, timings


class _Budget:
    """What was spent. Several threads may use it."""

    def __init__(self, asking: Asking, records: Iterable[Record]) -> None:
        self._limit = asking.cost_limit
        self._price = asking.price
        self._lock = threading.Lock()
        self._spent = 0.0
        for record in records:
            self.spend(record)

    def spend(self, record: Record) -> None:
        answers = (record.answer, *record.paraphrases, *record.repeats)
        price = sum(self._price(answer) for answer in answers if answer is not None)
        with self._lock:
            self._spent += price

    @property
    def is_spent(self) -> bool:
        with self._lock:
            return self._limit is not None and self._spent >= self._limit


def _answers(
    samples: Sequence[Sample], ask: Ask, asking: Asking, budget: _Budget
) -> Iterator[_Answered]:
    """The answer to each sample, in the order in which they are ready."""
    todo: SimpleQueue[Sample] = SimpleQueue()
    done: SimpleQueue[_Answered] = SimpleQueue()
    for sample in samples:
        todo.put(sample)
    stopped = threading.Event()

    def work() -> None:
        with _Helper(ask, asking.timeout_s) as helper:
            while not stopped.is_set():
                try:
                    sample = todo.get_nowait()
                except Empty:
                    return
                if budget.is_spent:
                    done.put(_Answered(Record(sample_id=sample.id, error=COST_LIMIT), None))
                    continue
                answered = _answered(sample, helper, asking.repeats)
                budget.spend(answered.record)
                done.put(answered)

    # Daemons, so that a generator that hangs does not keep the process from its end.
    for _ in range(min(asking.concurrency, len(samples))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in samples:
            yield done.get()
    finally:
        stopped.set()


class _Helper:
    """A thread that answers, so that the one that waits for it can give up. One that hangs is left
    behind, since no thread can be ended from outside, and another takes its place."""

    def __init__(self, ask: Ask, timeout_s: float) -> None:
        self._ask = ask
        self._timeout_s = timeout_s
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.put(None)

    def trace(self, question: str, sample: Sample) -> Trace:
        """Raises what `ask` raises, `AnswerTimeout`, or `VerifierUnavailable`."""
        self._asked.put((question, sample))
        try:
            result = self._told.get(timeout=self._timeout_s)
        except Empty:
            self._asked.put(None)
            self._start()
            raise AnswerTimeout(f"no answer within {self._timeout_s:g} s") from None
        if isinstance(result, Exception):
            raise result
        refusal = result.answer.refusal
        if refusal is not None and refusal.reason == UNVERIFIED:
            # No verdict on the generator: its answers are refused because nobody could check them.
            raise VerifierUnavailable(UNVERIFIED)
        return result

    def _start(self) -> None:
        self._asked: SimpleQueue[tuple[str, Sample] | None] = SimpleQueue()
        self._told: SimpleQueue[Trace | Exception] = SimpleQueue()
        threading.Thread(target=self._serve, args=(self._asked, self._told), daemon=True).start()

    def _serve(
        self,
        asked: "SimpleQueue[tuple[str, Sample] | None]",
        told: "SimpleQueue[Trace | Exception]",
    ) -> None:
        while (wanted := asked.get()) is not None:
            question, sample = wanted
            try:
                told.put(self._ask(question, sample.turns, sample.asked_by))
            except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
                told.put(error)


def _answered(sample: Sample, helper: _Helper, repeats: int) -> _Answered:
    try:
        first = helper.trace(sample.question, sample)
        others = [helper.trace(words, sample) for words in sample.paraphrases]
        again = [helper.trace(sample.question, sample) for _ in range(repeats)]
        record = Record(
            sample_id=sample.id,
            answer=answer_record(first),
            paraphrases=tuple(map(answer_record, others)),
            repeats=tuple(map(answer_record, again)),
        )
        # What cannot be written is not an answer either.
        record.model_dump_json()
    except Exception as error:  # noqa: BLE001 - whatever a generator does, the others are asked
        return _Answered(Record(sample_id=sample.id, error=_explain(error)), None)
    return _Answered(record, Timing(sample_id=sample.id, stages_s=dict(first.timings)))


def _explain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        said = "; ".join(faults[:3])
    else:
        said = str(error)
    text = one_line(f"{type(error).__name__}: {said}" if said else type(error).__name__)
    return text.encode("utf-8", "replace").decode("utf-8")[:MAX_ERROR_CHARS]
