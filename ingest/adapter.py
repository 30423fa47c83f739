"""AdapterManifest: what a learned part was trained on and for, and whether it fits what it is put on."""

import hashlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.errors import PinciteError

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "adapter_model.safetensors"
"""As PEFT names it."""

AdapterKind = Literal["reranker", "encoder", "verifier", "generator"]


class AdapterUnusable(PinciteError):
    """The adapter is missing, damaged, or was made for another part or base; the message says which."""


class TrainingData(BaseModel):
    """A file that was trained on. `licences` are those of its rows, with how many rows each has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sha256: str
    rows: int
    licences: Mapping[str, int]


class AdapterManifest(BaseModel):
    """What stands in an adapter's manifest.json.

    `base` names the model it was trained on, `base_sha256` and `weights_sha256` are of the weights of
    both. `recipe` are the settings of the training, `metrics` what was measured on rows held out, by
    name, and `versions` the libraries it was made with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: AdapterKind
    name: str
    base: str
    base_sha256: str
    weights_sha256: str
    data: tuple[TrainingData, ...]
    recipe: Mapping[str, Any]
    metrics: Mapping[str, float]
    versions: Mapping[str, str]

    def write(self, folder: Path) -> None:
        (folder / MANIFEST_FILE).write_text(self.model_dump_json(indent=2) + "\n", "utf-8")


def read_adapter(folder: Path, kind: AdapterKind, *, base_sha256: str) -> AdapterManifest:
    """The manifest of the adapter in the folder, after a check that it is whole and fits.

    Raises `AdapterUnusable`.
    """
    manifest = _manifest(folder)
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise AdapterUnusable(f"The adapter in {folder} has no {WEIGHTS_FILE}: copy it anew.")
    if manifest.kind != kind:
        raise AdapterUnusable(
            f"The adapter in {folder} is one of a {manifest.kind}, and is named for a {kind}: name a "
            "folder that 'pincite train' made for it."
        )
    if (found := sha256_of(weights)) != manifest.weights_sha256:
        raise AdapterUnusable(
            f"The adapter in {folder} is damaged: its manifest names weights {manifest.weights_sha256}, "
            f"the file has {found}. Copy it anew."
        )
    if base_sha256 != manifest.base_sha256:
        raise AdapterUnusable(
            f"The adapter in {folder} was trained on {manifest.base} ({manifest.base_sha256}), the base "
            f"that is configured has {base_sha256}: name that base, or train an adapter for this one."
        )
    return manifest


def merge_adapter(model: Any, folder: Path) -> Any:
    """The Transformers model with the adapter that lies in the folder added to its weights.

    Raises `AdapterUnusable` where PEFT cannot read it.
    """
    return _adapted(model, folder, is_trainable=False).merge_and_unload()


def trainable_adapter(model: Any, folder: Path) -> Any:
    """The Transformers model with the adapter that lies in the folder, to be trained further.

    Raises `AdapterUnusable` where PEFT cannot read it.
    """
    return _adapted(model, folder, is_trainable=True)


def _adapted(model: Any, folder: Path, *, is_trainable: bool) -> Any:
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        with without_notices():
            return PeftModel.from_pretrained(
                model, str(folder), is_trainable=is_trainable, local_files_only=True
            )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise AdapterUnusable(
            f"The adapter in {folder} cannot be put on its base: {error}. Copy it anew."
        ) from error


@contextmanager
def without_notices() -> Iterator[None]:
    """Keep back what the libraries say of what is meant to be: that an encoder becomes a cross-encoder
    whose output has no weights yet, and that PEFT asks Transformers by an old name."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = transformers_logging.get_verbosity()
    converting = logging.getLogger("sentence_transformers.base.model")
    level = converting.level
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    converting.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        converting.setLevel(level)


def base_sha256(folder: Path) -> str:
    """The hash of a model's weights, of all its files together where there are several.

    Raises `AdapterUnusable` where there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise AdapterUnusable(f"There are no weights (*.safetensors) in {folder}.")
    if len(files) == 1:
        return sha256_of(files[0])
    return hashlib.sha256("".join(map(sha256_of, files)).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(folder: Path) -> AdapterManifest:
    path = folder / MANIFEST_FILE
    try:
        return AdapterManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise AdapterUnusable(
            f"There is no adapter in {folder} (no {MANIFEST_FILE}): name a folder that 'pincite train' "
            "made."
        ) from error
    except (OSError, ValidationError) as error:
        raise AdapterUnusable(f"{path} cannot be read: {error}") from error
