"""What every verifier promises."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.overlap import OverlapVerifier
from service.verify import Verifier

GOLD = "Gold tier users receive a full refund within 30 days of delivery."


@pytest.fixture(params=[OverlapVerifier])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    made: Verifier = request.param()
    return made


@given(pairs=st.lists(st.tuples(st.text(), st.text()), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_is_one_score_from_0_to_1_for_each_pair(
    verifier: Verifier, pairs: list[tuple[str, str]]
) -> None:
    scores = verifier.support(pairs)

    assert len(scores) == len(pairs)
    assert all(0 <= score <= 1 for score in scores)


def test_scores_are_in_the_order_of_the_pairs(verifier: Verifier) -> None:
    pairs = [(GOLD, GOLD), (GOLD, "Helmets are not returned."), (GOLD, GOLD.lower())]

    assert verifier.support(pairs) == [verifier.support([pair])[0] for pair in pairs]
    assert verifier.support(pairs[:2]) == [1.0, 0.0]


def test_nothing_is_judged_where_nothing_is_asked(verifier: Verifier) -> None:
    assert verifier.support([]) == []


def test_it_has_a_name(verifier: Verifier) -> None:
    assert verifier.name == "word overlap"
