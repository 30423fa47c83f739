"""How right answers are against how many questions are answered: what a threshold on answerability
trades."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.record import AnswerRecord, SampleScores
from eval.report.run import Run


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Of all questions, `coverage` are answered; of those, `answerable` have an answer in the documents,
    and `right` have a draft that cites a gold passage for it. All are shares in [0, 1]."""

    coverage: float
    answerable: float
    right: float


def coverage_points(run: Run) -> list[CoveragePoint]:
    """A point for each threshold on answerability, the strictest first (El-Yaniv and Wiener 2010)."""
    answered = sorted(_scored(run), key=lambda pair: -pair[1].answerability)
    # Questions that are equally likely to be answerable are answered together or not at all.
    ends = [
        index
        for index in range(1, len(answered) + 1)
        if index == len(answered)
        or answered[index][1].answerability < answered[index - 1][1].answerability
    ]
    points = (_point(answered[:end], len(answered)) for end in ends)
    return [point for point in points if point]


def served(run: Run) -> CoveragePoint | None:
    """Where the service stood; None where it refused everything."""
    scored = _scored(run)
    return _point([pair for pair in scored if not pair[1].refused], len(scored))


def _scored(run: Run) -> list[tuple[SampleScores, AnswerRecord]]:
    return [
        (scores, record.answer)
        for scores in run.scores.by_sample
        if not scores.error and not scores.stale
        if (record := run.records.get(scores.sample_id)) and record.answer
    ]


def _point(answered: Sequence[tuple[SampleScores, AnswerRecord]], of: int) -> CoveragePoint | None:
    if not answered:
        return None
    answerable = [scores for scores, _ in answered if not scores.unanswerable]
    right = [s for s in answerable if s.scores.get("draft", {}).get("citation_recall", 0) > 0]
    return CoveragePoint(
        len(answered) / of, len(answerable) / len(answered), len(right) / len(answered)
    )
