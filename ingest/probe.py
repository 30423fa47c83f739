"""Questions that every generation of an index should be able to answer, made from its documents."""

import random

from ingest.catalog import Catalog
from ingest.document import ElementKind
from ingest.embed import Encoders
from ingest.generations import Generation
from ingest.index import Scope
from ingest.sentence import sentences

QUESTIONS = 200
TOP_K = 10
_MIN_WORDS = 6


class SentenceProbe:
    """Asks for documents with a sentence out of each, by meaning: the share that is among the nearest
    `TOP_K` passages. It needs no written questions, and a worse encoder or cutting lowers it."""

    def __init__(self, catalog: Catalog, encoders: Encoders) -> None:
        self._catalog = catalog
        self._encoders = encoders

    def __call__(self, generation: Generation) -> float:
        questions = self._questions()
        if not questions:
            return 1.0
        manifest = generation.index.manifest
        encoder = self._encoders.get(manifest.encoder, manifest.adapter)
        vectors = encoder.encode([text for _, text in questions])
        found = 0
        for (document_id, _), vector in zip(questions, vectors, strict=True):
            record = self._catalog.documents.get(document_id)
            groups = frozenset(record.described.groups if record else ()) | {"everyone"}
            hits = generation.index.search_dense(vector, top_k=TOP_K, scope=Scope(groups))
            found += any(hit.document.id == document_id for hit in hits)
        return found / len(questions)

    def _questions(self) -> list[tuple[str, str]]:
        """Documents and sentences out of them, the same ones as long as the documents are."""
        chance = random.Random(0)  # noqa: S311 - a sample, no secret
        ids = sorted(record.id for record in self._catalog.documents.find())
        chosen = chance.sample(ids, min(QUESTIONS, len(ids)))
        each = -(-QUESTIONS // max(1, len(chosen)))
        questions: list[tuple[str, str]] = []
        for document_id in chosen:
            texts = self._sentences(document_id)
            picked = chance.sample(texts, min(each, len(texts)))
            questions.extend((document_id, text) for text in picked)
        return questions[:QUESTIONS]

    def _sentences(self, document_id: str) -> list[str]:
        document = self._catalog.documents.document(document_id)
        found = (
            sentence
            for element in (document.elements if document else ())
            if element.kind is ElementKind.TEXT
            for sentence in sentences(element.text)
        )
        return [sentence for sentence in found if len(sentence.split()) >= _MIN_WORDS]
