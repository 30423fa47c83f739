"""The metrics, on cases small enough to be worked by hand."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.answer import token_f1
from eval.metrics.citation import citation_precision, citation_recall
from eval.metrics.refusal import refusal_precision, refusal_recall
from eval.metrics.retrieval import (
    RankingScores,
    mean_scores,
    ranking_scores,
    recall_at,
    reciprocal_rank,
)
from eval.metrics.span import Span

A, B = Span("a", 100, 200), Span("b", 0, 50)
NOWHERE = Span("c", 0, 1000)


@pytest.mark.parametrize(
    ("other", "covers", "touches"),
    [
        (Span("a", 100, 200), True, True),
        (Span("a", 0, 1000), True, True),
        (Span("a", 0, 150), True, True),  # 50 of 100 characters
        (Span("a", 0, 149), False, True),  # 49 of them
        (Span("a", 151, 300), False, True),
        (Span("a", 0, 101), False, True),
        (Span("a", 0, 100), False, False),
        (Span("a", 200, 300), False, False),
        (Span("b", 100, 200), False, False),
    ],
)
def test_half_of_a_place_covers_it_and_one_character_touches_it(
    other: Span, covers: bool, touches: bool
) -> None:
    assert (other.covers(A), other.touches(A)) == (covers, touches)


def test_recall_is_the_share_of_gold_among_the_first_k() -> None:
    retrieved = [NOWHERE, A, NOWHERE, B]

    assert [recall_at(k, retrieved, [A, B]) for k in (1, 2, 3, 4, 9)] == [0, 0.5, 0.5, 1, 1]
    assert recall_at(5, [], [A]) == 0


def test_the_reciprocal_rank_is_that_of_the_first_hit() -> None:
    assert reciprocal_rank([NOWHERE, NOWHERE, B, A], [A, B]) == 1 / 3
    assert reciprocal_rank([A], [A, B]) == 1
    assert reciprocal_rank([NOWHERE], [A]) == 0
    assert reciprocal_rank([], [A]) == 0


NO = frozenset[int]()


def only(place: int) -> frozenset[int]:
    return frozenset({place})


def test_a_ranking_is_scored_as_trec_eval_does() -> None:
    second_of_one = [NO, only(0)]
    both_of_two = [only(1), NO, only(0)]
    nothing: list[frozenset[int]] = []
    at_rank_12 = [NO] * 11 + [only(0)]

    scores = ranking_scores([second_of_one, both_of_two, nothing, at_rank_12], [1, 2, 1, 1])

    log2_3, log2_4 = math.log2(3), math.log2(4)
    expected = [
        RankingScores(0, 1, 1, 1, 1 / 2, 1 / log2_3, 1 / 2),
        RankingScores(1, 1, 1, 1, 1, (1 + 1 / log2_4) / (1 + 1 / log2_3), (1 + 2 / 3) / 2),
        RankingScores(0, 0, 0, 0, 0, 0, 0),
        RankingScores(0, 0, 0, 1, 0, 0, 0),
    ]
    assert [astuple(each) for each in scores] == [pytest.approx(astuple(each)) for each in expected]
    assert mean_scores(scores).hit_5 == 0.5


def test_a_passage_that_says_the_same_again_counts_once() -> None:
    (twice,) = ranking_scores([[only(0), only(0), only(1)]], [2])
    (once,) = ranking_scores([[only(0), NO, only(1)]], [2])

    assert twice == once


@pytest.mark.parametrize(
    ("cited", "fabricated", "precision", "recall"),
    [
        ([A, B], 0, 1.0, 1.0),
        ([A], 0, 1.0, 0.5),
        ([A, A, NOWHERE, NOWHERE], 0, 0.5, 0.5),
        ([A], 1, 0.5, 0.5),  # one right, one number that no passage had
        ([A, NOWHERE], 2, 0.25, 0.5),
        ([], 2, 0.0, 0.0),
        ([NOWHERE], 0, 0.0, 0.0),
        ([], 0, None, 0.0),
    ],
)
def test_citations_are_right_where_they_touch_gold(
    cited: list[Span], fabricated: int, precision: float | None, recall: float
) -> None:
    assert citation_precision(cited, [A, B], fabricated) == precision
    assert citation_recall(cited, [A, B]) == recall


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("The refund takes 30 days.", "refund takes 30 days", 1.0),
        # 2 shared of 4 said and 2 wanted: P = 1/2, R = 1
        ("refund in thirty days", "Refund days", 2 / 3),
        ("days days", "days", 2 / 3),  # P = 1/2, R = 1
        ("It’s free", "its free", 1.0),
        ("yes", "no", 0.0),
        ("", "no", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_token_f1(answer: str, reference: str, f1: float) -> None:
    assert token_f1(answer, reference) == pytest.approx(f1)
    assert token_f1(reference, answer) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("outcomes", "precision", "recall"),
    [
        # (refused, unanswerable)
        ([(True, True), (True, False), (False, True), (False, False)], 1 / 2, 1 / 2),
        ([(True, True), (True, True), (True, False), (False, True)], 2 / 3, 2 / 3),
        ([(False, True)], None, 0.0),
        ([(True, False)], 0.0, None),
        ([(False, False)], None, None),
        ([], None, None),
    ],
)
def test_refusals_are_right_where_nothing_answers(
    outcomes: list[tuple[bool, bool]], precision: float | None, recall: float | None
) -> None:
    assert refusal_precision(outcomes) == precision
    assert refusal_recall(outcomes) == recall


_SPANS = st.lists(
    st.builds(
        lambda name, start, size: Span(name, start, start + size),
        st.sampled_from("ab"),
        st.integers(0, 40),
        st.integers(1, 20),
    ),
    max_size=6,
)


@given(_SPANS, _SPANS.filter(bool), st.integers(0, 3))
def test_every_score_is_none_or_from_0_to_1(
    found: list[Span], gold: list[Span], fabricated: int
) -> None:
    scores = [
        *(recall_at(k, found, gold) for k in range(1, 8)),
        reciprocal_rank(found, gold),
        citation_precision(found, gold, fabricated),
        citation_recall(found, gold),
    ]

    assert all(s is None or (0 <= s <= 1 and not math.isnan(s)) for s in scores)
    assert scores[:7] == sorted(s for s in scores[:7] if s is not None)
