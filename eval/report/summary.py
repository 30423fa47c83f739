"""The numbers on top of a report, put into words and rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.record import Judge, JudgeQuality, Quantiles, Score, Table, Timings
from eval.report.metric import GROUPS, Metric, in_order
from eval.report.run import Run

TABLES = {
    "draft": ("Drafts", "What the generator wrote: citations uncorrected, nothing refused before."),
    "shown": ("Shown", "What the reader saw, after verification and refusal."),
    "retrieval": ("Retrieval", "What was found, before anything was written."),
}
NOT_SCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Row:
    """A metric in a table. `corrected` and `judges` only where a judge scored it."""

    metric: Metric
    score: Score
    value: str
    interval: str
    corrected: str
    judges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """`groups` are rows under the name of their group."""

    name: str
    title: str
    about: str
    judged: bool
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True)
class SliceTable:
    """Every slice of one kind ("tag", "document type", …) in one of the three tables: a name, a number
    of samples, and a value for each of `metrics`."""

    kind: str
    table: str
    metrics: tuple[Metric, ...]
    rows: tuple[tuple[str, int, tuple[str, ...]], ...]


def score_tables(run: Run) -> tuple[ScoreTable, ...]:
    return tuple(
        _score_table(name, run.scores.tables[name], run.scores.judge)
        for name in (*TABLES, *sorted(set(run.scores.tables) - set(TABLES)))
        if run.scores.tables.get(name)
    )


def slice_tables(run: Run) -> tuple[SliceTable, ...]:
    """The slices by what they slice by, at most `SLICE_METRICS` metrics wide."""
    kinds: dict[str, dict[str, dict[str, Table]]] = {}
    for name, tables in run.scores.slices.items():
        kind, _, value = name.partition(":")
        kinds.setdefault(kind, {})[value or name] = tables
    return tuple(
        _slice_table(kind, table, slices)
        for kind, slices in kinds.items()
        for table in TABLES
        if any(tables.get(table) for tables in slices.values())
    )


SLICE_METRICS = (
    "citation_precision citation_recall fabricated uncited support contradiction token_f1 "
    "key_fact_recall refusal_precision refusal_recall recall@1 recall@8 mrr"
).split()


def judge_lines(judge: Judge | None) -> tuple[str, ...]:
    """The judge's quality in short, to stand beside what it scored; a line for each set of labels."""
    if judge is None:
        return ()
    if not judge.quality:
        return ("not measured on human labels",)
    return tuple(
        f"{quality.labels}: balanced accuracy {_triple(quality.balanced_accuracy)}, "
        f"AUROC {_triple(quality.auroc)}"
        for quality in judge.quality
    )


def judge_rows(quality: Sequence[JudgeQuality]) -> list[dict[str, str]]:
    return [
        {
            "labels": each.labels,
            "pairs": f"{each.pairs:,}",
            "threshold": f"{each.threshold:.2f}",
            "balanced": _triple(each.balanced_accuracy),
            "auroc": _triple(each.auroc),
            "sensitivity": f"{each.sensitivity:.3f}",
            "specificity": f"{each.specificity:.3f}",
        }
        for each in quality
    ]


def share(part: int, whole: int) -> str:
    """A percentage that says 0 and 100 only where it is none and all."""
    if not whole or part in (0, whole):
        return f"{100 * part // whole if whole else 0} %"
    return f"{min(99.9, max(0.1, 100 * part / whole)):.1f} %"


def number(value: float | None) -> str:
    return NOT_SCORED if value is None else f"{value:.3f}"


def flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as rows of a dotted name and a value."""
    rows: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            rows += flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append((f"{prefix}{name}", text))
    return rows


def latency_rows(timings: Timings) -> list[tuple[str, str, str]]:
    """Median and 95th percentile of the whole, of the first sentence, then of every stage."""
    first = [name for name in ("total", "first_sentence") if name in timings.seconds]
    names = first + [name for name in timings.seconds if name not in first]
    return [(name.replace("_", " "), *_quantiles(timings.seconds[name])) for name in names]


def cost_rows(timings: Timings) -> list[tuple[str, str]]:
    return [
        ("answers timed", f"{timings.answers:,}"),
        ("prompt tokens", f"{timings.prompt_tokens:,}"),
        ("completion tokens", f"{timings.completion_tokens:,}"),
        ("price", _price(timings.price)),
        ("price per question", _price(timings.price_per_question)),
    ]


def seconds(amount: float) -> str:
    return f"{amount * 1000:,.0f} ms" if amount < 1 else f"{amount:,.2f} s"


def _quantiles(quantiles: Quantiles) -> tuple[str, str]:
    return seconds(quantiles.p50), seconds(quantiles.p95)


def _price(amount: float | None) -> str:
    return "not in the price table" if amount is None else f"{amount:,.4f}"


def _score_table(name: str, scores: Table, judge: Judge | None) -> ScoreTable:
    title, about = TABLES.get(name, (name.capitalize(), ""))
    rows = [_row(metric, scores[metric.name], judge) for metric in in_order(list(scores))]
    groups = ((group, tuple(r for r in rows if r.metric.group == group)) for group in GROUPS)
    judged = any(row.judges for row in rows)
    return ScoreTable(name, title, about, judged, tuple(each for each in groups if each[1]))


def _row(metric: Metric, score: Score, judge: Judge | None) -> Row:
    has_interval = score.low is not None and score.high is not None
    return Row(
        metric=metric,
        score=score,
        value=number(score.value),
        interval=f"{score.low:.3f} – {score.high:.3f}" if has_interval else "",
        corrected=f"{score.corrected:.3f}" if score.corrected is not None else "",
        judges=(judge_lines(judge) or ("by no named judge",)) if score.judged else (),
    )


def _slice_table(kind: str, table: str, slices: Mapping[str, Mapping[str, Table]]) -> SliceTable:
    names = {name for tables in slices.values() for name in tables.get(table, {})}
    metrics = tuple(in_order([name for name in SLICE_METRICS if name in names]))
    rows = []
    for name, tables in sorted(slices.items()):
        scores = tables.get(table, {})
        samples = max((score.samples for score in scores.values()), default=0)
        values = (scores.get(metric.name) for metric in metrics)
        rows.append((name, samples, tuple(number(v.value) if v else "" for v in values)))
    return SliceTable(kind, table, metrics, tuple(rows))


def _triple(values: tuple[float, float, float]) -> str:
    value, low, high = values
    return f"{value:.3f} ({low:.2f} – {high:.2f})"
