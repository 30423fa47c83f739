"""Reranker.score: how well each passage answers a question, read together with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from ingest.duplicates import group_same
from ingest.embed import BUNDLED, bundled_path
from ingest.errors import PinciteError
from service.retrieve import Retrieved, stretched
from service.settings import RerankerSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

NO_RERANKER = "none"

MAX_TOKENS = 256
"""Of a question and a passage together, special tokens counted in."""

PAIRS_PER_BATCH = 8
"""Of similar length, so that hardly any padding is computed. More leave a CPU's cache."""


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
    """The bundled MiniLM with an adapter, or any sentence-transformers `CrossEncoder` by name or folder.

    Raises `RerankerNotFound` where there is no such model, `AdapterUnusable` where the adapter does not
    fit or is damaged.
    """

    def __init__(self, model: str, adapter: Path | None = None) -> None:
        if model == BUNDLED:
            if adapter is None:
                raise RerankerNotFound(
                    "The bundled model ranks nothing before it was trained: make an adapter with "
                    "'pincite train reranker', and name its folder in [reranker] adapter."
                )
            manifest, self._model = _load_adapted(adapter)
            self.name = f"{manifest.base}+{manifest.name}"
        else:
            self._model = _load_named(model)
            self.name = model
        _use_fastest_type(self._model)
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
    question: str, found: Sequence[Retrieved], reranker: Reranker, settings: RerankerSettings
) -> list[Retrieved]:
    """The passages in the order of both: of the reranker and of the search before it.

    The first `settings.candidates` are read; the others stay behind them. Both scores are stretched to
    [0, 1] and combined with `settings.weight` as the reranker's share.
    """
    read, rest = found[: settings.candidates], found[settings.candidates :]
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


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the passages found go into the prompt: `top_k` of them, read again where there is a
    reranker."""

    reranker: Reranker | None
    settings: RerankerSettings
    top_k: int

    def select(self, question: str, found: Sequence[Retrieved]) -> list[Retrieved]:
        """The best passages, best first."""
        if self.reranker is not None:
            found = rerank(question, found, self.reranker, self.settings)
        return one_of_each(found, self.top_k)


def one_of_each(ranked: Sequence[Retrieved], top_k: int) -> list[Retrieved]:
    """The best `top_k` passages, where those that say the same in other documents count as one."""
    considered = ranked[: 2 * top_k]
    first_of = group_same([found.chunk.text for found in considered])
    kept: dict[int, Retrieved] = {}
    for found, first in zip(considered, first_of, strict=True):
        if first not in kept:
            kept[first] = found
        elif found.document.id != kept[first].document.id:
            others = (*kept[first].same_text, found.document)
            kept[first] = replace(kept[first], same_text=tuple(dict.fromkeys(others)))
        else:
            kept[len(considered) + len(kept)] = found
    return list(kept.values())[:top_k]


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


def build_reranker(settings: RerankerSettings) -> Reranker | None:
    """The configured reranker; None where there is to be none."""
    if settings.model == NO_RERANKER:
        return None
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


def _use_fastest_type(model: "CrossEncoder") -> None:
    import torch

    # As for the encoder: bfloat16 pays only where the CPU multiplies matrices in it.
    if torch.cpu.get_capabilities().get("amx_bf16") and model.device.type == "cpu":
        model.to(torch.bfloat16)
