"""The weights of a verifier's features, fitted on pairs that its adapter was not trained on."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.adapter import AdapterManifest
from service.claims import compare
from service.entailment import EntailmentModel
from service.evidence import nearest_evidence
from service.support import CALIBRATION_FILE, SupportCalibration, features_of
from service.train.pairs import Label, Pair

FOLDS = 5
STRENGTH = 1.0
"""Inverse of the regularization, on features of variance 1."""


def fit_support(
    pairs: Sequence[Pair], adapter: Path, *, seed: int
) -> tuple[AdapterManifest, SupportCalibration]:
    """Fit the weights on pairs that were held out, and write them and what was measured to `adapter`.

    Supported pairs and others weigh the same, and so do the sources. What is measured is cross-fitted:
    every pair is scored by weights that were fitted on the pairs of other groups.
    """
    model = EntailmentModel(adapter)
    rows = [_features(model, pair) for pair in pairs]
    names = list(rows[0])
    table = np.array([[row[name] for name in names] for row in rows])
    labels = np.array([pair.label is Label.SUPPORTED for pair in pairs])
    weigh = _source_weights(pairs)
    folds = _folds(pairs, seed)
    crossed = np.empty(len(pairs))
    for fold in range(FOLDS):
        inside = folds == fold
        weights, intercept = _fit(table[~inside], labels[~inside], weigh[~inside])
        crossed[inside] = 1 / (1 + np.exp(-(table[inside] @ weights + intercept)))
    weights, intercept = _fit(table, labels, weigh)
    metrics = _metrics(labels, {"model": table[:, 0], "words": table[:, 1], "support": crossed})
    calibration = SupportCalibration(
        adapter=model.manifest.weights_sha256,
        weights={
            name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)
        },
        intercept=round(float(intercept), 5),
        pairs=len(pairs),
        metrics=metrics,
    )
    (adapter / CALIBRATION_FILE).write_text(calibration.model_dump_json(indent=2) + "\n", "utf-8")
    manifest = model.manifest.model_copy(update={"metrics": {**model.manifest.metrics, **metrics}})
    manifest.write(adapter)
    return manifest, calibration


def _features(model: EntailmentModel, pair: Pair) -> dict[str, float]:
    evidence = nearest_evidence(pair.claim, pair.evidence)
    (answer,) = model.read([pair.claim], evidence)
    return features_of(answer, compare(pair.claim, evidence))


def _folds(pairs: Sequence[Pair], seed: int) -> NDArray[np.int64]:
    """Pairs of a group in one fold."""
    groups = list(dict.fromkeys(pair.group or pair.claim for pair in pairs))
    order = np.random.default_rng(seed).permutation(len(groups))
    fold = {group: int(place) % FOLDS for group, place in zip(groups, order, strict=True)}
    return np.array([fold[pair.group or pair.claim] for pair in pairs])


def _source_weights(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Every source weighs the same, whatever it has of pairs."""
    counts = Counter(pair.source for pair in pairs)
    return np.array([len(pairs) / len(counts) / counts[pair.source] for pair in pairs])


def _fit(
    table: NDArray[np.float64], labels: NDArray[np.bool_], weigh: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights and intercept on the features as they are, fitted on standardized ones."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = table.mean(0), table.std(0)
    spread[spread == 0] = 1.0
    fitted = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000)
    fitted.fit((table - mean) / spread, labels, sample_weight=weigh)
    weights = fitted.coef_[0] / spread
    return weights, float(fitted.intercept_[0] - weights @ mean)


def _metrics(labels: NDArray[np.bool_], scores: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    measured = {
        f"auroc {name}": round(float(roc_auc_score(labels, values)), 4)
        for name, values in scores.items()
    }
    balanced = balanced_accuracy_score(labels, scores["support"] >= 0.5)
    return measured | {"balanced accuracy": round(float(balanced), 4)}
