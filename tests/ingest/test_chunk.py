"""Chunks: passages small enough to embed whole and to cite precisely."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import CLAUSE_WORDS, LONGEST_WORD_CHARS, SPECIAL_TOKENS, Chunk, chunk_document
from ingest.document import Block, Document, ElementKind
from ingest.embed import SentenceTransformerEncoder
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


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks(document()) == []


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
