"""A draft is read the same whole and in pieces, and its citations go to the right sentences."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.citation import MAX_CITED_RANGE
from generator.draft import DraftReader, DraftSentence, draft_sentences


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
        ("Returns take 30 days [1; 3].", (1, 3)),
        ("Returns take 30 days [1 and 3].", (1, 3)),
        ("Returns take 30 days [[1]].", (1,)),
        ("Returns take 30 days [[1]][[2]].", (1, 2)),
        ("Returns take 30 days 【1】.", (1,)),
        ("Returns take 30 days.【1】【2】", (1, 2)),
        ("Returns take 30 days【1†source】.", (1,)),
        ("Returns take 30 days【4:0†refunds.pdf】.", (4,)),
        ("Returns take 30 days[^1].", (1,)),
        ("Returns take 30 days.[^1][^2]", (1, 2)),
        ("Returns take 30 days [1](https://example.org/a_b?c=1.2).", (1,)),
        ("Returns take 30 days [[1]](https://example.org/).", (1,)),
        ("Returns take 30 days. [1](#passage-1) [2](/documents/2)", (1, 2)),
        ("Returns take 30 days [Passage 1].", (1,)),
        ("Returns take 30 days [passage 1, 2].", (1, 2)),
        ("Returns take 30 days [Passage 1, Passage 3].", (1, 3)),
        ("Returns take 30 days [passages 1–3].", (1, 2, 3)),
        ("Returns take 30 days [passage 1 - passage 3].", (1, 2, 3)),
        ("Returns take 30 days [source 2].", (2,)),
        ("Returns take 30 days. [Doc. 3]", (3,)),
        ("Returns take 30 days¹.", (1,)),
        ("Returns take 30 days.¹", (1,)),
        ("Returns take 30 days.¹⁰", (10,)),
        ("Returns take 30 days.¹,³", (1, 3)),
        ("Returns take 30 days (1).", (1,)),
        ("Returns take 30 days. (1)", (1,)),
        ("Returns take 30 days (1, 2).", (1, 2)),
        ("Returns take 30 days. (1,2).", (1, 2)),
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


@pytest.mark.parametrize(
    "draft",
    [
        "Postage is free.【1】 Collection is included.【2】 Ask us.",
        "Postage is free.[^1] Collection is included.[^2] Ask us.",
        "Postage is free.¹ Collection is included.² Ask us.",
        "Postage is free (1). Collection is included (2). Ask us.",
        "Postage is free [Passage 1]. Collection is included [Passage 2]. Ask us.",
        "Postage is free [1](http://a.b/c.html?d=1.2). Collection is included [2](#d). Ask us.",
    ],
)
def test_the_sentences_of_a_line_have_their_own_citations_in_every_form(draft: str) -> None:
    assert draft_sentences(draft) == [
        sentence("Postage is free.", 1),
        sentence("Collection is included.", 2),
        sentence("Ask us."),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Refunds are due as said in (3).",
        "Refunds are due as in clause 4(3).",
        "Refunds are due.³",
        "Refunds are due³ at once.",
        "The room has 30 m³ and (3).",
    ],
)
def test_round_and_raised_numbers_are_text_where_something_else_is_cited(words: str) -> None:
    assert draft_sentences(f"{words} [1]") == [sentence(words, 1)]


@pytest.mark.parametrize(
    "words",
    [
        "Each room has 20 m².",
        "The site has 3 km².",
        "It grows with x².",
        "So it is under clause (3).",
        "So it is under section 4(1).",
        "So it is under the Equality Act (2010).",
        "Refunds are (1) quick and (2) free.",
        "The first (1) counts.",
    ],
)
def test_numbers_with_other_meanings_are_no_citations(words: str) -> None:
    assert draft_sentences(words) == [sentence(words)]


def test_a_line_that_defines_a_footnote_says_nothing() -> None:
    assert draft_sentences(
        "Postage is free.[^1]\n\n[^1]: Refund policy. Section 4. [2]\nAsk us."
    ) == [
        sentence("Postage is free.", 1),
        sentence("Ask us."),
    ]


def test_a_passage_that_a_draft_makes_up_is_a_sentence_like_others() -> None:
    assert draft_sentences("[1] Refund policy: Gold has 90 days.\nGold has 90 days. [1]") == [
        sentence("Refund policy: Gold has 90 days.", 1),
        sentence("Gold has 90 days.", 1),
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
            "【1】",
            "【2†source】",
            "[^1]",
            "[^1]:",
            "[[",
            "^",
            "【",
            "】",
            "[3](http://a.b/c.)",
            "](",
            "(#a)",
            "[Passage 1]",
            "Passage",
            "¹",
            "².",
            "(1)",
            "(1, 2)",
            "(",
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
@example("Postage is free. (1, 2) (3) Next. Other words.", list(range(40)))
@example("Postage is free.¹ Next one.² Other words (1). Last one.", list(range(60)))
@example("Postage is free. [1](http://a.b/c) [^2] Next one. Other words.", list(range(60)))
@example(" [^1]: Postage is free. Next one. Other words.\n[^1] Gold. Next.", list(range(60)))
def test_a_draft_in_any_pieces_reads_as_the_whole(text: str, cuts: list[int]) -> None:
    reader = DraftReader()

    sentences = [found for piece in in_pieces(text, cuts) for found in reader.feed(piece)]
    sentences += reader.finish()

    assert sentences == draft_sentences(text)


@pytest.mark.parametrize(
    "unit",
    [
        "[1",
        "[1, ",
        "[[",
        "【1",
        "[^1]",
        "[1](http://a",
        "(1, 2) ",
        "days¹",
        "¹",
        "word ",
        "Postage is free. ",
        "1 , ",
    ],
)
def test_a_draft_of_any_length_is_read_in_a_time_like_its_length(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    reader = DraftReader()

    started = time.perf_counter()
    sentences = [
        found
        for start in range(0, len(text), 40)
        for found in reader.feed(text[start : start + 40])
    ]
    sentences += reader.finish()

    assert time.perf_counter() - started < 5
    assert sentences == draft_sentences(text)
