"""A comparison with a baseline, as tables and answers side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from eval.compare import Change, Comparison, Difference
from eval.report.metric import Metric, describe, in_order

SIGNIFICANT = 0.05
"""Below this corrected p-value a difference is called one."""


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A metric of both runs. `ruling` is "better", "worse" or "no clear difference"."""

    metric: Metric
    difference: Difference
    ruling: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A sample that was won or lost, and in which metrics: "Support, draft +0.50"."""

    change: Change
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """`tables` are rows by the name of the table; `changes` are the samples under "Wins", "Losses" and
    "Mixed", the largest first."""

    comparison: Comparison
    tables: tuple[tuple[str, tuple[DifferenceRow, ...]], ...]
    changes: tuple[tuple[str, tuple[ChangeView, ...]], ...]


def comparison_view(comparison: Comparison) -> ComparisonView:
    tables: dict[str, dict[str, Difference]] = {}
    for each in comparison.differences:
        tables.setdefault(each.table, {})[each.metric] = each
    kinds = {
        "Wins": [change for change in comparison.changes if change.net[0] > 0],
        "Losses": [change for change in reversed(comparison.changes) if change.net[0] < 0],
        "Mixed": [change for change in comparison.changes if change.net[0] == 0],
    }
    return ComparisonView(
        comparison,
        tuple((name, _rows(differences)) for name, differences in tables.items()),
        tuple((kind, tuple(map(_change, changes))) for kind, changes in kinds.items()),
    )


def _rows(differences: Mapping[str, Difference]) -> tuple[DifferenceRow, ...]:
    return tuple(
        DifferenceRow(metric, differences[metric.name], _ruling(metric, differences[metric.name]))
        for metric in in_order(list(differences))
    )


def _ruling(metric: Metric, difference: Difference) -> str:
    if difference.p_holm >= SIGNIFICANT or not difference.difference:
        return "no clear difference"
    return "better" if (difference.difference > 0) != metric.lower_is_better else "worse"


def _change(change: Change) -> ChangeView:
    return ChangeView(change, _named(change.better), _named(change.worse))


def _named(changed: Mapping[str, float]) -> tuple[str, ...]:
    """By the name of the metric, "Support, draft +0.50"."""
    names = (name.partition(".") for name in changed)
    return tuple(
        f"{describe(metric).label}, {table} {by:+.2f}"
        for (table, _, metric), by in zip(names, changed.values(), strict=True)
    )
