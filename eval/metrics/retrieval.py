"""How well passages were found (Manning, Raghavan and Schütze 2008, chapter 8)."""

from collections.abc import Sequence

from eval.metrics.span import Span


def recall_at(k: int, retrieved: Sequence[Span], gold: Sequence[Span]) -> float:
    """Share of gold places that one of the first k passages covers; needs at least one gold place."""
    found = sum(any(span.covers(place) for span in retrieved[:k]) for place in gold)
    return found / len(gold)


def reciprocal_rank(retrieved: Sequence[Span], gold: Sequence[Span]) -> float:
    """1 / rank of the first passage that covers a gold place, 0 where none does."""
    for rank, span in enumerate(retrieved, start=1):
        if any(span.covers(place) for place in gold):
            return 1 / rank
    return 0.0
