"""How long it takes to read candidates again, by way of reading.

python -m benchmarks.reranking [--shared ../shared] [--questions N]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import markdown_table, write_result
from benchmarks.question_sets import SETS
from benchmarks.searched import search
from ingest.embed import BUNDLED, SentenceTransformerEncoder
from ingest.token_vectors import Owner, TokenVectors, TokenVectorStore
from service.late_interaction import LateInteractionReranker
from service.rerank import FLOAT32, PAIRS_PER_BATCH, CrossEncoderReranker, fastest_type
from service.retrieve import fuse
from service.settings import Settings

SET = "18f_handbook"
Score = Callable[[str, Sequence[str]], list[float]]
Asked = list[tuple[str, list[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--questions", type=int, default=60)
    arguments = parser.parse_args()
    encoder = SentenceTransformerEncoder(BUNDLED)
    settings = Settings()
    asked = candidates(arguments.shared, encoder, settings)[: arguments.questions]
    kept = LateInteractionReranker(encoder, cached_passages=100_000)
    for question, passages in asked:
        kept.score(question, passages)
    fresh = LateInteractionReranker(encoder, cached_passages=0)
    cross = CrossEncoderReranker(BUNDLED)
    plain = CrossEncoderReranker(BUNDLED, number_type=FLOAT32)
    ways: dict[str, Score] = {
        "late interaction, passages kept in memory": kept.score,
        "late interaction, none kept": fresh.score,
        f"cross-encoder ({fastest_type()})": cross.score,
        f"cross-encoder ({FLOAT32})": plain.score,
        f"cross-encoder ({FLOAT32}), candidates as they come": unsorted(plain),
    }
    with tempfile.TemporaryDirectory() as folder:
        store = as_indexed(Path(folder) / "tokens.sqlite", asked, encoder)
        indexed = LateInteractionReranker(encoder, cached_passages=0, indexed=store.get)
        times = measure(asked, {"late interaction, as indexed": indexed.score} | ways)
        store.close()
    rows = [
        [name, f"{median(each):.0f}", f"{quantiles(each, n=20)[-1]:.0f}"]
        for name, each in times.items()
    ]
    print(markdown_table(["way", "p50 (ms)", "p95 (ms)"], rows))
    result = {"rows": rows, "candidates": settings.reranker.candidates, "questions": len(asked)}
    print(f"\nWritten to {write_result('reranking', result)}.")


def candidates(shared: Path, encoder: SentenceTransformerEncoder, settings: Settings) -> Asked:
    """Questions with what the first stage finds for each."""
    questions = SETS[SET](shared)
    searched = search(questions, encoder, settings, depth=settings.retrieval.candidates)
    asked = []
    for question, (dense, sparse) in zip(questions.questions, searched.hits, strict=True):
        found = fuse(dense, sparse, bm25_weight=settings.retrieval.bm25_weight)
        read = found[: settings.reranker.candidates]
        asked.append((question.text, [each.chunk.embedded_text for each in read]))
    return asked


def as_indexed(path: Path, asked: Asked, encoder: SentenceTransformerEncoder) -> TokenVectorStore:
    """The file that a worker would have written beside the index."""
    store = TokenVectorStore(path)
    texts = list(dict.fromkeys(text for _, passages in asked for text in passages))
    owner = Owner("g0001", "document", "1")

    def keep(tokens: Mapping[str, NDArray[np.float32]]) -> None:
        rounded = {text: TokenVectors.rounded(vectors) for text, vectors in tokens.items()}
        store.put(encoder.name, rounded, dict.fromkeys(tokens, owner))

    encoder.encode_with_tokens(texts, keep)
    return store


def unsorted(reranker: CrossEncoderReranker) -> Score:
    """The same batches, filled in the order of the candidates, not of their lengths."""

    def score(question: str, passages: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for first in range(0, len(passages), PAIRS_PER_BATCH):
            scores += reranker.score(question, passages[first : first + PAIRS_PER_BATCH])
        return scores

    return score


def measure(asked: Asked, ways: dict[str, Score]) -> dict[str, list[float]]:
    """Milliseconds for each question, the ways in turn, so that a busy moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for question, passages in [asked[0], *asked]:
        for name, score in ways.items():
            start = time.perf_counter()
            score(question, passages)
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: each[1:] for name, each in times.items()}


if __name__ == "__main__":
    main()
