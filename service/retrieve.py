"""A question -> the passages most likely to answer it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.chunk import Chunk
from ingest.embed import Encoder
from ingest.index import Hit, Index, IndexedDocument
from service.access import Reader
from service.settings import RetrievalSettings

RANK_CONSTANT = 60
"""k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


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
    """Weighted reciprocal rank fusion: the sum of weight / (60 + rank) over the rankings, best first.

    `bm25_weight` in [0, 1] is the sparse ranking's share.
    """
    scores: dict[tuple[str, int], float] = {}
    for ranking, weight in ((dense, 1 - bm25_weight), (sparse, bm25_weight)):
        for rank, hit in enumerate(ranking, start=1):
            key = (hit.document.id, hit.position)
            scores[key] = scores.get(key, 0.0) + weight / (RANK_CONSTANT + rank)
    cosine = {(hit.document.id, hit.position): hit for hit in dense}
    bm25 = {(hit.document.id, hit.position): hit for hit in sparse}
    fused = []
    for key, score in scores.items():
        hit = cosine.get(key) or bm25[key]
        fused.append(
            Retrieved(
                hit.document,
                hit.position,
                hit.chunk,
                score,
                cosine[key].score if key in cosine else None,
                bm25[key].score if key in bm25 else None,
            )
        )
    return sorted(fused, key=lambda found: (-found.score, found.document.id, found.position))
