"""A question -> the passages most likely to answer it."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ingest.catalog.documents import Documents
from ingest.chunk import Chunk
from ingest.clock import today
from ingest.embed import Encoders
from ingest.generations import Generations
from ingest.index import Hit, IndexedDocument, Rankings, Scope
from service.access import Reader
from service.cache import ResultCache
from service.scope import EVERYTHING, Filter, Scopes, Searched
from service.settings import RetrievalSettings

SEARCHES = 5
"""How often one question is searched at most when documents are replaced under it."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A chunk that was found. `score` is the fused one; `cosine` and `bm25` are those of the searches
    that found it, None where a search did not; `relevance` is the reranker's, None where it did not
    read it. `same_text` are other documents that say the same."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    score: float
    cosine: float | None
    bm25: float | None
    relevance: float | None = None
    same_text: tuple[IndexedDocument, ...] = ()


class Retriever:
    """Searches the serving generation by meaning and by words, and fuses the two rankings. What it found
    is kept for the same question in the same scope until the index changes."""

    def __init__(
        self,
        generations: Generations,
        documents: Documents,
        encoders: Encoders,
        settings: RetrievalSettings,
    ) -> None:
        self._generations = generations
        self._documents = documents
        self._encoders = encoders
        self._settings = settings
        self._scopes = Scopes(documents)
        self._found = ResultCache[Retrieved](settings.cached_questions)

    def decide(
        self, question: str, reader: Reader, as_of: date | None = None, within: Filter = EVERYTHING
    ) -> Searched:
        """Where to search: within the filter, and in the documents that the question names.

        Raises `UnknownInFilter`, or `IndexOutdated` where the index cannot be filtered so yet.
        """
        day = as_of or today()
        return self._scopes.decide(question, reader, day, within, narrow=self._settings.narrow)

    def retrieve(
        self,
        question: str,
        reader: Reader,
        as_of: date | None = None,
        searched: Searched | None = None,
    ) -> list[Retrieved]:
        """What either search finds, best first, where `decide` said to search; without that, of all
        that the reader may read and that applies on the day `as_of`, today where that is None."""
        if searched is None:
            scope = Scope(reader.groups, as_of or today())
            searched = Searched(scope, self._documents.index_state())
        key = (question, searched.scope)
        found = self._found.get(searched.state, key)
        if found is None:
            found = self._search(question, searched.scope)
            self._found.put(searched.state, key, found)
        return found

    def _search(self, question: str, scope: Scope) -> list[Retrieved]:
        with self._generations.serving() as generation:
            encoder = self._encoders.get(generation.index.manifest.encoder)
            vector = encoder.encode([question])[0]
            for _ in range(SEARCHES):
                rankings = generation.index.search(
                    vector, question, top_k=self._settings.candidates, scope=scope
                )
                ids = {hit.document.id for hit in (*rankings.dense, *rankings.sparse)}
                # One read for both rankings: a version that is being replaced counts in both or in
                # neither.
                current = self._documents.current_versions(generation.name, ids)
                if not _is_outdated(rankings, current):
                    break
        return fuse(
            [hit for hit in rankings.dense if current.get(hit.document.id) == hit.document.version],
            [
                hit
                for hit in rankings.sparse
                if current.get(hit.document.id) == hit.document.version
            ],
            bm25_weight=self._settings.bm25_weight,
        )

    def deleted(self, ids: Collection[str]) -> set[str]:
        """Those of these documents that were deleted since they were found."""
        return set(ids) - self._documents.by_ids(ids).keys()


def _is_outdated(rankings: Rankings, current: Mapping[str, str]) -> bool:
    """Whether a document was found in its former version alone: it was replaced after the search."""
    hits = (*rankings.dense, *rankings.sparse)
    found = {(hit.document.id, hit.document.version) for hit in hits}
    return any(
        document_id in current and (document_id, current[document_id]) not in found
        for document_id, _ in found
    )


def fuse(dense: Sequence[Hit], sparse: Sequence[Hit], *, bm25_weight: float) -> list[Retrieved]:
    """A convex combination of both searches' scores, best first (Bruch, Gai and Ingber 2023).

    Each search's scores are stretched to [0, 1] between its worst and best candidate; what a search
    did not find gets 0 from it. `bm25_weight` in [0, 1] is the sparse search's share.
    """
    by_key = {_key(hit): hit for hit in (*sparse, *dense)}
    cosines = {_key(hit): hit.score for hit in dense}
    bm25 = {_key(hit): hit.score for hit in sparse}
    dense_share, sparse_share = stretched(cosines), stretched(bm25)
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
Candidate = TypeVar("Candidate", bound=Hashable)


def _key(hit: Hit) -> _Key:
    return hit.document.id, hit.position


def stretched(scores: Mapping[Candidate, float]) -> dict[Candidate, float]:
    """The scores moved to [0, 1] between their worst and their best; all 1 where they are equal."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return {key: (score - low) / span if span else 1.0 for key, score in scores.items()}
