"""Records -> Scores: each sample's, and from these the tables with their intervals."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from eval.dataset import Sample
from eval.gold import FindDocument, document_types, locate_gold
from eval.judging import Judging
from eval.metrics.cost import Price, Spent, p50, p95, total_cost
from eval.metrics.refusal import refusal_f1, refusal_precision, refusal_recall
from eval.metrics.support import corrected_share
from eval.record import (
    DIGITS,
    Judge,
    JudgeQuality,
    Quantiles,
    Record,
    RunInfo,
    SampleScores,
    Score,
    Scores,
    Table,
    Timing,
    Timings,
)
from eval.sample_scores import CORRECTABLE, DRAFT, RETRIEVAL, SHOWN, score_sample
from eval.statistics import Interval, bootstrap_interval, bootstrap_statistic
from ingest.document import one_line

TABLES = (RETRIEVAL, DRAFT, SHOWN)
JUDGED = frozenset(
    {
        *CORRECTABLE,
        "contradiction",
        "alce_recall",
        "alce_precision",
        "alce_f1",
        "key_fact_recall",
        "key_fact_recall_vital",
    }
)
"""Metrics that rest on what the judge says."""

LOWER_IS_BETTER = frozenset({"fabricated", "uncited", "contradiction"})

SetMetric = Callable[[Sequence[tuple[bool, bool]]], float | None]

SET_METRICS: Mapping[str, SetMetric] = {
    "refusal_precision": refusal_precision,
    "refusal_recall": refusal_recall,
    "refusal_f1": refusal_f1,
}
"""Metrics of all samples together, from pairs of (refused, unanswerable)."""

OnProgress = Callable[[int, int], None]


def score_run(
    info: RunInfo,
    samples: Sequence[Sample],
    records: Sequence[Record],
    find_document: FindDocument,
    judging: Judging | None,
    judge: Judge | None,
    *,
    on_progress: OnProgress = lambda done, total: None,
) -> Scores:
    """The scores of a run. A sample without a record, or that cannot be scored, is unscored with its
    reason. Without `judging`, only what needs no judge."""
    by_id = {record.sample_id: record for record in records}
    by_sample = []
    for done, sample in enumerate(samples):
        on_progress(done, len(samples))
        by_sample.append(_score(sample, by_id.get(sample.id), find_document, judging))
    on_progress(len(samples), len(samples))
    quality = judge.quality[0] if judge and judge.quality else None
    slices = sorted({name for each in by_sample for name in each.slices})
    return Scores(
        suite=info.suite,
        suite_sha256=info.suite_sha256,
        generator=info.generator,
        samples=len(samples),
        unscored=sum(each.error is not None or each.stale is not None for each in by_sample),
        stale=sum(each.stale is not None for each in by_sample),
        waiting=info.waiting,
        versions=info.versions,
        judge=judge,
        tables=tables_of(by_sample, quality),
        slices={
            name: tables_of([each for each in by_sample if name in each.slices], quality)
            for name in slices
        },
        by_sample=tuple(by_sample),
    )


def _score(
    sample: Sample,
    record: Record | None,
    find_document: FindDocument,
    judging: Judging | None,
) -> SampleScores:
    unscored = SampleScores(
        sample_id=sample.id, unanswerable=sample.unanswerable, slices=slices_of(sample)
    )
    gold, stale = locate_gold(sample.gold, find_document)
    if record is None or record.answer is None:
        error = (record.error if record else None) or "not asked"
        return unscored.model_copy(update={"error": error})
    if stale:
        return unscored.model_copy(update={"stale": stale})
    try:
        scored = score_sample(sample, record, gold, judging, find_document)
    except Exception as error:  # noqa: BLE001 - whatever a judge does, the others are scored
        said = one_line(f"not scored: {type(error).__name__}: {error}")
        return unscored.model_copy(update={"error": said})
    return SampleScores(
        sample_id=sample.id,
        unanswerable=sample.unanswerable,
        slices=unscored.slices,
        refused=dict(scored.refused),
        quoted={table: _rounded(shares) for table, shares in scored.quoted.items()},
        scores={table: _rounded(values) for table, values in scored.scores.items()},
    )


def slices_of(sample: Sample) -> tuple[str, ...]:
    """The groups of samples that the sample is part of."""
    names = [f"tag:{tag}" for tag in sample.tags]
    names += [f"document type:{suffix}" for suffix in document_types(sample.gold)]
    if sample.kind:
        names.append(f"kind:{sample.kind}")
    return tuple(dict.fromkeys(names))


def tables_of(by_sample: Sequence[SampleScores], quality: JudgeQuality | None) -> dict[str, Table]:
    """The means over samples, and the metrics of all of them together."""
    return {
        table: _means(table, by_sample, quality) | _refusals(table, by_sample) for table in TABLES
    }


def _means(
    table: str, by_sample: Sequence[SampleScores], quality: JudgeQuality | None
) -> dict[str, Score]:
    # In the order in which a sample's scores are computed, also where the first sample lacks some.
    rows = [each.scores.get(table, {}) for each in by_sample]
    names = sorted({name for row in rows for name in row}, key=_place)
    means = {}
    for name in names:
        scored = [each for each, row in zip(by_sample, rows, strict=True) if name in row]
        values = [each.scores[table][name] for each in scored]
        means[name] = _score_of(
            bootstrap_interval(values),
            len(values),
            judged=name in JUDGED,
            corrected=_corrected(name, table, scored, quality),
        )
    return means


_ORDER = (
    "recall@1 recall@3 recall@5 recall@8 mrr citation_precision citation_recall citation_f1 "
    "fabricated uncited quote_exactness locator_rate support support_anywhere contradiction "
    "alce_recall alce_precision alce_f1 exact_match token_f1 rouge_l key_fact_recall "
    "key_fact_recall_vital format_adherence"
).split()


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _refusals(table: str, by_sample: Sequence[SampleScores]) -> dict[str, Score]:
    outcomes = [
        (each.refused[table], each.unanswerable) for each in by_sample if table in each.refused
    ]
    if not outcomes:
        return {}

    def score(metric: SetMetric) -> Score:
        interval = bootstrap_statistic(
            lambda drawn: metric([outcomes[place] for place in drawn]), len(outcomes)
        )
        return _score_of(interval, len(outcomes))

    return {name: score(metric) for name, metric in SET_METRICS.items()}


def _corrected(
    name: str, table: str, scored: Sequence[SampleScores], quality: JudgeQuality | None
) -> float | None:
    """The share freed of the judge's known errors. Quotations, which no judge was asked about, are no
    part of what is corrected."""
    if quality is None or name not in CORRECTABLE:
        return None
    quoted = fmean(each.quoted[table][name] for each in scored)
    seen = fmean(each.scores[table][name] for each in scored)
    if quoted >= 1:
        return round(seen, DIGITS)
    judged = min(1.0, max(0.0, (seen - quoted) / (1 - quoted)))
    corrected = corrected_share(judged, quality.sensitivity, quality.specificity)
    return None if corrected is None else round(quoted + (1 - quoted) * corrected, DIGITS)


def _score_of(
    interval: Interval | None,
    samples: int,
    *,
    judged: bool = False,
    corrected: float | None = None,
) -> Score:
    if interval is None:
        return Score(value=None, samples=samples, judged=judged)
    return Score(
        value=round(interval.value, DIGITS),
        low=round(interval.low, DIGITS),
        high=round(interval.high, DIGITS),
        samples=samples,
        judged=judged,
        corrected=corrected,
    )


def time_run(
    records: Sequence[Record],
    timings: Sequence[Timing],
    generator: str,
    prices: Mapping[str, Price],
) -> Timings:
    """What the answers took and cost, those to paraphrases and repeated ones not counted."""
    answers = [record.answer for record in records if record.answer is not None]
    stages = dict.fromkeys(name for timing in timings for name in timing.stages_s)
    cost = total_cost(
        [Spent(answer.prompt_tokens, answer.completion_tokens) for answer in answers],
        prices,
        generator,
    )
    return Timings(
        answers=len(answers),
        seconds={
            stage: quantiles
            for stage in stages
            if (
                quantiles := _quantiles([t.stages_s[stage] for t in timings if stage in t.stages_s])
            )
        },
        prompt_tokens=cost.spent.prompt_tokens,
        completion_tokens=cost.spent.completion_tokens,
        price=cost.price,
        price_per_question=cost.price_per_question,
    )


def _quantiles(seconds: Sequence[float]) -> Quantiles | None:
    middle, high = p50(seconds), p95(seconds)
    if middle is None or high is None:
        return None
    return Quantiles(p50=round(middle, DIGITS), p95=round(high, DIGITS))


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in values.items()}
