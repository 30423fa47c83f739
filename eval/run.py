"""evaluate(suite, answer) -> Report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from eval.dataset import GoldPassage, Sample, Suite
from eval.metrics.answer import token_f1
from eval.metrics.citation import citation_precision, citation_recall
from eval.metrics.refusal import refusal_precision, refusal_recall
from eval.metrics.retrieval import recall_at, reciprocal_rank
from eval.metrics.span import Span
from ingest.document import Document
from service.conversation import Turn
from service.gold import places
from service.pipeline import Trace
from service.verify import Verdict

RECALL_DEPTHS = (1, 3, 5, 8)

AskQuestion = Callable[[str, Sequence[Turn]], Trace]
"""From a question and the conversation before it to the trace of its answer."""

FindDocument = Callable[[str], tuple[str, Document] | None]
"""From a document's name to its id and its indexed text; None where it is not indexed."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample's answer and scores. A metric that cannot be computed for it is None: unscored.

    `stale` says which gold passage is not in the index; such a sample is unscored altogether.
    """

    id: str
    question: str
    tags: tuple[str, ...]
    answer: str
    refused: bool
    stale: str | None
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Report:
    """Scores of a suite. `metrics` are means over the scored samples, `scored` how many those were;
    `slices` hold the same by tag; `timings_s` are seconds and differ from run to run."""

    suite: str
    samples: int
    stale: int
    metrics: Mapping[str, float | None]
    scored: Mapping[str, int]
    slices: Mapping[str, Mapping[str, float | None]]
    results: tuple[SampleResult, ...]
    timings_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Outcome:
    sample: Sample
    result: SampleResult
    fabricated: int
    total_s: float


def evaluate(
    suite: Suite,
    answer: AskQuestion,
    find_document: FindDocument,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Ask every question of the suite in order and score the traces."""
    outcomes: list[_Outcome] = []
    for sample in suite.samples:
        on_progress(len(outcomes), len(suite.samples))
        outcomes.append(_score(sample, answer(sample.question, sample.turns), find_document))
    on_progress(len(outcomes), len(suite.samples))
    metrics, scored = _aggregate(outcomes)
    tags = sorted({tag for outcome in outcomes for tag in outcome.sample.tags})
    slices = {tag: _aggregate([o for o in outcomes if tag in o.sample.tags])[0] for tag in tags}
    totals = [outcome.total_s for outcome in outcomes]
    return Report(
        suite=suite.name,
        samples=len(outcomes),
        stale=sum(outcome.result.stale is not None for outcome in outcomes),
        metrics=metrics,
        scored=scored,
        slices=slices,
        results=tuple(outcome.result for outcome in outcomes),
        timings_s={"answer_p50": median(totals), "answer_max": max(totals), "all": sum(totals)},
    )


def _score(sample: Sample, trace: Trace, find_document: FindDocument) -> _Outcome:
    gold, stale = _locate_gold(sample.gold, find_document)
    refused = trace.answer.refusal is not None
    fabricated = sum(sentence.verdict is Verdict.FABRICATED for sentence in trace.verified)
    scores: dict[str, float | None] = {}
    if gold and not stale:
        scores = _gold_scores(sample, trace, gold, fabricated)
    result = SampleResult(
        sample.id, sample.question, sample.tags, trace.answer.text, refused, stale, scores
    )
    return _Outcome(sample, result, fabricated, trace.timings["total"])


def _gold_scores(
    sample: Sample, trace: Trace, gold: Sequence[Span], fabricated: int
) -> dict[str, float | None]:
    retrieved = [
        Span(found.document.id, found.chunk.start, found.chunk.end) for found in trace.reranked
    ]
    cited = [
        Span(citation.document.id, citation.start, citation.end)
        for sentence in trace.answer.sentences
        for citation in sentence.citations
    ]
    answered = trace.answer.refusal is None
    said = " ".join(sentence.text for sentence in trace.answer.sentences)
    return {
        **{f"recall@{k}": recall_at(k, retrieved, gold) for k in RECALL_DEPTHS},
        "mrr": reciprocal_rank(retrieved, gold),
        "citation_precision": citation_precision(cited, gold, fabricated),
        "citation_recall": citation_recall(cited, gold) if answered else None,
        "token_f1": token_f1(said, sample.reference_answer)
        if answered and sample.reference_answer
        else None,
    }


def _locate_gold(
    gold: Sequence[GoldPassage], find_document: FindDocument
) -> tuple[list[Span], str | None]:
    """The places of the gold passages; and the first that is not in the index, if any."""
    spans: list[Span] = []
    for passage in gold:
        found = find_document(passage.document)
        if found is None:
            return [], f"{passage.document} is not indexed"
        document_id, document = found
        found_at = places(document, passage.quote, passage.heading)
        if not found_at:
            return [], f"{passage.document} does not say: {passage.quote}"
        start, end = found_at[0]
        spans.append(Span(document_id, start, end))
    return spans, None


def _aggregate(
    outcomes: Sequence[_Outcome],
) -> tuple[dict[str, float | None], dict[str, int]]:
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.result.scores)
    values = {
        name: [
            score for outcome in outcomes if (score := outcome.result.scores.get(name)) is not None
        ]
        for name in names
    }
    metrics: dict[str, float | None] = {
        name: fmean(scores) if scores else None for name, scores in values.items()
    }
    refusals = [
        (o.result.refused, o.sample.unanswerable) for o in outcomes if o.result.stale is None
    ]
    metrics["refusal_precision"] = refusal_precision(refusals)
    metrics["refusal_recall"] = refusal_recall(refusals)
    metrics["fabricated_citations"] = float(sum(outcome.fabricated for outcome in outcomes))
    scored = {name: len(scores) for name, scores in values.items()}
    scored["refusal_precision"] = sum(refused for refused, _ in refusals)
    scored["refusal_recall"] = sum(unanswerable for _, unanswerable in refusals)
    scored["fabricated_citations"] = len(outcomes)
    return metrics, scored
