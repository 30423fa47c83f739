"""Seconds, tokens and money."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.cost import Cost, Price, Spent, p50, p95, percentile, price, total_cost

TABLE = {"small": Price(0.15, 0.60), "local": Price(0, 0)}


@pytest.mark.parametrize(
    ("values", "share", "value"),
    [
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.5),
        # h = 4 x 0.95 = 3.8: four fifths of the way from 4 to 10
        ([1.0, 2.0, 3.0, 4.0, 10.0], 0.95, 8.8),
        ([7.0], 0.95, 7.0),
        ([1.0, 9.0], 0.0, 1.0),
        ([1.0, 9.0], 1.0, 9.0),
    ],
)
def test_a_percentile_is_linear_between_its_neighbours(
    values: list[float], share: float, value: float
) -> None:
    assert percentile(values, share) == pytest.approx(value)


def test_the_median_and_the_95th() -> None:
    seconds = [float(each) for each in range(1, 102)]

    assert (p50(seconds), p95(seconds)) == (51, 96)
    assert p50([]) is p95([]) is None


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.floats(0, 1))
def test_a_percentile_is_numpys(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(float(np.quantile(values, share)), abs=1e-6)


def test_tokens_are_priced_by_the_million() -> None:
    # 2,000 x 0.15 / 1,000,000 + 500 x 0.60 / 1,000,000
    assert price(Spent(2000, 500), TABLE, "small") == pytest.approx(0.0003 + 0.0003)
    assert price(Spent(2000, 500), TABLE, "local") == 0
    assert price(Spent(2000, 500), TABLE, "not in the table") is None


def test_a_run_costs_what_its_questions_cost() -> None:
    cost = total_cost([Spent(1000, 100), Spent(3000, 0)], TABLE, "small")

    assert (cost.questions, cost.spent) == (2, Spent(4000, 100))
    assert cost.price == pytest.approx(0.00066)
    assert cost.price_per_question == pytest.approx(0.00033)


def test_without_a_price_or_a_question_there_is_none_per_question() -> None:
    assert total_cost([Spent(1, 1)], TABLE, "unknown").price_per_question is None
    assert total_cost([], TABLE, "small") == Cost(0, Spent(0, 0), 0)
    assert total_cost([], TABLE, "small").price_per_question is None
