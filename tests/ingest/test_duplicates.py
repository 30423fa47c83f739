import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.duplicates import (
    Sketched,
    containment,
    group_same,
    jaccard,
    same_text,
    same_words,
    sketch,
)

_RANDOM = random.Random(7)
WORDS = ["".join(_RANDOM.choices("abcdefghij", k=6)) for _ in range(4_000)]
BOOK = " ".join(WORDS)


def test_a_sketch_survives_the_format() -> None:
    as_pdf = (
        BOOK.upper()
        .replace(" ", "\n")
        .replace(WORDS[5].upper(), f"{WORDS[5][:3]}-\n{WORDS[5][3:]}")
    )

    assert sketch(as_pdf) == sketch(BOOK)


def test_a_sketch_estimates_how_far_a_chapter_is_in_a_book() -> None:
    half_from_the_book = " ".join(WORDS[:1_000] + WORDS[999::-1])

    assert containment(sketch(" ".join(WORDS[500:1_500])), sketch(BOOK)) == 1
    assert containment(sketch(half_from_the_book), sketch(BOOK)) == pytest.approx(0.5, abs=0.05)
    assert jaccard(sketch(" ".join(WORDS[:2_000])), sketch(BOOK)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("text", ["", "  \n", "…"])
def test_a_text_without_words_is_like_nothing(text: str) -> None:
    assert sketch(text) == frozenset()
    assert containment(sketch(text), sketch(BOOK)) == 0
    assert same_text([Sketched("a", sketch(text)), Sketched("b", sketch(text))]) == {
        "a": "a",
        "b": "b",
    }


def test_of_the_same_text_the_lowest_priority_number_stands_for_all() -> None:
    documents = [
        Sketched("policy.pdf", sketch(BOOK + " page head"), priority=2),
        Sketched("policy.html", sketch(BOOK), priority=1),
        Sketched("chapter.html", sketch(" ".join(WORDS[:1_000])), priority=0),
    ]

    assert same_text(documents) == {
        "chapter.html": "chapter.html",
        "policy.html": "policy.html",
        "policy.pdf": "policy.html",
    }


def test_two_editions_are_two_documents_however_alike() -> None:
    documents = [
        Sketched("v1.txt", sketch(BOOK), edition="1"),
        Sketched("v2.txt", sketch(BOOK + " new"), edition="2"),
        Sketched("v2.pdf", sketch(BOOK + " new"), edition="2"),
    ]

    assert same_text(documents) == {"v1.txt": "v1.txt", "v2.txt": "v2.pdf", "v2.pdf": "v2.pdf"}


@given(st.permutations(range(6)))
def test_the_order_of_the_documents_makes_no_difference(order: list[int]) -> None:
    documents = [Sketched(str(n), sketch(" ".join(WORDS[20 * n : 300 + 20 * n]))) for n in range(6)]

    assert same_text([documents[index] for index in order]) == same_text(documents)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Employees may carry over 30 days.", "EMPLOYEES may carry\nover 30 days"),
        ("The office files it.", "The oﬃce ﬁles it."),
        ("a well-known exception", "a well-\nknown exception"),
        ("an exception", "an excep-\ntion"),
        ("Travel by train.\nBook early.", "• Travel by train.\n• Book early."),
        ("1. Travel by train.\n2. Book early.", "Travel by train.\nBook early."),
        ("“Days” means work days – all.", '"Days" means work days - all.'),
        ("Carry over\n\nEmployees may carry over 30 days.", "Employees may carry over 30 days."),
    ],
)
def test_the_format_makes_no_difference(first: str, second: str) -> None:
    assert same_words(first, second)
    assert same_words(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Employees may carry over 30 days.", "Employees may carry over 14 days."),
        ("Employees may carry over days.", "Employees may not carry over days."),
        ("Employees may carry over 30 days.", "Contractors may carry over 30 days."),
        ("You may carry 30 days.", "You may carry 30 days unless on probation."),
        ("You may carry 30 days.", "Nobody says you may carry 30 days."),
        ("Carry over no more than\n30. Then ask.", "Carry over no more than\n14. Then ask."),
        ("Keep 3.5 days.", "Keep 35 days."),
        ("A fee of 5%.", "A fee of $5."),
        ("Bring 1 bag.", "Bring 11 bag."),
        ("one", ""),
    ],
)
def test_a_word_or_number_makes_it_another_passage(first: str, second: str) -> None:
    long = " ".join(WORDS[:300])

    assert not same_words(first, second)
    assert not same_words(second, first)
    assert not second or not same_words(f"{long} {first} {long}", f"{long} {second} {long}")


def test_passages_are_grouped_under_the_first_of_each() -> None:
    passages = ["Thirty days.", "Fourteen days.", "THIRTY\ndays", "- Fourteen days."]

    assert group_same(passages) == [0, 1, 0, 1]


@given(st.text(max_size=80))
def test_every_passage_is_the_same_as_itself(passage: str) -> None:
    assert same_words(passage, passage)
