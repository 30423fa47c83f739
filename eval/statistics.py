"""How sure a score is, and whether two runs differ: resampling and exact tests, the same for the same
seed."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics.finite import check_finite

RESAMPLES = 2000
CONFIDENCE = 0.95

_DRAWN_AT_ONCE = 2_000_000
"""Bounds the memory of many samples to 16 MB at a time."""

_Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, in the unit of what was given, between the ends of its 95 % interval. Of a single sample
    or cluster all three are the same: it says nothing of how sure the value is."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SignTest:
    """On how many samples the second is higher, lower and equal, and how likely so uneven a split is by
    chance (two-sided)."""

    wins: int
    losses: int
    ties: int
    p_value: float


def bootstrap_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """The mean with its 95 % percentile interval (Efron and Tibshirani 1993, section 13.3).

    Samples are drawn with replacement; with `clusters`, the name of each sample's cluster, whole
    clusters are (Davison and Hinkley 1997, section 3.8), for samples that are not independent, such as
    sentences of one document. None without values. Raises `NotFinite`.
    """
    if not len(values):
        return None
    sums, sizes = _by_cluster(_finite(values), clusters)
    means = np.concatenate(
        [
            sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
            for drawn in _draws(len(sums), seed, resamples)
        ]
    )
    return _interval(float(sums.sum() / sizes.sum()), means)


def bootstrap_statistic(
    statistic: Callable[[_Indices], float | None],
    size: int,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """`bootstrap_interval` for what is no mean, such as an area or an F1.

    `statistic` computes it from the indices of the samples drawn out of `size`. Draws for which it does
    not exist are left out; None where it does not exist for the samples themselves. Raises `NotFinite`.
    """
    value = statistic(np.arange(size)) if size else None
    if value is None:
        return None
    members = _members(clusters if clusters is not None else range(size))
    found: list[float] = []
    for drawn in _draws(len(members), seed, resamples):
        for row in drawn:
            each = statistic(np.concatenate([members[cluster] for cluster in row]))
            if each is not None:
                found.append(each)
    (point,) = _finite([value])
    return _interval(float(point), _finite([value, *found]))


def paired_difference(
    baseline: Sequence[float],
    other: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """The mean of other - baseline over the same samples, with its 95 % interval (the paired bootstrap;
    Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation").

    None without samples. Raises `NotFinite`.
    """
    differences = _finite(other) - _finite(baseline)
    return bootstrap_interval(differences.tolist(), clusters, seed=seed, resamples=resamples)


def sign_test(baseline: Sequence[float], other: Sequence[float]) -> SignTest:
    """The exact two-sided sign test over the same samples: p = P(|X - n/2| >= |wins - n/2|) for X
    binomial with n = wins + losses and 1/2 (Conover 1999, section 3.4). p is 1 where all are equal.

    Raises `NotFinite`.
    """
    from scipy.stats import binomtest

    first, second = _finite(baseline), _finite(other)
    wins, losses = int((second > first).sum()), int((second < first).sum())
    p_value = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return SignTest(wins, losses, len(first) - wins - losses, p_value)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values adjusted for being several, in the order given: with p_(1) <= … <= p_(m), the
    adjusted p_(i) is the largest of min(1, (m - j + 1) p_(j)) for j <= i (Holm 1979).

    Raises `NotFinite`.
    """
    check_finite(p_values)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = highest
    return tuple(adjusted)


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    check_finite(values)
    return np.asarray(values, dtype=np.float64)


def _draws(size: int, seed: int, resamples: int) -> Iterator[_Indices]:
    """`resamples` rows of `size` indices below `size`, in batches that fit into memory."""
    generator = np.random.default_rng(seed)
    batch = max(1, _DRAWN_AT_ONCE // size)
    for done in range(0, resamples, batch):
        yield generator.integers(0, size, (min(batch, resamples - done), size))


def _members(clusters: Sequence[Hashable]) -> list[_Indices]:
    """The indices of each cluster's samples, clusters in order of appearance."""
    places: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(clusters):
        places.setdefault(cluster, []).append(place)
    return [np.array(each) for each in places.values()]


def _by_cluster(
    values: NDArray[np.float64], clusters: Sequence[Hashable] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sum of each cluster's values, and how many they are."""
    if clusters is None:
        return values, np.ones(len(values))
    members = _members(clusters)
    return (
        np.array([values[each].sum() for each in members]),
        np.array([float(len(each)) for each in members]),
    )


def _interval(value: float, resampled: NDArray[np.float64]) -> Interval:
    """The value lies inside also where rounding puts equal means a last digit apart."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail))
    return Interval(value, min(float(low), value), max(float(high), value))
