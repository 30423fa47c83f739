"""A score that says how likely the documents are to answer, and the threshold for a wanted precision."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunk import Chunk
from ingest.embed import SentenceTransformerEncoder
from ingest.index import EVERYONE, IndexedDocument
from service.answerability import (
    CalibratedAnswerability,
    Calibration,
    CalibrationUnusable,
    Contribution,
    Point,
    read_calibration,
    shipped_models,
)
from service.features import FeatureReader, relevance_features, search_features
from service.retrieve import Retrieved


def passage(
    text: str,
    position: int = 0,
    *,
    cosine: float | None = 0.5,
    bm25: float | None = 5.0,
    relevance: float | None = None,
) -> Retrieved:
    document = IndexedDocument("policy", "1", "policy.md", "Policy", (EVERYONE,))
    chunk = Chunk(text, 0, len(text), (), None, "")
    return Retrieved(document, position, chunk, 1.0, cosine, bm25, relevance)


REFUND = "Gold tier users receive a full refund within 30 days of delivery."
POST = "Parcels are collected by the courier from the depot in Leeds."


@pytest.fixture(scope="session")
def answerability(encoder: SentenceTransformerEncoder) -> CalibratedAnswerability:
    return CalibratedAnswerability(shipped_models().without_reranker, encoder)


@pytest.fixture(scope="session")
def reader(encoder: SentenceTransformerEncoder) -> FeatureReader:
    return FeatureReader(encoder)


def test_a_question_that_a_passage_answers_scores_higher_than_one_beside_it(
    answerability: CalibratedAnswerability,
) -> None:
    found = [passage(REFUND, 0, cosine=0.7, bm25=9.0), passage(POST, 1, cosine=0.2, bm25=None)]
    beside = [passage(REFUND, 0, cosine=0.3, bm25=2.0), passage(POST, 1, cosine=0.25, bm25=1.5)]

    answered = answerability("What refund do Gold tier users receive?", found)
    unanswered = answerability("How much does a drysuit cost for a weekend?", beside)

    assert answered > 0.6
    assert answered > unanswered + 0.05


def test_whether_a_clause_that_is_asked_for_is_there_decides(
    answerability: CalibratedAnswerability,
) -> None:
    there = passage(REFUND, cosine=0.1)
    there = replace(there, chunk=replace(there.chunk, heading_path=("4.3 Gold",)))
    asked = "What does section 4.3 say?"

    assert answerability(asked, [there]) == 1
    assert answerability(asked, [passage(REFUND, cosine=0.9)]) == 0
    assert 0 < answerability(asked, [passage(f"4.3 {REFUND}", cosine=0.9)]) < 1
    assert answerability("Does section 4.3 cover helicopters?", [there]) < 1


def test_without_a_passage_nothing_is_answerable(answerability: CalibratedAnswerability) -> None:
    assert answerability("What is the refund?", []) == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "?!…",
        "refund",
        "Wie lange habe ich Zeit für die Rückgabe?",
        "返金はいつですか",
        "the of and",
    ],
    ids=["punctuation", "one word", "German", "Japanese", "function words only"],
)
@pytest.mark.parametrize(
    "found",
    [
        [passage(REFUND)],
        [passage(REFUND, cosine=None, bm25=None)],
        [passage("—"), passage("—", 1)],
        [passage(REFUND, relevance=3.0), passage(POST, 1, relevance=-2.0), passage(POST, 2)],
    ],
    ids=["one passage", "no scores", "no words", "reranked"],
)
def test_every_question_gets_a_probability(
    answerability: CalibratedAnswerability, question: str, found: Sequence[Retrieved]
) -> None:
    score = answerability(question, found)

    assert 0 < score < 1


@given(
    cosines=st.lists(st.none() | st.floats(-1, 1), min_size=1, max_size=60),
    bm25=st.none() | st.floats(0, 1e6),
    relevance=st.none() | st.floats(-50, 50),
)
def test_features_of_scores_are_finite(
    cosines: list[float | None], bm25: float | None, relevance: float | None
) -> None:
    found = [
        passage(REFUND, place, cosine=cosine, bm25=bm25, relevance=relevance)
        for place, cosine in enumerate(cosines)
    ]

    features = search_features(found) | relevance_features(found)

    assert [name for name, value in features.items() if not math.isfinite(value)] == []


def test_the_best_passage_leads_in_both_searches() -> None:
    found = [
        passage(REFUND, 0, cosine=0.8, bm25=10.0),
        passage(POST, 1, cosine=0.5, bm25=None),
        passage(POST, 2, cosine=None, bm25=4.0),
    ]

    features = search_features(found)

    assert features["nearest cosine"] == 0.8
    assert features["cosine lead over 2nd"] == pytest.approx(0.3)
    assert features["bm25 lead over 2nd"] == pytest.approx(0.6)
    assert features["agreement"] == 1.0


def test_a_passage_stands_out_in_an_index_of_one() -> None:
    features = search_features([passage(REFUND, 0, cosine=0.8, bm25=10.0)])

    assert features["cosine lead over 10th"] == pytest.approx(0.7)
    assert features["bm25 lead over 10th"] == 1.0


def test_words_are_met_in_any_inflection_and_lost_where_nothing_is_like_them(
    reader: FeatureReader,
) -> None:
    inflected = reader.read("Which users received refunds?", [passage(REFUND)])
    foreign = reader.read("Which users received drysuits?", [passage(REFUND)])

    assert inflected["least word met"] == 1.0
    assert inflected["words nowhere"] == 0
    assert foreign["least word met"] < 0.6
    assert foreign["words nowhere"] == 1


@pytest.mark.parametrize(
    ("question", "said", "not_said"),
    [
        ("How much is the fee?", "The fee is £20.", "The fee is due on arrival."),
        ("How long does the refund take?", "The refund takes 5 days.", "The refund is in full."),
        ("When is the office open?", "The office is open until noon.", "The office is open."),
        ("Who approves the travel?", "The manager approves the travel.", "Approve all travel."),
        ("Can I travel first class?", "You may travel first class.", "We travel first class."),
    ],
)
def test_what_is_asked_for_is_looked_for(
    reader: FeatureReader, question: str, said: str, not_said: str
) -> None:
    assert reader.read(question, [passage(said)])["first passages say such"] == 1
    assert reader.read(question, [passage(not_said)])["first passages say such"] == 0


def test_the_situation_around_the_question_is_not_asked_for(reader: FeatureReader) -> None:
    told = "My brother lives in Mongolia. What refund do Gold users receive?"

    assert reader.read(told, [passage(REFUND)])["words nowhere"] == 0


# ---- Calibration ---------------------------------------------------------------------------------


def calibration(*points: tuple[float, float, float], reranker: str | None = None) -> Calibration:
    return Calibration(
        reranker=reranker,
        questions=100,
        answerable=0.6,
        slope=1,
        intercept=0,
        curve=tuple(Point(threshold=t, precision=p, coverage=c) for t, p, c in points),
    )


CURVE = calibration((0.2, 0.6, 1.0), (0.5, 0.8, 0.6), (0.9, 0.95, 0.1))


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0.3, 0.2), (0.6, 0.2), (0.61, 0.5), (0.9, 0.9), (0.97, 0.97)]
)
def test_the_lowest_threshold_that_gives_the_precision_is_taken(
    wanted: float, threshold: float
) -> None:
    assert CURVE.threshold(wanted) == threshold


@given(wanted=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)))
def test_who_wants_more_precision_gets_no_lower_threshold(wanted: tuple[float, float]) -> None:
    less, more = sorted(wanted)

    for each in (CURVE, shipped_models().without_reranker.calibration):
        assert each.threshold(less) <= each.threshold(more) <= more


@given(logits=st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)))
def test_a_higher_logit_is_no_lower_probability(logits: tuple[float, float]) -> None:
    lower, higher = sorted(logits)

    assert 0 <= CURVE.probability(lower) <= CURVE.probability(higher) <= 1


def test_beyond_its_knots_a_feature_adds_no_more() -> None:
    line = Contribution(knots=(0.0, 1.0), values=(-1.0, 2.0))

    assert [line.at(value) for value in (-5.0, 0.5, 9.0)] == [-1.0, 0.5, 2.0]


def test_knots_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="rising knots"):
        Contribution(knots=(1.0, 0.0), values=(0.0, 0.0))


def test_an_unknown_reranker_has_the_model_that_needs_none() -> None:
    models = shipped_models()

    assert models.fitting("another") is models.without_reranker
    assert models.fitting(None) is models.without_reranker


def test_a_calibration_is_read_for_the_reranker_that_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(calibration((0.5, 0.8, 1.0), reranker="mine").model_dump_json(), "utf-8")

    assert read_calibration(path, "mine").reranker == "mine"
    with pytest.raises(CalibrationUnusable, match="made with the reranker mine, and none is"):
        read_calibration(path, None)


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_a_calibration_that_cannot_be_read_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content, "utf-8")

    with pytest.raises(CalibrationUnusable, match="pincite train answerability"):
        read_calibration(path, None)
