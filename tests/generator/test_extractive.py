"""The quoting generator says sentences of its passages, and nothing else."""

import pytest

from generator.extractive import ExtractiveGenerator
from generator.model import Usage
from generator.prompt import NO_ANSWER
from generator.settings import ExtractiveSettings
from ingest.embed import SentenceTransformerEncoder
from tests.passages import prompt

GOLD = "Gold tier users receive a full refund within 30 days."
POSTAGE = "No return postage is charged to Gold tier users."
HELMETS = "Helmets are inspected by the workshop every spring."
QUESTION = "What are the refund terms for Gold tier users?"


@pytest.fixture
def everything(encoder: SentenceTransformerEncoder) -> ExtractiveGenerator:
    """Says every sentence: none is too far from the best."""
    return ExtractiveGenerator(encoder, ExtractiveSettings(max_sentences=20, margin=2))


def lines(generator: ExtractiveGenerator, question: str, *texts: str) -> list[str]:
    *deltas, usage = generator.stream(prompt(question, *texts))
    assert usage == Usage()
    return "".join(str(delta) for delta in deltas).splitlines()


def test_the_sentence_that_answers_is_quoted_with_its_number(
    encoder: SentenceTransformerEncoder,
) -> None:
    generator = ExtractiveGenerator(encoder, ExtractiveSettings())

    assert lines(generator, QUESTION, HELMETS, f"{GOLD} {HELMETS}") == [f"{GOLD} [2]"]


def test_sentences_are_said_in_reading_order(everything: ExtractiveGenerator) -> None:
    said = lines(everything, QUESTION, f"{HELMETS} {GOLD}", POSTAGE)

    assert said == [f"{HELMETS} [1]", f"{GOLD} [1]", f"{POSTAGE} [2]"]


def test_what_two_passages_say_is_said_once_with_both_numbers(
    everything: ExtractiveGenerator,
) -> None:
    said = lines(everything, QUESTION, f"{GOLD} {HELMETS}", POSTAGE, f"{GOLD} {GOLD}")

    assert said == [f"{GOLD} [1][3]", f"{HELMETS} [1]", f"{POSTAGE} [2]"]


def test_line_breaks_inside_a_passage_end_a_sentence_and_spaces_become_one(
    everything: ExtractiveGenerator,
) -> None:
    said = lines(everything, QUESTION, "Gold  tier users get everything\nSilver tier users\tdo not")

    assert said == ["Gold tier users get everything [1]", "Silver tier users do not [1]"]


def test_questions_and_short_sentences_are_not_quoted(everything: ExtractiveGenerator) -> None:
    said = lines(everything, QUESTION, f"What do Gold tier users get? Quite so. {GOLD}")

    assert said == [f"{GOLD} [1]"]


def test_no_more_than_max_sentences_are_said(encoder: SentenceTransformerEncoder) -> None:
    generator = ExtractiveGenerator(encoder, ExtractiveSettings(max_sentences=2, margin=2))

    assert lines(generator, QUESTION, HELMETS, GOLD, POSTAGE) == [f"{GOLD} [2]", f"{POSTAGE} [3]"]


def test_a_bracketed_number_in_a_document_is_quoted_as_a_round_one(
    everything: ExtractiveGenerator,
) -> None:
    assert lines(everything, QUESTION, "Gold tier users get it all [7].") == [
        "Gold tier users get it all (7). [1]"
    ]


@pytest.mark.parametrize("texts", [(), ("Who knows?",), ("Too short.",)])
def test_without_a_sentence_to_quote_there_is_no_answer(
    everything: ExtractiveGenerator, texts: tuple[str, ...]
) -> None:
    assert lines(everything, QUESTION, *texts) == [NO_ANSWER]
