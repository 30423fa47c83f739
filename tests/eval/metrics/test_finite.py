"""No metric passes a value on that is no number."""

import math
from collections.abc import Callable

import pytest

from eval.metrics.calibration import auroc, best_threshold, expected_calibration_error, rates
from eval.metrics.citation import citation_f1
from eval.metrics.cost import Price, Spent, p95, price
from eval.metrics.finite import NotFinite
from eval.metrics.refusal import coverage_curve
from eval.metrics.support import (
    contradiction_rate,
    corrected_share,
    support_anywhere,
    support_rate,
)

MEASURES: dict[str, Callable[[float], object]] = {
    "auroc": lambda value: auroc([0.5, value], [True, False]),
    "best_threshold": lambda value: best_threshold([0.5, value], [True, False]),
    "calibration error": lambda value: expected_calibration_error([value], [True]),
    "rates": lambda value: rates([value], [True], 0.5),
    "citation_f1": lambda value: citation_f1(value, 0.5),
    "percentile": lambda value: p95([1.0, value]),
    "price": lambda value: price(Spent(0, 1), {"model": Price(value, 1)}, "model"),
    "coverage_curve": lambda value: coverage_curve([(value, True)]),
    "support_rate": lambda value: support_rate([None, value], 0.5),
    "support_anywhere": lambda value: support_anywhere([[0.5, value]], 0.5),
    "contradiction_rate": lambda value: contradiction_rate([value], 0.5),
    "corrected_share": lambda value: corrected_share(value, 0.9, 0.9),
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", MEASURES)
def test_a_value_that_is_no_number_is_refused(name: str, value: float) -> None:
    with pytest.raises(NotFinite, match="leave that sample unscored"):
        MEASURES[name](value)
