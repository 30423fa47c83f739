"""Raters among themselves, and the judge with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from eval.folder import JUDGED, RunFolder
from eval.judging import JudgedScores, Judging
from eval.rating.agreement import item_agreement, run_means
from eval.rating.deck import read_deck
from eval.rating.judge import NotJudged, judge_with_people
from eval.rating.session import Ratings
from eval.record import Judge, JudgeQuality, Scores
from tests.eval.rating.runs import GOLD, SILVER, gold_answer, write_run


class SaysYesTo:
    """A judge that takes every claim with this word for supported."""

    name = "word"

    def __init__(self, word: str) -> None:
        self._word = word

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [float(self._word in claim) for claim, _ in pairs]


def rated(
    run: Path, marks: Mapping[str, Mapping[str, bool | int | str]], wording: str = "shown"
) -> Ratings:
    ratings = Ratings(read_deck([run], "draft" if wording == "draft" else "shown", None, 0), 0)
    (answer,) = ratings.answers
    for rater, values in marks.items():
        for item, value in values.items():
            ratings.mark(rater, answer.key, item, value)
    return ratings


def judged(run: Path, judge: SaysYesTo | None, *pairs: tuple[str, str]) -> None:
    """As the suite leaves a run that it scored with this judge."""
    if judge is not None:
        Judging(judge, 0.5, JudgedScores(run / JUDGED)).support(pairs)
    quality = JudgeQuality(
        labels="bundled",
        pairs=2,
        threshold=0.5,
        balanced_accuracy=(1, 1, 1),
        auroc=(1, 1, 1),
        sensitivity=1,
        specificity=1,
    )
    scores = Scores(
        suite="s",
        suite_sha256="",
        generator="extractive",
        samples=1,
        unscored=0,
        stale=0,
        versions={},
        judge=Judge(name=judge.name, is_verifier=False, quality=(quality,)) if judge else None,
        tables={},
        slices={},
        by_sample=(),
    )
    RunFolder(run).write("scores.json", scores)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", {"gold": gold_answer()})


def test_two_raters_are_compared_on_what_both_judged(run: Path) -> None:
    ratings = rated(
        run,
        {
            "Ada": {"tone": 4, "citation:0:1": True, "citation:0:2": False, "citation:1:1": True},
            "Bo": {"tone": "cannot judge", "citation:0:1": True, "citation:0:2": False},
        },
    )

    *_, tone, citations = item_agreement(ratings)

    assert (tone.ratings, tone.cannot_judge, tone.raters, tone.shared) == (1, 1, 1, 0)
    assert (tone.mean, tone.cohen, tone.fleiss) == (4.0, None, None)
    assert (citations.ratings, citations.raters, citations.shared) == (5, 2, 2)
    assert (citations.mean, citations.cohen, citations.fleiss) == (0.6, 1.0, None)


def test_more_raters_have_fleiss_kappa_too(run: Path) -> None:
    yes_no = {"citation:0:1": True, "citation:0:2": False}
    ratings = rated(run, {"Ada": yes_no, "Bo": yes_no, "Cy": yes_no})

    citations = item_agreement(ratings)[-1]

    assert (citations.raters, citations.cohen, citations.fleiss) == (3, 1.0, 1.0)


def test_each_run_has_its_own_means(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", {"gold": gold_answer()})
    other = write_run(tmp_path / "other", {"gold": gold_answer(postage="It is free.")})
    ratings = Ratings(read_deck([one, other], "shown", None, 0), 0)
    for answer, tone in zip(ratings.answers, (5, 2), strict=True):
        ratings.mark("Ada", answer.key, "tone", tone)

    first, second = run_means(ratings)

    assert (first.run, first.answers, first.means["tone"]) == (one, 1, 5.0)
    assert (second.run, second.means["tone"], second.means["correctness"]) == (other, 2.0, None)


def test_the_judge_is_compared_with_the_majority_without_being_asked_again(run: Path) -> None:
    (answer,) = read_deck([run], "draft", None, 0)
    pairs = [(claim.text, evidence.text) for claim, evidence in answer.citations.values()]
    judged(run, SaysYesTo("Gold"), *pairs)
    both = {"citation:0:1": True, "citation:1:1": False}
    ratings = rated(run, {"Ada": both, "Bo": both}, "draft")

    found = judge_with_people(ratings, run)

    assert [claim for claim, _ in pairs] == [GOLD, SILVER]
    assert (found.judge, found.citations, found.unjudged) == ("word", 2, 0)
    assert (found.balanced_accuracy, found.share, found.kappa) == (1.0, 1.0, 1.0)


def test_ties_and_what_the_judge_has_not_judged_are_left_out(run: Path) -> None:
    judged(run, SaysYesTo("Gold"))
    ratings = rated(
        run,
        {"Ada": {"citation:0:1": True, "citation:1:1": True}, "Bo": {"citation:0:1": False}},
        "draft",
    )

    found = judge_with_people(ratings, run)

    assert (found.citations, found.unjudged, found.balanced_accuracy) == (0, 1, None)


def test_without_a_judge_that_was_measured_nothing_is_compared(run: Path) -> None:
    judged(run, None)

    with pytest.raises(NotJudged, match="pincite eval score"):
        judge_with_people(rated(run, {"Ada": {"citation:0:1": True}}), run)
