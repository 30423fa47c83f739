"""Support as a judge sees it, and as it would be seen without the judge's errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.support import (
    contradiction_rate,
    corrected_share,
    support_anywhere,
    support_rate,
)


def test_a_sentence_is_supported_from_the_threshold_on() -> None:
    assert support_rate([0.9, 0.5, 0.49, None], 0.5) == 2 / 4
    assert contradiction_rate([0.9, None, 0.1, 0.2], 0.5) == 1 / 4


def test_anywhere_is_by_the_best_passage() -> None:
    assert support_anywhere([[0.1, 0.8], [0.4, 0.3], [], [0.5]], 0.5) == 2 / 4


def test_no_sentence_is_unscored() -> None:
    assert support_rate([], 0.5) is None
    assert support_anywhere([], 0.5) is None
    assert contradiction_rate([], 0.5) is None


@pytest.mark.parametrize(
    ("observed", "sensitivity", "specificity", "true"),
    [
        (0.62, 1.0, 1.0, 0.62),
        # 0.6 of 0.9 seen, 0.4 of 0.2 seen wrongly: 0.54 + 0.08 = 0.62 observed
        (0.62, 0.9, 0.8, 0.6),
        (0.05, 0.9, 0.8, 0.0),  # fewer than the judge's false alarms alone
        (0.95, 0.9, 0.8, 1.0),  # more than the judge would find if all were true
        (0.5, 0.5, 0.5, None),  # a coin
        (0.5, 0.2, 0.7, None),  # worse than a coin
    ],
)
def test_the_judges_errors_are_taken_out(
    observed: float, sensitivity: float, specificity: float, true: float | None
) -> None:
    corrected = corrected_share(observed, sensitivity, specificity)

    assert corrected == (None if true is None else pytest.approx(true))


_SHARE = st.floats(0, 1)


@settings(deadline=None)
@given(_SHARE, _SHARE, _SHARE, st.lists(st.none() | _SHARE), st.lists(st.lists(_SHARE)))
def test_every_score_is_none_or_from_0_to_1(
    observed: float,
    sensitivity: float,
    specificity: float,
    scores: list[float | None],
    by_passage: list[list[float]],
) -> None:
    for score in (
        corrected_share(observed, sensitivity, specificity),
        support_rate(scores, observed),
        contradiction_rate(scores, observed),
        support_anywhere(by_passage, observed),
    ):
        assert score is None or 0 <= score <= 1
