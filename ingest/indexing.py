"""Parsed documents become points in every generation that is written, and count from their commit on."""

import json
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.catalog.documents import (
    ClaimLost,
    DocumentRecord,
    GenerationsChanged,
    Version,
    Written,
)
from ingest.catalog.jobs import Action, Task
from ingest.chunk import Chunk, chunk_document
from ingest.document import Document
from ingest.embed import (
    Encoder,
    EncoderAdapter,
    Encoders,
    SentenceTransformerEncoder,
    Vectors,
)
from ingest.generations import Generation, Generations
from ingest.index import EVERYONE, IndexedDocument, Manifest
from ingest.metadata import Metadata
from ingest.store import Store
from ingest.token_vectors import Owner, TokenVectors


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that waits for its vectors. `values` are the columns of its row to set; `described`
    is None where a known version is indexed again."""

    task: Task
    record: DocumentRecord
    version: Version
    described: Metadata | None
    values: dict[str, Any]
    into: tuple[str, ...]
    chunks: tuple[tuple[Chunk, ...], ...]
    """Those for each generation of `into`."""

    @property
    def chunk_count(self) -> int:
        return sum(len(chunks) for chunks in self.chunks)


Encoded = dict[tuple[str, str], Vectors]
"""The vectors of a document's chunks, by generation and document."""


_EncoderKey = tuple[str, EncoderAdapter | None]


def chunks_for(document: Document, manifest: Manifest, encoder: Encoder) -> tuple[Chunk, ...]:
    """The chunks of a document as this index wants them."""
    return tuple(
        chunk_document(
            document,
            count_tokens=encoder.count_tokens,
            target_tokens=manifest.target_tokens,
            max_tokens=min(manifest.max_tokens, encoder.max_tokens),
        )
    )


def payload_of(record: DocumentRecord) -> str:
    """What the points say of the document, as it is noted in the catalog."""
    return json.dumps(
        {
            "name": record.name,
            "title": record.title,
            "groups": list(record.described.groups) or [EVERYONE],
            "valid_from": record.valid_from.isoformat() if record.valid_from else None,
            "valid_until": record.valid_until.isoformat() if record.valid_until else None,
            "source": record.source_id,
            "tags": list(record.described.tags),
            "language": record.language,
        }
    )


def indexed_document(document_id: str, version: str, payload: str) -> IndexedDocument:
    said = json.loads(payload)
    if isinstance(said, list):
        said = dict(zip(_FORMER_FIELDS, said, strict=False))
    valid_from, valid_until = said.get("valid_from"), said.get("valid_until")
    return IndexedDocument(
        document_id,
        version,
        said.get("name", ""),
        said.get("title", ""),
        tuple(said.get("groups", ())),
        date.fromisoformat(valid_from) if valid_from else None,
        date.fromisoformat(valid_until) if valid_until else None,
        said.get("source", ""),
        tuple(said.get("tags", ())),
        said.get("language"),
    )


_FORMER_FIELDS = ("name", "title", "groups", "valid_from", "valid_until")
"""What the points said before they named source, tags and language; it was noted as a list."""


def is_outdated(payload: str) -> bool:
    """Whether the points were described by an earlier version: they have no source, tags or language
    until `Indexer.describe`, which a worker calls when it starts, has brought them up to date."""
    return payload.startswith("[")


class Indexer:
    """Writes prepared documents. Each one counts from its commit on, or not at all."""

    def __init__(self, store: Store, encoders: Encoders) -> None:
        self._catalog = store.catalog
        self._generations = store.generations
        self._token_vectors = store.token_vectors
        self._encoders = encoders

    def write(self, group: Sequence[Prepared], encoded: Encoded, worker: str) -> None:
        """Write and commit the documents of a group, which was encoded, one after the other.

        Points that nothing counts are noted as leftovers before they are written, so that whoever
        comes after a crash removes them. A document that was deleted or cancelled meanwhile is
        dropped; one that was divided for other generations than there are now is left to be read
        again.
        """
        ids = [prepared.record.id for prepared in group]
        self._catalog.documents.mark_leftovers(ids)
        for prepared in group:
            # A deleted document's points, written late, would outlast a crash before the last line.
            with self._generations.writing:
                if not self._catalog.jobs.is_claimed(prepared.task, worker):
                    continue
                try:
                    self._write_one(prepared, encoded, worker)
                except ClaimLost:
                    continue
                except GenerationsChanged:
                    self._catalog.jobs.hand_back(prepared.task, worker)
        self.remove_leftovers(ids)

    def remove_leftovers(self, ids: Sequence[str]) -> None:
        """Remove every point of these documents that does not count."""
        for document_id in ids:
            with self._generations.writing:
                counting: set[str] = set()
                for generation in self._generations.kept():
                    current = self._catalog.documents.current_versions(
                        generation.name, [document_id]
                    )
                    version = current.get(document_id)
                    generation.index.remove(document_id, except_version=version)
                    if version is not None:
                        counting.add(version)
                if self._token_vectors is not None:
                    self._token_vectors.remove(document_id, except_versions=counting)
                self._catalog.documents.clear_leftovers([document_id])

    def remove_strays(self) -> None:
        """Remove the token vectors of documents that are in the catalog no more: a process was killed
        between the two."""
        if self._token_vectors is not None:
            kept = {document_id for document_id, _ in self._token_vectors.versions()}
            for document_id in kept - self._catalog.documents.by_ids(kept).keys():
                self._token_vectors.remove(document_id)

    def describe(self, records: Sequence[DocumentRecord]) -> None:
        """Bring what the points say of these documents in line with the catalog."""
        with self._generations.writing:
            for generation in self._generations.kept():
                written = self._catalog.documents.written(generation.name, [r.id for r in records])
                changed: dict[str, str] = {}
                for record in records:
                    there = written.get(record.id)
                    payload = payload_of(record)
                    if there is None or there.payload == payload:
                        continue
                    generation.index.describe(indexed_document(record.id, there.version, payload))
                    changed[record.id] = payload
                self._catalog.documents.save_payloads(generation.name, changed)

    def _write_one(self, prepared: Prepared, encoded: Encoded, worker: str) -> None:
        record, version = prepared.record, prepared.version
        payload = payload_of(record)
        written = []
        for name, chunks in zip(prepared.into, prepared.chunks, strict=True):
            generation = self._generations.get(name)
            document = indexed_document(record.id, version.version, payload)
            generation.index.write(document, chunks, encoded[name, record.id])
            written.append(Written(name, version.version, len(chunks), payload))
        self._catalog.documents.commit(
            prepared.task.id,
            worker,
            record.id,
            written,
            everywhere=prepared.task.action is not Action.BUILD,
            version=version if prepared.described is not None else None,
            described=prepared.described,
            values=prepared.values,
        )

    def encode(self, group: Sequence[Prepared]) -> Encoded:
        """The vectors of a group; each distinct text is encoded once for an encoder, and none that the
        former version of a changed document had as well."""
        former = {
            (name, prepared.record.id): self._former_vectors(prepared, name)
            for prepared in group
            for name in prepared.into
        }
        wanted: dict[_EncoderKey, dict[str, Owner]] = {}
        known: dict[_EncoderKey, dict[str, Owner]] = {}
        for name, document_id, version, chunks in _chunks(group):
            owner = Owner(name, document_id, version)
            for text in _texts(chunks):
                texts = known if text in former[name, document_id] else wanted
                texts.setdefault(self._encoder_of(name), {})[text] = owner
        for key, owners in known.items():
            self._hand_over(key, owners)
        encoded = {key: self._encoded(key, owners) for key, owners in wanted.items()}
        vectors: Encoded = {}
        for name, document_id, _, chunks in _chunks(group):
            either = ChainMap(former[name, document_id], encoded.get(self._encoder_of(name), {}))
            rows = [either[text] for text in _texts(chunks)]
            dimension = self._generations.get(name).index.manifest.dimension
            vectors[name, document_id] = np.array(rows, np.float32).reshape(len(rows), dimension)
        return vectors

    def _encoded(
        self, key: _EncoderKey, owners: Mapping[str, Owner]
    ) -> dict[str, NDArray[np.float32]]:
        """The vector of each text; what it was made of is kept for its owner."""
        encoder, texts, store = self._encoders.get(*key), list(owners), self._token_vectors
        if store is None or not isinstance(encoder, SentenceTransformerEncoder):
            return dict(zip(texts, encoder.encode(texts), strict=True))
        name = encoder.name

        def keep(tokens: Mapping[str, NDArray[np.float32]]) -> None:
            rounded = {text: TokenVectors.rounded(vectors) for text, vectors in tokens.items()}
            store.put(name, rounded, owners)

        return dict(zip(texts, encoder.encode_with_tokens(texts, keep), strict=True))

    def _hand_over(self, key: _EncoderKey, owners: Mapping[str, Owner]) -> None:
        if self._token_vectors is not None:
            self._token_vectors.hand_over(self._encoders.get(*key).name, owners)

    def _former_vectors(
        self, prepared: Prepared, generation: str
    ) -> dict[str, NDArray[np.float32]]:
        """What this generation holds of a document that has changed, by text: mostly a few words are
        others, or its tags alone."""
        if prepared.task.action is not Action.CHANGE:
            return {}
        points = self._generations.get(generation).index.points(prepared.record.id)
        return {point.chunk.embedded_text: point.vector for point in points}

    def _encoder_of(self, generation: str) -> _EncoderKey:
        manifest = self._generations.get(generation).index.manifest
        return manifest.encoder, manifest.adapter


def _chunks(group: Sequence[Prepared]) -> list[tuple[str, str, str, tuple[Chunk, ...]]]:
    """By generation, document and version."""
    return [
        (name, prepared.record.id, prepared.version.version, chunks)
        for prepared in group
        for name, chunks in zip(prepared.into, prepared.chunks, strict=True)
    ]


def _texts(chunks: Sequence[Chunk]) -> list[str]:
    return [chunk.embedded_text for chunk in chunks]


def targets(generations: Generations, task: Task) -> list[Generation]:
    """The generations that a task writes into."""
    if task.target is not None and task.action is Action.BUILD:
        return [generations.get(task.target)]
    return generations.written()
