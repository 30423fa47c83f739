"""calibration.json of a run: how far a score of support can be taken as a probability."""

from typing import Literal

from eval.metrics.calibration import Labels, Scores, expected_calibration_error, reliability_bins
from eval.record import Stored


class Point(Stored):
    """Pairs with scores close to each other: their mean score, and the share that is supported."""

    score: float
    supported: float
    pairs: int


class CalibrationCurve(Stored):
    """Points of a reliability diagram of the verifier or judge called `name`, measured on `labels`.
    `error` is the expected calibration error."""

    role: Literal["verifier", "judge"]
    name: str
    labels: str
    points: tuple[Point, ...]
    error: float


class Curves(Stored):
    """What calibration.json holds."""

    curves: tuple[CalibrationCurve, ...]


def calibration_curve(
    role: Literal["verifier", "judge"], name: str, labels_name: str, scores: Scores, labels: Labels
) -> CalibrationCurve:
    """The curve of scores in [0, 1] against what people say of the same pairs."""
    points = tuple(
        Point(score=round(each.mean_score, 6), supported=round(each.supported, 6), pairs=each.count)
        for each in reliability_bins(scores, labels)
        if each.mean_score is not None and each.supported is not None
    )
    error = expected_calibration_error(scores, labels) or 0.0
    return CalibrationCurve(
        role=role, name=name, labels=labels_name, points=points, error=round(error, 6)
    )
