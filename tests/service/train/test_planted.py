"""Errors planted in true sentences, and sentences said in other words."""

import random

import pytest

from service.claims import compare
from service.train.planted import CHANGES, Change, planted
from service.train.rephrase import rephrased

RULE = "If you leave in March, you must not keep the Acme laptop for more than 30 days."


@pytest.mark.parametrize(
    ("change", "sentence", "changed"),
    [
        (Change.NEGATION, "Staff must not smoke indoors.", "Staff must smoke indoors."),
        (Change.NEGATION, "Staff may smoke outdoors.", "Staff may not smoke outdoors."),
        (Change.MODAL, "Staff must wear a badge.", "Staff may wear a badge."),
        (Change.MODAL, "Staff may not smoke.", "Staff may smoke."),
        (Change.CONDITION, "We refund the whole price if you cancel within a week.",
         "We refund the whole price."),
        (Change.CONDITION, "If you cancel in time, we refund the whole price.",
         "We refund the whole price."),
        (Change.NUMBER, "Nobody can be sure.", None),
        (Change.DATE, "You may leave.", None),
        (Change.CONDITION, "We refund the price.", None),
    ],
)  # fmt: skip
def test_each_kind_of_change_makes_one_error_or_none(
    change: Change, sentence: str, changed: str | None
) -> None:
    assert CHANGES[change](sentence, random.Random(1), ()) == changed


@pytest.mark.parametrize("change", [Change.NUMBER, Change.DATE, Change.NAME])
def test_another_number_date_or_name_is_another(change: Change) -> None:
    for seed in range(20):
        changed = CHANGES[change](RULE, random.Random(seed), ("Acme", "Umbrella Works"))
        assert changed is not None
        assert changed != RULE
        assert compare(changed, RULE).findings


def test_the_same_seed_plants_the_same_errors_in_turn() -> None:
    sentences = [
        (RULE, RULE),
        ("Staff must wear a badge at work.", "Staff must wear a badge at work."),
    ]

    first = list(planted(sentences, random.Random(3), per_sentence=2))

    assert first == list(planted(sentences, random.Random(3), per_sentence=2))
    assert len({each.change for each in first}) == len(first) == 4
    assert all(each.claim not in each.evidence for each in first)


@pytest.mark.parametrize(
    "sentence",
    [
        "Employees must report an accident within 3 days, in order to be covered.",
        "If a device is lost, tell the desk at once.",
        "Note that guests may not enter the workshop (the room behind the desk).",
    ],
)
def test_other_words_say_the_same(sentence: str) -> None:
    said = {rephrased(sentence, random.Random(seed)) for seed in range(12)}

    assert len(said) > 1
    assert all(compare(each, sentence).findings == () for each in said)
