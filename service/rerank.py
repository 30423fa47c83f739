"""Reranker.score: how well each passage answers a question, read together with it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ingest.adapter import (
    AdapterManifest,
    base_sha256,
    merge_adapter,
    read_adapter,
    without_notices,
)
from ingest.embed import BUNDLED, SentenceTransformerEncoder, bundled_path
from ingest.errors import PinciteError
from service.late_interaction import Indexed, LateInteractionReranker, TokenEncoder
from service.retrieve import Retrieved, stretched
from service.settings import RerankerSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

NO_RERANKER, LATE_INTERACTION = "none", "late-interaction"
SHIPPED_ADAPTER = Path(__file__).parent / "adapters" / "reranker"
"""Trained by the command and on the data that its manifest names."""

FLOAT32, BFLOAT16 = "float32", "bfloat16"

MAX_TOKENS = 256
"""Of a question and a passage together, special tokens counted in."""

MAX_CHARS = 4 * MAX_TOKENS
"""About what those are."""

PAIRS_PER_BATCH = 8
"""Of similar length, so that hardly any padding is computed. More leave a CPU's cache."""

_PACE_QUESTION = "How many days of annual leave can be carried over into the next year?"
_PACE_PASSAGE = "Annual leave that is not taken by the end of the year is carried over. " * 9
"""As long as an ordinary passage with its headings."""


class RerankerNotFound(PinciteError):
    """The configured reranker cannot be loaded; the message says how to get one."""


class Reranker(Protocol):
    """Reads a question and a passage together."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """One number for each passage, larger is better. They compare within one question."""
        ...


class CrossEncoderReranker:
    """The bundled MiniLM with an adapter, which is the shipped one where none is named, or any
    sentence-transformers `CrossEncoder` by name or folder. It computes in `number_type`, the fastest one
    where none is named.

    Raises `RerankerNotFound` where there is no such model, `AdapterUnusable` where the adapter does not
    fit or is damaged.
    """

    def __init__(
        self, model: str, adapter: Path | None = None, *, number_type: str | None = None
    ) -> None:
        if model == BUNDLED:
            manifest, self._model = _load_adapted(adapter or SHIPPED_ADAPTER)
            self.name = f"{manifest.base}+{manifest.name}"
        else:
            self._model = _load_named(model)
            self.name = model
        _convert(self._model, number_type or fastest_type())
        # A tokenizer keeps its padding as state: two threads at once make it fail.
        self._lock = Lock()

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        if not passages:
            return []
        import torch

        with self._lock:
            scores = self._model.predict(
                [(question, passage) for passage in passages],
                batch_size=PAIRS_PER_BATCH,
                activation_fn=torch.nn.Identity(),
                show_progress_bar=False,
            )
        return [float(score) for score in scores]


def rerank(
    question: str,
    found: Sequence[Retrieved],
    reranker: Reranker,
    settings: RerankerSettings,
    *,
    chars_per_s: float | None = None,
) -> list[Retrieved]:
    """The passages in the order of both: of the reranker and of the search before it.

    The first `settings.candidates` are read; the others stay behind them. Where the reranker's pace is
    given and `settings.budget_ms` is set, no more are read than it reads in that time. Both scores are
    stretched to [0, 1] and combined with `settings.weight` as the reranker's share.
    """
    count = settings.candidates
    if settings.budget_ms is not None and chars_per_s is not None:
        count = min(count, affordable(question, found, chars_per_s * settings.budget_ms / 1000))
    read, rest = found[:count], found[count:]
    scores = reranker.score(question, [each.chunk.embedded_text for each in read])
    relevance = stretched(dict(enumerate(scores)))
    before = stretched({number: each.score for number, each in enumerate(read)})
    combined = [
        replace(
            each,
            relevance=scores[number],
            score=settings.weight * relevance[number] + (1 - settings.weight) * before[number],
        )
        for number, each in enumerate(read)
    ]
    combined.sort(key=lambda each: (-each.score, each.document.id, each.position))
    return [*combined, *rest]


def affordable(question: str, found: Sequence[Retrieved], chars: float) -> int:
    """How many of the first passages have so many characters together, each with the question; one at
    least."""
    count = 0
    for each in found:
        chars -= min(len(question) + len(each.chunk.embedded_text), MAX_CHARS)
        if chars < 0:
            break
        count += 1
    return max(count, 1)


def measured_pace(reranker: Reranker) -> float:
    """Characters of pairs that the reranker reads in a second here, after a first reading.

    Measured once at the start: measured for every question, the load of the moment would decide what
    is answered.
    """
    reranker.score(_PACE_QUESTION, [_PACE_PASSAGE])
    times = []
    for number in range(3):
        # Others each time: what was read before may be kept.
        passages = [f"{number} {n} {_PACE_PASSAGE}" for n in range(2 * PAIRS_PER_BATCH)]
        start = time.perf_counter()
        reranker.score(_PACE_QUESTION, passages)
        times.append(time.perf_counter() - start)
    chars = 2 * PAIRS_PER_BATCH * (len(_PACE_QUESTION) + len(_PACE_PASSAGE))
    return chars / sorted(times)[1]


def base_model(*, max_tokens: int = MAX_TOKENS, **config: Any) -> "CrossEncoder":
    """The bundled MiniLM with one new output, which an adapter gives its weights."""
    from sentence_transformers import CrossEncoder

    with without_notices():
        return CrossEncoder(
            str(bundled_path()),
            num_labels=1,
            max_length=max_tokens,
            local_files_only=True,
            config_kwargs=config,
        )


def _load_adapted(folder: Path) -> tuple[AdapterManifest, "CrossEncoder"]:
    manifest = read_adapter(folder, "reranker", base_sha256=base_sha256(bundled_path()))
    model = base_model()
    model[0].model = merge_adapter(model[0].model, folder)
    return manifest, model.eval()


def build_reranker(
    settings: RerankerSettings,
    encoder: TokenEncoder | None = None,
    indexed: Indexed | None = None,
) -> Reranker | None:
    """The configured reranker; None where there is to be none. `encoder` is that whose tokens are
    compared in late interaction, the bundled one where none is given; `indexed` has those of passages
    that it encoded before."""
    if settings.model == NO_RERANKER:
        return None
    if settings.model == LATE_INTERACTION:
        encoder = encoder or SentenceTransformerEncoder(BUNDLED)
        return LateInteractionReranker(
            encoder, cached_passages=settings.cached_passages, indexed=indexed
        )
    return CrossEncoderReranker(settings.model, settings.adapter)


def _load_named(model: str) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder

    try:
        loaded = CrossEncoder(model, local_files_only=Path(model).exists())
    except (OSError, ValueError) as error:
        raise RerankerNotFound(
            f"The reranker '{model}' cannot be loaded: {error}. Name a folder or a model you have in "
            f"[reranker] model, or use '{BUNDLED}', or 'none'."
        ) from error
    if loaded.num_labels != 1:
        raise RerankerNotFound(
            f"The reranker '{model}' gives {loaded.num_labels} numbers for a pair: name a CrossEncoder "
            "that gives one."
        )
    return loaded


def fastest_type() -> str:
    """The numbers in which this processor reads pairs fastest. In 8-bit ones scores came out up to 4
    apart with what else was in the batch, so they are not among them."""
    import torch

    # As for the encoder: bfloat16 pays only where the CPU multiplies matrices in it.
    return BFLOAT16 if torch.cpu.get_capabilities().get("amx_bf16") else FLOAT32


def _convert(model: "CrossEncoder", number_type: str) -> None:
    import torch

    if model.device.type == "cpu" and number_type == BFLOAT16:
        model.to(torch.bfloat16)
