"""A sentence is supported only by what its passages say, and a citation shows the place."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.dataset import load_suite
from generator.draft import DraftSentence
from generator.prompt import Passage
from ingest.chunk import Chunk, joined
from ingest.errors import PinciteError
from service.access import LOCAL_READER
from service.assemble import Assembled
from service.overlap import OverlapVerifier
from service.verify import (
    Check,
    Citation,
    Explained,
    Sentence,
    Verdict,
    VerifierUnavailable,
    locate,
    verify,
)
from service.windows import MAX_WORDS, WINDOWS_PER_PASSAGE, nearest_windows
from tests.conftest import POLICIES
from tests.passages import passage

GOLD = "Gold tier users receive a full refund when an item is returned within 30 days of delivery."
POSTAGE = "No return postage is charged."
TEXT = f"{GOLD} {POSTAGE}"


def judged(text: str, *numbers: int, evidence: str = TEXT) -> Sentence:
    """The sentence, judged by two passages: the first says `evidence`, the second of helmets."""
    passages = [passage(evidence, 1), passage("Helmets are returned in sealed packaging.", 2)]
    return verify(DraftSentence(text, numbers), passages, OverlapVerifier(), min_support=0.75)


@pytest.mark.parametrize(
    "said",
    [
        GOLD,
        GOLD.upper(),
        GOLD.replace(" ", "  "),
        GOLD.rstrip("."),
        "a full refund when an item is returned",
    ],
)
def test_what_a_passage_says_is_supported_with_score_1(said: str) -> None:
    sentence = judged(said, 1)

    assert (sentence.text, sentence.verdict, sentence.score) == (said, Verdict.SUPPORTED, 1.0)
    assert [citation.number for citation in sentence.citations] == [1]


def test_a_quotation_crosses_line_breaks_and_kinds_of_quotation_marks() -> None:
    evidence = "Items under the “Last\nof the Line” label aren’t refunded — ever."

    sentence = judged(
        'Items under the "Last of the Line" label aren\'t refunded - ever.', 1, evidence=evidence
    )

    assert sentence.verdict is Verdict.SUPPORTED
    assert sentence.citations[0].quote == evidence


def merged_passage() -> Passage:
    """The clause on Gold, and the one on Silver behind it on the next page."""
    silver = "Silver tier users have 21 days."
    lead = "\n\n4.4 Silver\n\n"
    first = Chunk(GOLD, 100, 100 + len(GOLD), ("Refunds", "4.3 Gold"), 7, "")
    start = first.end + len(lead)
    second = Chunk(silver, start, start + len(silver), ("Refunds", "4.4 Silver"), 8, "", lead)
    whole = replace(passage("", 1), chunk=joined([first, second]), merged=(first, second))
    assert whole.text == f"{GOLD}{lead}{silver}"
    return whole


@pytest.mark.parametrize(
    ("claim", "heading", "page"),
    [
        ("a full refund when an item is returned", "4.3 Gold", 7),
        ("Silver tier users have 21 days.", "4.4 Silver", 8),
        ("Users of the Silver tier have 21 days.", "4.4 Silver", 8),
    ],
)
def test_a_citation_of_merged_passages_names_the_section_it_stands_in(
    claim: str, heading: str, page: int
) -> None:
    sentence = verify(
        DraftSentence(claim, (1,)), [merged_passage()], OverlapVerifier(), min_support=0.75
    )

    (citation,) = sentence.citations
    assert (citation.heading_path[-1], citation.page) == (heading, page)


def test_a_citation_says_where_in_the_document_its_quote_stands() -> None:
    cited = passage(TEXT, 3, start=1000, headings=("Refunds", "4.3 Gold"), page=7)

    sentence = verify(DraftSentence(POSTAGE, (3,)), [cited], OverlapVerifier(), min_support=0.75)

    start = 1000 + TEXT.index(POSTAGE)
    assert sentence.citations == (
        Citation(
            number=3,
            document=cited.document,
            same_text=(),
            heading_path=("Refunds", "4.3 Gold"),
            page=7,
            start=start,
            end=start + len(POSTAGE),
            quote=POSTAGE,
        ),
    )


def test_a_claim_in_other_words_is_cited_at_the_sentence_that_supports_it() -> None:
    sentence = judged("Within 30 days of delivery, users on Gold tier receive a full refund.", 1)

    assert sentence.verdict is Verdict.SUPPORTED
    assert sentence.score == 1.0
    assert [citation.quote for citation in sentence.citations] == [GOLD]


def test_only_passages_that_support_the_sentence_are_cited_for_it() -> None:
    sentence = judged(GOLD, 2, 1)

    assert [citation.number for citation in sentence.citations] == [1]
    assert sentence.cited == (2, 1)


@pytest.mark.parametrize(
    "said",
    [
        GOLD.replace("30", "60"),
        GOLD.replace("30", "3"),
        GOLD.replace("30 days", "30 days or 4 weeks"),
        GOLD.replace("receive", "do not receive"),
        GOLD.replace("receive", "don't receive"),
        GOLD.replace("receive", "never receive"),
        GOLD.replace("delivery", "delivery by Hermes"),
        "Return postage is charged.",
        "Gold tier users choose a voucher instead.",
        "Bananas ripen faster.",
        "And so it is for them.",
    ],
)
def test_a_change_of_number_negation_or_name_is_unsupported(said: str) -> None:
    sentence = judged(said, 1)

    assert (sentence.verdict, sentence.citations) == (Verdict.UNSUPPORTED, ())


def test_a_number_in_words_that_changed_is_unsupported() -> None:
    evidence = "We inspect returns within four working days of their arrival at Doncaster."

    said = "We do inspect returns within {} working days of their arrival at Doncaster."

    four = judged(said.format("four"), 1, evidence=evidence)
    forty = judged(said.format("forty"), 1, evidence=evidence)
    assert (four.verdict, four.score) == (Verdict.SUPPORTED, 1.0)
    assert (forty.verdict, forty.score) == (Verdict.UNSUPPORTED, 0.0)


@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        ("The limit is £2.", "The limit is £2,500 a year."),
        ("500 pounds is the limit.", "The limit: 2,500 pounds is the limit."),
        ("5 days is the limit.", "As a rule, 1.5 days is the limit."),
        ("You can.", "You can't."),
        ("Managers work full", "Managers work full-time."),
    ],
)
def test_the_beginning_or_end_of_a_longer_word_is_no_quotation(said: str, evidence: str) -> None:
    assert locate(said, evidence) is None
    assert judged(said, 1, evidence=evidence).verdict is Verdict.UNSUPPORTED


QUOTED = Check(1, 1.0, GOLD, {"quoted": 1.0})


def test_a_sentence_that_cites_nothing_and_is_supported_nowhere_is_uncited() -> None:
    said = "Gold tier users receive a voucher, flowers and a cake within 30 days."

    sentence = judged(said)

    assert (sentence.verdict, sentence.citations, sentence.cited) == (Verdict.UNCITED, (), ())
    assert [(check.number, check.quote) for check in sentence.checks] == [(1, GOLD)]


@pytest.mark.parametrize("said", [GOLD, GOLD.replace("receive", "will receive")])
def test_a_sentence_that_cites_nothing_is_cited_at_the_passage_that_supports_it(said: str) -> None:
    sentence = judged(said)

    assert sentence.verdict is Verdict.SUPPORTED
    assert [(each.number, each.quote) for each in sentence.citations] == [(1, GOLD)]
    assert (sentence.cited, sentence.correction) == ((), "cited nothing, supported by [1]")


@pytest.mark.parametrize("said", [GOLD, GOLD.replace("receive", "will receive")])
def test_a_wrong_citation_is_corrected_and_that_is_recorded(said: str) -> None:
    sentence = judged(said, 2)

    assert sentence.verdict is Verdict.SUPPORTED
    assert [(each.number, each.quote) for each in sentence.citations] == [(1, GOLD)]
    assert (sentence.cited, sentence.correction) == ((2,), "cited [2], supported by [1]")


def test_a_right_citation_needs_no_correction() -> None:
    assert judged(GOLD, 1).correction is None
    assert judged(GOLD, 2, 1).correction is None


def test_a_few_words_that_stand_in_another_passage_by_chance_correct_nothing() -> None:
    evidence = "Gold tier users wait 30 days."

    sentence = judged("30 days.", 2, evidence=evidence)

    assert sentence.checks[-1].features == {}


@pytest.mark.parametrize("numbers", [(99,), (1, 99), (0,), (3,)])
def test_a_number_that_no_passage_has_makes_the_sentence_fabricated(
    numbers: tuple[int, ...],
) -> None:
    sentence = judged(GOLD, *numbers)

    assert sentence == Sentence(GOLD, Verdict.FABRICATED, 0.0, (), numbers, checks=(QUOTED,))


# What is left off a quotation

CONDITION = "Gold tier users may keep the item unless it was delivered by mistake."


def test_a_quotation_that_stops_before_its_condition_is_not_taken_as_one() -> None:
    assert judged(CONDITION, 1, evidence=CONDITION).checks[0].features == {"quoted": 1.0}

    cut = judged("Gold tier users may keep the item.", 1, evidence=CONDITION)

    assert cut.checks[0].features == {}


# The verifier


class Recorder:
    """Gives the same score for everything, and keeps what it was asked."""

    name = "recorder"

    def __init__(self, score: float) -> None:
        self.score = score
        self.asked: list[list[tuple[str, str]]] = []

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked.append(list(pairs))
        return [self.score] * len(pairs)


class Explainer(Recorder):
    def explain(self, pairs: Sequence[tuple[str, str]]) -> list[Explained]:
        return [(score, {"overlap": 0.5}, ("number",)) for score in self.support(pairs)]


def asked(claim: str, verifier: Recorder, *passages: Passage, numbers: tuple[int, ...]) -> Sentence:
    return verify(DraftSentence(claim, numbers), passages, verifier, min_support=0.5)


LONG = " ".join(f"Rule {number} says that goods of kind {number} go back." for number in range(40))


def test_it_is_asked_once_of_the_cited_passages_and_once_of_the_others() -> None:
    verifier = Recorder(0.1)
    passages = [passage(LONG, number) for number in (1, 2, 3)]

    asked("Goods of kind 7 go back by Rule 7.", verifier, *passages, numbers=(1, 2))

    assert [len(pairs) for pairs in verifier.asked] == [
        2 * WINDOWS_PER_PASSAGE,
        WINDOWS_PER_PASSAGE,
    ]


def test_it_is_not_asked_about_quotations() -> None:
    verifier = Recorder(0.0)

    asked(GOLD, verifier, passage(TEXT, 1), numbers=(1,))
    asked(GOLD, verifier, passage("Helmets.", 2), passage(TEXT, 1), numbers=(2,))
    asked(GOLD, verifier, passage(TEXT, 1), numbers=())

    assert verifier.asked == []


def test_it_is_not_asked_of_others_where_a_cited_passage_supports_the_sentence() -> None:
    verifier = Recorder(0.9)

    sentence = asked(
        "Golden users get refunds.", verifier, passage(TEXT, 1), passage(TEXT, 2), numbers=(2,)
    )

    assert len(verifier.asked) == 1
    assert [check.number for check in sentence.checks] == [2]


def test_it_reads_the_places_of_a_long_passage_that_speak_of_the_claim() -> None:
    verifier = Recorder(0.9)

    sentence = asked("Under Rule 31, kind 31 goes back.", verifier, passage(LONG), numbers=(1,))

    (pairs,) = verifier.asked
    rule = "Rule 31 says that goods of kind 31 go back."
    assert pairs[0][1] == f"Gold tier: {rule}"
    assert len(pairs) == WINDOWS_PER_PASSAGE
    assert sentence.citations[0].quote == rule


def test_a_claim_over_several_sentences_is_read_in_one_window() -> None:
    verifier = Recorder(0.9)
    evidence = (
        "Gold members are those of five years. They get parcels free. Refunds take days. Bye."
    )

    sentence = asked(
        "Gold members of five years get parcels free and refunds in days.",
        verifier,
        passage(evidence),
        numbers=(1,),
    )

    assert verifier.asked[0][0][1] == f"Gold tier: {evidence.removesuffix(' Bye.')}"
    assert sentence.citations[0].quote == "Gold members are those of five years."


def test_windows_have_ninety_words_at_most_unless_a_sentence_is_longer() -> None:
    texts = [LONG, f"{'long ' * 200}end. Rule 1 is short. {LONG}"]

    for text in texts:
        for window in nearest_windows("Rule 1 of the long goods of kind 2", passage(text)):
            words = len(text[window.start : window.end].split())
            assert words <= MAX_WORDS or len(window.sentences) <= 2


def test_what_it_rests_its_scores_on_is_recorded() -> None:
    sentence = asked("Golden users wait.", Explainer(0.1), passage(TEXT, 1), numbers=(1,))

    (check,) = sentence.checks
    assert check == Check(1, 0.1, GOLD, {"overlap": 0.5}, ("number",))


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
def test_a_verifier_that_gives_no_score_from_0_to_1_counts_as_none(score: float) -> None:
    with pytest.raises(VerifierUnavailable, match="'recorder' did not give one score"):
        asked("Golden users wait.", Recorder(score), passage(TEXT, 1), numbers=(1,))


class Missing(Recorder):
    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        raise PinciteError("The model is not installed.")


def test_a_verifier_that_finds_no_model_when_it_is_asked_counts_as_none() -> None:
    with pytest.raises(VerifierUnavailable, match="not installed"):
        asked("Golden users wait.", Missing(0), passage(TEXT, 1), numbers=(1,))


@pytest.mark.parametrize("claim", ["", "…", "- —"])
def test_what_says_nothing_is_not_asked_about(claim: str) -> None:
    verifier = Recorder(1.0)

    sentence = asked(claim, verifier, passage(TEXT, 1), numbers=(1,))

    assert (sentence.verdict, verifier.asked) == (Verdict.UNSUPPORTED, [])


@pytest.mark.parametrize(
    "claim",
    [
        "Kunden der Stufe Gold erhalten innerhalb von 30 Tagen ihr Geld zurück.",
        "黄金会员可在三十天内退款。",
        "يحصل الأعضاء على استرداد كامل.",
    ],
)
def test_another_language_is_not_supported_by_words_alone(claim: str) -> None:
    assert judged(claim, 1).verdict is Verdict.UNSUPPORTED
    assert judged(claim).verdict is Verdict.UNCITED


def test_without_passages_every_citation_is_fabricated() -> None:
    sentence = verify(DraftSentence(GOLD, (1,)), [], OverlapVerifier(), min_support=0)

    assert sentence.verdict is Verdict.FABRICATED


def test_a_quotation_with_a_bracketed_number_is_found_under_its_round_one() -> None:
    sentence = judged("Refunds are due (3) at once.", 1, evidence="Refunds are due [3] at once.")

    assert sentence.verdict is Verdict.SUPPORTED
    assert sentence.citations[0].quote == "Refunds are due [3] at once."


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("30 days", "130 days"),
        ("30 day", "30 days"),
        ("refund", "refunds"),
        ("refund", "prerefund"),
        ("30 days", "30 weeks and 30 weekdays"),
        ("", "anything"),
        (" . ", "anything."),
        ("a.c", "abc"),
    ],
)
def test_what_a_text_does_not_say_is_not_located(quote: str, text: str) -> None:
    assert locate(quote, text) is None


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("30 days", "130 days, then 30 days", "30 days"),
        ("30 days", "within 30\n  days.", "30\n  days."),
        ("£38", "Deposit: £380; Fee: £38; Cap: £3", "£38"),
        ("it's free", "Today it’s free!", "it’s free!"),
        ("full-time", "all full‑time staff", "full‑time"),
        ("days;", "in 30 days from then", "days"),
        ("STRASSE", "in der Strasse", "Strasse"),
        ("Postage is free.", "Postage is free.¹ Ask.", "Postage is free."),
    ],
)
def test_what_a_text_says_is_located(quote: str, text: str, found: str) -> None:
    span = locate(quote, text)

    assert span is not None
    assert text[slice(*span)] == found


_WORDS = st.lists(
    st.text("abAB19éß(£*+?\\^$|{", min_size=1, max_size=4), min_size=1, max_size=12
).filter(lambda words: all(any(c.isalnum() for c in word) for word in words))
_SPACES = st.sampled_from([" ", "  ", "\n", " \t", " \n\n "])


@given(st.data())
def test_any_run_of_words_is_located_where_the_text_says_it(data: st.DataObject) -> None:
    words = data.draw(_WORDS)
    text = "".join(word + data.draw(_SPACES) for word in words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))

    span = locate(" ".join(words[first : last + 1]), text)

    assert span is not None
    assert text[slice(*span)].lower().split() == [word.lower() for word in words[first : last + 1]]


@given(st.text(), st.text())
def test_nothing_is_too_odd_to_be_looked_for(quote: str, text: str) -> None:
    span = locate(quote, text)

    assert span is None or 0 <= span[0] < span[1] <= len(text)


def test_quotes_stand_in_the_documents_where_citations_say(service: Assembled) -> None:
    questions = [
        sample.question for sample in load_suite(POLICIES.parent / "questions.jsonl").samples
    ]
    cited = 0
    for question in questions[::27]:
        trace = service.pipeline.answer(question, (), LOCAL_READER)
        for citation in (c for sentence in trace.answer.sentences for c in sentence.citations):
            document = service.store.catalog.documents.document(citation.document.id)
            assert document is not None
            assert document.text[citation.start : citation.end] == citation.quote
            cited += 1
    assert cited >= 8


def test_a_window_is_read_under_the_heading_that_says_whom_it_is_for() -> None:
    verifier = Recorder(0.9)
    evidence = passage("You have 30 days to return it.", headings=("Refunds", "4.3 Gold tier"))

    asked("Members of Gold have 30 days.", verifier, evidence, numbers=(1,))

    ((_, read),) = verifier.asked[0]
    assert read == "4.3 Gold tier: You have 30 days to return it."
