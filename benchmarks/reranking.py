"""How long it takes to read candidates again, and the whole retrieval with that.

python -m benchmarks.reranking ADAPTER [--shared ../shared] [--questions N]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch

from benchmarks.measure import markdown_table, write_result
from benchmarks.question_sets import SETS
from benchmarks.searched import search
from ingest.embed import BUNDLED, SentenceTransformerEncoder
from service.rerank import FLOAT32, PAIRS_PER_BATCH, CrossEncoderReranker, fastest_type
from service.retrieve import Retrieved, fuse
from service.settings import Settings

CANDIDATES = 30
SET = "18f_handbook"
Score = Callable[[str, Sequence[str]], list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--questions", type=int, default=40)
    arguments = parser.parse_args()
    asked = candidates(arguments.shared, arguments.questions)
    served = CrossEncoderReranker(BUNDLED, arguments.adapter)
    plain = CrossEncoderReranker(BUNDLED, arguments.adapter, number_type=FLOAT32)
    ways: dict[str, Score] = {
        f"as served ({fastest_type()})": served.score,
        f"as served, candidates as they come ({fastest_type()})": unsorted(served),
        FLOAT32: plain.score,
        f"{FLOAT32}, candidates as they come": unsorted(plain),
    }
    times = measure(asked, ways)
    rows = [
        [
            name,
            f"{median(each):.0f}",
            f"{quantiles(each, n=20)[-1]:.0f}",
            f"{ratio(times, each):.2f}",
        ]
        for name, each in times.items()
    ]
    agreement = same_order(asked, served.score, plain.score)
    print(markdown_table(["way", "p50 (ms)", "p95 (ms)", "times the first"], rows))
    print(f"Pairs of candidates in the same order as with {FLOAT32}: {agreement:.3f}")
    result: dict[str, Any] = {"rows": rows, "candidates": CANDIDATES, "same order": agreement}
    print(f"Written to {write_result('reranking', result)}.")


def candidates(shared: Path, count: int) -> list[tuple[str, list[str]]]:
    """Questions with what the first stage finds for each."""
    settings = Settings()
    questions = SETS[SET](shared)
    searched = search(
        questions, SentenceTransformerEncoder(settings.encoder.model), settings, depth=50
    )
    asked = []
    for question, (dense, sparse) in zip(questions.questions, searched.hits, strict=True):
        found: list[Retrieved] = fuse(dense, sparse, bm25_weight=settings.retrieval.bm25_weight)
        asked.append((question.text, [each.chunk.embedded_text for each in found[:CANDIDATES]]))
    return asked[:count]


def unsorted(reranker: CrossEncoderReranker) -> Score:
    """The same batches, filled in the order of the candidates, not of their lengths."""

    def score(question: str, passages: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for first in range(0, len(passages), PAIRS_PER_BATCH):
            scores += reranker.score(question, passages[first : first + PAIRS_PER_BATCH])
        return scores

    return score


def measure(
    asked: Sequence[tuple[str, Sequence[str]]], ways: dict[str, Score]
) -> dict[str, list[float]]:
    """Milliseconds for each question, the ways in turn, so that a busy moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for question, passages in [asked[0], *asked]:
        for name, score in ways.items():
            start = time.perf_counter()
            score(question, passages)
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: each[1:] for name, each in times.items()}


def ratio(times: dict[str, list[float]], each: Sequence[float]) -> float:
    first = next(iter(times.values()))
    return median(b / a for a, b in zip(first, each, strict=True))


def same_order(asked: Sequence[tuple[str, Sequence[str]]], first: Score, second: Score) -> float:
    """The share of pairs of candidates that two ways put into the same order."""
    same, pairs = 0, 0
    for question, passages in asked[:10]:
        a, b = (torch.tensor(score(question, passages)) for score in (first, second))
        agrees = torch.sign(a[:, None] - a) == torch.sign(b[:, None] - b)
        upper = torch.triu(torch.ones_like(agrees), diagonal=1).bool()
        same += int(agrees[upper].sum())
        pairs += int(upper.sum())
    return same / pairs


if __name__ == "__main__":
    main()
