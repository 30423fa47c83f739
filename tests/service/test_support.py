"""The bundled verifier: the model's answers, the words and the exact checks in one score."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.claims import compare
from service.entailment import SHIPPED_ADAPTER, Entailment, EntailmentModel
from service.support import (
    CALIBRATION_FILE,
    SupportCalibration,
    SupportCalibrationUnusable,
    SupportVerifier,
    features_of,
    read_calibration,
)
from service.verify import VerifierUnavailable

RULE = "Staff must return laptops within 30 days of leaving, unless Finance agrees otherwise."
SURE = Entailment(-0.01, -6.0, -6.0)


def calibration(**weights: float) -> SupportCalibration:
    return SupportCalibration(adapter="a" * 64, weights=weights, intercept=0.5, pairs=100)


def test_a_score_is_the_logistic_of_the_weighted_features() -> None:
    weighed = calibration(model=2.0, **{"number missing": -3.0})

    assert weighed.score({"model": 0.5, "number missing": 1.0}) == pytest.approx(
        1 / (1 + math.exp(-(0.5 + 1.0 - 3.0)))
    )


def test_the_model_counts_by_its_odds_and_each_finding_by_its_name() -> None:
    features = features_of(SURE, compare(RULE.replace("30", "60"), RULE))

    others = 2 * math.exp(-6.0)
    assert features["model"] == pytest.approx(-0.01 - math.log(others))
    assert (features["number missing"], features["altered copy"]) == (1.0, 1.0)


@given(st.tuples(*[st.floats(-2000, 0)] * 3))
def test_features_are_finite_whatever_the_model_says(said: tuple[float, float, float]) -> None:
    features = features_of(Entailment(*said), compare(RULE, RULE))

    assert all(math.isfinite(value) for value in features.values())
    assert -8 <= features["model"] <= 8


@pytest.mark.parametrize("content", [None, "{", '{"adapter": "a"}'])
def test_weights_that_cannot_be_read_are_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / CALIBRATION_FILE).write_text(content, "utf-8")

    with pytest.raises(SupportCalibrationUnusable, match="pincite train verifier"):
        SupportVerifier(tmp_path)


def test_nothing_is_loaded_where_nothing_is_asked(tmp_path: Path) -> None:
    written = calibration(model=1.0)
    (tmp_path / CALIBRATION_FILE).write_text(written.model_dump_json(), "utf-8")
    verifier = SupportVerifier(tmp_path)

    assert verifier.name == "bundled@aaaaaaaa"
    assert verifier.support([]) == []


def test_the_shipped_weights_are_those_of_the_shipped_adapter() -> None:
    manifest = json.loads((SHIPPED_ADAPTER / "manifest.json").read_text("utf-8"))

    assert read_calibration(SHIPPED_ADAPTER).adapter == manifest["weights_sha256"]
    assert manifest["kind"] == "verifier"


@pytest.fixture(scope="module")
def shipped() -> SupportVerifier:
    return SupportVerifier(SHIPPED_ADAPTER)


@pytest.mark.slow
def test_an_adapter_that_is_not_there_makes_it_unavailable(tmp_path: Path) -> None:
    written = calibration(model=1.0)
    (tmp_path / CALIBRATION_FILE).write_text(written.model_dump_json(), "utf-8")

    with pytest.raises(VerifierUnavailable, match="no adapter in"):
        SupportVerifier(tmp_path).support([("a claim", "evidence")])


@pytest.mark.slow
def test_true_claims_in_other_words_score_higher_than_changed_ones(
    shipped: SupportVerifier,
) -> None:
    true = (
        "Unless Finance agrees to something else, laptops are returned within 30 days of leaving."
    )
    changed = [
        "Staff must return laptops within 60 days of leaving, unless Finance agrees otherwise.",
        "Staff must not return laptops within 30 days of leaving.",
        "Staff must return laptops within 30 days of leaving.",
        "The canteen is closed on Fridays.",
    ]

    best, *others = shipped.support([(true, RULE), *((claim, RULE) for claim in changed)])

    assert best >= 0.5
    assert all(score < 0.5 for score in others)


@pytest.mark.slow
def test_a_score_does_not_depend_on_what_else_is_asked(shipped: SupportVerifier) -> None:
    pairs = [("Laptops are returned.", RULE), ("Laptops are kept.", RULE), ("a", "b")]

    together = shipped.judge(pairs)

    alone = [SupportVerifier(SHIPPED_ADAPTER).judge([pair])[0] for pair in pairs]
    assert together == alone
    assert shipped.judge([*pairs, pairs[0]]) == [*together, together[0]]
    assert all(0 <= each.score <= 1 and 0 <= each.contradiction <= 1 for each in together)


@pytest.mark.slow
def test_evidence_and_claims_of_any_length_are_read() -> None:
    model = EntailmentModel()

    for claim, evidence in (("", ""), ("word " * 5000, "other " * 5000), ("💡", "\n")):
        (answer,) = model.read([claim], evidence)
        total = sum(map(math.exp, (answer.supported, answer.contradicted, answer.neutral)))
        assert total == pytest.approx(1, abs=1e-3)
