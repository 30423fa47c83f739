"""How well verifiers agree with people on whether evidence supports a claim, and how long they take.

python -m benchmarks.verification SHARED [--adapter FOLDER] [--limit N] [--minilm]
"""

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import markdown_table
from eval.metrics.calibration import (
    auroc,
    balanced_accuracy,
    best_threshold,
    expected_calibration_error,
)
from eval.statistics import bootstrap_statistic
from generator.packaged import load_packaged
from service.claims import compare
from service.entailment import SHIPPED_ADAPTER, answer_weights, claim_tokens, evidence_tokens
from service.evidence import nearest_evidence
from service.overlap import OverlapVerifier
from service.support import SupportVerifier

LABELS = ("verify_contractnli_dev.jsonl", "verify_attributionbench_dev.jsonl")
SEED = 1
FOLDS = 2
_MARK = re.compile(r"\s*\[\d+\]")

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Claims with their evidence, whether people say it supports them, and what each belongs to."""

    pairs: list[tuple[str, str]]
    labels: list[bool]
    clusters: list[str]


def read(path: Path, limit: int | None) -> Labelled:
    """The labels of a file, all or so many drawn by chance. Citation marks in claims are left out, as a
    draft's are."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    if limit is not None and limit < len(rows):
        rows = random.Random(SEED).sample(rows, limit)  # noqa: S311 - no secret
    return Labelled(
        [
            (claim := _MARK.sub("", row["claim"]), nearest_evidence(claim, row["evidence"]))
            for row in rows
        ],
        [row["label"] == "supported" for row in rows],
        [row.get("doc") or row.get("question") or row["id"] for row in rows],
    )


def crossed(scores: Sequence[float], labelled: Labelled) -> tuple[Scores, list[bool]]:
    """Calibrated scores, and what is called supported: by a logistic curve and a threshold that are
    fitted on the other half of the clusters."""
    from sklearn.linear_model import LogisticRegression

    values, labels = np.array(scores), np.array(labelled.labels)
    clusters = sorted(set(labelled.clusters))
    random.Random(SEED).shuffle(clusters)  # noqa: S311 - no secret
    fold = {cluster: number % FOLDS for number, cluster in enumerate(clusters)}
    folds = np.array([fold[cluster] for cluster in labelled.clusters])
    calibrated, called = np.empty(len(values)), np.empty(len(values), bool)
    for number in range(FOLDS):
        inside = folds == number
        fitted = LogisticRegression().fit(values[~inside, None], labels[~inside])
        calibrated[inside] = fitted.predict_proba(values[inside, None])[:, 1]
        threshold = best_threshold(values[~inside].tolist(), labels[~inside].tolist())
        called[inside] = values[inside] >= (threshold if threshold is not None else 0.5)
    return calibrated, called.tolist()


def row(name: str, scores: Sequence[float], labelled: Labelled, fixed: float | None) -> list[str]:
    """AUROC with its interval over clusters, balanced accuracy at the fixed threshold and at that of the
    other half, and the calibration error of scores calibrated on the other half."""
    labels = labelled.labels
    interval = bootstrap_statistic(
        lambda places: auroc([scores[n] for n in places], [labels[n] for n in places]),
        len(labels),
        labelled.clusters,
        seed=SEED,
        resamples=500,
    )
    calibrated, called = crossed(scores, labelled)
    at_fixed = balanced_accuracy(scores, labels, fixed) if fixed is not None else None
    at_other = balanced_accuracy([float(each) for each in called], labels, 0.5)
    error = expected_calibration_error(calibrated.tolist(), labels)
    area = f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]" if interval else "-"
    return [name, area, _shown(at_fixed), _shown(at_other), _shown(error)]


def plain_scores(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """What the packaged model says without an adapter: the odds of yes against no."""
    import torch

    model, tokenizer = load_packaged(dtype=torch.bfloat16)
    answers = answer_weights(model, tokenizer)
    scores = []
    with torch.inference_mode():
        for claim, evidence in pairs:
            tokens = evidence_tokens(tokenizer, evidence) + claim_tokens(tokenizer, claim)
            state = model(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state[
                0, -1
            ]
            logits = answers @ state.float()
            scores.append(float(logits[0] - logits[1]))
    return scores


def minilm_scores(data: Path, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """A cross-encoder from the bundled MiniLM, trained for one epoch on the same sources."""
    import tempfile

    import torch
    from datasets import Dataset
    from sentence_transformers.cross_encoder import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
    )
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

    from service.rerank import base_model
    from service.train.pairs import Label, read_pairs, thinned
    from service.train.verifier import VerifierRecipe

    recipe = VerifierRecipe()
    sources = ("factcheckgpt", "fm2", "wice")
    chosen = thinned(read_pairs(data, sources), neutral_share=recipe.neutral_share, seed=1)
    model = base_model(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    rows = Dataset.from_dict(
        {
            "evidence": [nearest_evidence(pair.claim, pair.evidence) for pair in chosen],
            "claim": [pair.claim for pair in chosen],
            "label": [float(pair.label is Label.SUPPORTED) for pair in chosen],
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                output_dir=scratch,
                num_train_epochs=1,
                per_device_train_batch_size=16,
                learning_rate=5e-5,
                warmup_steps=20,
                use_cpu=not torch.cuda.is_available(),
                save_strategy="no",
                report_to="none",
                seed=SEED,
            ),
            train_dataset=rows,
            loss=BinaryCrossEntropyLoss(model),
        ).train()
    read_pairs_of = [(evidence, claim) for claim, evidence in pairs]
    return [float(each) for each in model.predict(read_pairs_of, show_progress_bar=False)]


def latency_ms(verifier: SupportVerifier, labelled: Labelled, answers: int = 20) -> float:
    """The median time for an answer of five sentences, each with other evidence, none seen before."""
    verifier.support([("warm-up", "warm-up")])
    times = []
    for first in range(0, 5 * answers, 5):
        begun = time.perf_counter()
        verifier.support(labelled.pairs[first : first + 5])
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--adapter", type=Path, default=SHIPPED_ADAPTER)
    parser.add_argument("--limit", type=int, help="Labels of each file, drawn by chance.")
    parser.add_argument("--minilm", action="store_true", help="Train MiniLM for comparison.")
    options = parser.parse_args()
    for name in LABELS:
        labelled = read(options.shared / "data" / name, options.limit)
        verifier = SupportVerifier(options.adapter)
        print(f"\n{name}: {len(labelled.pairs)} labels, {sum(labelled.labels)} supported")
        speed = latency_ms(verifier, labelled)
        judged = verifier.judge(labelled.pairs)
        compared = [compare(claim, evidence) for claim, evidence in labelled.pairs]
        rows = [
            row("word overlap", OverlapVerifier().support(labelled.pairs), labelled, 0.75),
            row("words covered", [each.covered for each in compared], labelled, None),
            row("plain Gemma", plain_scores(labelled.pairs), labelled, 0.0),
            row("adapter alone", [each.features["model"] for each in judged], labelled, 0.0),
            row("bundled", [each.score for each in judged], labelled, 0.5),
        ]
        if options.minilm:
            data = options.shared / "data" / "verifier_train.jsonl.gz"
            rows.insert(2, row("MiniLM", minilm_scores(data, labelled.pairs), labelled, 0.5))
        header = ("", "AUROC", "balanced accuracy, fixed", "cross-fitted", "calibration error")
        print(markdown_table(header, rows))
        print(f"Five sentences, each with a passage's window: p50 {speed:.0f} ms.")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
