"""When is one place another?"""

import pytest

from eval.metrics.span import Span
from tests.eval.metrics.spans import A


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
