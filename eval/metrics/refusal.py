"""Were the right questions refused?"""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics.finite import check_finite


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Where only questions are answered whose answerability reaches `threshold`: the share of questions
    answered, and the share of those answered right."""

    threshold: float
    coverage: float
    precision: float


def refusal_precision(outcomes: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the refused questions, the share that is unanswerable; outcomes: (refused, unanswerable).

    |refused and unanswerable| / |refused|; van Rijsbergen 1979, chapter 7, with refusing as finding.
    None where nothing was refused.
    """
    refused = [unanswerable for was_refused, unanswerable in outcomes if was_refused]
    return sum(refused) / len(refused) if refused else None


def refusal_recall(outcomes: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the unanswerable questions, the share that was refused: |refused and unanswerable| /
    |unanswerable|; van Rijsbergen 1979, chapter 7. None where there is none."""
    unanswerable = [was_refused for was_refused, truly in outcomes if truly]
    return sum(unanswerable) / len(unanswerable) if unanswerable else None


def refusal_f1(outcomes: Sequence[tuple[bool, bool]]) -> float | None:
    """2 |refused and unanswerable| / (|refused| + |unanswerable|); van Rijsbergen 1979, chapter 7: the
    harmonic mean of precision and recall, 0 also where only one of them exists.

    None where nothing was refused and nothing unanswerable.
    """
    both = sum(refused and unanswerable for refused, unanswerable in outcomes)
    total = sum(refused + unanswerable for refused, unanswerable in outcomes)
    return 2 * both / total if total else None


def false_refusals(outcomes: Sequence[tuple[str, bool, bool]]) -> tuple[str, ...]:
    """The ids of answerable questions that were refused; outcomes: (id, refused, unanswerable)."""
    return tuple(name for name, refused, unanswerable in outcomes if refused and not unanswerable)


def coverage_curve(outcomes: Sequence[tuple[float, bool]]) -> tuple[CoveragePoint, ...]:
    """Precision against coverage of selective answering; outcomes: (answerability, would be answered
    right), an unanswerable question never being right.

    At each threshold t among the scores, highest first: coverage = |score >= t| / |questions|, precision
    = |score >= t and right| / |score >= t|, which is 1 - the selective risk under 0/1 loss (El-Yaniv and
    Wiener 2010, "On the Foundations of Noise-free Selective Classification", section 2). Raises
    `NotFinite`.
    """
    check_finite(score for score, _ in outcomes)
    ranked = sorted(outcomes, key=lambda outcome: -outcome[0])
    points: list[CoveragePoint] = []
    right = 0
    for answered, (score, is_right) in enumerate(ranked, start=1):
        right += is_right
        if answered == len(ranked) or ranked[answered][0] < score:
            points.append(CoveragePoint(score, answered / len(ranked), right / answered))
    return tuple(points)
