"""How high the answering passages stand, before and after reranking."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.rerank import Reranker, rerank
from service.retrieve import Retrieved
from service.settings import RerankerSettings

DEPTH = 10

Place = tuple[str, int]
"""A passage: its document's id and its position there."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with all that the fused search finds for it, best first. `right` are the passages that
    answer it; questions of one `group` are about one document."""

    question: str
    found: tuple[Retrieved, ...]
    right: frozenset[Place]
    group: str

    @property
    def by_meaning(self) -> tuple[Retrieved, ...]:
        """What the dense search alone has found, best first."""
        near = [each for each in self.found if each.cosine is not None]
        return tuple(sorted(near, key=lambda each: -(each.cosine or 0)))


def place(found: Retrieved) -> Place:
    return found.document.id, found.position


def reciprocal_ranks(
    cases: Sequence[Case], reranker: Reranker | None, settings: RerankerSettings
) -> list[float]:
    """1 / rank of the first passage that answers among the first 10, 0 where none does; in the order
    of the search where there is no reranker."""
    return [
        reciprocal_rank(
            rerank(case.question, case.found, reranker, settings) if reranker else case.found,
            case.right,
        )
        for case in cases
    ]


def reciprocal_rank(ranked: Sequence[Retrieved], right: frozenset[Place]) -> float:
    for rank, found in enumerate(ranked[:DEPTH], start=1):
        if place(found) in right:
            return 1 / rank
    return 0.0
