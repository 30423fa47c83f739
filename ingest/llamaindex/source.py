"""A LlamaIndex reader of the settings, as a source of documents."""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.formats.errors import DocumentTooLarge, ParseError
from ingest.formats.properties import said
from ingest.formats.sniff import sniff
from ingest.llamaindex.reader import ReaderItem, load
from ingest.metadata import Metadata, MetadataError, about, clean_line, from_fields, sidecar_of
from ingest.parse import SUFFIXES
from ingest.plan import hash_of
from ingest.settings import ReaderSettings
from ingest.source import Content, Item, Listing, SourceUnreachable, is_below

SCHEME = "reader:"

KEPT_S = 60.0
KEPT_TIMES = 20
"""What was loaded is read from for so long, or so many times as long as loading took: the documents of
a job are read one by one, by workers that may not be the one which listed them."""

_TEXTS = (None, ".html", ".eml")
"""What text may look like; memos look like mail."""


class NotText(ParseError):
    """The reader did not make text of it."""


class UnfitMetadata(ParseError):
    """What the reader says of it leaves open who may read it."""


def location_of(name: str) -> str:
    """Where the documents of a reader lie, by its name in the settings."""
    return SCHEME + name


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a reader gave, by path, or why it gave nothing; it counts `until` then, by the monotonic
    clock."""

    items: Mapping[str, ReaderItem]
    fault: str | None
    until: float


class ReaderSource:
    """The documents that a reader loads. Each listing makes the reader anew and has it load everything
    once; that is held in memory, to be read from."""

    def __init__(self, name: str, settings: ReaderSettings, *, max_file_mb: float) -> None:
        self._name = name
        self._location = location_of(name)
        self._settings = settings
        self._max_file_mb = max_file_mb
        self._loaded: _Loaded | None = None

    def items(self, only: Collection[str] = ()) -> Listing:
        """Raises `SourceUnreachable` where the reader cannot be made or fails; where nothing of it is
        asked for, it is not made."""
        if only and not any(is_below(place, [self._location]) for place in only):
            return Listing()
        self._load()
        found = self._found()
        return Listing(
            tuple(
                Item(path, self._shown(item.key), self._signature(item))
                for path, item in found.items()
                if not only or is_below(path, only)
            )
        )

    def read(self, path: str) -> Content:
        """Raises `SourceUnreachable` where the reader fails or does not give this document any more."""
        if self._loaded is None or self._loaded.until < time.monotonic():
            self._load()
        item = self._found().get(path)
        if item is None:
            raise SourceUnreachable("the reader does not give it any more")
        return self._content(item)

    def _found(self) -> Mapping[str, ReaderItem]:
        loaded = self._loaded
        if loaded is None or loaded.fault is not None:
            raise SourceUnreachable(loaded.fault if loaded else "nothing was loaded")
        return loaded.items

    def _load(self) -> None:
        """A failure counts for as long as a success: it is not asked for once for each document."""
        self._loaded = None  # Two of them may be too much for the memory.
        began = time.monotonic()
        items: dict[str, ReaderItem] = {}
        fault = None
        try:
            items = {self._path(item.key): item for item in load(self._name, self._settings)}
        except SourceUnreachable as error:
            fault = str(error)
        ended = time.monotonic()
        kept_s = max(KEPT_S, KEPT_TIMES * (ended - began))
        self._loaded = _Loaded(items, fault, ended + kept_s)

    def _path(self, key: str) -> str:
        # Databases take no zero bytes, nor what is no Unicode.
        written = key.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
        return f"{self._location}/{written}"

    def _shown(self, key: str) -> str:
        """The key, as people see it: without the folder or address, where an argument names that."""
        given = (*self._settings.options.values(), *self._settings.load.values())
        places = [place for place in given if isinstance(place, str) and place]
        for root in (*places, *map(os.path.abspath, places)):
            inside = key.removeprefix(root.rstrip("/") + "/")
            if inside != key and clean_line(inside):
                return clean_line(inside)
        return clean_line(key) or "unnamed"

    def _signature(self, item: ReaderItem) -> str:
        try:
            return self._content(item).signature
        except ParseError:
            return ""  # Whoever indexes it comes upon the same, and says so.

    def _content(self, item: ReaderItem) -> Content:
        size_mb = len(item.content) / 1e6
        if size_mb > self._max_file_mb:
            raise DocumentTooLarge(
                f"is {size_mb:.1f} MB, over the limit of {self._max_file_mb:g} MB: raise "
                "[ingest] max_file_mb"
            )
        if sniff(item.content) not in _TEXTS:
            raise NotText(
                "is no text but the bytes of a file: pip install llama-index-readers-file, or have the "
                "reader pass it over"
            )
        file_name = _file_name(self._shown(item.key), item.suffix)
        content = Content(item.content, sidecar_of(_said(item)), file_name, "")
        return Content(content.data, content.sidecar, file_name, hash_of(content))


class MissingReader:
    """A source whose reader is not in the settings any more."""

    def __init__(self, location: str) -> None:
        self._location = location

    def items(self, only: Collection[str] = ()) -> Listing:
        if only and not any(is_below(place, [self._location]) for place in only):
            return Listing()
        raise self._missing()

    def read(self, path: str) -> Content:
        raise self._missing()

    def _missing(self) -> SourceUnreachable:
        return SourceUnreachable(
            f"[ingest.readers.{self._location.removeprefix(SCHEME)}] is not in the settings; 'pincite "
            f"sources remove {self._location}' removes its documents, too"
        )


def _said(item: ReaderItem) -> Metadata:
    """What the reader says of it; a field that cannot be meant is passed over. Raises `UnfitMetadata`
    where that would be its groups: it might then be read by anyone."""
    try:
        groups = {from_fields(about("groups", part)).groups for part in item.metadata}
    except MetadataError as error:
        raise UnfitMetadata(f"has metadata that cannot be used: {error}") from error
    if len(groups) > 1:
        raise UnfitMetadata("has parts with different groups: have the reader tell them apart")
    return said(item.metadata[0]) if item.metadata else said({})


def _file_name(name: str, suffix: str) -> str:
    """What the parser knows it by: the text of "leave.pdf" is "leave.txt"."""
    last = PurePosixPath(name).name or "document"
    known = PurePosixPath(last).suffix.lower() in SUFFIXES
    return (PurePosixPath(last).stem if known else last) + suffix
