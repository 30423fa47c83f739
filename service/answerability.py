"""How likely the passages that were found are to answer the question, as a calibrated probability.

An additive model over features of the question and of what both searches found for it, each of them
explained at its function. The model was fitted by `python -m benchmarks.answerability --fit`.
"""

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from ingest.embed import Encoder
from ingest.errors import PinciteError
from service.exact import clauses_asked_for, share_held, stands_below
from service.features import FeatureReader, Features
from service.retrieve import Retrieved

SHIPPED = files("service") / "answerability.json"

OFF_SUBJECT = 0.25
"""Cosine below which nothing is about the question. Of 178 answerable example questions one is below
it, of 39 unanswerable ones three; the model has seen too few of these to know them."""

Share = Annotated[float, Field(ge=0, le=1)]


class CalibrationUnusable(PinciteError):
    """The file of a calibration is missing, damaged, or made for another reranker."""


class Contribution(BaseModel):
    """What a feature adds to the logit: straight lines between the values at its knots, and no more
    beyond the outermost ones than at them, so that nothing unheard of decides alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    knots: Annotated[tuple[FiniteFloat, ...], Field(min_length=2)]
    values: tuple[FiniteFloat, ...]

    @model_validator(mode="after")
    def _is_a_line(self) -> Self:
        if len(self.values) != len(self.knots) or sorted(set(self.knots)) != list(self.knots):
            raise ValueError("a contribution needs rising knots and a value for each")
        return self

    def at(self, value: float) -> float:
        return float(np.interp(value, self.knots, self.values))


class Point(BaseModel):
    """Of the questions with at least `threshold`: the share that is answerable, and how many of all
    questions they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: Share
    precision: Share
    coverage: Share


class Calibration(BaseModel):
    """From a model's logit to a probability, and what each threshold on it gives.

    The probability is that of a question drawn from such as these, of which `answerable` is the share
    that the documents answer (Platt 1999). The curve rises: its precision is the mean probability of
    the questions above the threshold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reranker: str | None
    questions: Annotated[int, Field(ge=1)]
    answerable: Share
    slope: Annotated[FiniteFloat, Field(ge=0)]
    intercept: FiniteFloat
    curve: tuple[Point, ...]

    def probability(self, logit: float) -> float:
        return _sigmoid(self.slope * logit + self.intercept)

    def threshold(self, wanted_precision: float) -> float:
        """The lowest score from which on at least `wanted_precision` of the questions are answerable.

        Where the curve never gets there, the wanted precision itself: each single question above it is
        that likely to be answerable.
        """
        enough = (p.threshold for p in self.curve if p.precision >= wanted_precision)
        return min([*enough, wanted_precision])


class Model(BaseModel):
    """A generalised additive model (Hastie and Tibshirani 1986), and its calibration on questions that
    it was not fitted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contributions: Mapping[str, Contribution]
    bias: FiniteFloat
    calibration: Calibration

    def logit(self, features: Features) -> float:
        added = (each.at(features[name]) for name, each in self.contributions.items())
        return self.bias + sum(added)


class Models(BaseModel):
    """The model for passages that no reranker has read, and one for those that a certain one has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without_reranker: Model
    with_reranker: Model | None = None

    def fitting(self, reranker: str | None) -> Model:
        """That for the reranker of this name. Another's numbers mean something else: where there is
        none for it, the one that does without."""
        model = self.with_reranker
        is_for_it = model is not None and model.calibration.reranker == reranker
        return model if model is not None and is_for_it else self.without_reranker


def shipped_models() -> Models:
    """The models that come with Pincite."""
    return Models.model_validate_json(SHIPPED.read_bytes())


def read_calibration(path: Path, reranker: str | None) -> Calibration:
    """What 'pincite train answerability' wrote. Raises `CalibrationUnusable`."""
    try:
        calibration = Calibration.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CalibrationUnusable(
            f"The calibration {path} cannot be read: {error}. Make one with 'pincite train "
            "answerability', and name its file in [answer] calibration."
        ) from error
    if calibration.reranker != reranker:
        raise CalibrationUnusable(
            f"The calibration {path} was made with the reranker {calibration.reranker or 'none'}, and "
            f"{reranker or 'none'} is configured: make it anew with 'pincite train answerability'."
        )
    return calibration


class CalibratedAnswerability:
    """The probability that the passages answer the question; 0 where there are none, and where the
    nearest is off the subject altogether.

    `reranker` names the one that has read them, `calibration` takes the place of the model's own. Best
    passages come first.
    """

    def __init__(
        self,
        model: Model,
        encoder: Encoder,
        reranker: str | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._model = model
        self.reranker = reranker
        self._reader = FeatureReader(encoder)
        self.calibration = calibration or model.calibration

    def logit(self, question: str, found: Sequence[Retrieved]) -> float:
        """The model's number before it is calibrated; needs a passage."""
        return self._model.logit(self._reader.read(question, found))

    def __call__(self, question: str, found: Sequence[Retrieved]) -> float:
        if found and (numbers := clauses_asked_for(question, found[0].chunk.context)):
            # Whether the clause is there decides; the model has seen no such questions.
            if stands_below(numbers, found[0].chunk.heading_path):
                return 1.0
            if not share_held(numbers, found[0].chunk.embedded_text):
                return 0.0
        near = [each.cosine for each in found if each.cosine is not None]
        if not found or (near and max(near) < OFF_SUBJECT):
            return 0.0
        return self.calibration.probability(self.logit(question, found))


def _sigmoid(logit: float) -> float:
    # The two forms are equal; each overflows where the other is used.
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    return math.exp(logit) / (1 + math.exp(logit))
