"""How far a judge's or verifier's scores can be believed, measured on human labels.

Everywhere: `scores` in [0, 1], one for each pair of claim and evidence, and `labels`, whether people say
that the evidence supports the claim. All raise `NotFinite` where a score is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics.finite import check_finite

Scores = Sequence[float] | NDArray[np.float64]
Labels = Sequence[bool] | NDArray[np.bool_]

ECE_BINS = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares in [0, 1] of a judge at one threshold: of the supported pairs those it accepts, and of the
    others those it does not; each None where there is no such pair."""

    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Scores in (low, high], the first bin with 0: how many, their mean, and the share that is truly
    supported. Means are None for an empty bin."""

    low: float
    high: float
    count: int
    mean_score: float | None
    supported: float | None


def rates(scores: Scores, labels: Labels, threshold: float) -> Rates:
    """Sensitivity TP / (TP + FN) and specificity TN / (TN + FP) of "score >= threshold" (Yerushalmy
    1947)."""
    values, truly = _arrays(scores, labels)
    accepted = values >= threshold
    return Rates(_mean(accepted[truly]), _mean(~accepted[~truly]))


def balanced_accuracy(scores: Scores, labels: Labels, threshold: float) -> float | None:
    """(sensitivity + specificity) / 2 of "score >= threshold" (Brodersen et al. 2010).

    None where one of the two classes is missing.
    """
    both = rates(scores, labels, threshold)
    if both.sensitivity is None or both.specificity is None:
        return None
    return (both.sensitivity + both.specificity) / 2


def auroc(scores: Scores, labels: Labels) -> float | None:
    """The chance that a supported pair scores higher than another, equal scores counting half: the area
    under the ROC curve as (R - p (p + 1) / 2) / (p n), with R the sum of the ranks of the p supported
    pairs among all, and n others (Hanley and McNeil 1982, after Mann and Whitney 1947).

    The same as scikit-learn's `roc_auc_score`, and fast enough to be resampled. None where one of the
    two classes is missing.
    """
    from scipy.stats import rankdata

    values, truly = _arrays(scores, labels)
    supported = int(truly.sum())
    others = len(truly) - supported
    if not supported or not others:
        return None
    ranks = float(rankdata(values)[truly].sum())
    return (ranks - supported * (supported + 1) / 2) / (supported * others)


def reliability_bins(
    scores: Scores, labels: Labels, bins: int = ECE_BINS
) -> tuple[ReliabilityBin, ...]:
    """The points of a reliability diagram: equal-width bins I_m = ((m - 1)/M, m/M] with conf(B_m) and
    acc(B_m) (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2)."""
    values, truly = _arrays(scores, labels)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, bins - 1)
    return tuple(
        ReliabilityBin(
            float(edges[each]),
            float(edges[each + 1]),
            int((place == each).sum()),
            _mean(values[place == each]),
            _mean(truly[place == each]),
        )
        for each in range(bins)
    )


def expected_calibration_error(
    scores: Scores, labels: Labels, bins: int = ECE_BINS
) -> float | None:
    """sum over bins of |B_m| / n x |acc(B_m) - conf(B_m)| (Guo et al. 2017, equation 3). None without
    pairs."""
    filled = [
        (each.count, abs(each.supported - each.mean_score))
        for each in reliability_bins(scores, labels, bins)
        if each.supported is not None and each.mean_score is not None
    ]
    total = sum(count for count, _ in filled)
    return sum(count * gap for count, gap in filled) / total if total else None


def best_threshold(scores: Scores, labels: Labels) -> float | None:
    """The threshold of the highest balanced accuracy, which is that of Youden's J (Youden 1950).

    Halfway between two neighbouring scores; of equally good ones that nearest to 0.5, then the lower.
    None where one of the two classes is missing or all scores are equal.
    """
    values, truly = _arrays(scores, labels)
    if truly.all() or not truly.any():
        return None
    distinct = np.unique(values)
    candidates = (distinct[1:] + distinct[:-1]) / 2
    others, supported = np.sort(values[~truly]), np.sort(values[truly])
    specificity = np.searchsorted(others, candidates) / len(others)
    sensitivity = 1 - np.searchsorted(supported, candidates) / len(supported)
    ranked = np.lexsort(
        (candidates, np.abs(candidates - 0.5), -(sensitivity + specificity).round(12))
    )
    return float(candidates[ranked[0]]) if len(ranked) else None


def _arrays(scores: Scores, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    check_finite(scores)
    return np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.bool_)


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None
