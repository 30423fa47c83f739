"""Agreement beyond chance: of people with each other, and of the judge with them."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from eval.metrics.human import (
    JudgeAgreement,
    cohens_kappa,
    fleiss_kappa,
    judge_agreement,
    mean_pairwise_kappa,
    weighted_kappa,
)


def test_cohens_kappa_by_hand() -> None:
    # 10 items: both yes 4, both no 3, yes/no 2, no/yes 1. p_o = 0.7;
    # yes by 6/10 and 5/10, no by 4/10 and 5/10: p_e = 0.3 + 0.2 = 0.5; kappa = 0.2 / 0.5
    first = [True] * 4 + [False] * 3 + [True] * 2 + [False]
    second = [True] * 4 + [False] * 3 + [False] * 2 + [True]

    assert cohens_kappa(first, second) == pytest.approx(0.4)


def test_raters_who_agree_less_than_by_chance_have_a_negative_kappa() -> None:
    assert cohens_kappa([True, False], [False, True]) == -1


def test_marks_far_apart_weigh_more() -> None:
    # squared differences 0, 1, 16: observed 17. By chance, over all 9 combinations of {1, 3, 5} with
    # {1, 4, 1}: 0+9+0 + 4+1+4 + 16+1+16 = 51, of which a third is expected: 17. kappa = 1 - 17/17
    assert weighted_kappa([1, 3, 5], [1, 4, 1]) == pytest.approx(0)
    near, far = weighted_kappa([1, 3, 5], [2, 3, 5]), weighted_kappa([1, 3, 5], [5, 3, 5])
    assert near is not None
    assert far is not None
    assert far < near < 1


def test_fleiss_kappa_of_a_known_table() -> None:
    """An example that is often worked: ten items, 14 ratings each in five categories. P = 0.378, P_e =
    0.213, kappa = 0.210."""
    table = [
        (0, 0, 0, 0, 14),
        (0, 2, 6, 4, 2),
        (0, 0, 3, 5, 6),
        (0, 3, 9, 2, 0),
        (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0),
        (3, 2, 6, 3, 0),
        (2, 5, 3, 2, 2),
        (6, 5, 2, 1, 0),
        (0, 2, 2, 3, 7),
    ]
    items = [
        [category for category, count in enumerate(row) for _ in range(count)] for row in table
    ]

    assert fleiss_kappa(items) == pytest.approx(0.210, abs=0.0005)


def test_where_chance_leaves_no_room_there_is_no_kappa() -> None:
    assert cohens_kappa([True, True], [True, True]) is None
    assert cohens_kappa([], []) is None
    assert weighted_kappa([3, 3], [3, 3]) is None
    assert fleiss_kappa([["yes", "yes"], ["yes", "yes", "yes"]]) is None
    assert fleiss_kappa([]) is None
    assert fleiss_kappa([["yes"], []]) is None  # nobody to agree with


def test_several_raters_are_compared_two_by_two_where_both_rated() -> None:
    ratings = {
        "ada": {"1": 1, "2": 3, "3": 5},
        "ben": {"1": 1, "2": 3, "3": 5, "4": 2},
        "cem": {"1": 5, "2": 3, "3": 1},
        "dee": {"4": 2},  # shares one item with ben, which leaves no room for chance
    }

    # ada and ben 1, ada and cem -1, ben and cem -1
    assert mean_pairwise_kappa(ratings, weighted_kappa) == pytest.approx(-1 / 3)
    assert mean_pairwise_kappa({"ada": {"1": 1}}, weighted_kappa) is None


def test_the_judge_is_compared_with_most_people() -> None:
    people = [[True, True], [False], [True, False, False], [True, False], []]
    judge = [True, True, False, True, True]

    # decided: yes, no, no against yes, yes, no. p_o = 2/3, p_e = 2/9 + 2/9: kappa = (2/9) / (5/9)
    assert astuple(judge_agreement(judge, people)) == pytest.approx((3, 2 / 3, 0.4))
    assert judge_agreement([], []) == JudgeAgreement(0, None, None)


_MARKS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=20)


@settings(deadline=None)
@given(_MARKS)
def test_the_kappas_are_scikit_learns_where_those_exist(pairs: list[tuple[int, int]]) -> None:
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    plain, weighted = cohens_kappa(first, second), weighted_kappa(first, second)

    if len({*first, *second}) < 2:
        assert plain is weighted is None
        return
    marks = [1, 2, 3, 4, 5]
    assert plain == pytest.approx(cohen_kappa_score(first, second, labels=marks), abs=1e-9)
    assert weighted == pytest.approx(
        cohen_kappa_score(first, second, labels=marks, weights="quadratic"), abs=1e-9
    )


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=5), max_size=8))
def test_fleiss_kappa_is_none_or_from_minus_1_to_1(items: list[list[str]]) -> None:
    kappa = fleiss_kappa(items)

    assert kappa is None or (math.isfinite(kappa) and -1 - 1e-9 <= kappa <= 1 + 1e-9)
