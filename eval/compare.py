"""Is one run better than another? Paired differences over the samples that both have scored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from eval.dataset import Sample
from eval.folder import RunFolder
from eval.record import DIGITS, AnswerRecord, Record, RunInfo, SampleScores, Scores, Stored
from eval.sample_scores import DRAFT, SHOWN
from eval.score import JUDGED, LOWER_IS_BETTER, SET_METRICS, TABLES, SetMetric
from eval.statistics import (
    Interval,
    SignTest,
    bootstrap_statistic,
    holm,
    paired_difference,
    sign_test,
)
from ingest.errors import WrongUse

Outcome = tuple[bool, bool]
"""Whether a question was refused, and whether it is unanswerable."""


class NotComparable(WrongUse):
    """The runs have no scored sample in common."""


class Difference(Stored):
    """A metric over the `samples` that have it in both runs.

    `difference` is run - baseline, [low, high] its 95 % interval by the paired bootstrap. `wins` and
    `losses` are the samples on which the run is better and worse, `p_value` of the exact sign test,
    `p_holm` the same corrected for all the metrics that were compared at once.
    """

    table: str
    metric: str
    samples: int
    baseline: float
    run: float
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    ties: int
    p_value: float
    p_holm: float


class Said(Stored):
    """What a generator wrote, and what the reader saw of it."""

    draft: str
    shown: str


class Change(Stored):
    """A sample on which the runs differ: by how much each metric is better or worse, as "table.metric",
    and both answers."""

    sample_id: str
    question: str
    better: dict[str, float]
    worse: dict[str, float]
    baseline: Said
    run: Said

    @property
    def net(self) -> tuple[int, float]:
        """How many more metrics are better than worse, and by how much in all."""
        gained = sum(map(abs, self.better.values())) - sum(map(abs, self.worse.values()))
        return len(self.better) - len(self.worse), gained


class Comparison(Stored):
    """A run beside its baseline.

    `left_out` are samples that only one of them has scored, or that are another question there.
    `other_judge`: whether they were judged by different judges, so that no judge-based metric is
    compared. `changes` are ordered from what was won to what was lost.
    """

    baseline: str
    run: str
    baseline_generator: str
    generator: str
    samples: int
    left_out: int
    other_judge: bool
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """What of a run's folder is compared."""

    name: str
    info: RunInfo
    scores: Scores
    samples: dict[str, Sample]
    records: dict[str, Record]


@dataclass(frozen=True, slots=True)
class _Pair:
    sample_id: str
    baseline: SampleScores
    run: SampleScores


def read_scored(folder: RunFolder) -> ScoredRun:
    """Raises `NoRun` where the folder holds no scored run, `RunUnreadable` where it is damaged."""
    return ScoredRun(
        str(folder.path),
        folder.info(),
        folder.scores(),
        {sample.id: sample for sample in folder.samples()},
        {record.sample_id: record for record in folder.records()},
    )


def compare_runs(baseline: ScoredRun, others: Sequence[ScoredRun]) -> list[Comparison]:
    """Each of the other runs beside the baseline; p-values are corrected over all of them.

    Raises `NotComparable`.
    """
    found = [_compare(baseline, other) for other in others]
    corrected = iter(holm([d.p_value for each in found for d in each.differences]))
    return [
        comparison.model_copy(
            update={
                "differences": tuple(
                    difference.model_copy(update={"p_holm": round(next(corrected), DIGITS)})
                    for difference in comparison.differences
                )
            }
        )
        for comparison in found
    ]


def _compare(baseline: ScoredRun, run: ScoredRun) -> Comparison:
    pairs = list(_pairs(baseline, run))
    if not pairs:
        raise NotComparable(
            f"{baseline.name} and {run.name} have no scored sample in common. "
            "Compare runs of the same suite."
        )
    other_judge = _judge_of(baseline.scores) != _judge_of(run.scores)
    names = [
        (table, name)
        for table in TABLES
        for name in dict.fromkeys(
            [*baseline.scores.tables.get(table, {}), *run.scores.tables.get(table, {})]
        )
        if not (other_judge and name in JUDGED)
    ]
    differences = [_difference(table, name, pairs) for table, name in names]
    changes = [_change(pair, baseline, run, other_judge=other_judge) for pair in pairs]
    everything = baseline.scores.by_sample, run.scores.by_sample
    ids = {each.sample_id for scored in everything for each in scored}
    return Comparison(
        baseline=baseline.name,
        run=run.name,
        baseline_generator=baseline.scores.generator,
        generator=run.scores.generator,
        samples=len(pairs),
        left_out=len(ids) - len(pairs),
        other_judge=other_judge,
        differences=tuple(each for each in differences if each is not None),
        changes=tuple(
            sorted(
                (each for each in changes if each.better or each.worse),
                key=lambda change: (-change.net[0], -change.net[1], change.sample_id),
            )
        ),
    )


def _judge_of(scores: Scores) -> tuple[str, float | None] | None:
    if scores.judge is None:
        return None
    quality = scores.judge.quality
    return scores.judge.name, quality[0].threshold if quality else None


def _pairs(baseline: ScoredRun, run: ScoredRun) -> Iterator[_Pair]:
    before = {each.sample_id: each for each in baseline.scores.by_sample if _is_scored(each)}
    for each in run.scores.by_sample:
        same = baseline.samples.get(each.sample_id) == run.samples.get(each.sample_id)
        if _is_scored(each) and each.sample_id in before and same:
            yield _Pair(each.sample_id, before[each.sample_id], each)


def _is_scored(sample: SampleScores) -> bool:
    return sample.error is None and sample.stale is None


def _difference(table: str, name: str, pairs: Sequence[_Pair]) -> Difference | None:
    """None where no sample has the metric in both runs."""
    if name in SET_METRICS:
        return _set_difference(table, name, SET_METRICS[name], pairs)
    values = [
        (pair.baseline.scores[table][name], pair.run.scores[table][name])
        for pair in pairs
        if name in pair.baseline.scores.get(table, {}) and name in pair.run.scores.get(table, {})
    ]
    before, after = [old for old, _ in values], [new for _, new in values]
    interval = paired_difference(before, after)
    if interval is None:
        return None
    better = (after, before) if name in LOWER_IS_BETTER else (before, after)
    means = fmean(before), fmean(after)
    return _made(table, name, len(values), means, interval, sign_test(*better))


def _set_difference(
    table: str, name: str, metric: SetMetric, pairs: Sequence[_Pair]
) -> Difference | None:
    """A sample is won where only the run refused it rightly or answered it rightly."""
    both = [
        (
            (pair.baseline.refused[table], pair.baseline.unanswerable),
            (pair.run.refused[table], pair.run.unanswerable),
        )
        for pair in pairs
        if table in pair.baseline.refused and table in pair.run.refused
    ]
    before, after = metric([old for old, _ in both]), metric([new for _, new in both])

    def difference(drawn: Sequence[int]) -> float | None:
        old = metric([both[place][0] for place in drawn])
        new = metric([both[place][1] for place in drawn])
        return None if old is None or new is None else new - old

    interval = bootstrap_statistic(lambda drawn: difference(drawn.tolist()), len(both))
    if interval is None or before is None or after is None:
        return None
    counted = [pair for pair in both if _counts(name, pair)]
    signs = sign_test(
        [float(refused == unanswerable) for (refused, unanswerable), _ in counted],
        [float(refused == unanswerable) for _, (refused, unanswerable) in counted],
    )
    return _made(table, name, len(both), (before, after), interval, signs)


def _counts(name: str, pair: tuple[Outcome, Outcome]) -> bool:
    """Whether the metric depends on the sample."""
    (refused_before, unanswerable), (refused_after, _) = pair
    if name == "refusal_recall":
        return unanswerable
    return name != "refusal_precision" or refused_before or refused_after


def _made(
    table: str,
    name: str,
    samples: int,
    means: tuple[float, float],
    interval: Interval,
    signs: SignTest,
) -> Difference:
    return Difference(
        table=table,
        metric=name,
        samples=samples,
        baseline=round(means[0], DIGITS),
        run=round(means[1], DIGITS),
        difference=round(interval.value, DIGITS),
        low=round(interval.low, DIGITS),
        high=round(interval.high, DIGITS),
        wins=signs.wins,
        losses=signs.losses,
        ties=signs.ties,
        p_value=round(signs.p_value, DIGITS),
        p_holm=1.0,
    )


def _change(pair: _Pair, baseline: ScoredRun, run: ScoredRun, *, other_judge: bool) -> Change:
    better: dict[str, float] = {}
    worse: dict[str, float] = {}
    for name, difference in _changed(pair, other_judge=other_judge):
        metric = name.partition(".")[2]
        is_better = (difference > 0) != (metric in LOWER_IS_BETTER)
        (better if is_better else worse)[name] = difference
    return Change(
        sample_id=pair.sample_id,
        question=run.samples[pair.sample_id].question,
        better=better,
        worse=worse,
        baseline=_said(baseline.records[pair.sample_id].answer),
        run=_said(run.records[pair.sample_id].answer),
    )


def _changed(pair: _Pair, *, other_judge: bool) -> Iterator[tuple[str, float]]:
    for table in TABLES:
        before, after = pair.baseline.scores.get(table, {}), pair.run.scores.get(table, {})
        for name in after:
            if name in before and not (other_judge and name in JUDGED):
                difference = round(after[name] - before[name], DIGITS)
                if difference:
                    yield f"{table}.{name}", difference
    for table in (DRAFT, SHOWN):
        if table in pair.baseline.refused and table in pair.run.refused:
            rightly = [
                each.refused[table] == each.unanswerable for each in (pair.baseline, pair.run)
            ]
            if rightly[0] != rightly[1]:
                yield f"{table}.refusal", float(rightly[1]) - float(rightly[0])


def _said(answer: AnswerRecord | None) -> Said:
    return Said(draft=answer.draft, shown=answer.text) if answer else Said(draft="", shown="")
