"""The judge is measured on human labels before its scores are shown."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.judge import (
    DRAWN,
    LabelledPair,
    Labels,
    LabelsUnreadable,
    find_labels,
    measure,
)
from eval.judging import JudgedScores, Judging, is_quoted
from eval.record import JudgeQuality


class Table:
    """Says what a table says of each claim."""

    name = "table"

    def __init__(self, scores: dict[str, float]) -> None:
        self._scores = scores
        self.calls = 0

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.calls += 1
        return [self._scores[claim] for claim, _ in pairs]


def pair(name: str, label: str, **more: str) -> LabelledPair:
    row = {"id": name, "claim": name, "evidence": "e", "label": label} | more
    return LabelledPair.model_validate(row)


LABELS = Labels(
    "few",
    (
        pair("a", "supported"),
        pair("b", "supported"),
        pair("c", "supported"),
        pair("d", "not_said"),
        pair("e", "contradicted"),
    ),
)
SCORES = {"a": 0.9, "b": 0.8, "c": 0.3, "d": 0.6, "e": 0.1}


def judging(judge: Table, path: Path) -> Judging:
    return Judging(judge, 0.5, JudgedScores(path / "said.jsonl"))


def test_a_judge_is_as_good_as_it_agrees_with_people(tmp_path: Path) -> None:
    measured = measure(judging(Table(SCORES), tmp_path), LABELS)

    assert measured is not None
    quality = measured.quality
    # Two of three supported pairs reach 0.5, one of two others does not; of the six pairs of one of
    # each, five are in order.
    assert (quality.sensitivity, quality.specificity) == (0.666667, 0.5)
    assert quality.balanced_accuracy[0] == pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-6)
    assert quality.auroc[0] == pytest.approx(5 / 6, abs=1e-6)
    assert (quality.labels, quality.pairs, quality.threshold) == ("few", 5, 0.5)
    for value, low, high in (quality.balanced_accuracy, quality.auroc):
        assert 0 <= low <= value <= high <= 1
    assert (measured.scores, measured.supported) == (
        (0.9, 0.8, 0.3, 0.6, 0.1),
        (True, True, True, False, False),
    )


def test_it_is_measured_once(tmp_path: Path) -> None:
    judge = Table(SCORES)

    first = measure(judging(judge, tmp_path), LABELS)
    second = measure(judging(judge, tmp_path), LABELS)

    assert judge.calls == len(LABELS.pairs)
    assert first == second


def test_labels_of_one_kind_alone_measure_nothing(tmp_path: Path) -> None:
    assert measure(judging(Table(SCORES), tmp_path), Labels("x", LABELS.pairs[:3])) is None


def test_quotations_are_judged_there_like_everything_else(tmp_path: Path) -> None:
    labels = Labels("q", (pair("e", "supported"), pair("d", "not_said")))

    measured = measure(judging(Table(SCORES), tmp_path), labels)

    assert measured is not None
    assert measured.scores == (0.1, 0.6)


def shared_labels(folder: Path, pairs: int) -> None:
    (folder / "data").mkdir()
    rows = [
        {"id": f"p{n}", "claim": "c", "evidence": "e", "label": "neutral", "source": "s"}
        for n in range(pairs)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "data" / "verify_contractnli_dev.jsonl").write_text(text)


def test_of_a_large_set_the_same_pairs_are_drawn_at_every_call(tmp_path: Path) -> None:
    shared_labels(tmp_path, 500)

    first, second = (find_labels(tmp_path)[-1] for _ in range(2))
    (every,) = [each for each in find_labels(tmp_path, every=True) if each.name == "contractnli"]

    assert first == second
    assert (first.name, len(first.pairs)) == ("contractnli", DRAWN)
    numbers = [int(pair.id[1:]) for pair in first.pairs]
    assert numbers == sorted(numbers)
    assert max(numbers) > DRAWN
    assert len(every.pairs) == 500


def test_where_nothing_is_shared_only_the_bundled_labels_are_there(tmp_path: Path) -> None:
    for found in (find_labels(None), find_labels(tmp_path)):
        assert [each.name for each in found] == ["ordinary", "hard"]


def test_a_damaged_label_is_named(tmp_path: Path) -> None:
    shared_labels(tmp_path, 2)
    path = tmp_path / "data" / "verify_contractnli_dev.jsonl"
    path.write_text(path.read_text() + '{"id": "x"}\n')

    with pytest.raises(LabelsUnreadable, match=r"verify_contractnli_dev\.jsonl:3 is no labelled"):
        find_labels(tmp_path)


def test_pairs_about_one_document_or_question_are_one_cluster() -> None:
    assert pair("a", "neutral", doc="d.pdf").cluster == "d.pdf"
    assert pair("a", "neutral", question="why?").cluster == "why?"
    assert pair("a", "neutral").cluster == "a"


@pytest.mark.parametrize(
    ("evidence", "quoted"),
    [
        ("Members pay no fee. Refunds take 30 days.", True),
        ("Refunds take 30 days.", True),
        ("refunds  take 30 days, at most", True),
        ("It is not the case that refunds take 30 days.", False),
        ("Refunds take 300 days.", False),
        ("", False),
    ],
)
def test_a_quotation_is_word_for_word_and_not_negated(evidence: str, quoted: bool) -> None:
    assert is_quoted("Refunds take 30 days.", evidence) is quoted


def test_quality_is_within_what_a_share_can_be(tmp_path: Path) -> None:
    perfect = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0, "e": 0.0}

    measured = measure(judging(Table(perfect), tmp_path), LABELS)

    assert measured is not None
    assert measured.quality == JudgeQuality(
        labels="few",
        pairs=5,
        threshold=0.5,
        balanced_accuracy=(1.0, 1.0, 1.0),
        auroc=(1.0, 1.0, 1.0),
        sensitivity=1.0,
        specificity=1.0,
    )
