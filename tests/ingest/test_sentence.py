"""Where sentences begin and end."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sentence import sentence_spans, sentences
from tests.ingest.blocks import SENTENCES


def test_spans_are_offsets_without_the_space_around() -> None:
    text = "  Ask first.  Then go.\n\n Never alone "

    assert sentence_spans(text) == [(2, 12), (14, 22), (25, 36)]
    assert sentences(text) == ["Ask first.", "Then go.", "Never alone"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith pays, e.g. for rail. Ask.", ["Dr. Smith pays, e.g. for rail.", "Ask."]),
        ("See no. 5 of the list, cf. sec. 2.", ["See no. 5 of the list, cf. sec. 2."]),
        ("The U.K. office opens at 9 a.m. on Monday.",) * 2,
        ("It costs £3.50. Pay on the 2nd.", ["It costs £3.50.", "Pay on the 2nd."]),
        ("Who? Everyone! At once.", ["Who?", "Everyone!", "At once."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    ],
)
def test_abbreviations_and_numbers_do_not_end_a_sentence(
    text: str, expected: list[str] | str
) -> None:
    assert sentences(text) == ([expected] if isinstance(expected, str) else expected)


def test_an_enumerator_belongs_to_the_sentence_it_numbers() -> None:
    assert sentences("4.2. Staff may borrow. (a) Ask first. b) Then go.") == [
        "4.2. Staff may borrow.",
        "(a) Ask first.",
        "b) Then go.",
    ]


def test_a_line_break_ends_a_sentence() -> None:
    assert sentences("Rail travel\nTaxis. Buses") == ["Rail travel", "Taxis.", "Buses"]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \n\x0b"])
def test_no_text_has_no_sentences(text: str) -> None:
    assert sentence_spans(text) == []


TEXTS = st.lists(SENTENCES | st.text(max_size=60), max_size=5).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_any_text_is_covered_in_order(text: str) -> None:
    spans = sentence_spans(text)

    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_any_sentence_lies_on_one_line_without_space_around_it(text: str) -> None:
    for start, end in sentence_spans(text):
        assert text[start:end] == text[start:end].strip() != ""
        assert "\n" not in text[start:end]
