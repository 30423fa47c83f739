"""A LoRA adapter of the bundled encoder: questions come nearer to the passages that answer them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from ingest.adapter import AdapterManifest, TrainingData, without_notices
from ingest.embed import bundled_path
from ingest.train.examples import Example, ExamplesUnusable
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


class EncoderRecipe(LoraRecipe):
    """How the adapter is trained.

    Of `queries_per_step` queries each is compared with its own passage, with those of the others, and
    with one for each query that does not answer it.
    """

    learning_rate: float = Field(2e-4, gt=0)
    queries_per_step: int = Field(32, ge=2)


def train_encoder(
    examples: Sequence[Example],
    data: Sequence[TrainingData],
    recipe: EncoderRecipe,
    out: Path,
    *,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train on the first answering passage of each query against its first other one, and write the
    adapter with a manifest without metrics to `out`.

    The loss is the cross entropy of the answering passage among all of a step (Henderson et al. 2017,
    section 4). Deterministic for a recipe on one machine. Raises `ExamplesUnusable` where no example has
    both passages, `FolderTaken` where `out` holds something, and `TrainingNotInstalled`.
    """
    check_trainable(out)
    rows = [
        {"query": each.query, "positive": each.positives[0], "negative": each.negatives[0]}
        for each in examples
        if each.negatives
    ]
    if not rows:
        raise ExamplesUnusable("No example has a passage that does not answer, given or mined.")
    with without_notices():
        return _fit(rows, data, recipe, out, say)


def _fit(
    rows: Sequence[dict[str, str]],
    data: Sequence[TrainingData],
    recipe: EncoderRecipe,
    out: Path,
    say: Say,
) -> AdapterManifest:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.training_args import BatchSamplers
    from transformers import set_seed

    set_seed(recipe.seed)
    model = SentenceTransformer(
        str(bundled_path()), local_files_only=True, config_kwargs=WITHOUT_DROPOUT
    )
    model.max_seq_length = recipe.max_tokens
    model[0].model = with_lora(model[0].model, recipe, "FEATURE_EXTRACTION")
    with tempfile.TemporaryDirectory() as scratch:
        SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                **trainer_arguments(recipe, scratch, steps=len(rows) // recipe.queries_per_step),
                per_device_train_batch_size=recipe.queries_per_step,
                # What answers one query must not count as wrong for another that asks the same.
                batch_sampler=BatchSamplers.NO_DUPLICATES,
            ),
            train_dataset=Dataset.from_list(list(rows)),
            loss=MultipleNegativesRankingLoss(model),
            callbacks=[pace(say)],
        ).train()
    noted = recipe.model_dump() | {"queries": len(rows)}
    return save_adapter(model[0].model, "encoder", out, data=data, recipe=noted)
