"""A LoRA adapter that makes a verifier of the packaged language model."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from generator.packaged import PACKAGED_NAME, load_packaged, packaged_sha256
from ingest.adapter import AdapterManifest, TrainingData, without_notices
from ingest.train.examples import ExamplesUnusable
from ingest.train.lora import (
    LoraRecipe,
    Say,
    check_trainable,
    pace,
    save_adapter,
    trainer_arguments,
)
from service.entailment import answer_weights, claim_tokens, evidence_tokens, fastest_type
from service.evidence import nearest_evidence
from service.train.pairs import Label, Pair, PairDivision

_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_LABELS = (Label.SUPPORTED, Label.CONTRADICTED, Label.NEUTRAL, Label.NOT_SUPPORTED)


class VerifierRecipe(LoraRecipe):
    """How an adapter is trained.

    Of the layers only those from `first_layer` on are changed: the lower ones read words, and what is
    not changed needs no gradient. `pairs_per_step` make a step, `pairs_at_once` are computed together.
    """

    learning_rate: float = Field(4e-4, gt=0)
    first_layer: int = Field(6, ge=0)
    pairs_per_step: int = Field(16, ge=1)
    pairs_at_once: int = Field(4, ge=1)
    held_out_share: float = Field(0.08, gt=0, lt=1)
    neutral_share: float = Field(0.35, ge=0, lt=1)


def fit_verifier(
    division: PairDivision,
    data: Sequence[TrainingData],
    recipe: VerifierRecipe,
    out: Path,
    *,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train on one side of the division, and write the adapter with a manifest without metrics.

    Deterministic for a recipe on one machine. Raises `ExamplesUnusable` where a side has not both pairs
    that are supported and others, `FolderTaken` where `out` holds something, `TrainingNotInstalled` and
    `ModelNotInstalled`.
    """
    check_trainable(out)
    for side in (division.training, division.held_out):
        if len({pair.label is Label.SUPPORTED for pair in side}) < 2:
            raise ExamplesUnusable("Pairs that are supported and others are needed on both sides.")
    with without_notices():
        trained = _fit(division.training, recipe, say)
        noted = recipe.model_dump() | {"pairs": len(division.training)}
        return save_adapter(
            trained,
            "verifier",
            out,
            data=data,
            recipe=noted,
            base=(PACKAGED_NAME, packaged_sha256()),
        )


def _fit(pairs: Sequence[Pair], recipe: VerifierRecipe, say: Say) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from peft.helpers import disable_input_dtype_casting
    from transformers import Trainer, TrainingArguments, set_seed

    set_seed(recipe.seed)
    # Said once more, or oneDNN computes on one core.
    torch.set_num_threads(torch.get_num_threads())
    model, tokenizer = load_packaged(dtype=fastest_type())
    answers = answer_weights(model, tokenizer)
    layers = range(recipe.first_layer, model.config.num_hidden_layers)
    adapted = get_peft_model(
        model,
        LoraConfig(
            task_type="FEATURE_EXTRACTION",
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=_TARGETS,
            layers_to_transform=list(layers),
            layers_pattern="layers",
        ),
    )
    rows = [_row(pair, tokenizer) for pair in pairs]
    steps = max(1, len(rows) // recipe.pairs_per_step) * recipe.epochs

    class AnswerTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            labels, last = inputs.pop("labels"), inputs.pop("last")
            states = model(**inputs, use_cache=False).last_hidden_state
            logits = states[torch.arange(len(last)), last].float() @ answers.T
            return answer_loss(torch.log_softmax(logits, -1), labels)

    with tempfile.TemporaryDirectory() as scratch, disable_input_dtype_casting(adapted):
        trainer = AnswerTrainer(
            model=adapted,
            args=TrainingArguments(
                **trainer_arguments(recipe, scratch, steps=steps),
                per_device_train_batch_size=recipe.pairs_at_once,
                gradient_accumulation_steps=max(1, recipe.pairs_per_step // recipe.pairs_at_once),
                train_sampling_strategy="group_by_length",
                lr_scheduler_type="cosine",
                remove_unused_columns=False,
            ),
            train_dataset=rows,
            data_collator=_collate,
            callbacks=[pace(say)],
        )
        # Else the loss of a step is the sum over its parts, not their mean.
        trainer.model_accepts_loss_kwargs = False
        trainer.train()
    return adapted


def answer_loss(log_probabilities: Any, labels: Any) -> Any:
    """Cross entropy of the answers, shape (pairs, 3). Where it is only known that a claim is not
    supported, that of both other answers together."""
    import torch

    others = torch.logsumexp(log_probabilities[:, 1:], -1, keepdim=True)
    return -torch.cat([log_probabilities, others], -1).gather(1, labels[:, None]).mean()


def _row(pair: Pair, tokenizer: Any) -> dict[str, Any]:
    evidence = nearest_evidence(pair.claim, pair.evidence)
    tokens = evidence_tokens(tokenizer, evidence) + claim_tokens(tokenizer, pair.claim)
    return {"input_ids": tokens, "label": _LABELS.index(pair.label), "length": len(tokens)}


def _collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    import torch

    width = max(row["length"] for row in rows)
    padded = [row["input_ids"] + [0] * (width - row["length"]) for row in rows]
    mask = [[1] * row["length"] + [0] * (width - row["length"]) for row in rows]
    return {
        "input_ids": torch.tensor(padded),
        "attention_mask": torch.tensor(mask),
        "last": torch.tensor([row["length"] - 1 for row in rows]),
        "labels": torch.tensor([row["label"] for row in rows]),
    }
