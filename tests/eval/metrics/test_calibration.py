"""How far scores can be believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval.metrics.calibration import (
    Rates,
    ReliabilityBin,
    auroc,
    balanced_accuracy,
    best_threshold,
    expected_calibration_error,
    rates,
    reliability_bins,
)

SCORES = [0.9, 0.8, 0.4, 0.6, 0.3, 0.2, 0.1]
LABELS = [True, True, True, False, False, False, False]


def test_rates_at_a_threshold() -> None:
    # of three supported two reach 0.5; of four others three do not
    assert rates(SCORES, LABELS, 0.5) == Rates(sensitivity=2 / 3, specificity=3 / 4)
    assert balanced_accuracy(SCORES, LABELS, 0.5) == pytest.approx(17 / 24)


def test_a_score_at_the_threshold_is_accepted() -> None:
    assert rates([0.5, 0.5], [True, False], 0.5) == Rates(1, 0)


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    # of 3 x 4 pairs only 0.4 under 0.6 is wrong
    assert auroc(SCORES, LABELS) == pytest.approx(11 / 12)
    assert auroc([0.5, 0.5], [True, False]) == 0.5


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0.2, 0.5, 0.9, 1]), st.booleans()), max_size=30))
def test_the_area_is_scikit_learns(pairs: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    if len(set(labels)) < 2:
        return

    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_the_best_threshold_lies_between_two_scores() -> None:
    # above 0.35: sensitivity 1, specificity 3/4; above 0.7: 2/3 and 1
    assert best_threshold(SCORES, LABELS) == pytest.approx(0.35)
    assert best_threshold([0.1, 0.9], [False, True]) == pytest.approx(0.5)
    # 0.25 and 0.45 are equally good, and 0.45 is nearer to 0.5
    assert best_threshold([0.2, 0.3, 0.4, 0.5], [False, True, False, True]) == pytest.approx(0.45)


def test_with_one_class_there_is_nothing_to_tell_apart() -> None:
    for labels in ([True, True], [False, False]):
        assert balanced_accuracy([0.1, 0.9], labels, 0.5) is None
        assert auroc([0.1, 0.9], labels) is None
        assert best_threshold([0.1, 0.9], labels) is None
    assert best_threshold([0.5, 0.5], [True, False]) is None
    assert auroc([], []) is None
    assert rates([], [], 0.5) == Rates(None, None)


def test_bins_are_of_equal_width_and_closed_above() -> None:
    bins = reliability_bins([0, 0.5, 0.75, 1], [False, True, False, True], bins=2)

    assert bins == (
        ReliabilityBin(0, 0.5, 2, mean_score=0.25, supported=0.5),
        ReliabilityBin(0.5, 1, 2, mean_score=0.875, supported=0.5),
    )
    assert reliability_bins([], [], bins=1) == (ReliabilityBin(0, 1, 0, None, None),)


def test_the_calibration_error_is_the_mean_gap_weighted_by_bin() -> None:
    # (0, 0.5]: 3 scores of mean 0.3, a third supported: 1/30. (0.5, 1]: one of 0.9, supported: 0.1
    scores, labels = [0.2, 0.3, 0.4, 0.9], [False, False, True, True]

    expected = 3 / 4 * (1 / 3 - 0.3) + 1 / 4 * 0.1
    assert expected_calibration_error(scores, labels, bins=2) == pytest.approx(expected)
    assert expected_calibration_error([0.0, 1.0], [False, True]) == 0
    assert expected_calibration_error([1.0, 0.0], [False, True]) == 1
    assert expected_calibration_error([], []) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.floats(0, 1))
def test_every_score_is_none_or_from_0_to_1(
    pairs: list[tuple[float, bool]], threshold: float
) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]

    for value in (
        balanced_accuracy(scores, labels, threshold),
        auroc(scores, labels),
        expected_calibration_error(scores, labels),
        best_threshold(scores, labels),
    ):
        assert value is None or 0 <= value <= 1
    assert sum(each.count for each in reliability_bins(scores, labels)) == len(pairs)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.floats(0, 1))
def test_no_threshold_is_better_than_the_best(
    pairs: list[tuple[float, bool]], threshold: float
) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    best = best_threshold(scores, labels)
    if best is None:
        return

    chosen = balanced_accuracy(scores, labels, best)
    other = balanced_accuracy(scores, labels, threshold)

    assert chosen is not None
    assert other is not None
    # Accepting all or nothing is 1/2, which no threshold between two scores has to reach.
    assert chosen >= other - 1e-12 or other == 0.5
