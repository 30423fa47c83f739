"""A question set, indexed and searched once, so that many ways to rank it can be compared."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.question_sets import QuestionSet
from ingest.chunk import Chunk, chunk_document
from ingest.embed import Encoder
from ingest.formats.errors import ParseError
from ingest.index import EVERYONE, Hit, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from ingest.parse import parse
from service.retrieve import Retrieved
from service.settings import Settings

EVERYTHING = Scope(frozenset({EVERYONE}))


@dataclass(frozen=True, slots=True)
class Searched:
    """For each question what the dense and the sparse search find; and the chunks of every document
    with their tokens."""

    hits: Sequence[tuple[list[Hit], list[Hit]]]
    chunks: Mapping[str, Sequence[tuple[Chunk, int]]]

    def beside(self, found: Retrieved, reach: int) -> dict[int, tuple[Chunk, int]]:
        """As `Retriever.beside`."""
        chunks = self.chunks[found.document.id]
        first = max(0, found.position - reach)
        return dict(enumerate(chunks[first : found.position + reach + 1], start=first))


def search(questions: QuestionSet, encoder: Encoder, settings: Settings, *, depth: int) -> Searched:
    """Index the documents as the settings say, and search for every question. Pages that hold nothing
    but template tags are left out."""
    sizes = settings.chunking.target_tokens, min(settings.chunking.max_tokens, encoder.max_tokens)
    chunks: dict[str, list[tuple[Chunk, int]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(Path(folder), Manifest(encoder.name, encoder.dimension, *sizes))
        for name, content in questions.documents:
            try:
                document = parse(content, name=name)
            except ParseError:
                continue
            made = chunk_document(
                document,
                count_tokens=encoder.count_tokens,
                target_tokens=sizes[0],
                max_tokens=sizes[1],
            )
            vectors = encoder.encode([chunk.embedded_text for chunk in made])
            index.write(IndexedDocument(name, "1", name, document.title), made, vectors)
            tokens = encoder.count_tokens([chunk.text for chunk in made])
            chunks[name] = list(zip(made, tokens, strict=True))
        hits = [
            (
                index.search_dense(vector, top_k=depth, scope=EVERYTHING),
                index.search_sparse(question.text, top_k=depth, scope=EVERYTHING),
            )
            for question, vector in zip(
                questions.questions,
                encoder.encode([question.text for question in questions.questions]),
                strict=True,
            )
        ]
        index.close()
    return Searched(hits, chunks)
