"""A reranker trained on an admin's own questions, and what it gains on documents it has not seen."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.adapter import AdapterManifest, TrainingData
from ingest.embed import BUNDLED
from ingest.train.examples import Example
from ingest.train.lora import Say, check_trainable
from service.rerank import CrossEncoderReranker, Reranker
from service.settings import RerankerSettings
from service.train.gain import Gain, paired_gain
from service.train.measure import Case, reciprocal_ranks
from service.train.questions import (
    HELD_OUT_FOLDS,
    OwnQuestion,
    check_enough,
    document_folds,
    own_examples,
)
from service.train.reranker import RerankerRecipe, fit_reranker, with_metrics

FOLDS = 5
"""Each trains once, on the questions about the other documents."""


@dataclass(frozen=True, slots=True)
class OwnTraining:
    """What the training starts from. `start` is an adapter to be trained further, `general` are
    examples beside the own ones, with their negatives; `repeat` is how often each own one stands among
    them, every time with other negatives."""

    general: tuple[Example, ...] = ()
    start: Path | None = None
    repeat: int = 4


def train_on_questions(
    questions: Sequence[OwnQuestion],
    training: OwnTraining,
    data: Sequence[TrainingData],
    recipe: RerankerRecipe,
    out: Path,
    *,
    settings: RerankerSettings,
    current: Reranker | None,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train, measure, and write adapter and manifest to `out`.

    The gain is of MRR@10 of the answering passages over the search, and over the reranker `current`.
    Every question is ranked by an adapter that was trained without its documents. Without general
    examples that is one of `FOLDS`, and the adapter in `out` is trained on all questions; beside them it
    is the adapter in `out`, which is not trained on a quarter of the documents. Raises
    `ExamplesUnusable` for too few questions, and what `fit_reranker` raises.
    """
    check_trainable(out)
    check_enough(questions)
    fit = _Fit(questions, training, data, recipe, say)
    if training.general:
        held_out, *_ = document_folds(questions, HELD_OUT_FOLDS, seed=recipe.seed)
        manifest = fit(out, held_out)
        cases = _about(questions, held_out)
        ranks = reciprocal_ranks(cases, CrossEncoderReranker(BUNDLED, out), settings)
    else:
        cases, ranks = _cross_validated(questions, fit, recipe.seed, settings, say)
        say("Training on all questions.")
        manifest = fit(out, frozenset())
    manifest = with_metrics(manifest, _metrics(cases, ranks, current, settings))
    manifest.write(out)
    return manifest


@dataclass(frozen=True, slots=True)
class _Fit:
    questions: Sequence[OwnQuestion]
    training: OwnTraining
    data: Sequence[TrainingData]
    recipe: RerankerRecipe
    say: Say

    def __call__(self, out: Path, held_out: frozenset[str]) -> AdapterManifest:
        """Train without the questions about these documents."""
        own = own_examples(
            self.questions,
            held_out,
            repeat=self.training.repeat,
            negatives=self.recipe.negatives,
            seed=self.recipe.seed,
        )
        return fit_reranker(
            (*self.training.general, *own),
            self.data,
            self.recipe,
            out,
            start=self.training.start,
            say=self.say,
        )


def _cross_validated(
    questions: Sequence[OwnQuestion], fit: _Fit, seed: int, settings: RerankerSettings, say: Say
) -> tuple[list[Case], list[float]]:
    """Every question, and the reciprocal rank that a training without its documents gives."""
    folds = document_folds(questions, FOLDS, seed=seed)
    cases: list[Case] = []
    ranks: list[float] = []
    for number, held_out in enumerate(folds, start=1):
        say(f"Training {number} of {len(folds) + 1}, without {len(held_out)} documents.")
        with tempfile.TemporaryDirectory() as scratch:
            fit(Path(scratch), held_out)
            some = _about(questions, held_out)
            ranks += reciprocal_ranks(some, CrossEncoderReranker(BUNDLED, Path(scratch)), settings)
        cases += some
    return cases, ranks


def _about(questions: Sequence[OwnQuestion], documents: frozenset[str]) -> list[Case]:
    return [each.case for each in questions if each.case.group in documents]


def _metrics(
    cases: Sequence[Case],
    ranks: Sequence[float],
    current: Reranker | None,
    settings: RerankerSettings,
) -> dict[str, float]:
    def gain_over(before: Reranker | None) -> Gain:
        ranked = reciprocal_ranks(cases, before, settings)
        return paired_gain(ranked, ranks, [case.group for case in cases])

    metrics = gain_over(None).as_metrics("own mrr@10 over search")
    if current is not None:
        metrics |= gain_over(current).as_metrics("own mrr@10 over current")
    return metrics | {"own questions held out": float(len(cases))}
