"""How far the judge of a run agrees with the people who rated its answers.

The verdicts are those that the suite kept when it scored the run: no model is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.folder import JUDGED, RunFolder
from eval.judging import JudgedScores, Judging, Pair
from eval.metrics.calibration import balanced_accuracy
from eval.metrics.human import judge_agreement
from eval.rating.agreement import CITATIONS, by_place, labels_of
from eval.rating.session import Ratings
from ingest.errors import WrongUse


class NotJudged(WrongUse):
    """The run's judge said nothing of what people rated."""


@dataclass(frozen=True, slots=True)
class JudgeWithPeople:
    """The judge's verdicts on citations against the majority of people, ties left out.

    `unjudged` citations were rated by people and not by the judge. Shares and kappas are None where
    there is nothing to compute them from.
    """

    judge: str
    citations: int
    unjudged: int
    balanced_accuracy: float | None
    share: float | None
    kappa: float | None


def judge_with_people(ratings: Ratings, run: Path) -> JudgeWithPeople:
    """Of one run. Raises `NoRun` or `NotJudged` where it was not scored by a judge."""
    judging = _remembered(run)
    people = by_place(labels_of(CITATIONS, ratings.standing()))
    scores: list[float] = []
    said: list[list[bool]] = []
    unjudged = 0
    for answer in ratings.answers:
        for item, (claim, evidence) in answer.citations.items():
            labels = people.get(f"{answer.key}/{item}")
            if run not in answer.runs or labels is None:
                continue
            try:
                scores += judging.support([(claim.text, evidence.text)])
            except NotJudged:
                unjudged += 1
            else:
                said.append([label == 1 for label in labels])
    found = judge_agreement([score >= judging.threshold for score in scores], said)
    accuracy = _balanced_accuracy(scores, said, judging.threshold)
    return JudgeWithPeople(judging.name, found.items, unjudged, accuracy, found.share, found.kappa)


class _SaysNoMore:
    """The judge of a run that is over; what is asked now it has not said."""

    def __init__(self, name: str) -> None:
        self.name = name

    def support(self, pairs: Sequence[Pair]) -> list[float]:
        if pairs:
            raise NotJudged(f"{self.name} was not asked about {len(pairs)} claims")
        return []


def _remembered(run: Path) -> Judging:
    judge = RunFolder(run).scores().judge
    if judge is None or not judge.quality:
        raise NotJudged(
            f"{run} was scored without a judge that was measured: 'pincite eval score {run}' asks one."
        )
    said = JudgedScores(run / JUDGED)
    return Judging(_SaysNoMore(judge.name), judge.quality[0].threshold, said)


def _balanced_accuracy(
    scores: Sequence[float], said: Sequence[Sequence[bool]], threshold: float
) -> float | None:
    decided = [n for n, each in enumerate(said) if 2 * sum(each) != len(each)]
    values = np.array([scores[n] for n in decided], dtype=float)
    truly = np.array([2 * sum(said[n]) > len(said[n]) for n in decided], dtype=bool)
    return balanced_accuracy(values, truly, threshold) if decided else None
