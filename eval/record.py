"""Record: what one question of a suite was answered with; one line of a run's records.jsonl.

Scores are computed from records alone, so that a run can be scored again without asking again.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from eval.metrics.span import Span

SCHEMA: Literal[1] = 1
"""Of records.jsonl and scores.json; another number is another shape."""


DIGITS = 6
"""Decimal places of a stored score: beyond them, sums in another order differ."""


class Stored(BaseModel):
    """What a run writes. No number in it is infinite or none at all."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RunInfo(Stored):
    """run.json: what was asked of what. Another suite, index, prompt or setting is another run.

    `waiting` are drafted samples that nobody has accepted, `versions` say what took part: Pincite's
    version and commit, the prompt, the documents and the index's manifest, the settings.
    """

    schema_version: Literal[1] = SCHEMA
    suite: str
    suite_sha256: str
    samples: int
    waiting: int
    repeats: int
    generator: str
    versions: dict[str, object]


class Place(Stored):
    """Character offsets [start, end) into the text of a document, whose name is given for people."""

    document_id: str
    document: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.document_id, self.start, self.end)


class PassageRecord(Stored):
    """A passage as the generator was shown it, under its number."""

    number: int
    place: Place
    title: str
    heading_path: tuple[str, ...]
    text: str


class CitationRecord(Stored):
    """A citation that was verified: the words, and where the document is said to have them."""

    number: int
    place: Place
    quote: str


class CheckRecord(Stored):
    """How well one passage supports a sentence, by the verifier that served: 0 to 1, and what it rests
    on, by name."""

    number: int
    score: float
    quote: str
    features: dict[str, float] = {}
    findings: tuple[str, ...] = ()


class DraftSentenceRecord(Stored):
    """A sentence as the generator wrote it, and every number it cites, shown or not."""

    text: str
    cited: tuple[int, ...]


class VerifiedSentenceRecord(Stored):
    """A sentence after verification. `correction` says what was done to its citations."""

    text: str
    verdict: str
    score: float
    cited: tuple[int, ...]
    citations: tuple[CitationRecord, ...]
    correction: str | None = None
    checks: tuple[CheckRecord, ...] = ()


class AnswerRecord(Stored):
    """What was asked, found, drafted and shown.

    `draft_sentences` are as the generator wrote them, refusal before generation off; `draft_refused`
    where it wrote none. `verified` are those sentences with their verdicts, `shown` is the index in it
    of each that the reader saw, `refused` whether the reader got a refusal.
    """

    question: str
    standalone: str
    retrieved: tuple[Place, ...]
    passages: tuple[PassageRecord, ...]
    answerability: float
    draft: str
    draft_refused: bool
    draft_sentences: tuple[DraftSentenceRecord, ...]
    verified: tuple[VerifiedSentenceRecord, ...]
    shown: tuple[int, ...]
    refused: bool
    text: str
    generator: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Record(Stored):
    """One sample of a run: its answer, those to its paraphrases and repeated ones; or the error for
    which it is unscored. Timings are kept apart, since they differ from run to run."""

    sample_id: str
    error: str | None = None
    answer: AnswerRecord | None = None
    paraphrases: tuple[AnswerRecord, ...] = ()
    repeats: tuple[AnswerRecord, ...] = ()


class Timing(Stored):
    """Seconds of one sample, by stage; one line of timings.jsonl."""

    sample_id: str
    stages_s: dict[str, float]


class Quantiles(Stored):
    """Of the answers that were timed: the median and what 95 % stay below."""

    p50: float
    p95: float


class Timings(Stored):
    """timings.json. `seconds` has "total", "first_sentence" (of the answers that showed one) and every
    stage; `price` is of the whole run, None where the generator has none in the table."""

    schema_version: Literal[1] = SCHEMA
    answers: int
    seconds: dict[str, Quantiles]
    prompt_tokens: int
    completion_tokens: int
    price: float | None
    price_per_question: float | None


class Score(Stored):
    """A metric over samples.

    `value` is None where no sample could be scored; [low, high] the 95 % bootstrap interval by sample.
    `corrected` is a judge-based share freed of the judge's known errors.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    samples: int
    judged: bool = False
    corrected: float | None = None


Table = dict[str, Score]
"""Scores by the name of the metric."""


class SampleScores(Stored):
    """The scores of one sample by table and metric; a metric that does not apply is not there.

    By table, "draft" and "shown": `refused` says whether that was a refusal, `quoted` by "support" and
    "support_anywhere" which share of its sentences needed no judge, being quotations. `slices` are
    those that the sample is part of.
    """

    sample_id: str
    unanswerable: bool
    slices: tuple[str, ...] = ()
    error: str | None = None
    stale: str | None = None
    refused: dict[str, bool] = {}
    quoted: dict[str, dict[str, float]] = {}
    scores: dict[str, dict[str, float]] = {}


class JudgeQuality(Stored):
    """How good the judge is on human labels: shares in [0, 1] with 95 % intervals."""

    labels: str
    pairs: int
    threshold: float
    balanced_accuracy: tuple[float, float, float]
    auroc: tuple[float, float, float]
    sensitivity: float
    specificity: float


class Judge(Stored):
    """Who judged support, whether that was also the verifier of the answers, and how good it is."""

    name: str
    is_verifier: bool
    quality: tuple[JudgeQuality, ...]


class Scores(Stored):
    """scores.json. `tables` are "retrieval", "draft" (what the generator wrote) and "shown" (what the
    reader saw); `slices` the same by "tag:…", "document type:…", "kind:…".

    `unscored` are the samples without scores: those that failed, and the `stale` ones, whose gold
    passage is not in the index any more. `waiting` are drafted samples that nobody has accepted.
    """

    schema_version: Literal[1] = SCHEMA
    suite: str
    suite_sha256: str
    generator: str
    samples: int
    unscored: int
    stale: int
    waiting: int = 0
    versions: dict[str, object]
    judge: Judge | None
    tables: dict[str, Table]
    slices: dict[str, dict[str, Table]]
    by_sample: tuple[SampleScores, ...]
