"""What Pincite's own search finds for a query among the passages of the examples."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.chunk import Chunk
from ingest.embed import Encoder
from ingest.index import EVERYONE, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from ingest.train.examples import Example
from service.retrieve import Retrieved, fuse
from service.settings import RetrievalSettings
from service.train.measure import Case, place

MINED_FROM = 30
"""A passage is mined from so many that the first stage finds best: those that a reranker will see."""

SAFE_RANKS = 3
"""The first stage's best are often right answers that nobody has marked, and are not taken for wrong."""

MINED_WITH = RetrievalSettings(candidates=MINED_FROM, bm25_weight=0.5)


def with_mined_negatives(
    examples: Sequence[Example], encoder: Encoder, *, wanted: int, seed: int
) -> tuple[Example, ...]:
    """The examples with `wanted` negatives each where there are so many, half of them at most as given,
    the rest from what the first stage finds for the query among the passages of the same source."""
    mined = list(examples)
    for number, found, answers in _searched(examples, encoder, MINED_WITH):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
        best = [each.chunk.text for each in found[:MINED_FROM]]
        passages = [text for text in best if text not in answers]
        mined[number] = _with_negatives(examples[number], passages, wanted, chance)
    return tuple(mined)


def pooled_cases(
    examples: Sequence[Example], encoder: Encoder, settings: RetrievalSettings
) -> list[Case]:
    """What the search finds for each example among the passages of all of the same source."""
    cases: dict[int, Case] = {}
    for number, found, answers in _searched(examples, encoder, settings):
        example = examples[number]
        # What answers the same query for another document is neither right nor wrong for this one.
        elsewhere = answers - set(example.positives)
        kept = tuple(each for each in found if each.chunk.text not in elsewhere)
        right = frozenset(place(each) for each in kept if each.chunk.text in example.positives)
        cases[number] = Case(example.query, kept, right, example.group)
    return [cases[number] for number in range(len(examples))]


def _with_negatives(
    example: Example, found: Sequence[str], wanted: int, chance: random.Random
) -> Example:
    given = list(dict.fromkeys(example.negatives))
    chance.shuffle(given)
    right = {*example.positives, *given}
    others = [passage for passage in found if passage not in right]
    others = others[SAFE_RANKS:]
    chance.shuffle(others)
    kept = given[: max(wanted - wanted // 2, wanted - len(others))]
    return example.model_copy(update={"negatives": (*kept, *others[: wanted - len(kept)])})


def _searched(
    examples: Sequence[Example], encoder: Encoder, settings: RetrievalSettings
) -> Iterator[tuple[int, list[Retrieved], set[str]]]:
    """Each example's number, what is found for it among the passages of its source, best first, and all
    passages that answer the same query."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        by_source[example.source].append(number)
    for numbers in by_source.values():
        some = [examples[number] for number in numbers]
        answers: dict[str, set[str]] = defaultdict(set)
        for example in some:
            answers[example.query] |= set(example.positives)
        found = _searched_source(some, encoder, settings)
        for number, each in zip(numbers, found, strict=True):
            yield number, each, answers[examples[number].query]


def _searched_source(
    examples: Sequence[Example], encoder: Encoder, settings: RetrievalSettings
) -> Iterator[list[Retrieved]]:
    passages = list(
        dict.fromkeys(text for each in examples for text in (*each.positives, *each.negatives))
    )
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(
            Path(folder),
            Manifest(encoder.name, encoder.dimension, encoder.max_tokens, encoder.max_tokens),
        )
        chunks = [Chunk(text, 0, len(text), (), None, "") for text in passages]
        index.write(_POOL, chunks, encoder.encode(passages))
        vectors = encoder.encode([example.query for example in examples])
        depth = settings.candidates
        try:
            for example, vector in zip(examples, vectors, strict=True):
                yield fuse(
                    index.search_dense(vector, top_k=depth, scope=_EVERYTHING),
                    index.search_sparse(example.query, top_k=depth, scope=_EVERYTHING),
                    bm25_weight=settings.bm25_weight,
                )
        finally:
            index.close()


_POOL = IndexedDocument("pool", "1", "pool", "pool", (EVERYONE,))
_EVERYTHING = Scope(frozenset({EVERYONE}))
