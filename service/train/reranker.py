"""A LoRA adapter that makes a reranker of the bundled MiniLM."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ingest.adapter import WEIGHTS_FILE, AdapterManifest, TrainingData, base_sha256, sha256_of
from ingest.embed import BUNDLED, Encoder, bundled_path
from ingest.errors import PinciteError, WrongUse
from service.rerank import CrossEncoderReranker, Reranker, base_model, without_notices
from service.train.examples import (
    Division,
    Example,
    ExamplesUnusable,
    with_mined_negatives,
)
from service.train.gain import Gain, paired_gain

RELEVANT = 10.0
"""Label of the passage that answers. ListNet compares softmaxes: that of this and zeros is all but 1 and
zeros, and its loss the cross entropy of the answering passage (Gao, Dai and Callan 2021, equation 4)."""

BASE_NAME = "all-MiniLM-L6-v2"
NEGATIVES_TO_MEASURE = 19


class TrainingNotInstalled(PinciteError):
    """A package that only training needs is missing; the message names it."""


class FolderTaken(WrongUse):
    """An adapter is not written over what is there."""


class RerankerRecipe(BaseModel):
    """How an adapter is trained.

    A query is trained on with its first `positives`, each in a list with `negatives` others. Of such
    lists `queries_per_step` make a step, `queries_at_once` of them computed together. `limit` is that
    of the queries, drawn by chance.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    epochs: int = Field(1, ge=1)
    limit: int | None = Field(None, ge=1)
    positives: int = Field(1, ge=1, le=8)
    negatives: int = Field(4, ge=1, le=31)
    queries_per_step: int = Field(16, ge=1)
    queries_at_once: int = Field(4, ge=1)
    max_tokens: int = Field(128, ge=32, le=512)
    learning_rate: float = Field(1e-3, gt=0)
    rank: int = Field(16, ge=1, description="Of the LoRA matrices")
    alpha: int = Field(32, ge=1)
    held_out_share: float = Field(0.05, gt=0, lt=1)


def train_reranker(
    division: Division,
    data: Sequence[TrainingData],
    recipe: RerankerRecipe,
    encoder: Encoder,
    out: Path,
) -> AdapterManifest:
    """Train on one side of the division, measure on the other, and write adapter and manifest to `out`.

    Deterministic for a recipe on one machine. Raises `ExamplesUnusable` where there is nothing to train
    on or nothing to measure with, `FolderTaken` where `out` holds something, and `TrainingNotInstalled`.
    """
    _check_installed()
    if out.exists() and any(out.iterdir()):
        raise FolderTaken(
            f"{out} holds files already, perhaps an adapter in use: name a new folder."
        )
    if not division.training or not division.held_out:
        raise ExamplesUnusable(
            f"{len(division.training)} examples are to be trained on, {len(division.held_out)} to be "
            "measured with: more are needed, of more documents (groups)."
        )
    chosen = division.training
    if recipe.limit is not None and recipe.limit < len(chosen):
        chosen = tuple(random.Random(recipe.seed).sample(chosen, recipe.limit))  # noqa: S311
    training = with_mined_negatives(chosen, encoder, wanted=recipe.negatives, seed=recipe.seed)
    with without_notices():
        _fit(training, recipe, out)
    weights = out / WEIGHTS_FILE
    manifest = AdapterManifest(
        kind="reranker",
        name=f"reranker-{sha256_of(weights)[:8]}",
        base=BASE_NAME,
        base_sha256=base_sha256(bundled_path()),
        weights_sha256=sha256_of(weights),
        data=tuple(data),
        recipe=recipe.model_dump() | {"queries": len(training)},
        metrics={},
        versions={
            name: version(name)
            for name in ("torch", "transformers", "sentence-transformers", "peft")
        },
    )
    manifest.write(out)
    held_out = with_mined_negatives(
        division.held_out, encoder, wanted=NEGATIVES_TO_MEASURE, seed=recipe.seed
    )
    gain = measure(held_out, encoder, CrossEncoderReranker(BUNDLED, out))
    manifest = manifest.model_copy(
        update={"metrics": gain.as_metrics("mrr@10") | {"queries held out": len(held_out)}}
    )
    manifest.write(out)
    return manifest


def _check_installed() -> None:
    try:
        import datasets  # noqa: F401
    except ImportError as error:
        raise TrainingNotInstalled(
            "Training needs the Python package datasets: pip install 'pincite[train]'."
        ) from error


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


def _fit(examples: Sequence[Example], recipe: RerankerRecipe, out: Path) -> None:
    import torch
    from datasets import Dataset
    from peft import LoraConfig, TaskType, get_peft_model
    from sentence_transformers.cross_encoder import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
    )
    from sentence_transformers.cross_encoder.losses import ListNetLoss
    from transformers import set_seed

    set_seed(recipe.seed)
    # Attention with dropout leaves the fast path: twice the time for a step on a CPU.
    model = base_model(
        max_tokens=recipe.max_tokens, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    model[0].model = get_peft_model(
        model[0].model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=["query", "key", "value", "dense"],
        ),
    )
    rows = list(_rows(examples, recipe.positives))
    if not rows:
        raise ExamplesUnusable("No example has a passage that does not answer, given or mined.")
    with tempfile.TemporaryDirectory() as scratch:
        CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                output_dir=scratch,
                num_train_epochs=recipe.epochs,
                per_device_train_batch_size=recipe.queries_at_once,
                gradient_accumulation_steps=max(
                    1, recipe.queries_per_step // recipe.queries_at_once
                ),
                dataloader_pin_memory=torch.cuda.is_available(),
                learning_rate=recipe.learning_rate,
                warmup_steps=max(1, len(rows) // recipe.queries_per_step // 10),
                seed=recipe.seed,
                bf16=_has_bfloat16(),
                save_strategy="no",
                report_to="none",
                logging_steps=20,
            ),
            train_dataset=Dataset.from_list(rows),
            loss=ListNetLoss(model, mini_batch_size=-1),
        ).train()
    out.mkdir(parents=True, exist_ok=True)
    trained = model[0].model
    # PEFT notes the folder that the base was loaded from, and writes an empty card.
    trained.peft_config["default"].base_model_name_or_path = BASE_NAME
    # Halved on the disk. Asked about embeddings, PEFT would look the base up on a model hub.
    trained.to(torch.float16).save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)


def _rows(examples: Sequence[Example], positives: int) -> Iterator[dict[str, object]]:
    """One list for each answering passage: it and the passages that do not answer."""
    for example in examples:
        for positive in example.positives[:positives]:
            documents = [positive, *example.negatives]
            labels = [RELEVANT] + [0.0] * len(example.negatives)
            if example.negatives:
                yield {"query": example.query, "documents": documents, "labels": labels}


def _has_bfloat16() -> bool:
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))
