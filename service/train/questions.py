"""An admin's own questions: with the passages of the index that answer them, and those found beside."""

import random
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ingest.catalog import Catalog
from ingest.clock import today
from ingest.embed import Encoder, Encoders
from ingest.generations import Generation
from ingest.index import Manifest, Point, Scope
from ingest.index.edge import EdgeIndex
from ingest.store import open_store
from ingest.train.examples import Example, ExamplesUnusable, read_rows
from service.access import LOCAL_READER
from service.gold import places
from service.retrieve import Retriever, fuse
from service.settings import RetrievalSettings, Settings
from service.train.measure import Case, place

MIN_QUESTIONS = 20
MIN_DOCUMENTS = 8
"""With fewer, the interval of a gain says nothing."""

HELD_OUT_FOLDS = 4
"""Beside general examples, whose training takes long, there is one training, without one in so many of
the documents."""

MINED_FROM = 30


class GoldPassage(BaseModel):
    """Words in a document that answer the question. `document` is its name in the index."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    document: Annotated[str, Field(min_length=1)]
    heading: str = ""
    quote: Annotated[str, Field(min_length=1)]


class Question(BaseModel):
    """A line of an evaluation suite. What only the evaluation needs is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: Annotated[str, Field(min_length=1)]
    gold: tuple[GoldPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question with what the search finds for it in the index. `answers` are the passages that answer
    it as they are read, headings in front; `documents` the names of those they stand in."""

    case: Case
    answers: tuple[str, ...]
    documents: frozenset[str]


def read_questions(path: Path) -> tuple[Question, ...]:
    """The questions of a suite that have an answer. Raises `ExamplesUnusable`."""
    return tuple(each for each in read_rows(path, Question) if each.gold)


@dataclass(frozen=True, slots=True)
class SearchedIndex:
    """Questions with what the serving generation has for them, a line for each whose gold passages it
    lacks, and all its passages where they are wanted."""

    questions: tuple[OwnQuestion, ...]
    stale: tuple[str, ...]
    points: tuple[Point, ...]


def search_index(
    questions: Sequence[Question], settings: Settings, *, with_points: bool = False
) -> SearchedIndex:
    """Search the index that the settings name, which is closed again.

    Raises `NoIndex`, `IndexInUse` where a service holds it, `EncoderNotFound` or `AdapterUnusable`.
    """
    store = open_store(settings.index)
    try:
        documents = store.catalog.documents
        retriever = Retriever(store.generations, documents, Encoders(), settings.retrieval)
        with store.generations.serving() as generation:
            found, stale = found_questions(questions, store.catalog, generation, retriever)
            points = current_points(store.catalog, generation) if with_points else ()
        return SearchedIndex(tuple(found), tuple(stale), tuple(points))
    finally:
        store.close()


def found_questions(
    questions: Sequence[Question], catalog: Catalog, generation: Generation, retriever: Retriever
) -> tuple[list[OwnQuestion], list[str]]:
    """The questions with what is found for them in the serving generation, and a line for each whose
    gold passages are not in it.

    A passage answers that holds at least half of a gold quote.
    """
    gold = _Gold(catalog, generation)
    found: list[OwnQuestion] = []
    stale: list[str] = []
    for question in questions:
        points = [point for each in question.gold for point in gold.points(each)]
        if missing := [each for each in question.gold if not gold.points(each)]:
            stale.append(
                f"{question.id}: the index has no '{missing[0].quote}' in {missing[0].document}"
            )
            continue
        right = frozenset((point.document.id, point.position) for point in points)
        hits = tuple(retriever.retrieve(question.question, LOCAL_READER))
        found.append(
            OwnQuestion(
                Case(question.question, hits, right, question.gold[0].document),
                tuple(dict.fromkeys(point.chunk.embedded_text for point in points)),
                frozenset(each.document for each in question.gold),
            )
        )
    return found, stale


class _Gold:
    """Finds gold passages in a generation; each document is read once."""

    def __init__(self, catalog: Catalog, generation: Generation) -> None:
        self._catalog = catalog
        self._generation = generation
        self._ids = {record.name: record.id for record in catalog.documents.find()}
        self._points: dict[str, list[Point]] = {}

    def points(self, gold: GoldPassage) -> list[Point]:
        """The passages that hold at least half of the quote's first place; none where it is stale."""
        document_id = self._ids.get(gold.document)
        document = self._catalog.documents.document(document_id) if document_id else None
        if document_id is None or document is None:
            return []
        said_at = places(document, gold.quote, gold.heading)
        if not said_at:
            return []
        start, end = said_at[0]
        return [
            point
            for point in self._of(document_id)
            if 2 * (min(point.chunk.end, end) - max(point.chunk.start, start)) >= end - start
        ]

    def _of(self, document_id: str) -> list[Point]:
        if document_id not in self._points:
            self._points[document_id] = current_points(self._catalog, self._generation, document_id)
        return self._points[document_id]


def current_points(
    catalog: Catalog, generation: Generation, document_id: str | None = None
) -> list[Point]:
    """The passages that count, of one document or of all, in their order."""
    points = list(generation.index.points(document_id))
    current = catalog.documents.current_versions(
        generation.name, {point.document.id for point in points}
    )
    kept = [each for each in points if current.get(each.document.id) == each.document.version]
    return sorted(kept, key=lambda each: (each.document.id, each.position))


def check_enough(questions: Sequence[OwnQuestion]) -> None:
    """Raise `ExamplesUnusable` where there are too few to say whether training gains."""
    documents = {question.case.group for question in questions}
    if len(questions) < MIN_QUESTIONS or len(documents) < MIN_DOCUMENTS:
        raise ExamplesUnusable(
            f"{len(questions)} questions with a passage that is in the index, about {len(documents)} "
            f"documents, are too few to train on and to measure with: at least {MIN_QUESTIONS} about "
            f"{MIN_DOCUMENTS} documents are needed, and 200 do better."
        )


def document_folds(
    questions: Sequence[OwnQuestion], count: int, *, seed: int
) -> list[frozenset[str]]:
    """The documents in so many folds, or in one for each where there are fewer, with about as many
    questions in each."""
    asked = Counter(question.case.group for question in questions)
    names = sorted(asked)
    random.Random(seed).shuffle(names)  # noqa: S311 - no secret
    folds: list[list[str]] = [[] for _ in range(min(count, len(names)))]
    for name in sorted(names, key=lambda name: -asked[name]):
        min(folds, key=lambda fold: sum(asked[each] for each in fold)).append(name)
    return [frozenset(fold) for fold in folds]


def own_examples(
    questions: Sequence[OwnQuestion],
    held_out: Collection[str],
    *,
    repeat: int,
    negatives: int,
    seed: int,
) -> tuple[Example, ...]:
    """Examples of the questions that no document held out answers, `repeat` of each, which differ in
    the negatives.

    Those are drawn from the first 30 that the search finds, but for passages of documents held out and
    what says the same as a passage that answers.
    """
    examples: list[Example] = []
    for number, question in enumerate(questions):
        if question.documents & set(held_out):
            continue
        wrong = [
            each.chunk.embedded_text
            for each in question.case.found[:MINED_FROM]
            if place(each) not in question.case.right
            and each.chunk.embedded_text not in question.answers
            and each.document.name not in held_out
        ]
        for time in range(repeat):
            chance = random.Random(f"{seed} {number} {time}")  # noqa: S311 - no secret
            examples.append(
                Example(
                    query=question.case.question,
                    positives=question.answers,
                    negatives=tuple(chance.sample(wrong, min(negatives, len(wrong)))),
                    group=question.case.group,
                )
            )
    return tuple(examples)


def searched_anew(
    questions: Sequence[OwnQuestion],
    points: Sequence[Point],
    encoder: Encoder,
    settings: RetrievalSettings,
) -> list[Case]:
    """What the search would find for the questions if this encoder had encoded the passages."""
    scope = Scope(LOCAL_READER.groups, today())
    cases: list[Case] = []
    with _encoded(points, encoder) as index:
        vectors = encoder.encode([question.case.question for question in questions])
        for question, vector in zip(questions, vectors, strict=True):
            found = fuse(
                index.search_dense(vector, top_k=settings.candidates, scope=scope),
                index.search_sparse(question.case.question, top_k=settings.candidates, scope=scope),
                bm25_weight=settings.bm25_weight,
            )
            cases.append(replace(question.case, found=tuple(found)))
    return cases


@contextmanager
def _encoded(points: Sequence[Point], encoder: Encoder) -> Iterator[EdgeIndex]:
    """An index of the passages, in a folder that goes with the block; they keep their positions."""
    sizes = encoder.max_tokens, encoder.max_tokens
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(Path(folder), Manifest(encoder.name, encoder.dimension, *sizes))
        try:
            vectors = encoder.encode([point.chunk.embedded_text for point in points])
            numbered = zip(points, vectors, strict=True)
            for document, some in groupby(numbered, key=lambda each: each[0].document):
                rows = list(some)
                chunks = [point.chunk for point, _ in rows]
                index.write(document, chunks, np.stack([vector for _, vector in rows]))
            yield index
        finally:
            index.close()
