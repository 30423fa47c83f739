"""Chunks: passages small enough to embed whole and to cite precisely."""

from collections.abc import Callable
from itertools import cycle, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import (
    CLAUSE_WORDS,
    HEADING_CHARS_PER_TOKEN,
    MOST_LEAD_CHARS,
    SPECIAL_TOKENS,
    Chunk,
    chunk_document,
    follows,
    joined,
)
from ingest.divide import LONGEST_DIVIDED_CHARS, LONGEST_WORD_CHARS
from ingest.document import Block, Document, ElementKind
from ingest.embed import SentenceTransformerEncoder
from ingest.formats.errors import DocumentTooLarge
from tests.fuzz.invariants import MAX_TOKENS, TARGET_TOKENS, check_chunks, count_pieces
from tests.ingest.blocks import BLOCKS, document, heading, item, paragraph, table


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def chunks(found: Document, target: int = 10, most: int = 64) -> list[Chunk]:
    return chunk_document(found, count_tokens=count_words, target_tokens=target, max_tokens=most)


def texts(*blocks: Block, target: int = 10, most: int = 64) -> list[str]:
    return [chunk.text for chunk in chunks(document(*blocks), target, most)]


def test_a_chunk_says_where_it_stands_and_what_is_embedded() -> None:
    found = document(
        heading("Refunds"), heading("Gold tier", 2), paragraph("Within 30 days.", page=4)
    )

    assert chunks(found) == [
        Chunk(
            "Within 30 days.",
            20,
            35,
            ("Refunds", "Gold tier"),
            4,
            "Refunds > Gold tier",
        )
    ]
    assert chunks(found)[0].embedded_text == "Refunds > Gold tier\nWithin 30 days."


def test_neighbours_are_joined_to_what_the_document_says() -> None:
    found = document(
        heading("Refunds"),
        paragraph("one two three four five six"),
        paragraph("seven eight nine ten"),
        heading("Silver", 2),
        paragraph("eleven twelve"),
    )
    first, second, third = chunks(found, target=8)

    assert (first.lead, second.lead, third.lead) == (None, "\n\n", "\n\nSilver\n\n")
    whole = joined([first, second, third])
    assert whole.text == found.text[first.start :]
    assert (whole.start, whole.end) == (first.start, third.end)
    assert whole.heading_path == ("Refunds",)


def test_one_chunk_alone_is_itself() -> None:
    only = Chunk("one", 0, 3, (), None, "")

    assert joined([only]) == only


def test_what_does_not_follow_cannot_be_joined() -> None:
    first, second, third = chunks(
        document(*(paragraph(f"one two three four five {word}") for word in "abc")), target=7
    )

    assert follows(second, first)
    assert not follows(third, first)
    assert not follows(first, second)
    with pytest.raises(ValueError, match="does not follow"):
        joined([first, third])


def test_more_than_headings_between_two_keeps_them_apart() -> None:
    long_heading = "a" * MOST_LEAD_CHARS

    first, second = chunks(
        document(paragraph("one two"), heading(long_heading), paragraph("three")), most=1000
    )

    assert second.lead is None
    assert not follows(second, first)


def test_the_fallback_title_is_context_where_no_heading_is() -> None:
    assert [c.context for c in chunks(document(paragraph("Ring us."), title="sick-leave"))] == [
        "sick-leave"
    ]


def test_a_document_title_below_which_a_heading_stands_apart_is_named_too() -> None:
    found = document(heading("Preamble", 2), paragraph("We care."), heading("Code", 1))

    assert [chunk.context for chunk in chunks(found)] == ["Code > Preamble"]


def test_elements_are_packed_up_to_the_target() -> None:
    assert texts(
        paragraph("one two three four"),
        paragraph("five six seven eight nine"),
        paragraph("ten eleven"),
        target=16,
    ) == ["one two three four\n\nfive six seven eight nine\n\nten eleven"]
    assert texts(
        paragraph("one two three four"),
        paragraph("five six seven eight nine"),
        paragraph("ten eleven"),
        target=10,
    ) == ["one two three four\n\nfive six seven eight nine", "ten eleven"]


def test_a_heading_ends_a_chunk() -> None:
    assert texts(
        paragraph("before"), heading("First"), paragraph("one"), heading("Next"), paragraph("two")
    ) == ["before", "one", "two"]


def test_a_heading_with_nothing_under_it_stands_for_itself_if_it_is_a_clause() -> None:
    words = "Nobody works alone at height or in the cold store at night".split()[:CLAUSE_WORDS]
    clause, short = " ".join(words), " ".join(words[1:])

    assert texts(heading("Title"), heading(clause, 2), heading("Scope", 2), item("all")) == [
        clause,
        "all",
    ]
    assert texts(heading("Title"), paragraph("Text."), heading(clause, 2)) == ["Text.", clause]
    assert texts(heading(short), heading(short), paragraph("Text."), heading(short)) == ["Text."]
    assert texts(heading(clause), heading("Below", 2), paragraph("Text.")) == ["Text."]


def test_a_document_of_short_headings_alone_is_not_lost() -> None:
    assert texts(heading("Release 7"), heading("Draft", 2)) == ["Release 7", "Draft"]


def test_a_word_too_long_for_the_tokenizer_is_divided() -> None:
    word = "x" * (LONGEST_WORD_CHARS * 2 + 5)

    assert [len(text) for text in texts(paragraph(word), target=1)] == [
        LONGEST_WORD_CHARS,
        LONGEST_WORD_CHARS,
        5,
    ]


def test_long_paragraphs_are_divided_at_sentences() -> None:
    assert texts(
        paragraph("Ask first before you go. Then go where you like. Come back."), target=8
    ) == ["Ask first before you go.", "Then go where you like. Come back."]


def test_a_text_that_the_sentence_splitter_gives_up_on_is_divided() -> None:
    found = document(paragraph("?! " * 60_000))

    divided = chunks(found, 50)
    covered = "".join(chunk.text for chunk in divided)
    assert covered.replace(" ", "") == "?!" * 60_000
    assert max(count_words([chunk.text for chunk in divided])) <= 50


def test_a_paragraph_of_many_pages_is_divided_at_its_sentences() -> None:
    divided = texts(paragraph(" ".join(["Ring us before nine."] * 1000)), target=8)

    assert divided == ["Ring us before nine. Ring us before nine."] * 500


def test_tables_are_divided_at_rows() -> None:
    assert texts(table("Tier: Gold; Days: 30", "Tier: Basic; Days: 14", "Tier: No; Days: 0")) == [
        "Tier: Gold; Days: 30\nTier: Basic; Days: 14",
        "Tier: No; Days: 0",
    ]


def test_an_introducing_line_moves_along_with_what_it_introduces() -> None:
    assert texts(
        paragraph("Some words that fill it."),
        paragraph("You may claim:"),
        item("rail fares"),
        item("taxi fares"),
        target=8,
    ) == ["Some words that fill it.", "You may claim:\n\nrail fares\ntaxi fares"]


def test_an_introducing_line_stays_behind_where_what_follows_fills_a_chunk() -> None:
    assert texts(
        paragraph("Some words that fill it."),
        paragraph("You may claim:"),
        item("one two three four five six seven eight"),
        target=8,
    ) == [
        "Some words that fill it.",
        "You may claim:",
        "one two three four five six seven eight",
    ]


def test_a_long_context_loses_its_outer_headings_first() -> None:
    found = document(
        heading("A title of very many words indeed"), heading("Scope", 2), paragraph("All.")
    )

    assert [chunk.context for chunk in chunks(found, most=32)] == ["Scope"]


def test_a_long_heading_is_cut_in_the_context_but_not_in_the_path() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    (chunk,) = chunks(document(heading(words), paragraph("All.")), most=32)

    assert chunk.context == "one two three four five six"
    assert chunk.heading_path == (words,)


def test_a_heading_too_long_to_be_read_is_no_context() -> None:
    found = document(heading("x" * 64 * HEADING_CHARS_PER_TOKEN), paragraph("All."))

    assert [chunk.context for chunk in chunks(found)] == [""]


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks(document()) == []


def test_a_document_of_more_passages_than_can_be_embedded_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.chunk.MOST_CHUNKS", 3)

    assert len(texts(*[paragraph("one two three")] * 3, target=3)) == 3
    with pytest.raises(DocumentTooLarge, match=r"^makes more than 3 passages: divide it$"):
        texts(*[paragraph("one two three")] * 4, target=3)


def test_what_has_no_tokens_at_all_makes_passages_of_some_length() -> None:
    found = document(*[paragraph("\u200b" * 900)] * 50)

    divided = chunk_document(
        found, count_tokens=lambda texts: [0] * len(texts), target_tokens=10, max_tokens=64
    )
    assert [len(chunk.text) for chunk in divided] == [11 * 902 - 2] * 4 + [6 * 902 - 2]


CHARS = 60_000
SECTIONS = CHARS // 60


def repeated(*texts: str, separator: str = "") -> str:
    """About so many characters."""
    size = sum(len(text) + len(separator) for text in texts)
    return separator.join(islice(cycle(texts), CHARS * len(texts) // size))


def numbered(pattern: str) -> str:
    return "".join(pattern.format(number) for number in range(CHARS // len(pattern.format(1234))))


def sections(title: str) -> list[Block]:
    """Many, deep under long headings of which each is another."""
    above = [heading(f"{title} {depth}", depth) for depth in range(1, 40)]
    below = [(heading(f"{number}", 99), paragraph("Ring us.")) for number in range(SECTIONS)]
    return [*above, *(block for pair in below for block in pair)]


def test_the_shapes_that_are_tested_are_long() -> None:
    assert len(repeated("a. ")) == CHARS
    assert CHARS * 0.8 < len(numbered("word{} ")) < CHARS * 1.2


SHAPES: dict[str, Callable[[], list[Block]]] = {
    "a sentence without an end": lambda: [paragraph(numbered("word{} "))],
    "a word": lambda: [paragraph("x" * CHARS)],
    "words that are just not divided": lambda: [
        paragraph(repeated("x" * LONGEST_WORD_CHARS, separator=" "))
    ],
    "long words": lambda: [paragraph(numbered("x" * 95 + "{} "))],
    "stops": lambda: [paragraph(repeated("a. "))],
    "stops behind words": lambda: [paragraph(numbered("{}. "))],
    "dots": lambda: [paragraph("." * CHARS)],
    "dots apart": lambda: [paragraph(repeated(". "))],
    "marks": lambda: [paragraph("!" * CHARS)],
    "marks in turn": lambda: [paragraph(repeated("?????:"))],
    "phrases": lambda: [paragraph(repeated("a,"))],
    "letters": lambda: [paragraph(repeated("a "))],
    "lines": lambda: [paragraph(repeated("a\n"))],
    "gaps": lambda: [paragraph(repeated("a", "b", separator="\n\n\n"))],
    "spaces": lambda: [paragraph("a" + " " * CHARS + "b")],
    "Chinese": lambda: [paragraph("".join(chr(0x4E00 + n % 20_000) for n in range(CHARS)))],
    "Chinese sentences": lambda: [paragraph(repeated("退款政策。"))],
    "emoji": lambda: [paragraph(repeated("🧾", "👩‍👩‍👧", "🇳🇱"))],
    "combining marks": lambda: [paragraph("e" + "\u0301" * CHARS)],
    "letters with marks": lambda: [paragraph(repeated("e\u0301\u0323"))],
    "invisible characters": lambda: [paragraph("a" + "\u200b" * CHARS)],
    "a table of rows": lambda: [table(*["Tier: Gold; Days: 30"] * (CHARS // 21))],
    "a table of tiny rows": lambda: [table(*"ab" * (CHARS // 4))],
    "a table of one row": lambda: [table(numbered("Days: {}; "))],
    "a table of empty rows": lambda: [table("a", *[""] * CHARS, "b")],
    "tiny items": lambda: [item("a")] * (CHARS // 2),
    "items that introduce": lambda: [item("a:")] * (CHARS // 3),
    "items too long": lambda: [item("Ring us, " * 50)] * (CHARS // 450),
    "tiny sections": lambda: [heading("a"), paragraph("b")] * SECTIONS,
    "headings": lambda: [heading(f"one two three four {number}") for number in range(SECTIONS)],
    "sections under headings": lambda: sections("All that has to be said of it"),
    "sections under headings that are not read": lambda: sections("x" * 1000),
    "a heading above sections": lambda: [
        heading(numbered("word{} ")),
        *[heading("a", 2), paragraph("b")] * SECTIONS,
    ],
    "a heading of one word": lambda: [heading("x" * CHARS), paragraph("b")],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_text_is_tokenized_often(shape: str) -> None:
    found = document(*SHAPES[shape]())
    counted: list[int] = []

    def count(texts: list[str]) -> list[int]:
        counted.append(sum(map(len, texts)))
        return count_pieces(texts)

    made = chunk_document(
        found, count_tokens=count, target_tokens=TARGET_TOKENS, max_tokens=MAX_TOKENS
    )

    contexts = len({element.heading_path for element in found.elements})
    longest_context = MAX_TOKENS // 4 * HEADING_CHARS_PER_TOKEN
    assert sum(counted) <= 6 * len(found.text) + contexts * longest_context
    assert len(counted) <= 6 * (len(made) + 1 + len(found.text) // LONGEST_DIVIDED_CHARS)
    check_chunks(found, made, count_pieces)


SIZES = st.sampled_from([(32, 64), (32, 256), (160, 256), (16, 32)])


@settings(max_examples=80, deadline=None)
@given(BLOCKS, SIZES)
def test_any_chunk_is_the_text_between_its_offsets_and_none_overlap(
    encoder: SentenceTransformerEncoder, blocks: list[Block], sizes: tuple[int, int]
) -> None:
    found = document(*blocks)
    made = _real_chunks(found, encoder, sizes)

    assert [found.text[c.start : c.end] for c in made] == [c.text for c in made]
    assert all(chunk.text.strip() for chunk in made)
    assert all(before.end <= after.start for before, after in pairwise(made))


@settings(max_examples=80, deadline=None)
@given(BLOCKS, SIZES)
def test_any_element_but_titles_is_covered_by_chunks(
    encoder: SentenceTransformerEncoder, blocks: list[Block], sizes: tuple[int, int]
) -> None:
    found = document(*blocks)
    covered = set[int]()
    for chunk in _real_chunks(found, encoder, sizes):
        covered.update(range(chunk.start, chunk.end))

    missing = [
        found.text[position]
        for element in found.elements
        if element.kind is not ElementKind.TITLE
        for position in range(element.start, element.end)
        if position not in covered and not found.text[position].isspace()
    ]
    assert missing == []


@settings(max_examples=80, deadline=None)
@given(BLOCKS, SIZES)
def test_any_chunk_lies_under_one_heading(
    encoder: SentenceTransformerEncoder, blocks: list[Block], sizes: tuple[int, int]
) -> None:
    found = document(*blocks)

    for chunk in _real_chunks(found, encoder, sizes):
        inside = [e for e in found.elements if e.start < chunk.end and chunk.start < e.end]
        titles = [e for e in inside if e.kind is ElementKind.TITLE]
        assert titles in ([], inside)
        assert len(titles) <= 1
        assert {e.heading_path for e in inside} == {chunk.heading_path}


@settings(max_examples=80, deadline=None)
@given(BLOCKS, SIZES)
def test_any_chunk_is_embedded_whole(
    encoder: SentenceTransformerEncoder, blocks: list[Block], sizes: tuple[int, int]
) -> None:
    embedded = [c.embedded_text for c in _real_chunks(document(*blocks), encoder, sizes)]

    assert all(n + SPECIAL_TOKENS <= sizes[1] for n in encoder.count_tokens(embedded))


def _real_chunks(
    found: Document, encoder: SentenceTransformerEncoder, sizes: tuple[int, int]
) -> list[Chunk]:
    target_tokens, max_tokens = sizes
    return chunk_document(
        found,
        count_tokens=encoder.count_tokens,
        target_tokens=target_tokens,
        max_tokens=max_tokens,
    )
