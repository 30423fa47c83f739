"""Numbers, names, negations, modal verbs and conditions of a claim must be in its evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.claims import Finding, compare, drops_condition

RULE = "Staff must return laptops within 30 days of leaving, unless Finance agrees otherwise."


@pytest.mark.parametrize(
    ("claim", "evidence", "finding"),
    [
        (RULE.replace("30", "60"), RULE, Finding.NUMBER),
        (RULE.replace("30 days", "30 weeks"), RULE, Finding.NUMBER),
        (RULE.replace("30", "forty"), RULE, Finding.NUMBER),
        ("The fee is due in March.", "The fee is due in April.", Finding.NUMBER),
        ("Carers get 80% of their pay.", "Carers get 90% of their pay.", Finding.NUMBER),
        (RULE.replace("Finance", "Legal"), RULE, Finding.NAME),
        (RULE.replace("must", "must not"), RULE, Finding.NEGATION),
        ("Gifts can be accepted.", "Gifts can't be accepted.", Finding.NEGATION),
        (RULE.replace("must", "may"), RULE, Finding.MODAL),
        ("You must work from home on Fridays.", "You may work from home on Fridays.", Finding.MODAL),
        ("Tell us after you travel abroad.", "Tell us before you travel abroad.", Finding.LIMIT),
        ("Claims of more than £50 need a receipt.", "Claims of less than £50 need a receipt.",
         Finding.LIMIT),
        ("Staff must return laptops within 30 days of leaving.", RULE, Finding.CONDITION),
    ],
)  # fmt: skip
def test_what_was_changed_is_found(claim: str, evidence: str, finding: Finding) -> None:
    assert finding in compare(claim, evidence).findings


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        (RULE, RULE),
        (RULE.replace("30", "thirty"), RULE),
        ("No less than 30 days of notice are needed.", "At least 30 days of notice are needed."),
        ("At most 3 guests may stay.", "Not more than three guests may stay."),
        ("You need 1,000 points.", "You need 1000 points."),
        ("Ten percent is kept.", "10% is kept."),
        ("Laptops come back within a month of the last day.", RULE),
        ("Gold members don't pay postage.", "Gold members do not pay postage."),
    ],
)
def test_what_says_the_same_is_not(claim: str, evidence: str) -> None:
    assert compare(claim, evidence).findings == ()


def test_what_a_claim_shares_with_its_evidence_is_measured() -> None:
    compared = compare("Laptops are returned by staff.", f"Phones are kept. {RULE}")

    assert compared.covered == 1.0
    assert 0 < compared.copied < 1


@pytest.mark.parametrize(
    ("quote", "text", "drops"),
    [
        ("Staff must return laptops within 30 days of leaving", RULE, True),
        ("we refund you", "If you cancel in time, we refund you.", True),
        ("Refunds are given", "Refunds are given only in shops.", True),
        ("Refunds are given", "Refunds are given; vouchers only in shops.", False),
        (RULE, RULE, False),
        ("Staff are paid monthly.", f"Staff are paid monthly. {RULE}", False),
    ],
)
def test_a_quotation_that_leaves_out_a_condition_is_told(
    quote: str, text: str, drops: bool
) -> None:
    start = text.index(quote)

    assert drops_condition(start, start + len(quote), text) is drops


@given(st.text(), st.text())
def test_shares_are_shares_whatever_is_compared(claim: str, evidence: str) -> None:
    compared = compare(claim, evidence)

    assert all(0 <= share <= 1 for share in (compared.covered, compared.copied))


@given(st.text(alphabet="abc ABC 123 .not may", max_size=60))
def test_nothing_is_found_wrong_with_a_copy(text: str) -> None:
    assert compare(text, text).findings == ()
