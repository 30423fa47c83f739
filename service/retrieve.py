"""A question -> the passages most likely to answer it."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ingest.catalog.documents import Documents
from ingest.chunk import Chunk
from ingest.clock import today
from ingest.embed import Encoder, Encoders
from ingest.generations import Generation, Generations
from ingest.index import Hit, IndexedDocument, Scope
from service.access import Reader
from service.cache import ResultCache
from service.exact import exact_terms, share_held
from service.references import is_headed
from service.scope import EVERYTHING, Filter, Scopes, Searched
from service.settings import RetrievalSettings

SEARCHES = 5
"""How often one question is searched at most when documents are replaced under it."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A chunk that was found. `score` is the fused one; `cosine` and `bm25` are those of the searches
    that found it, None where a search did not; `relevance` is the reranker's, None where it did not
    read it. `same_text` are other documents that say the same; `merged` are the chunks that `chunk`
    was made of, where they are several."""

    document: IndexedDocument
    position: int
    chunk: Chunk
    score: float
    cosine: float | None
    bm25: float | None
    relevance: float | None = None
    same_text: tuple[IndexedDocument, ...] = ()
    merged: tuple[Chunk, ...] = ()


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

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """The generation that answers now, for all that one question reads of it: it stays the same
        while another is put to service. Raises `NoIndex` without one."""
        with self._generations.serving() as generation:
            manifest = generation.index.manifest
            encoder = self._encoders.get(manifest.encoder, manifest.adapter)
            yield Reading(generation, encoder, self._documents, self._settings, self._found)

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
        with self.reading() as reading:
            return reading.retrieve(question, searched)

    def deleted(self, ids: Collection[str]) -> set[str]:
        """Those of these documents that were deleted since they were found."""
        return set(ids) - self._documents.by_ids(ids).keys()


class Reading:
    """One generation of the index, as long as `Retriever.reading` holds it open."""

    def __init__(
        self,
        generation: Generation,
        encoder: Encoder,
        documents: Documents,
        settings: RetrievalSettings,
        found: ResultCache[Retrieved],
    ) -> None:
        self._generation = generation.name
        self._index = generation.index
        self._encoder = encoder
        self._documents = documents
        self._settings = settings
        self._found = found

    def retrieve(self, question: str, searched: Searched) -> list[Retrieved]:
        """What either search finds, best first, where `Retriever.decide` said to search."""
        key = (self._generation, question, searched.scope)
        found = self._found.get(searched.state, key)
        if found is None:
            found = self._search(question, searched.scope)
            self._found.put(searched.state, key, found)
        return found

    def _search(self, question: str, scope: Scope) -> list[Retrieved]:
        depth = self._settings.candidates
        terms = exact_terms(question)
        vector = self._encoder.encode([question])[0]
        for _ in range(SEARCHES):
            rankings = self._index.search(vector, question, top_k=depth, scope=scope)
            named = self._naming(terms, scope)
            ids = {hit.document.id for hit in (*rankings.dense, *rankings.sparse, *named)}
            # One read for all rankings: a version that is being replaced counts in all or in none.
            current = self._documents.current_versions(self._generation, ids)
            if not _is_outdated((*rankings.dense, *rankings.sparse, *named), current):
                break
        fused = fuse(
            _current(rankings.dense, current),
            _current(rankings.sparse, current),
            bm25_weight=self._settings.bm25_weight,
            neighbour_weight=self._settings.neighbour_weight,
        )
        known = {(each.document.id, each.position) for each in fused}
        others = [
            Retrieved(hit.document, hit.position, hit.chunk, 0.0, None, None)
            for hit in _current(named, current)
            if _key(hit) not in known
        ]
        return named_first([*fused, *others], terms)

    def _naming(self, terms: Sequence[str], scope: Scope) -> list[Hit]:
        """Chunks that say what the question names exactly. A search of its own: beside all of its other
        words, a number hardly counts."""
        if not terms:
            return []
        depth = self._settings.candidates
        hits = self._index.search_sparse(" ".join(terms), top_k=depth, scope=scope)
        return [hit for hit in hits if share_held(terms, hit.chunk.embedded_text)]

    def beside(self, found: Retrieved, reach: int) -> dict[int, tuple[Chunk, int]]:
        """The chunk that was found and those up to `reach` before and behind it in its document, by
        position, each with its tokens. None where it is gone."""
        positions = range(max(0, found.position - reach), found.position + reach + 1)
        chunks = self._index.chunks(found.document, positions)
        if chunks.get(found.position) != found.chunk:
            return {}
        tokens = self._encoder.count_tokens([chunk.text for chunk in chunks.values()])
        return {at: (chunks[at], count) for at, count in zip(chunks, tokens, strict=True)}

    def clause(self, found: Retrieved, number: str) -> Retrieved | None:
        """The first chunk of the same document below a heading with this number."""
        document = found.document
        scope = Scope(frozenset(document.groups), documents=frozenset({document.id}))
        hits = self._index.search_sparse(number, top_k=self._settings.candidates, scope=scope)
        headed = [
            hit
            for hit in hits
            if hit.document.version == document.version
            and hit.chunk.heading_path
            and is_headed(hit.chunk.heading_path[-1], number)
        ]
        first = min(headed, key=lambda hit: hit.position, default=None)
        if first is None:
            return None
        return Retrieved(first.document, first.position, first.chunk, 0.0, None, None)


def _current(hits: Sequence[Hit], current: Mapping[str, str]) -> list[Hit]:
    return [hit for hit in hits if current.get(hit.document.id) == hit.document.version]


def _is_outdated(hits: Sequence[Hit], current: Mapping[str, str]) -> bool:
    """Whether a document was found in its former version alone: it was replaced after the search."""
    found = {(hit.document.id, hit.document.version) for hit in hits}
    return any(
        document_id in current and (document_id, current[document_id]) not in found
        for document_id, _ in found
    )


def fuse(
    dense: Sequence[Hit],
    sparse: Sequence[Hit],
    *,
    bm25_weight: float,
    neighbour_weight: float = 0.0,
) -> list[Retrieved]:
    """A convex combination of both searches' scores, best first (Bruch, Gai and Ingber 2023).

    Each search's scores are stretched to [0, 1] between its worst and best candidate; what a search
    did not find gets 0 from it. `bm25_weight` in [0, 1] is the sparse search's share. The better of
    the two chunks beside one in its document adds `neighbour_weight` of its own score: what is found
    twice in one place is rather there than what is found once.
    """
    by_key = {_key(hit): hit for hit in (*sparse, *dense)}
    cosines = {_key(hit): hit.score for hit in dense}
    bm25 = {_key(hit): hit.score for hit in sparse}
    dense_share, sparse_share = stretched(cosines), stretched(bm25)
    own = {
        key: (1 - bm25_weight) * dense_share.get(key, 0.0)
        + bm25_weight * sparse_share.get(key, 0.0)
        for key in by_key
    }
    fused = [
        Retrieved(
            document=hit.document,
            position=hit.position,
            chunk=hit.chunk,
            score=own[key] + neighbour_weight * _beside(key, own),
            cosine=cosines.get(key),
            bm25=bm25.get(key),
        )
        for key, hit in by_key.items()
    ]
    return sorted(fused, key=lambda found: (-found.score, found.document.id, found.position))


def named_first(found: Sequence[Retrieved], terms: Sequence[str]) -> list[Retrieved]:
    """What was found, in front of it what says the terms that the question names exactly."""
    if not terms:
        return list(found)
    return sorted(found, key=lambda each: -share_held(terms, each.chunk.embedded_text))


def _beside(key: "_Key", scores: Mapping["_Key", float]) -> float:
    document_id, position = key
    return max(scores.get((document_id, position + step), 0.0) for step in (-1, 1))


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
