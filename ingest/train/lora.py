"""What the trainings of all adapters share."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from ingest.adapter import (
    WEIGHTS_FILE,
    AdapterKind,
    AdapterManifest,
    TrainingData,
    base_sha256,
    sha256_of,
)
from ingest.embed import BUNDLED_NAME, bundled_path
from ingest.errors import PinciteError, WrongUse

if TYPE_CHECKING:
    from transformers import TrainerCallback

Say = Callable[[str], None]
"""Takes a line about the progress of a training."""

WITHOUT_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
"""Attention with dropout leaves the fast path: twice the time for a step on a CPU."""

STEPS_BEFORE_TIMING = 1
STEPS_TIMED = 3


class TrainingNotInstalled(PinciteError):
    """A package that only training needs is missing; the message names it."""


class FolderTaken(WrongUse):
    """An adapter is not written over what is there."""


class LoraRecipe(BaseModel):
    """How an adapter is trained. `limit` is that of the queries, drawn by chance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    epochs: int = Field(1, ge=1)
    limit: int | None = Field(None, ge=1)
    max_tokens: int = Field(128, ge=32, le=512)
    learning_rate: float = Field(1e-3, gt=0)
    rank: int = Field(16, ge=1, description="Of the LoRA matrices")
    alpha: int = Field(32, ge=1)
    held_out_share: float = Field(0.05, gt=0, lt=1)


def check_trainable(out: Path) -> None:
    """Raise `TrainingNotInstalled`, or `FolderTaken` where `out` holds something."""
    try:
        import datasets  # noqa: F401
    except ImportError as error:
        raise TrainingNotInstalled(
            "Training needs the Python package datasets: pip install 'pincite[train]'."
        ) from error
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderTaken(
            f"{out} holds files already, perhaps an adapter in use: name a new folder."
        )


def with_lora(model: Any, recipe: LoraRecipe, task: str) -> Any:
    """The bundled Transformers model with new LoRA matrices on all its linear layers; `task` as PEFT
    names it."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type=task,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=["query", "key", "value", "dense"],
    )
    return get_peft_model(model, config)


def trainer_arguments(recipe: LoraRecipe, scratch: str, *, steps: int) -> dict[str, Any]:
    """Arguments of a Hugging Face trainer, the same for every adapter; `steps` are those of an epoch."""
    import torch

    return {
        "output_dir": scratch,
        "num_train_epochs": recipe.epochs,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "learning_rate": recipe.learning_rate,
        "warmup_steps": max(1, steps // 10),
        "seed": recipe.seed,
        # Named as such, or the trainer refuses bfloat16 on a processor.
        "use_cpu": not torch.cuda.is_available(),
        "bf16": _has_bfloat16(),
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 20,
    }


def pace(say: Say) -> "TrainerCallback":
    """Says after the first steps how long all of them take on this machine."""
    from transformers import TrainerCallback

    class Pace(TrainerCallback):
        began = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == STEPS_BEFORE_TIMING:
                self.began = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == STEPS_BEFORE_TIMING + STEPS_TIMED:
                step_s = (time.monotonic() - self.began) / STEPS_TIMED
                say(f"{state.max_steps} steps take {duration(step_s * state.max_steps)} here.")

    return Pace()


def duration(seconds: float) -> str:
    """About how long, in words."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} seconds"
    return f"about {round(seconds / 60)} minutes"


def save_adapter(
    trained: Any,
    kind: AdapterKind,
    out: Path,
    *,
    data: Sequence[TrainingData],
    recipe: Mapping[str, Any],
    base: tuple[str, str] | None = None,
) -> AdapterManifest:
    """Write the trained PEFT model's adapter and a manifest without metrics to `out`.

    `base` is the name of the model it was trained on and the hash of its weights, those of the bundled
    encoder where none is given.
    """
    import torch

    name, sha256 = base or (BUNDLED_NAME, base_sha256(bundled_path()))

    out.mkdir(parents=True, exist_ok=True)
    # PEFT notes the folder that the base was loaded from, and writes an empty card.
    trained.peft_config["default"].base_model_name_or_path = name
    # Halved on the disk. Asked about embeddings, PEFT would look the base up on a model hub.
    trained.to(torch.float16).save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    weights = sha256_of(out / WEIGHTS_FILE)
    manifest = AdapterManifest(
        kind=kind,
        name=f"{kind}-{weights[:8]}",
        base=name,
        base_sha256=sha256,
        weights_sha256=weights,
        data=tuple(data),
        recipe=recipe,
        metrics={},
        versions={
            name: version(name)
            for name in ("torch", "transformers", "sentence-transformers", "peft")
        },
    )
    manifest.write(out)
    return manifest


def _has_bfloat16() -> bool:
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))
