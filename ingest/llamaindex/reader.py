"""What a LlamaIndex reader loads, as documents to ingest."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath
from typing import Any, Protocol
from uuid import UUID

from llama_index.core.schema import Document

_PLACES = ("file_path", "url", "source")
"""Metadata in which readers say where a document comes from."""

_TEXT_SUFFIXES = frozenset({".txt", ".md", ".markdown", ".html", ".htm"})
_RANDOM_UUID = 4


class Reader(Protocol):
    """Any LlamaIndex reader: its settings are given when it is made."""

    def load_data(self) -> Sequence[Document]: ...


@dataclass(frozen=True, slots=True)
class ReaderItem:
    """A document that a reader loaded. `key` names it, the same at every reading; `content` is its text
    in UTF-8, to be parsed as a file with that `suffix`; `metadata` is the reader's."""

    key: str
    content: bytes
    suffix: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


def reader_items(reader: Reader) -> Iterator[ReaderItem]:
    """The reader's documents, one item for each key.

    The key is the first of the metadata file_path, url and source that is there, else the document's
    id. A reader that gives neither makes up ids at every reading: then it is the content's digest, so
    that a changed document counts as another one. Documents of one key, such as the pages of a PDF,
    become one item, in the order in which they were loaded.
    """
    keyed = [(_key(document), document) for document in reader.load_data()]
    first_place = {key: place for place, (key, _) in reversed(list(enumerate(keyed)))}
    keyed.sort(key=lambda pair: first_place[pair[0]])
    for key, pairs in groupby(keyed, key=lambda pair: pair[0]):
        documents = [document for _, document in pairs]
        # The same text twice under one key is a digest's doing, or says nothing new.
        texts = dict.fromkeys(document.text for document in documents)
        content = "\n\n".join(texts).encode("utf-8", "replace")
        yield ReaderItem(key, content, _suffix(key), documents[0].metadata)


def _key(document: Document) -> str:
    for name in _PLACES:
        if document.metadata.get(name):
            return str(document.metadata[name])
    if _is_made_up(document.doc_id):
        digest = hashlib.sha256(document.text.encode("utf-8", "replace")).hexdigest()
        return f"sha256:{digest}"
    return str(document.doc_id)


def _is_made_up(document_id: str) -> bool:
    try:
        return UUID(document_id).version == _RANDOM_UUID
    except ValueError:
        return False


def _suffix(key: str) -> str:
    """The reader made text of what was no text before."""
    suffix = PurePath(key).suffix.lower()
    return suffix if suffix in _TEXT_SUFFIXES else ".txt"
