"""Scores, comparisons and rulings in the terminal."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from eval.compare import Change, Comparison, Difference
from eval.gate import Ruling
from eval.record import Judge, Score, Scores, Timings
from eval.sample_scores import DRAFT, RETRIEVAL, SHOWN

TITLES = {
    DRAFT: "Draft: what the generator wrote",
    SHOWN: "Shown: what the reader saw",
    RETRIEVAL: "Retrieval",
}
LISTED = 5
"""Samples, reasons or changes that are listed; the files have all."""


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time that is left, on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_scores(scores: Scores, timings: Timings, console: Console) -> None:
    """What could not be scored first, then how good the judge is, then the tables."""
    _show_unscored(scores, console)
    _show_judge(scores.judge, console)
    for name in (DRAFT, SHOWN, RETRIEVAL):
        if scores.tables.get(name):
            console.print(_table(f"{scores.suite}. {TITLES[name]}", scores.tables[name]))
    _show_timings(timings, console)


def _show_unscored(scores: Scores, console: Console) -> None:
    share = scores.unscored / scores.samples
    console.print(
        f"Unscored: {scores.unscored} of {scores.samples} samples ({share:.1%}), "
        f"of them {scores.stale} stale."
    )
    if scores.waiting:
        console.print(f"Drafted and not accepted, so not asked: {scores.waiting}.")
    reasons = Counter(each.error for each in scores.by_sample if each.error)
    for reason, count in reasons.most_common(LISTED):
        console.print(f"  {count} x {reason}", markup=False)
    stale = [each for each in scores.by_sample if each.stale]
    for each in stale[:LISTED]:
        console.print(f"  stale {each.sample_id}: {each.stale}", markup=False)


def _show_judge(judge: Judge | None, console: Console) -> None:
    if judge is None:
        return
    console.print(f"Judge: {judge.name}", markup=False)
    if judge.is_verifier:
        console.print("  It is also the verifier of these answers: it marks its own work.")
    for each in judge.quality:
        accuracy, area = map(_with_interval, (each.balanced_accuracy, each.auroc))
        console.print(
            f"  on {each.pairs} human labels ({each.labels}): balanced accuracy {accuracy}, "
            f"AUROC {area}",
            markup=False,
        )
    if not judge.quality:
        console.print("  It was measured on no human labels.")


def _with_interval(values: tuple[float, float, float]) -> str:
    return f"{values[0]:.3f} [{values[1]:.3f}, {values[2]:.3f}]"


def _table(title: str, scores: dict[str, Score]) -> Table:
    table = Table("metric", "value", "95 %", "corrected", "samples", title=title)
    for name, score in scores.items():
        has_interval = score.low is not None and score.high is not None
        table.add_row(
            escape(f"{name} (judge)" if score.judged else name),
            "none" if score.value is None else f"{score.value:.3f}",
            f"{score.low:.3f} to {score.high:.3f}" if has_interval else "",
            "" if score.corrected is None else f"{score.corrected:.3f}",
            str(score.samples),
        )
    return table


def _show_timings(timings: Timings, console: Console) -> None:
    parts = [
        f"{name.replace('_', ' ')} {timings.seconds[name].p50 * 1000:.0f} ms p50, "
        f"{timings.seconds[name].p95 * 1000:.0f} ms p95"
        for name in ("total", "first_sentence")
        if name in timings.seconds
    ]
    if parts:
        console.print(f"Time: {'; '.join(parts)}.")
    if timings.price is not None:
        console.print(f"Price: {timings.price:.4f} in all.")


def show_comparison(comparison: Comparison, console: Console) -> None:
    """The differences, and the samples that most was won and lost on."""
    console.print(
        f"{comparison.run} ({comparison.generator}) against {comparison.baseline} "
        f"({comparison.baseline_generator}): {comparison.samples} samples scored in both, "
        f"{comparison.left_out} left out.",
        markup=False,
    )
    if comparison.other_judge:
        console.print("They had different judges: judge-based metrics are not compared.")
    columns = ("metric", "baseline", "run", "difference", "95 %", "won", "lost", "p", "p (Holm)")
    table = Table(*columns)
    for each in comparison.differences:
        table.add_row(*_cells(each))
    console.print(table)
    won = [change for change in comparison.changes if change.net[0] > 0]
    lost = [change for change in reversed(comparison.changes) if change.net[0] < 0]
    for title, changes in ((f"Won: {len(won)}", won), (f"Lost: {len(lost)}", lost)):
        console.print(_side_by_side(title, changes[:LISTED]))


def _cells(each: Difference) -> tuple[str, ...]:
    return (
        escape(f"{each.table}.{each.metric}"),
        f"{each.baseline:.3f}",
        f"{each.run:.3f}",
        f"{each.difference:+.3f}",
        f"{each.low:+.3f} to {each.high:+.3f}",
        str(each.wins),
        str(each.losses),
        f"{each.p_value:.3f}",
        f"{each.p_holm:.3f}",
    )


def _side_by_side(title: str, changes: Sequence[Change]) -> Table:
    table = Table("sample", "baseline", "run", title=title, show_lines=True)
    for change in changes:
        metrics = {**change.better, **change.worse}
        changed = ", ".join(f"{name} {by:+.2f}" for name, by in metrics.items())
        table.add_row(
            escape(f"{change.sample_id}: {change.question}\n{changed}"),
            escape(change.baseline.draft or "(nothing)"),
            escape(change.run.draft or "(nothing)"),
        )
    return table


def show_rulings(rulings: Sequence[Ruling], console: Console) -> None:
    for each in rulings:
        if each.is_kept:
            console.print(f"kept: {each.rule}: it is {each.reason}", markup=False)
