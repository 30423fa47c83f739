"""Passages are scored by the gold places they cover."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given, settings

from eval.metrics.retrieval import (
    RankingScores,
    mean_scores,
    ranking_scores,
    recall_at,
    reciprocal_rank,
)
from eval.metrics.span import Span
from tests.eval.metrics.spans import NOWHERE, SPANS, A, B


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


@settings(deadline=None)
@given(SPANS, SPANS.filter(bool))
def test_more_passages_never_find_less(found: list[Span], gold: list[Span]) -> None:
    recalls = [recall_at(k, found, gold) for k in range(1, 8)]

    assert recalls == sorted(recalls)
    assert all(0 <= score <= 1 for score in [*recalls, reciprocal_rank(found, gold)])
