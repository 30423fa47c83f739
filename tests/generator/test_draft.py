"""A draft is read the same whole and in pieces, and its citations go to the right sentences."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.draft import MAX_CITED_RANGE, DraftReader, DraftSentence, draft_sentences


def sentence(text: str, *numbers: int) -> DraftSentence:
    return DraftSentence(text, numbers)


@pytest.mark.parametrize(
    ("draft", "numbers"),
    [
        ("Returns take 30 days [1].", (1,)),
        ("Returns take 30 days. [1]", (1,)),
        ("Returns take 30 days.[1]", (1,)),
        ("Returns take 30 days [1][2].", (1, 2)),
        ("Returns take 30 days. [1][2]", (1, 2)),
        ("Returns take 30 days. [1] [2]", (1, 2)),
        ("Returns take 30 days [1, 3].", (1, 3)),
        ("Returns take 30 days [ 1,3 ].", (1, 3)),
        ("Returns take 30 days [2-4].", (2, 3, 4)),
        ("Returns take 30 days [2–4].", (2, 3, 4)),
        ("Returns take 30 days [1, 3-5].", (1, 3, 4, 5)),
        ("Returns take [2] 30 days [1].", (2, 1)),
        ("Returns take 30 days [1]. [1]", (1,)),
        ("Returns [99] take 30 days.", (99,)),
        ("Returns take 30 days.", ()),
    ],
)
def test_a_sentence_has_its_numbers_and_none_in_its_text(
    draft: str, numbers: tuple[int, ...]
) -> None:
    assert draft_sentences(draft) == [sentence("Returns take 30 days.", *numbers)]


def test_a_citation_behind_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    assert draft_sentences("Postage is free. [1] Collection is included. [2] Ask us.") == [
        sentence("Postage is free.", 1),
        sentence("Collection is included.", 2),
        sentence("Ask us."),
    ]


def test_sentences_without_full_stops_end_with_their_line() -> None:
    assert draft_sentences("Postage is free [1]\nCollection is included [2]\n\nAsk us") == [
        sentence("Postage is free", 1),
        sentence("Collection is included", 2),
        sentence("Ask us"),
    ]


def test_a_citation_alone_on_a_line_cites_for_nothing_before_it() -> None:
    assert draft_sentences("Postage is free.\n[1]") == [
        sentence("Postage is free."),
        sentence("", 1),
    ]


def test_nothing_is_no_sentence() -> None:
    assert draft_sentences("") == []
    assert draft_sentences(" \n \n") == []


@pytest.mark.parametrize("words", ["[a]", "[1", "1]", "[]", "[1.2]", "(1)", "[-1]", "[1-]"])
def test_what_is_no_citation_stays_in_the_text(words: str) -> None:
    assert draft_sentences(f"See {words} there.") == [sentence(f"See {words} there.")]


def test_a_range_beyond_reason_is_read_as_its_ends() -> None:
    assert draft_sentences("So it is [1-9999].") == [sentence("So it is.", 1, 9999)]
    assert draft_sentences("So it is [5-3].") == [sentence("So it is.", 5, 3)]
    numbers = tuple(range(1, MAX_CITED_RANGE + 1))
    assert draft_sentences(f"So it is [1-{MAX_CITED_RANGE}].") == [sentence("So it is.", *numbers)]


def test_a_number_of_five_thousand_digits_is_no_citation() -> None:
    digits = "1" * 5000

    assert draft_sentences(f"So it is [{digits}].") == [sentence(f"So it is [{digits}].")]


def test_the_reader_gives_a_sentence_as_soon_as_the_next_has_begun() -> None:
    reader = DraftReader()

    assert reader.feed("Postage is free. ") == []
    assert reader.feed("[1] Collection ") == []
    assert reader.feed("is included.") == [sentence("Postage is free.", 1)]
    assert reader.feed(" [2") == []
    assert reader.feed("]\nAsk") == [sentence("Collection is included.", 2)]
    assert reader.finish() == [sentence("Ask")]


_DRAFT_TEXT = st.lists(
    st.sampled_from(
        [
            "Gold",
            "30",
            "days",
            "Mr",
            "e.g.",
            "No.",
            "4.2.",
            "(a)",
            ".",
            "!",
            "?",
            ",",
            ":",
            " ",
            " ",
            " ",
            "\n",
            "[1]",
            "[2]",
            "[",
            "]",
            "1",
            "-",
            "[1, 3]",
            "[2-4]",
            "…",
            '"',
            ")",
            "£",
            "\t",
            "\r",
            "a",
            "I",
        ]
    ),
    max_size=30,
).map("".join)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    ends = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(st.one_of(_DRAFT_TEXT, st.text()), st.lists(st.integers(0, 200), max_size=40))
@example("Postage is free. [1 , 2] Collection too.", [23])
@example("Postage is free. [1] [ 2 ] Collection too.", [25])
@example(".No.!  Gold", [7])
@example("Ask Mr. Smith. 4.2. Or no. 5 of them.", list(range(40)))
def test_a_draft_in_any_pieces_reads_as_the_whole(text: str, cuts: list[int]) -> None:
    reader = DraftReader()

    sentences = [found for piece in in_pieces(text, cuts) for found in reader.feed(piece)]
    sentences += reader.finish()

    assert sentences == draft_sentences(text)
