"""How sure a score is, and whether two runs differ."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eval.metrics.finite import NotFinite
from eval.metrics.refusal import refusal_f1
from eval.statistics import (
    Interval,
    SignTest,
    bootstrap_interval,
    bootstrap_statistic,
    holm,
    paired_difference,
    sign_test,
)

HALF = [1.0, 0.0] * 50


def values_of(interval: Interval | None) -> tuple[float, float, float]:
    assert interval is not None
    return interval.value, interval.low, interval.high


def test_the_interval_of_a_share_is_that_of_the_normal_approximation() -> None:
    interval = bootstrap_interval(HALF)

    assert interval is not None
    assert interval.value == 0.5
    # 0.5 -/+ 1.96 x 0.5 / sqrt(100)
    assert interval.low == pytest.approx(0.402, abs=0.02)
    assert interval.high == pytest.approx(0.598, abs=0.02)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    hits = 0
    for seed in range(200):
        interval = bootstrap_interval(
            (generator.random(60) < 0.7).astype(float).tolist(), seed=seed, resamples=500
        )
        assert interval is not None
        hits += interval.low <= 0.7 <= interval.high

    assert 0.90 <= hits / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    assert bootstrap_interval(HALF, seed=7) == bootstrap_interval(HALF, seed=7)
    assert bootstrap_interval([0.1, 0.7, 0.4, 0.35], seed=7) != bootstrap_interval(
        [0.1, 0.7, 0.4, 0.35], seed=8
    )


def test_samples_of_one_cluster_say_less_than_independent_ones() -> None:
    same_within = [1.0] * 5 + [0.0] * 5
    clusters = ["a"] * 5 + ["b"] * 5

    alone = bootstrap_interval(same_within)
    clustered = bootstrap_interval(same_within, clusters)

    assert alone is not None
    assert clustered == Interval(0.5, 0, 1)
    assert alone.high - alone.low < 1


def test_clusters_of_one_sample_are_samples() -> None:
    assert bootstrap_interval(HALF, range(100)) == bootstrap_interval(HALF)


def test_no_value_has_no_interval_and_one_says_nothing_of_its_sureness() -> None:
    assert bootstrap_interval([]) is None
    assert bootstrap_interval([0.3]) == Interval(0.3, 0.3, 0.3)
    assert values_of(bootstrap_interval([0.1] * 9)) == pytest.approx((0.1, 0.1, 0.1))


def test_what_is_no_mean_is_resampled_as_well() -> None:
    outcomes = [(True, True), (True, False), (False, True), (False, False)] * 10

    interval = bootstrap_statistic(
        lambda drawn: refusal_f1([outcomes[place] for place in drawn]), len(outcomes), resamples=300
    )

    assert interval is not None
    assert interval.value == 0.5
    assert 0.25 < interval.low < 0.45
    assert 0.55 < interval.high < 0.75


def test_a_mean_has_the_same_interval_either_way() -> None:
    values = np.array([0.2, 0.9, 0.4, 0.4, 0.7])
    clusters = ["a", "a", "b", "c", "c"]

    general = bootstrap_statistic(
        lambda drawn: float(values[drawn].mean()), 5, clusters, seed=3, resamples=200
    )
    fast = bootstrap_interval(values.tolist(), clusters, seed=3, resamples=200)

    assert values_of(general) == pytest.approx(values_of(fast))


def test_draws_without_a_statistic_are_left_out() -> None:
    def share_of_the_first(drawn: NDArray[np.int64]) -> float | None:
        return 1.0 if 0 in drawn else None

    assert bootstrap_statistic(share_of_the_first, 3, resamples=50) == Interval(1, 1, 1)
    assert bootstrap_statistic(lambda drawn: None, 3) is None
    assert bootstrap_statistic(lambda drawn: 1.0, 0) is None


def test_a_difference_is_paired() -> None:
    baseline = [0.0, 1.0] * 20
    a_little_better = [each + 0.1 for each in baseline]

    difference = paired_difference(baseline, a_little_better)

    assert values_of(difference) == pytest.approx((0.1, 0.1, 0.1))
    assert paired_difference([], []) is None


def test_the_sign_test_is_exact() -> None:
    # 8 wins, 1 loss, 2 ties: p = 2 (1 + 9) / 2^9
    baseline = [0.5] * 11
    other = [0.9] * 8 + [0.1] + [0.5] * 2

    assert astuple(sign_test(baseline, other)) == pytest.approx((8, 1, 2, 20 / 512))
    assert astuple(sign_test(other, baseline)) == pytest.approx((1, 8, 2, 20 / 512))


def test_where_all_are_equal_nothing_speaks_against_chance() -> None:
    assert sign_test([0.5, 1], [0.5, 1]) == SignTest(0, 0, 2, 1)
    assert sign_test([], []) == SignTest(0, 0, 0, 1)


def test_holm_by_hand() -> None:
    # in order: 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1 raised to the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.6, 0.7]) == (1, 1)
    assert holm([]) == ()


def test_a_score_that_is_no_number_is_refused_with_what_to_do() -> None:
    with pytest.raises(NotFinite, match="leave that sample unscored"):
        bootstrap_interval([0.5, math.nan])
    with pytest.raises(NotFinite):
        bootstrap_statistic(lambda drawn: math.inf, 3)
    with pytest.raises(NotFinite):
        paired_difference([0.5], [math.nan])
    with pytest.raises(NotFinite):
        sign_test([math.nan], [0.5])
    with pytest.raises(NotFinite):
        holm([0.5, math.nan])


_VALUES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(_VALUES, st.integers(1, 4))
def test_an_interval_holds_its_value_and_lies_within_the_values(
    values: list[float], clusters: int
) -> None:
    interval = bootstrap_interval(values, [n % clusters for n in range(len(values))], resamples=50)

    assert interval is not None
    assert interval.low <= interval.value <= interval.high
    assert min(values) - 1e-3 <= interval.low
    assert interval.high <= max(values) + 1e-3


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20))
def test_the_sign_test_counts_every_sample_once(pairs: list[tuple[float, float]]) -> None:
    test = sign_test([one for one, _ in pairs], [other for _, other in pairs])

    assert test.wins + test.losses + test.ties == len(pairs)
    assert 0 < test.p_value <= 1


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=10))
def test_adjusted_p_values_keep_their_order_and_are_never_smaller(p_values: list[float]) -> None:
    adjusted = holm(p_values)

    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    by_p = sorted(zip(p_values, adjusted, strict=True))
    assert [after for _, after in by_p] == sorted(adjusted)
