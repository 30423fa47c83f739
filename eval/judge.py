"""The judge of support: who it is, and how good it is on human labels."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from eval.judging import JudgedScores, Judging
from eval.metrics.calibration import auroc, balanced_accuracy, rates
from eval.record import DIGITS, JudgeQuality
from eval.statistics import Interval, bootstrap_statistic
from ingest.errors import PinciteError
from service.assemble import Assembled
from service.settings import BUNDLED_VERIFIER, Settings, VerifierSettings
from service.verifiers import build_verifier, min_support
from service.verify import Verifier

SHIPPED_JUDGE = Path(__file__).parent / "adapters" / "judge"
"""Trained like the verifier's adapter, on other sources."""

BUNDLED_LABELS = {"ordinary": "judge_labels_ordinary.jsonl", "hard": "judge_labels.jsonl"}
"""Written for this project: claims as drafts make them, by which scores are corrected, and claims that
are to deceive who counts words."""

SHARED_LABELS = ("verify_contractnli_dev.jsonl", "verify_attributionbench_dev.jsonl")
DRAWN = 200
"""Pairs of a larger set of labels that the judge is asked about."""

WhichLabels = Literal["some", "all", "none"]

_SAID = "judge-labels.jsonl"
"""What was said of labelled pairs before; beside the index, since it is the same for all runs."""

_SEED = 0


class LabelsUnreadable(PinciteError):
    """A file of human labels is damaged; the message says which line."""


class LabelledPair(BaseModel):
    """What people say of a claim and its evidence. Pairs of one `cluster` are not independent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    claim: str
    evidence: str
    label: Literal["supported", "contradicted", "not_said", "neutral", "not_supported"]
    doc: str | None = None
    question: str | None = None

    @property
    def is_supported(self) -> bool:
        return self.label == "supported"

    @property
    def cluster(self) -> str:
        return self.doc or self.question or self.id


@dataclass(frozen=True, slots=True)
class Labels:
    """Pairs that people have judged."""

    name: str
    pairs: tuple[LabelledPair, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a judge says of labelled pairs, what people say of them, and how good the judge is."""

    scores: tuple[float, ...]
    supported: tuple[bool, ...]
    quality: JudgeQuality


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges and who served, each with the score from which it takes a claim for supported; and what
    both said of the labelled pairs before."""

    judge: Verifier
    threshold: float
    verifier: Verifier
    verifier_threshold: float
    said_of_labels: JudgedScores
    labels: Sequence[Labels]


def build_judges(settings: Settings, service: Assembled, labels: WhichLabels) -> Judges:
    """The judge that the settings name, and the verifier that serves.

    Raises `LabelsUnreadable`, and what `build_verifier` raises.
    """
    found = [] if labels == "none" else find_labels(shared_folder(), every=labels == "all")
    return Judges(
        build_verifier(_of_other_sources(settings.judge)),
        min_support(settings.judge),
        *served_by(service),
        JudgedScores(settings.index.path / _SAID),
        found,
    )


def _of_other_sources(settings: VerifierSettings) -> VerifierSettings:
    """The settings, which mean the judge's adapter where they name none: the verifier's marks no work of
    its own."""
    if settings.model != BUNDLED_VERIFIER or settings.adapter is not None:
        return settings
    return settings.model_copy(update={"adapter": SHIPPED_JUDGE})


def served_by(service: Assembled) -> tuple[Verifier, float]:
    """The verifier that checks the service's answers, and the score from which it lets them pass."""
    return service.pipeline.verifier, service.pipeline.min_support


def find_labels(shared: Path | None, *, every: bool = False) -> list[Labels]:
    """The labels written for this project, then those in the folder `shared`, as far as they are there;
    of larger sets `DRAWN` pairs, the same at every call, unless `every`.

    Raises `LabelsUnreadable`.
    """
    found = []
    for kind, name in BUNDLED_LABELS.items():
        text = files("eval").joinpath(name).read_text("utf-8")
        found.append(Labels(kind, _read(name, text)))
    for name in SHARED_LABELS:
        path = shared / "data" / name if shared else None
        if path is not None and path.is_file():
            pairs = _read(str(path), path.read_text("utf-8"))
            short = name.removeprefix("verify_").removesuffix("_dev.jsonl")
            found.append(Labels(short, pairs if every else _drawn(pairs)))
    return found


def shared_folder() -> Path | None:
    """The folder of data that is not part of Pincite, where there is one."""
    named = os.environ.get("PINCITE_SHARED")
    return Path(named) if named else None


def measure(judging: Judging, labels: Labels) -> Measured | None:
    """How the judge does on the pairs, quotations included, which it is asked about like all others.

    Balanced accuracy is that at the judge's own threshold. None where the pairs are not of both kinds.
    """
    scores: list[float] = []
    for pair in labels.pairs:
        # One by one: what stands beside a pair must not change its score.
        scores += judging.unaided_support([(pair.claim, pair.evidence)])
    values, truly = np.array(scores), np.array([pair.is_supported for pair in labels.pairs])
    clusters = [pair.cluster for pair in labels.pairs]
    accuracy = bootstrap_statistic(
        lambda drawn: balanced_accuracy(values[drawn], truly[drawn], judging.threshold),
        len(values),
        clusters,
    )
    area = bootstrap_statistic(
        lambda drawn: auroc(values[drawn], truly[drawn]), len(values), clusters
    )
    both = rates(values, truly, judging.threshold)
    if accuracy is None or area is None or both.sensitivity is None or both.specificity is None:
        return None
    quality = JudgeQuality(
        labels=labels.name,
        pairs=len(values),
        threshold=judging.threshold,
        balanced_accuracy=_rounded(accuracy),
        auroc=_rounded(area),
        sensitivity=round(both.sensitivity, DIGITS),
        specificity=round(both.specificity, DIGITS),
    )
    return Measured(tuple(scores), tuple(map(bool, truly)), quality)


def _read(name: str, text: str) -> tuple[LabelledPair, ...]:
    pairs = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            pairs.append(LabelledPair.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError) as error:
            raise LabelsUnreadable(f"{name}:{number} is no labelled pair: {error}") from error
    return tuple(pairs)


def _drawn(pairs: Sequence[LabelledPair]) -> tuple[LabelledPair, ...]:
    if len(pairs) <= DRAWN:
        return tuple(pairs)
    chosen = np.random.default_rng(_SEED).choice(len(pairs), DRAWN, replace=False)
    return tuple(pairs[int(place)] for place in sorted(chosen))


def _rounded(interval: Interval) -> tuple[float, float, float]:
    return (
        round(interval.value, DIGITS),
        round(interval.low, DIGITS),
        round(interval.high, DIGITS),
    )
