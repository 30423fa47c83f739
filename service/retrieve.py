"""A question -> the passages most likely to answer it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.chunk import Chunk
from ingest.embed import Encoder
from ingest.index import Hit, Index, IndexedDocument
from service.access import Reader
from service.settings import RetrievalSettings


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A chunk that was found. `score` is the fused one; `cosine` and `bm25` are those of the searches
    that found it, None where a search did not."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    score: float
    cosine: float | None
    bm25: float | None


class Retriever:
    """Searches one index by meaning and by words, and fuses the two rankings."""

    def __init__(self, index: Index, encoder: Encoder, settings: RetrievalSettings) -> None:
        self._index = index
        self._encoder = encoder
        self._settings = settings

    def retrieve(self, question: str, reader: Reader) -> list[Retrieved]:
        """The best `settings.top_k` passages that the reader may read, best first."""
        vector = self._encoder.encode([question])[0]
        depth = self._settings.candidates
        dense = self._index.search_dense(vector, top_k=depth, groups=reader.groups)
        sparse = self._index.search_sparse(question, top_k=depth, groups=reader.groups)
        return fuse(dense, sparse, bm25_weight=self._settings.bm25_weight)[: self._settings.top_k]


def fuse(dense: Sequence[Hit], sparse: Sequence[Hit], *, bm25_weight: float) -> list[Retrieved]:
    """A convex combination of both searches' scores, best first (Bruch, Gai and Ingber 2023).

    Each search's scores are stretched to [0, 1] between its worst and best candidate; what a search
    did not find gets 0 from it. `bm25_weight` in [0, 1] is the sparse search's share.
    """
    by_key = {_key(hit): hit for hit in (*sparse, *dense)}
    cosines = {_key(hit): hit.score for hit in dense}
    bm25 = {_key(hit): hit.score for hit in sparse}
    dense_share, sparse_share = _stretched(cosines), _stretched(bm25)
    fused = [
        Retrieved(
            document=hit.document,
            position=hit.position,
            chunk=hit.chunk,
            score=(1 - bm25_weight) * dense_share.get(key, 0.0)
            + bm25_weight * sparse_share.get(key, 0.0),
            cosine=cosines.get(key),
            bm25=bm25.get(key),
        )
        for key, hit in by_key.items()
    ]
    return sorted(fused, key=lambda found: (-found.score, found.document.id, found.position))


def best_cosine(question: str, retrieved: Sequence[Retrieved]) -> float:
    """How near the nearest passage is to the question, as the first estimate of answerability."""
    return max((found.cosine for found in retrieved if found.cosine is not None), default=0.0)


_Key = tuple[str, int]


def _key(hit: Hit) -> _Key:
    return hit.document.id, hit.position


def _stretched(scores: dict[_Key, float]) -> dict[_Key, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return {key: (score - low) / span if span else 1.0 for key, score in scores.items()}
