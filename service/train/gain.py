"""What training has gained, with how certain that is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

RESAMPLES = 2_000
SEED = 1


@dataclass(frozen=True, slots=True)
class Gain:
    """Means before and after, and the interval that holds the gain in 95 of 100 resamplings."""

    before: float
    after: float
    low: float
    high: float

    def as_metrics(self, name: str) -> dict[str, float]:
        return {
            f"{name} before": round(self.before, 4),
            f"{name} after": round(self.after, 4),
            f"{name} gain low": round(self.low, 4),
            f"{name} gain high": round(self.high, 4),
        }


def paired_gain(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> Gain:
    """The gain from `before` to `after`, question by question.

    Percentile bootstrap over groups (Efron and Tibshirani 1993, chapters 13 and 8.5): questions about
    one document are not independent, so documents are drawn, not questions.
    """
    by_group: dict[str, list[float]] = defaultdict(list)
    for first, second, group in zip(before, after, groups, strict=True):
        by_group[group].append(second - first)
    sums = np.array([sum(each) for each in by_group.values()])
    counts = np.array([len(each) for each in by_group.values()])
    drawn = np.random.default_rng(SEED).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Gain(fmean(before), fmean(after), float(low), float(high))
