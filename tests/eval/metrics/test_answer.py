"""Answers against their reference, their key facts and the form asked for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from eval.metrics.answer import (
    KeyFactRecall,
    exact_match,
    format_adherence,
    key_fact_recall,
    rouge_l,
    token_f1,
)


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("The refund takes 30 days.", "refund takes 30 days", 1.0),
        # 2 shared of 4 said and 2 wanted: P = 1/2, R = 1
        ("refund in thirty days", "Refund days", 2 / 3),
        ("days days", "days", 2 / 3),  # P = 1/2, R = 1
        ("It’s free", "its free", 1.0),
        ("yes", "no", 0.0),
        ("", "no", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_token_f1(answer: str, reference: str, f1: float) -> None:
    assert token_f1(answer, reference) == pytest.approx(f1)
    assert token_f1(reference, answer) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        ("The 30 days.", "30 days", 1.0),
        ("It’s  FREE!", "its free", 1.0),
        ("days 30", "30 days", 0.0),
        ("30 days or so", "30 days", 0.0),
        ("", "", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_exact_match(answer: str, reference: str, same: float) -> None:
    assert exact_match(answer, reference) == same


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("Refund within 30 days", "refund within 30 days", 1.0),
        # "refund … days" is common to both: P = 2/4, R = 2/3
        ("days refund after days", "refund in days", 4 / 7),
        # in the wrong order one word is left: P = R = 1/2
        ("days refund", "refund days", 1 / 2),
        ("Rückgabe in dreißig Tagen", "Rückgabe in dreißig Tagen", 1.0),
        ("возврат", "возврат", 1.0),
        ("", "refund", 0.0),
        ("?", "?", 0.0),
    ],
)
def test_rouge_l(answer: str, reference: str, score: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(score)


_ASCII = st.text(alphabet="abc AB.,", max_size=30)


@settings(deadline=None)
@given(_ASCII, _ASCII)
def test_rouge_l_is_the_librarys_on_plain_letters(answer: str, reference: str) -> None:
    theirs = RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure

    assert rouge_l(answer, reference) == theirs


def states(fact: str, answer: str) -> bool:
    return fact in answer


def test_key_facts_are_counted_once_over_all_and_once_over_the_vital() -> None:
    facts = [("30 days", True), ("free postage", True), ("Gold", False), ("unused", False)]

    recall = key_fact_recall("Gold: 30 days, if unused", facts, states)

    assert recall == KeyFactRecall(every=3 / 4, vital=1 / 2)


def test_where_there_is_no_such_fact_there_is_no_recall() -> None:
    assert key_fact_recall("Gold", [("Gold", False)], states) == KeyFactRecall(1, None)
    assert key_fact_recall("Gold", [], states) == KeyFactRecall(None, None)
    assert key_fact_recall("", [("Gold", True)], states) == KeyFactRecall(0, 0)


TWO_SENTENCES = "You have 30 days. Postage is free."


@pytest.mark.parametrize(
    ("kept", "adherence"),
    [
        (format_adherence(TWO_SENTENCES, max_sentences=2), 1.0),
        (format_adherence(TWO_SENTENCES, max_sentences=1), 0.0),
        (format_adherence(TWO_SENTENCES, max_words=7), 1.0),
        (format_adherence(TWO_SENTENCES, max_words=6), 0.0),
        (format_adherence(TWO_SENTENCES, must_match=r"\d+ days"), 1.0),
        (format_adherence(TWO_SENTENCES, must_match=r"^\d+ days"), 0.0),
        (format_adherence(TWO_SENTENCES, must_not_match=r"\bmaybe\b"), 1.0),
        (format_adherence(TWO_SENTENCES, must_not_match=r"free"), 0.0),
        # every rule has to be kept
        (format_adherence(TWO_SENTENCES, max_sentences=2, must_not_match=r"free"), 0.0),
        (format_adherence("", max_sentences=0, max_words=0), 1.0),
        (format_adherence(TWO_SENTENCES), None),
    ],
)
def test_the_form_is_kept_or_not(kept: float | None, adherence: float | None) -> None:
    assert kept == adherence


@settings(deadline=None)
@given(st.text(), st.text(), st.lists(st.tuples(st.text(max_size=3), st.booleans())))
def test_every_score_is_none_or_from_0_to_1(
    answer: str, reference: str, facts: list[tuple[str, bool]]
) -> None:
    recall = key_fact_recall(answer, facts, states)

    for score in (
        exact_match(answer, reference),
        token_f1(answer, reference),
        rouge_l(answer, reference),
        recall.every,
        recall.vital,
        format_adherence(answer, max_sentences=2, max_words=9, must_match=r"\w"),
    ):
        assert score is None or 0 <= score <= 1
