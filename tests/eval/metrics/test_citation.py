"""Citations are right where they touch gold, and honest where the document says what they quote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.citation import (
    citation_f1,
    citation_precision,
    citation_recall,
    fabricated_share,
    locator_rate,
    quote_exactness,
    uncited_share,
)
from eval.metrics.span import Span
from tests.eval.metrics.spans import NOWHERE, SPANS, A, B


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
    ("precision", "recall", "f1"),
    [
        (1.0, 1.0, 1.0),
        (1.0, 0.5, 2 / 3),  # 2 x 1 x 1/2 / (3/2)
        (0.25, 0.5, 1 / 3),  # 2 x 1/8 / (3/4)
        (0.0, 0.0, 0.0),
        (None, 0.0, 0.0),  # an answer that cites nothing does not escape
        (0.5, None, None),  # nothing was there to be cited
        (None, None, None),
    ],
)
def test_the_f1_of_citations(
    precision: float | None, recall: float | None, f1: float | None
) -> None:
    assert citation_f1(precision, recall) == (None if f1 is None else pytest.approx(f1))


POLICY = "Gold refunds take\n30 days. Silver refunds take 21."


@pytest.mark.parametrize(
    ("quote", "source", "is_exact"),
    [
        ("Gold refunds take 30 days.", POLICY, 1.0),
        ("refunds  take\t30", POLICY, 1.0),
        ("gold refunds", POLICY, 0.0),
        ("Gold refunds take 31 days.", POLICY, 0.0),
        ("Gold refunds take 21.", POLICY, 0.0),  # two halves that do not belong together
        (" ", POLICY, 0.0),
        ("Gold", None, 0.0),
    ],
)
def test_a_quote_is_exact_where_the_source_has_it_word_for_word(
    quote: str, source: str | None, is_exact: float
) -> None:
    assert quote_exactness([(quote, source)]) == is_exact


def test_a_locator_is_right_where_its_offsets_show_the_quote_and_nothing_else() -> None:
    text = "Gold refunds take\n30 days."
    right = ("refunds take 30", text[5:20])
    off_by_one = ("refunds take 30", text[6:21])
    too_long = ("refunds take 30", text)
    beyond_the_end = ("refunds take 30", text[900:915])
    no_document = ("refunds take 30", None)

    assert locator_rate([right]) == 1
    assert locator_rate([off_by_one]) == locator_rate([too_long]) == 0
    assert locator_rate([beyond_the_end]) == locator_rate([no_document]) == 0
    assert locator_rate([right, right, right, off_by_one]) == 3 / 4
    assert locator_rate([("", "")]) == 0
    assert locator_rate([]) is None
    assert quote_exactness([]) is None


def test_a_fabricated_number_is_one_that_was_never_shown() -> None:
    assert fabricated_share([1, 2, 9, 9], {1, 2, 3}) == 2 / 4
    assert fabricated_share([1], {1}) == 0
    assert fabricated_share([0], {1}) == 1
    assert fabricated_share([], {1}) is None


def test_an_uncited_sentence_is_one_without_numbers() -> None:
    assert uncited_share([(1,), (), (2, 3), ()]) == 2 / 4
    assert uncited_share([()]) == 1
    assert uncited_share([]) is None


_QUOTES = st.lists(st.tuples(st.text(max_size=8), st.none() | st.text(max_size=12)), max_size=4)
_NUMBERS = st.lists(st.integers(-3, 12), max_size=5)


@settings(deadline=None)
@given(SPANS, SPANS.filter(bool), st.integers(0, 3), _QUOTES, _NUMBERS, st.lists(_NUMBERS))
def test_every_score_is_none_or_from_0_to_1(
    cited: list[Span],
    gold: list[Span],
    fabricated: int,
    quotes: list[tuple[str, str | None]],
    numbers: list[int],
    cited_by_sentence: list[list[int]],
) -> None:
    precision, recall = citation_precision(cited, gold, fabricated), citation_recall(cited, gold)
    scores = [
        precision,
        recall,
        citation_f1(precision, recall),
        quote_exactness(quotes),
        locator_rate(quotes),
        fabricated_share(numbers, {1, 2, 3}),
        uncited_share(cited_by_sentence),
    ]

    assert all(score is None or 0 <= score <= 1 for score in scores)
