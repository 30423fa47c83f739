"""A LoRA adapter that makes a reranker of the bundled MiniLM."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from ingest.adapter import (
    AdapterManifest,
    TrainingData,
    base_sha256,
    read_adapter,
    trainable_adapter,
    without_notices,
)
from ingest.embed import BUNDLED, Encoder, bundled_path
from ingest.train.examples import (
    Division,
    Example,
    ExamplesUnusable,
    check_division,
    limited,
)
from ingest.train.lora import (
    WITHOUT_DROPOUT,
    LoraRecipe,
    Say,
    check_trainable,
    pace,
    save_adapter,
    trainer_arguments,
    with_lora,
)
from service.rerank import CrossEncoderReranker, Reranker, base_model
from service.settings import Settings
from service.train.gain import Gain, paired_gain
from service.train.measure import reciprocal_ranks
from service.train.mining import pooled_cases, with_mined_negatives

RELEVANT = 10.0
"""Label of the passage that answers. ListNet compares softmaxes: that of this and zeros is all but 1 and
zeros, and its loss the cross entropy of the answering passage (Gao, Dai and Callan 2021, equation 4)."""

NEGATIVES_TO_MEASURE = 19


class RerankerRecipe(LoraRecipe):
    """How an adapter is trained.

    A query is trained on with its first `positives`, each in a list with `negatives` others. Of such
    lists `queries_per_step` make a step, `queries_at_once` of them computed together.
    """

    positives: int = Field(1, ge=1, le=8)
    negatives: int = Field(4, ge=1, le=31)
    queries_per_step: int = Field(16, ge=1)
    queries_at_once: int = Field(4, ge=1)


def train_reranker(
    division: Division,
    data: Sequence[TrainingData],
    recipe: RerankerRecipe,
    encoder: Encoder,
    out: Path,
    *,
    settings: Settings | None = None,
    start: Path | None = None,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train on one side of the division, measure on the other, and write adapter and manifest to `out`.

    `settings` say how the search is fused and how much the reranker counts when its gain over the search
    is measured. Deterministic for a recipe on one machine. Raises `ExamplesUnusable` where there is
    nothing to train on or nothing to measure with, and what `fit_reranker` raises.
    """
    check_trainable(out)
    check_division(division)
    training = chosen_with_negatives(division.training, recipe, encoder)
    manifest = fit_reranker(training, data, recipe, out, start=start, say=say)
    say(f"Measuring on {len(division.held_out)} queries of documents held out.")
    held_out = with_mined_negatives(
        division.held_out, encoder, wanted=NEGATIVES_TO_MEASURE, seed=recipe.seed
    )
    reranker = CrossEncoderReranker(BUNDLED, out)
    alone = measure(held_out, encoder, reranker)
    fused = measure_fused(division.held_out, encoder, reranker, settings or Settings())
    manifest = with_metrics(
        manifest,
        alone.as_metrics("mrr@10")
        | fused.as_metrics("mrr@10 over search")
        | {"queries held out": len(held_out)},
    )
    manifest.write(out)
    return manifest


def fit_reranker(
    examples: Sequence[Example],
    data: Sequence[TrainingData],
    recipe: RerankerRecipe,
    out: Path,
    *,
    start: Path | None = None,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train on examples with their negatives, and write the adapter with a manifest without metrics.

    With `start` the adapter in that folder is trained further. Raises `ExamplesUnusable` where no
    example has a negative, `FolderTaken` where `out` holds something, `AdapterUnusable` for what `start`
    holds, and `TrainingNotInstalled`.
    """
    check_trainable(out)
    rows = list(_rows(examples, recipe.positives))
    if not rows:
        raise ExamplesUnusable("No example has a passage that does not answer, given or mined.")
    noted = recipe.model_dump() | {"queries": len(examples)}
    if start is not None:
        before = read_start(start)
        data = (*before.data, *data)
        noted |= {"started from": before.name}
    with without_notices():
        trained = _fit(rows, recipe, start, say)
        return save_adapter(trained, "reranker", out, data=data, recipe=noted)


def read_start(folder: Path) -> AdapterManifest:
    """The manifest of an adapter that is to be trained further. Raises `AdapterUnusable`."""
    return read_adapter(folder, "reranker", base_sha256=base_sha256(bundled_path()))


def chosen_with_negatives(
    examples: Sequence[Example], recipe: RerankerRecipe, encoder: Encoder
) -> tuple[Example, ...]:
    """The examples that the recipe's limit leaves, with their negatives."""
    chosen = limited(examples, recipe.limit, seed=recipe.seed)
    return with_mined_negatives(chosen, encoder, wanted=recipe.negatives, seed=recipe.seed)


def with_metrics(manifest: AdapterManifest, metrics: dict[str, float]) -> AdapterManifest:
    return manifest.model_copy(update={"metrics": {**manifest.metrics, **metrics}})


def measure_fused(
    examples: Sequence[Example], encoder: Encoder, reranker: Reranker, settings: Settings
) -> Gain:
    """MRR@10 of the answering passages in what the fused search finds among the passages of all these
    examples, before and after it is reranked. The interval is clustered by group."""
    cases = pooled_cases(examples, encoder, settings.retrieval)
    return paired_gain(
        reciprocal_ranks(cases, None, settings.reranker),
        reciprocal_ranks(cases, reranker, settings.reranker),
        [case.group for case in cases],
    )


def measure(examples: Sequence[Example], encoder: Encoder, reranker: Reranker) -> Gain:
    """MRR@10 of the answering passages among the others, ordered by the encoder and by the reranker.

    The interval is clustered by group.
    """
    before, after = [], []
    for example in examples:
        passages = list(dict.fromkeys((*example.positives, *example.negatives)))
        right = [passage in example.positives for passage in passages]
        vectors = encoder.encode([example.query, *passages])
        before.append(_reciprocal_rank(list(vectors[1:] @ vectors[0]), right))
        after.append(_reciprocal_rank(reranker.score(example.query, passages), right))
    return paired_gain(before, after, [example.group for example in examples])


def _reciprocal_rank(scores: Sequence[float], right: Sequence[bool], depth: int = 10) -> float:
    best = max((score for score, is_right in zip(scores, right, strict=True) if is_right))
    ahead = sum(
        score >= best for score, is_right in zip(scores, right, strict=True) if not is_right
    )
    return 1 / (ahead + 1) if ahead < depth else 0.0


def _fit(
    rows: Sequence[dict[str, object]], recipe: RerankerRecipe, start: Path | None, say: Say
) -> Any:
    """The trained PEFT model."""
    from datasets import Dataset
    from sentence_transformers.cross_encoder import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
    )
    from sentence_transformers.cross_encoder.losses import ListNetLoss
    from transformers import set_seed

    set_seed(recipe.seed)
    model = base_model(max_tokens=recipe.max_tokens, **WITHOUT_DROPOUT)
    model[0].model = (
        with_lora(model[0].model, recipe, "SEQ_CLS")
        if start is None
        else trainable_adapter(model[0].model, start)
    )
    with tempfile.TemporaryDirectory() as scratch:
        CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                **trainer_arguments(recipe, scratch, steps=len(rows) // recipe.queries_per_step),
                per_device_train_batch_size=recipe.queries_at_once,
                gradient_accumulation_steps=max(
                    1, recipe.queries_per_step // recipe.queries_at_once
                ),
            ),
            train_dataset=Dataset.from_list(list(rows)),
            loss=ListNetLoss(model, mini_batch_size=-1),
            callbacks=[pace(say)],
        ).train()
    return model[0].model


def _rows(examples: Sequence[Example], positives: int) -> Iterator[dict[str, object]]:
    """One list for each answering passage: it and the passages that do not answer."""
    for example in examples:
        for positive in example.positives[:positives]:
            documents = [positive, *example.negatives]
            labels = [RELEVANT] + [0.0] * len(example.negatives)
            if example.negatives:
                yield {"query": example.query, "documents": documents, "labels": labels}
