"""A question set, indexed and searched once, so that many ways to rank it can be compared."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.question_sets import QuestionSet
from ingest.chunk import Chunk, chunk_document
from ingest.embed import Encoder
from ingest.formats.errors import ParseError
from ingest.index import EVERYONE, Hit, Index, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from ingest.parse import parse
from service.references import is_headed
from service.retrieve import Retrieved
from service.settings import Settings

EVERYTHING = Scope(frozenset({EVERYONE}))


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of every document with their tokens; around one that was found as `Retriever.beside`
    gives them."""

    by_document: Mapping[str, Sequence[tuple[Chunk, int]]]

    def beside(self, found: Retrieved, reach: int) -> dict[int, tuple[Chunk, int]]:
        chunks = self.by_document[found.document.id]
        first = max(0, found.position - reach)
        return dict(enumerate(chunks[first : found.position + reach + 1], start=first))

    def clause(self, found: Retrieved, number: str) -> Retrieved | None:
        """As `Retriever.clause`."""
        for position, (chunk, _) in enumerate(self.by_document[found.document.id]):
            if chunk.heading_path and is_headed(chunk.heading_path[-1], number):
                return Retrieved(found.document, position, chunk, 0.0, None, None)
        return None


@dataclass(frozen=True, slots=True)
class Searched:
    """For each question what the dense and the sparse search find, and the chunks that were searched."""

    hits: Sequence[tuple[list[Hit], list[Hit]]]
    chunks: Chunks


@contextmanager
def indexed(
    documents: Iterable[tuple[str, bytes]], encoder: Encoder, settings: Settings
) -> Iterator[tuple[Index, Chunks]]:
    """An index of the documents, in a folder that goes with the block. Pages that hold nothing but
    template tags are left out."""
    sizes = settings.chunking.target_tokens, min(settings.chunking.max_tokens, encoder.max_tokens)
    chunks: dict[str, list[tuple[Chunk, int]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(Path(folder), Manifest(encoder.name, encoder.dimension, *sizes))
        for name, content in documents:
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
        try:
            yield index, Chunks(chunks)
        finally:
            index.close()


def search(questions: QuestionSet, encoder: Encoder, settings: Settings, *, depth: int) -> Searched:
    """Index the documents as the settings say, and search for every question."""
    asked = [question.text for question in questions.questions]
    with indexed(questions.documents, encoder, settings) as (index, chunks):
        hits = [
            (
                index.search_dense(vector, top_k=depth, scope=EVERYTHING),
                index.search_sparse(text, top_k=depth, scope=EVERYTHING),
            )
            for text, vector in zip(asked, encoder.encode(asked), strict=True)
        ]
    return Searched(hits, chunks)
