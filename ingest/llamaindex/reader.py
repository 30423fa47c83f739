"""What a LlamaIndex reader loads, as documents to ingest."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from ingest.document import one_line
from ingest.formats.sniff import sniff
from ingest.settings import MASK, ReaderSettings, secrets
from ingest.source import SourceUnreachable

if TYPE_CHECKING:
    from llama_index.core.schema import Document

_PLACES = ("file_path", "url", "source")
"""Metadata in which readers say where a document comes from."""

_TEXT_SUFFIXES = frozenset({".txt", ".md", ".markdown", ".html", ".htm"})
_RANDOM_UUID = 4
_PACKAGES = "llama_index.readers."
_LONGEST_REASON = 300


class Reader(Protocol):
    """Any LlamaIndex reader."""

    def load_data(self, *args: Any, **kwargs: Any) -> "Sequence[Document]": ...


@dataclass(frozen=True, slots=True)
class ReaderItem:
    """A document that a reader loaded. `key` names it, the same at every reading; `content` is its text
    in UTF-8, to be parsed as a file with that `suffix`; `metadata` is the reader's, for each of the
    parts that it was loaded in."""

    key: str
    content: bytes
    suffix: str
    metadata: tuple[Mapping[str, Any], ...] = ()


def load(name: str, settings: ReaderSettings) -> list[ReaderItem]:
    """Make the reader that the settings name so, and have it load what is there now.

    Raises `SourceUnreachable`, which names the setting where one is wrong, and tells no secret.
    """
    setting = f"ingest.readers.{name}"
    reader = _opened(setting, settings)
    try:
        signature(reader.load_data).bind(**settings.load)
    except TypeError as error:
        raise SourceUnreachable(_unsuitable(f"{setting}.load", error, settings)) from error
    try:
        return list(reader_items(reader, **settings.load))
    except Exception as error:  # A reader raises whatever its service makes it trip over.
        raise SourceUnreachable(_reason(error, settings)) from error


def _opened(setting: str, settings: ReaderSettings) -> Reader:
    kind = _imported(setting, settings)
    if not callable(getattr(kind, "load_data", None)):
        raise SourceUnreachable(
            f"{setting}.reader = '{settings.reader}' has no load_data: name a LlamaIndex reader"
        )
    try:
        reader: Reader = kind(**settings.options)
    except Exception as error:  # As above.
        raise SourceUnreachable(_unsuitable(f"{setting}.options", error, settings)) from error
    return reader


def _imported(setting: str, settings: ReaderSettings) -> Any:
    module, _, name = settings.reader.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # Importing runs the module.
        package = "the package that it is in"
        if module.startswith(_PACKAGES):
            package = module.replace(".", "-").replace("_", "-")
        raise SourceUnreachable(
            f"{setting}.reader = '{settings.reader}' cannot be imported: correct it, or pip install "
            f"{package} ({_reason(error, settings)})"
        ) from error


def _unsuitable(setting: str, error: Exception, settings: ReaderSettings) -> str:
    return f"{setting} does not suit {settings.reader}: change it ({_reason(error, settings)})"


def _reason(error: Exception, settings: ReaderSettings) -> str:
    """The error on one line. Classes of Pydantic's, as many readers are, show what they were given."""
    text = str(error)
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_url=False)
        text = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)
    for secret in secrets({"options": settings.options, "load": settings.load}):
        text = text.replace(secret, MASK)
    return one_line(f"{type(error).__name__}: {text}")[:_LONGEST_REASON]


def reader_items(reader: Reader, **arguments: Any) -> Iterator[ReaderItem]:
    """What the reader's `load_data` gives with these arguments, one item for each key.

    The key is the first of the metadata file_path, url and source that is there, else the document's
    id. A reader that gives neither makes up ids at every reading: then it is the content's digest, so
    that a changed document counts as another one. Documents of one key, such as the pages of a PDF,
    become one item, in the order in which they were loaded.
    """
    keyed = [(_key(document), document) for document in reader.load_data(**arguments)]
    first_place = {key: place for place, (key, _) in reversed(list(enumerate(keyed)))}
    keyed.sort(key=lambda pair: first_place[pair[0]])
    for key, pairs in groupby(keyed, key=lambda pair: pair[0]):
        documents = [document for _, document in pairs]
        # The same text twice under one key is a digest's doing, or says nothing new.
        texts = dict.fromkeys(document.text for document in documents)
        content = "\n\n".join(texts).encode("utf-8", "replace")
        metadata = tuple(document.metadata for document in documents)
        yield ReaderItem(key, content, _suffix(key, content), metadata)


def _key(document: "Document") -> str:
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


def _suffix(key: str, content: bytes) -> str:
    """The reader made text of what was no text before; pages of HTML may come as they are."""
    if sniff(content) == ".html":
        return ".html"
    suffix = PurePath(key).suffix.lower()
    return suffix if suffix in _TEXT_SUFFIXES else ".txt"
