"""Fitting the model of answerability, and calibrating it on an organisation's own questions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from ingest.errors import WrongUse
from service.access import LOCAL_READER
from service.answerability import Calibration, Contribution, Model, Point
from service.assemble import Assembled
from service.features import Features

CALIBRATION_FILE = "calibration.json"
LEAST_OF_EACH = 10
"""Answerable and unanswerable questions; of fewer nothing can be said."""

CURVE_POINTS = 100
KNOTS = 4
REGULARISATION = 0.003
"""The inverse strength, as scikit-learn's C, on standardised columns."""


WANTED = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class QuestionsUnusable(WrongUse):
    """The questions cannot be calibrated with; the message says why."""


class AskedQuestion(BaseModel):
    """A line of a suite, of which only this is read."""

    question: str
    unanswerable: bool = False


def read_questions(path: Path) -> tuple[AskedQuestion, ...]:
    """Questions from JSON lines, in the format of `pincite eval run`. Raises `QuestionsUnusable`."""
    try:
        # Not splitlines(): JSON strings may hold U+2028 and its like.
        lines = path.read_text("utf-8").split("\n")
        return tuple(AskedQuestion.model_validate_json(each) for each in lines if each.strip())
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise QuestionsUnusable(f"The questions {path} cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a wanted precision gives on the questions: the threshold, the share of all that is answered,
    and the share of those that is answerable, None where none is answered."""

    wanted: float
    threshold: float
    answered: float
    precision: float | None


def recalibrated(
    questions: Sequence[AskedQuestion], service: Assembled
) -> tuple[Calibration, list[Outcome]]:
    """The calibration of the service's model on the questions asked of its index, and what it gives.

    Raises `QuestionsUnusable` where there are too few of either kind for which anything is found.
    """
    found = [(each, service.pipeline.find(each.question, LOCAL_READER)) for each in questions]
    found = [(each, passages) for each, passages in found if passages]
    check_enough([each for each, _ in found])
    truth = [not each.unanswerable for each, _ in found]
    logits = [service.answerability.logit(each.question, passages) for each, passages in found]
    calibration = calibrate(logits, truth, service.answerability.reranker)
    scores = np.array([calibration.probability(logit) for logit in logits])
    return calibration, list(_outcomes(calibration, scores, np.array(truth)))


def _outcomes(
    calibration: Calibration, scores: NDArray[np.float64], truth: NDArray[np.bool_]
) -> Iterator[Outcome]:
    for wanted in WANTED:
        threshold = calibration.threshold(wanted)
        answered = scores >= threshold
        precision = float(truth[answered].mean()) if answered.any() else None
        yield Outcome(wanted, threshold, float(answered.mean()), precision)


def check_enough(questions: Sequence[AskedQuestion]) -> None:
    """Raises `QuestionsUnusable` where there are too few of either kind."""
    unanswerable = sum(each.unanswerable for each in questions)
    answerable = len(questions) - unanswerable
    if min(answerable, unanswerable) < LEAST_OF_EACH:
        raise QuestionsUnusable(
            f"{answerable} questions are answerable and {unanswerable} are not: at least "
            f"{LEAST_OF_EACH} of each are needed."
        )


def fit(
    features: Sequence[Features],
    is_answerable: Sequence[bool],
    importance: Sequence[float] | NDArray[np.float64] | None = None,
) -> tuple[Mapping[str, Contribution], float]:
    """The contributions of all features, and the bias: a logistic regression over hat functions at
    quantiles of each feature, both answers counting the same.

    `importance` weighs the rows. A feature that never varies contributes nothing.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    weights = _weights(importance, len(features))
    knots = {name: _knots([row[name] for row in features]) for name in sorted(features[0])}
    knots = {name: places for name, places in knots.items() if len(places) > 1}
    columns = [
        np.interp([row[name] for row in features], places, hat)
        for name, places in knots.items()
        for hat in np.eye(len(places))
    ]
    scaler = StandardScaler()
    matrix = scaler.fit_transform(np.column_stack(columns), sample_weight=weights)
    model = LogisticRegression(C=REGULARISATION, max_iter=5_000, class_weight="balanced")
    model.fit(matrix, is_answerable, sample_weight=weights)
    values = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - values @ scaler.mean_)
    ends = np.cumsum([len(places) for places in knots.values()])[:-1]
    return {
        name: Contribution(knots=tuple(places), values=tuple(np.round(own, 5).tolist()))
        for (name, places), own in zip(knots.items(), np.split(values, ends), strict=True)
    }, round(bias, 5)


def _knots(values: Sequence[float]) -> list[float]:
    quantiles = np.quantile(values, np.linspace(0, 1, KNOTS))
    return [float(each) for each in np.unique(quantiles.round(4))]


def _weights(
    importance: Sequence[float] | NDArray[np.float64] | None, rows: int
) -> NDArray[np.float64]:
    """Of mean 1, so that regularisation weighs the same."""
    weights = np.ones(rows) if importance is None else np.asarray(importance, float)
    return weights / float(weights.mean())


def calibrate(
    logits: Sequence[float],
    is_answerable: Sequence[bool],
    reranker: str | None,
    importance: Sequence[float] | NDArray[np.float64] | None = None,
) -> Calibration:
    """The probability by logit and what each threshold gives, from questions not fitted on.

    Platt scaling (Platt 1999) with his targets, which keep few questions from making it certain. A
    model that ranks the wrong way round gets a slope of 0: every question is as likely as the rest.
    """
    from scipy.optimize import minimize

    scores = np.asarray(logits, float)
    truth = np.asarray(is_answerable, bool)
    weights = _weights(importance, len(scores))
    yes, no = truth.sum(), (~truth).sum()
    targets = np.where(truth, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(line: NDArray[np.float64]) -> float:
        z = line[0] * scores + line[1]
        return float(np.average(np.logaddexp(0, z) - targets * z, weights=weights))

    slope, intercept = minimize(loss, [1.0, 0.0], bounds=[(0, None), (None, None)]).x
    probabilities = 1 / (1 + np.exp(-(slope * scores + intercept)))
    return Calibration(
        reranker=reranker,
        questions=len(scores),
        answerable=round(float(np.average(truth, weights=weights)), 4),
        slope=round(float(slope), 6),
        intercept=round(float(intercept), 6),
        curve=_curve(probabilities, weights),
    )


def _curve(probabilities: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[Point, ...]:
    """From the threshold that answers all to that which answers least."""
    order = np.argsort(-probabilities, kind="stable")
    above = np.cumsum(weights[order])
    precision = np.cumsum((probabilities * weights)[order]) / above
    places = np.unique(np.linspace(0, len(order) - 1, CURVE_POINTS).round().astype(int))
    # Rounded down, a threshold still answers the question that it was taken from.
    return tuple(
        Point(
            threshold=float(np.floor(probabilities[order[place]] * 1e4) / 1e4),
            precision=float(np.floor(min(precision[place], 1) * 1e4) / 1e4),
            coverage=round(float(above[place] / above[-1]), 4),
        )
        for place in places[::-1]
    )


def fitted_model(
    features: Sequence[Features],
    is_answerable: Sequence[bool],
    logits: Sequence[float],
    reranker: str | None,
    importance: Sequence[float] | NDArray[np.float64] | None = None,
) -> Model:
    """A model fitted on all rows. `logits` for its calibration come from models that were fitted without
    the row."""
    contributions, bias = fit(features, is_answerable, importance)
    calibration = calibrate(logits, is_answerable, reranker, importance)
    return Model(contributions=contributions, bias=bias, calibration=calibration)
