"""Of long evidence the part is read that a claim may rest on."""

from hypothesis import given
from hypothesis import strategies as st

from service.evidence import MAX_EVIDENCE_WORDS, nearest_evidence

FILLER = "Nothing of this is about the matter that was asked for here. " * 20


def test_short_evidence_is_read_whole() -> None:
    assert nearest_evidence("claim", "One sentence. Another one.") == "One sentence. Another one."


def test_the_run_of_sentences_with_most_of_the_claims_words_is_read() -> None:
    rule = "Laptops are returned within 30 days."

    read = nearest_evidence("When are laptops returned?", f"{FILLER}{rule} {FILLER}")

    assert rule in read
    assert len(read.split()) <= MAX_EVIDENCE_WORDS


@given(st.text(), st.text(max_size=3000))
def test_no_more_is_read_than_may_be(claim: str, evidence: str) -> None:
    assert len(nearest_evidence(claim, evidence).split()) <= max(MAX_EVIDENCE_WORDS, 1)
