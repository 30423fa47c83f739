"""The bundled verifier: what a language model reads, what the words say, and what exact checks find, in
one calibrated score."""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ConfigDict, ValidationError

from generator.packaged import ModelNotInstalled
from ingest.adapter import AdapterUnusable
from ingest.errors import PinciteError
from service.claims import Comparison, Finding, compare
from service.entailment import Entailment, EntailmentModel
from service.verify import VerifierUnavailable

CALIBRATION_FILE = "support.json"
"""Beside the adapter whose answers it weighs."""

KEPT_PAIRS = 4096


class SupportCalibrationUnusable(PinciteError):
    """The weights of a verifier are missing, damaged or were fitted for another adapter."""


class SupportCalibration(BaseModel):
    """Weights of a logistic regression over `FEATURES`, fitted on pairs that the adapter was not trained
    on. A score of 0.5 divides supported claims from others where there are as many of both.

    `adapter` is the hash of the weights of the adapter it was fitted for, `pairs` how many it was fitted
    on, `metrics` what was measured on them, each by weights fitted without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter: str
    weights: Mapping[str, float]
    intercept: float
    pairs: int
    metrics: Mapping[str, float] = {}

    def score(self, features: Mapping[str, float]) -> float:
        total = self.intercept + sum(
            weight * features[name] for name, weight in self.weights.items()
        )
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair's score in [0, 1], how likely the evidence contradicts it, and what these rest on."""

    score: float
    contradiction: float
    features: Mapping[str, float]
    findings: tuple[str, ...]


class SupportVerifier:
    """Judges by the model's answers, the words shared and the exact checks together.

    What was judged is kept, since sentences repeat. The model is loaded when it is first asked, which
    takes seconds: an answer that quotes needs none. Raises `SupportCalibrationUnusable`, and when asked
    `VerifierUnavailable` where the model is not installed or the adapter does not fit.
    """

    def __init__(self, adapter: Path, name: str = "bundled") -> None:
        self._adapter = adapter
        self._loading = Lock()
        self._loaded: tuple[EntailmentModel, SupportCalibration] | None = None
        self._kept: OrderedDict[tuple[str, str], Judged] = OrderedDict()
        self._keeping = Lock()
        self.name = f"{name}@{read_calibration(adapter).adapter[:8]}"

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [judged.score for judged in self.judge(pairs)]

    def contradiction(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each pair of claim and evidence, how likely the evidence says otherwise, 0 to 1."""
        return [judged.contradiction for judged in self.judge(pairs)]

    def explain(
        self, pairs: Sequence[tuple[str, str]]
    ) -> list[tuple[float, Mapping[str, float], tuple[str, ...]]]:
        """Score, features and findings of each pair."""
        return [(each.score, each.features, each.findings) for each in self.judge(pairs)]

    def load(self) -> tuple[EntailmentModel, SupportCalibration]:
        """The model and its weights, loaded once."""
        with self._loading:
            if self._loaded is None:
                try:
                    model = EntailmentModel(self._adapter)
                except (ModelNotInstalled, AdapterUnusable) as error:
                    raise VerifierUnavailable(str(error)) from error
                calibration = read_calibration(self._adapter)
                if calibration.adapter != model.manifest.weights_sha256:
                    raise SupportCalibrationUnusable(
                        f"{self._adapter / CALIBRATION_FILE} was fitted for another adapter than the "
                        "one beside it: copy both anew, or train with 'pincite train verifier'."
                    )
                self._loaded = model, calibration
        return self._loaded

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judged]:
        """What is said of each pair. Evidence that stands in several is read once."""
        missing: dict[str, list[str]] = {}
        known: dict[tuple[str, str], Judged] = {}
        for claim, evidence in dict.fromkeys(pairs):
            kept = self._get((claim, evidence))
            if kept is None:
                missing.setdefault(evidence, []).append(claim)
            else:
                known[claim, evidence] = kept
        for evidence, claims in missing.items():
            for claim, judged in zip(claims, self._read(claims, evidence), strict=True):
                known[claim, evidence] = judged
                self._keep((claim, evidence), judged)
        return [known[pair] for pair in pairs]

    def _read(self, claims: Sequence[str], evidence: str) -> list[Judged]:
        model, calibration = self.load()
        return [
            _judged(calibration, answer, compare(claim, evidence))
            for claim, answer in zip(claims, model.read(claims, evidence), strict=True)
        ]

    def _get(self, pair: tuple[str, str]) -> Judged | None:
        with self._keeping:
            if pair in self._kept:
                self._kept.move_to_end(pair)
            return self._kept.get(pair)

    def _keep(self, pair: tuple[str, str], judged: Judged) -> None:
        with self._keeping:
            self._kept[pair] = judged
            if len(self._kept) > KEPT_PAIRS:
                self._kept.popitem(last=False)


def features_of(answer: Entailment, compared: Comparison) -> dict[str, float]:
    """What the score is made of, by name. Logarithms of odds are cut off at 8."""
    unsupported = math.exp(answer.contradicted) + math.exp(answer.neutral)
    odds = answer.supported - math.log(max(unsupported, 1e-12))
    return {
        "model": max(-8.0, min(8.0, odds)),
        "covered": compared.covered,
        "number missing": float(Finding.NUMBER in compared.findings),
        "altered copy": float(compared.is_copy and bool(compared.findings)),
    }


def read_calibration(adapter: Path) -> SupportCalibration:
    """Raises `SupportCalibrationUnusable`."""
    path = adapter / CALIBRATION_FILE
    try:
        return SupportCalibration.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise SupportCalibrationUnusable(
            f"{path} cannot be read: {error}. Name a folder that 'pincite train verifier' made."
        ) from error


def _judged(calibration: SupportCalibration, answer: Entailment, compared: Comparison) -> Judged:
    features = features_of(answer, compared)
    score = calibration.score(features)
    against = math.exp(answer.contradicted)
    against /= against + math.exp(answer.neutral) or 1.0
    return Judged(
        score,
        (1 - score) * against,
        {name: round(value, 4) for name, value in features.items()},
        tuple(finding.value for finding in compared.findings),
    )
