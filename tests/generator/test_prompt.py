"""What a generator is shown: documents cannot cite, and nothing in them is a format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.draft import draft_sentences
from generator.prompt import PromptTemplate, load_template
from tests.passages import passage, prompt


def test_bracketed_numbers_of_a_document_become_round_ones_where_they_stand() -> None:
    shown = passage("As noted [3], and in [1, 2] and [4-6]; but see [a].").text

    assert shown == "As noted (3), and in (1, 2) and (4-6); but see [a]."


def test_bracketed_numbers_of_a_heading_become_round_ones() -> None:
    filled = load_template().fill("Why?", [passage("Because.", headings=("Terms [2]",))])

    assert "[1] Refund Policy > Terms (2)\nBecause." in filled.user
    assert "[2]" not in filled.user


def test_bracketed_numbers_of_a_title_become_round_ones() -> None:
    filled = load_template().fill("Why?", [passage("Because.", title="Terms [2]", headings=())])

    assert "[2]" not in filled.user


@pytest.mark.parametrize(
    "words", ["【3】", "[^3]", "[Passage 3]", "[[3]]", "[3](https://example.org)", "[source 3]"]
)
def test_what_reads_as_a_citation_in_a_document_does_not_when_it_is_quoted(words: str) -> None:
    shown = passage(f"Refunds are due {words} at once.").text

    assert [each.numbers for each in draft_sentences(f"{shown} [1]")] == [(1,)]


@given(st.text(alphabet="[]()0123456789,–- \nab.【】^"))
def test_every_character_keeps_its_offset_and_none_is_a_citation(text: str) -> None:
    shown = passage(text).text

    assert [a for a, b in zip(shown, text, strict=True) if a != b and b not in "[]【】"] == []
    # Round ones count only where nothing else is cited, and a quotation comes with its citation.
    bracketed = shown.replace("\n", " ").replace("(", "{")
    assert all(sentence.numbers == () for sentence in draft_sentences(bracketed))


def test_braces_are_words_like_others() -> None:
    filled = prompt("What is {question} or {0}?", "Write {passages} and {} and {number!r}.")

    assert "Write {passages} and {} and {number!r}." in filled.user
    assert filled.user.endswith("Question: What is {question} or {0}?")


def test_passages_are_shown_in_order_under_their_numbers() -> None:
    template = PromptTemplate("t@1", "system", "[{number}] {title}|{headings}|{text}", "{passages}")

    filled = template.fill("Why?", [passage("One.", 1), passage("Two.", 2)])

    assert filled.user == (
        "[1] Refund Policy|Refund Policy > Gold tier|One.\n"
        "[2] Refund Policy|Refund Policy > Gold tier|Two."
    )


def test_a_prompt_keeps_what_it_was_made_of() -> None:
    passages = (passage("One.", 1), passage("Two.", 2))

    filled = load_template().fill("Why?", passages)

    assert filled.question == "Why?"
    assert filled.passages == passages
    assert filled.version == "answer@1"
    assert "NO ANSWER" in filled.system
