"""Refusals are right where nothing answers, and precision is bought with coverage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.refusal import (
    CoveragePoint,
    coverage_curve,
    false_refusals,
    refusal_f1,
    refusal_precision,
    refusal_recall,
)


@pytest.mark.parametrize(
    ("outcomes", "precision", "recall", "f1"),
    [
        # (refused, unanswerable)
        ([(True, True), (True, False), (False, True), (False, False)], 1 / 2, 1 / 2, 1 / 2),
        ([(True, True), (True, True), (True, False), (False, True)], 2 / 3, 2 / 3, 2 / 3),
        ([(True, True), (True, False), (True, False)], 1 / 3, 1.0, 1 / 2),
        ([(False, True)], None, 0.0, 0.0),
        ([(True, False)], 0.0, None, 0.0),
        ([(False, False)], None, None, None),
        ([], None, None, None),
    ],
)
def test_refusals_are_right_where_nothing_answers(
    outcomes: list[tuple[bool, bool]],
    precision: float | None,
    recall: float | None,
    f1: float | None,
) -> None:
    assert refusal_precision(outcomes) == precision
    assert refusal_recall(outcomes) == recall
    assert refusal_f1(outcomes) == f1


def test_false_refusals_are_named() -> None:
    outcomes = [
        ("right refusal", True, True),
        ("false refusal", True, False),
        ("answered", False, False),
        ("should have been refused", False, True),
        ("another", True, False),
    ]

    assert false_refusals(outcomes) == ("false refusal", "another")


def test_answering_fewer_questions_is_more_often_right() -> None:
    outcomes = [(0.2, False), (0.9, True), (0.6, True), (0.6, False)]

    assert coverage_curve(outcomes) == (
        CoveragePoint(threshold=0.9, coverage=1 / 4, precision=1.0),
        CoveragePoint(threshold=0.6, coverage=3 / 4, precision=2 / 3),
        CoveragePoint(threshold=0.2, coverage=1.0, precision=2 / 4),
    )
    assert coverage_curve([]) == ()


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_the_curve_ends_where_all_is_answered(outcomes: list[tuple[float, bool]]) -> None:
    curve = coverage_curve(outcomes)

    assert [point.threshold for point in curve] == sorted({s for s, _ in outcomes}, reverse=True)
    assert all(0 < point.coverage <= 1 and 0 <= point.precision <= 1 for point in curve)
    if curve:
        assert curve[-1].coverage == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_f1_is_between_precision_and_recall(outcomes: list[tuple[bool, bool]]) -> None:
    precision, recall = refusal_precision(outcomes), refusal_recall(outcomes)
    f1 = refusal_f1(outcomes)

    assert (f1 is None) == (precision is None and recall is None)
    if f1 and precision and recall:
        assert min(precision, recall) <= f1 + 1e-12
        assert f1 <= max(precision, recall) + 1e-12
