"""Clause numbers and quoted words of a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exact import clauses_asked_for, exact_terms, share_held, stands_below


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What does section 4.3 say?", ("4.3",)),
        ("What does §12 say about leave?", ("12",)),
        ("Is 2.1.5 still in force?", ("2.1.5",)),
        ("Does Article 6(1)(f) apply?", ("6(1)(f)",)),
        ("Compare clauses 3 and 4.2", ("3", "4.2")),
        ("What is in Appendix A.1?", ("A.1",)),
        ('Who counts as a "covered  employee"?', ("covered employee",)),
        ("What is “Last of the Line”, and what does clause 7 say?", ("Last of the Line", "7")),
        ("May I take 2.5 days off?", ()),
        ("Does it cost $4.50 or 3.2%?", ()),
        ("How long do Gold members have?", ()),
        ("?", ()),
        ('""', ()),
        ("Is 1,234.56 the limit?", ()),
    ],
)
def test_the_terms_of_a_question(question: str, terms: tuple[str, ...]) -> None:
    assert exact_terms(question) == terms


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("4.3 Gold tier\nA full refund.", 1.0),
        ("See 4.3.", 1.0),
        ("4.3.1 Exceptions", 0.0),
        ("14.3 Tents", 0.0),
        ("Refunds of 4.35", 0.0),
    ],
)
def test_a_number_stands_for_itself_alone(text: str, share: float) -> None:
    assert share_held(["4.3"], text) == share


def test_words_may_stand_on_two_lines_and_in_capitals() -> None:
    assert share_held(["covered employee", "7.1"], "A COVERED\nEmployee is") == 0.5


def test_nothing_asked_for_exactly_is_held_by_nothing() -> None:
    assert share_held([], "4.3 Gold tier") == 0.0


@given(st.text())
def test_any_question_has_terms_that_it_says_itself(question: str) -> None:
    terms = exact_terms(question)

    assert all(term and term == term.strip() for term in terms)
    assert len(set(terms)) == len(terms)


PLACE = "Refund and Returns Policy > 4 Refund terms by membership tier > 4.3 Gold tier"


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("What does section 4.3 say?", ("4.3",)),
        ("In the refund policy, what does section 4.3 say?", ("4.3",)),
        ("Explain clauses 4.3 and 4.4 of the returns policy, please.", ("4.3", "4.4")),
        ("Show me 4.3", ("4.3",)),
        ("Does section 4.3 cover helicopters?", ()),
        ("How many days does section 4.3 give Gold members?", ()),
        ("What does the leave policy say?", ()),
        ("What does 'Gold' mean?", ()),
        ('What does "Gold tier" mean?', ()),
        ("", ()),
    ],
)
def test_a_question_asks_for_a_clause_alone_or_for_more(
    question: str, numbers: tuple[str, ...]
) -> None:
    assert clauses_asked_for(question, PLACE) == numbers


def test_what_stands_below_a_clause_is_of_it() -> None:
    path = ("4 Refund terms", "4.3 Gold tier")

    assert stands_below(("4",), path)
    assert stands_below(("4.3", "9"), path)
    assert not stands_below(("4.33", "3"), path)
    assert not stands_below((), path)
