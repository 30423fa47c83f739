"""The same question, asked in other words or once more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.span import Span
from eval.metrics.stability import answer_agreement, citation_agreement, refusal_agreement
from tests.eval.metrics.spans import NOWHERE, SPANS, A, B


def test_answers_agree_by_their_tokens() -> None:
    # pairs: 1 (the same), 2/3 and 2/3 (P = 1/2, R = 1)
    answers = ["Refund days", "Refund days", "refund in thirty days"]

    assert answer_agreement(answers) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_two_empty_answers_are_the_same() -> None:
    assert answer_agreement(["", ""]) == 1
    assert answer_agreement(["", "Refund"]) == 0


def test_citations_agree_by_the_places_they_share() -> None:
    # pairs: {A, B} and {B, A, A}: 2/2; {A, B} and {B, NOWHERE} twice: 1/3
    assert citation_agreement([[A, B], [B, A, A], [B, NOWHERE]]) == pytest.approx(5 / 9)


def test_two_answers_without_citations_agree_on_nothing() -> None:
    assert citation_agreement([[], []]) is None
    assert citation_agreement([[], [], [A]]) == 0  # one pair is left out, two share nothing


def test_refusals_agree_or_not() -> None:
    assert refusal_agreement([True, True, False]) == pytest.approx(1 / 3)
    assert refusal_agreement([True, True]) == refusal_agreement([False, False]) == 1


def test_one_answer_has_none_to_agree_with() -> None:
    assert answer_agreement(["Refund"]) is None
    assert citation_agreement([[A]]) is None
    assert refusal_agreement([True]) is None
    assert answer_agreement([]) is citation_agreement([]) is refusal_agreement([]) is None


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=8), max_size=5),
    st.lists(SPANS, max_size=4),
    st.lists(st.booleans(), max_size=6),
)
def test_every_score_is_none_or_from_0_to_1(
    answers: list[str], cited: list[list[Span]], refused: list[bool]
) -> None:
    for score in (
        answer_agreement(answers),
        citation_agreement(cited),
        refusal_agreement(refused),
    ):
        assert score is None or 0 <= score <= 1 + 1e-12
