"""What was found -> the passages that go into the prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ingest.chunk import Chunk, follows, joined
from ingest.duplicates import group_same
from service.exact import clauses_asked_for, exact_terms, stands_below
from service.references import references
from service.rerank import Reranker, rerank
from service.retrieve import Retrieved, named_first
from service.settings import RerankerSettings, RetrievalSettings

REACH = 4
"""So many chunks before and behind one are looked at: more hardly ever fit."""

SENDING = 3
"""So many of the best passages are followed to the clauses that they send to, and to as many clauses at
most."""

CONSIDERED = 3
"""Times as many as are wanted: some say the same as others, or stand in their neighbours already."""


class Surroundings(Protocol):
    """The other chunks of a document in which something was found: see `Reading`."""

    def beside(self, found: Retrieved, reach: int) -> Mapping[int, tuple[Chunk, int]]: ...

    def clause(self, found: Retrieved, number: str) -> Retrieved | None: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Chooses the passages for the prompt, and reads the candidates again where there is a reranker.

    `chars_per_s` is the pace of that: see `measured_pace`.
    """

    reranker: Reranker | None
    reranking: RerankerSettings
    retrieval: RetrievalSettings
    chars_per_s: float | None = None

    def select(
        self, question: str, found: Sequence[Retrieved], surroundings: Surroundings
    ) -> list[Retrieved]:
        """The best passages, best first."""
        if self.reranker is not None:
            found = rerank(
                question, found, self.reranker, self.reranking, chars_per_s=self.chars_per_s
            )
            # To a reader of meanings one clause number is as good as another.
            found = named_first(found, exact_terms(question))
        found = _of_clauses_asked_for(question, found)
        top_k = self.retrieval.top_k
        passages = with_neighbours(
            one_of_each(found[: CONSIDERED * top_k]),
            surroundings,
            max_tokens=self.retrieval.passage_tokens,
            top_k=top_k,
        )
        sent_to = clauses_sent_to(passages, surroundings)
        return [*passages[: max(SENDING, top_k - len(sent_to))], *sent_to][:top_k]


def _of_clauses_asked_for(question: str, found: Sequence[Retrieved]) -> Sequence[Retrieved]:
    """Of a question that asks for clauses by their numbers and for nothing else, what stands below
    these numbers: nothing else answers it. All that was found where it asks for more, or none does."""
    numbers = clauses_asked_for(question, found[0].chunk.context) if found else ()
    return [each for each in found if stands_below(numbers, each.chunk.heading_path)] or found


def one_of_each(ranked: Sequence[Retrieved]) -> list[Retrieved]:
    """The passages, where those that say the same in other documents count as one."""
    first_of = group_same([found.chunk.text for found in ranked])
    kept: dict[int, Retrieved] = {}
    for found, first in zip(ranked, first_of, strict=True):
        if first not in kept:
            kept[first] = found
        elif found.document.id != kept[first].document.id:
            others = (*kept[first].same_text, found.document)
            kept[first] = replace(kept[first], same_text=tuple(dict.fromkeys(others)))
        else:
            kept[len(ranked) + len(kept)] = found
    return list(kept.values())


def with_neighbours(
    ranked: Sequence[Retrieved], surroundings: Surroundings, *, max_tokens: int, top_k: int
) -> list[Retrieved]:
    """The best `top_k`, each with the chunks beside it as long as they have `max_tokens` together.

    A chunk that already stands in a better passage is passed over, and is in no passage twice.
    """
    scores = {(found.document.id, found.position): found.score for found in ranked}
    taken: set[tuple[str, int]] = set()
    passages: list[Retrieved] = []
    for found in ranked:
        if len(passages) == top_k:
            break
        if (found.document.id, found.position) in taken:
            continue
        free = {
            position: each
            for position, each in surroundings.beside(found, REACH).items()
            if (found.document.id, position) not in taken
        }
        positions = _widened(found, free, scores, max_tokens)
        taken.update((found.document.id, position) for position in positions)
        passages.append(_merged(found, [free[p][0] for p in positions if p in free]))
    return passages


def clauses_sent_to(passages: Sequence[Retrieved], surroundings: Surroundings) -> list[Retrieved]:
    """The clauses that the first passages send to ("as defined in 2.1"), where they stand in none."""
    shown = {
        (each.document.id, part.start) for each in passages for part in each.merged or (each.chunk,)
    }
    clauses: list[Retrieved] = []
    for found in passages[:SENDING]:
        for number in references(found.chunk.text):
            clause = surroundings.clause(found, number)
            if clause is None or (clause.document.id, clause.chunk.start) in shown:
                continue
            shown.add((clause.document.id, clause.chunk.start))
            clauses.append(clause)
    return clauses[:SENDING]


def _widened(
    found: Retrieved,
    free: Mapping[int, tuple[Chunk, int]],
    scores: Mapping[tuple[str, int], float],
    max_tokens: int,
) -> range:
    """The positions of a passage around the chunk that was found: those of its section first, then
    what was found as well, then what comes behind."""
    first = last = found.position
    total = free[first][1] if first in free else max_tokens

    def worth(position: int) -> tuple[bool, float, bool]:
        is_same_section = free[position][0].heading_path == found.chunk.heading_path
        score = scores.get((found.document.id, position), 0.0)
        return is_same_section, score, position > last

    while True:
        beside = [
            position
            for position, before in ((first - 1, first - 1), (last + 1, last))
            if position in free
            and total + free[position][1] <= max_tokens
            and follows(free[before + 1][0], free[before][0])
        ]
        if not beside:
            return range(first, last + 1)
        best = max(beside, key=worth)
        total += free[best][1]
        first, last = min(first, best), max(last, best)


def _merged(found: Retrieved, chunks: Sequence[Chunk]) -> Retrieved:
    if len(chunks) < 2:
        return found
    # The headings are those of what was found, wherever the passage begins.
    whole = replace(
        joined(chunks), heading_path=found.chunk.heading_path, context=found.chunk.context
    )
    return replace(found, chunk=whole, merged=tuple(chunks))
