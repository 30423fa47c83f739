"""What a question is searched in: what its reader may read, what it was asked of, what it names."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock

from ingest.catalog.documents import Documents, IndexState
from ingest.errors import WrongUse
from ingest.index import IndexedDocument, IndexOutdated, Scope
from ingest.indexing import indexed_document, is_outdated
from service.access import Reader
from service.titles import Titles

_SHOWN = 20
MAX_NAMED = 10
"""A question that names more documents than these is searched everywhere: it names none of them."""


class UnknownInFilter(WrongUse):
    """A filter names what there is not, or nothing that the reader may read."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a question is to be answered from, as people name it: documents by id, name or title,
    sources by id or location, languages by ISO 639-1 code. One of a field's names is enough, and every
    field counts; () leaves a field open."""

    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return not (self.documents or self.tags or self.sources or self.languages)


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Searched:
    """Where a question is searched. `only` says it in words, "" where it is all that the reader may
    read; `by_itself` where the question named it and nobody else did. `state` is that of the index when
    this was decided."""

    scope: Scope
    state: IndexState
    only: str = ""
    by_itself: bool = False


class Scopes:
    """Decides where questions are searched. What it knows of the documents is what their points say; it
    is read again when the index has changed. Several threads may use it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._shelf = _Shelf()
        self._lock = Lock()

    def decide(
        self,
        question: str,
        reader: Reader,
        day: date,
        within: Filter = EVERYTHING,
        *,
        narrow: bool = True,
    ) -> Searched:
        """What the filter allows, of that what the question names, of that what the reader may read.

        With `narrow`, a question that names documents is searched in those, unless the filter names
        documents itself. Raises `UnknownInFilter`, and `IndexOutdated` where the points do not say yet
        what the filter asks for.
        """
        state = self._documents.index_state()
        scope, only = Scope(reader.groups, day), ""
        if not narrow and within.is_open:
            return Searched(scope, state)
        with self._lock:
            self._bring_up_to_date(state)
            if not within.is_open:
                scope = self._filtered(scope, within)
                only = self._in_words(scope, within)
            named = self._named(question, scope) if narrow and not within.documents else []
        if not named:
            return Searched(scope, state, only)
        scope = replace(scope, documents=frozenset(document.id for document in named))
        return Searched(scope, state, _joined(map(_titled, named), "and"), by_itself=True)

    def _bring_up_to_date(self, state: IndexState) -> None:
        if self._shelf.state != state:
            generation = state.generation
            payloads = self._documents.payloads(generation) if generation else {}
            self._shelf.put(payloads, state)

    def _named(self, question: str, scope: Scope) -> list[IndexedDocument]:
        """The documents that the question names, of those that can be found at all; none where they are
        too many, or all there are."""
        documents = self._shelf.documents

        def can_be_found(id: str) -> bool:
            return _is_in(scope, documents[id])

        ids = self._shelf.titles.named(question, can_be_found)
        if not 0 < len(ids) <= MAX_NAMED:
            return []
        if not any(can_be_found(id) for id in documents if id not in ids):
            return []
        return sorted((documents[id] for id in ids), key=lambda each: (each.title, each.name))

    def _filtered(self, everything: Scope, within: Filter) -> Scope:
        if self._shelf.is_outdated and (within.tags or within.sources or within.languages):
            raise IndexOutdated(
                "The index was written by an earlier version of Pincite, and does not say yet which "
                "tags, source and language its documents have. 'pincite serve' and 'pincite ingest' "
                "bring it up to date when they start, without encoding anything again; until then, "
                "filter by document only."
            )
        # Nothing that the reader may not read is looked at: whether it is there makes no difference.
        readable = [
            each
            for each in self._shelf.documents.values()
            if not everything.groups.isdisjoint(each.groups)
        ]
        locations = self._documents.locations() if within.sources else {}
        return replace(
            everything,
            documents=self._meant_documents(within.documents, everything.groups),
            tags=_meant(within.tags, map(_tags, readable), _no_tag),
            sources=_meant(
                within.sources, (_places(each, locations) for each in readable), _no_source
            ),
            languages=_meant(within.languages, map(_languages, readable), _no_language),
        )

    def _meant_documents(
        self, asked: Collection[str], groups: frozenset[str]
    ) -> frozenset[str] | None:
        """The ids of the documents that the names mean; None where none is asked for."""
        if not asked:
            return None
        meant: set[str] = set()
        for name in asked:
            ids = self._shelf.called(_folded(name))
            found = {id for id in ids if not groups.isdisjoint(self._shelf.documents[id].groups)}
            if not found:
                raise _no_document(name)
            meant |= found
        return frozenset(meant)

    def _in_words(self, scope: Scope, within: Filter) -> str:
        """The filter as an answer says it."""
        named = sorted(_titled(self._shelf.documents[id]) for id in scope.documents or ())
        fields = (
            ("", named),
            ("documents tagged ", within.tags),
            ("documents from ", within.sources),
            ("documents in the language ", within.languages),
        )
        return _joined([what + _joined(names, "or") for what, names in fields if names], "and")


class _Shelf:
    """The documents of the serving generation, as their points describe them."""

    def __init__(self) -> None:
        self.state: IndexState | None = None
        self.documents: dict[str, IndexedDocument] = {}
        self.titles = Titles()
        self._called: dict[str, set[str]] = defaultdict(set)
        self._payloads: dict[str, str] = {}
        self._outdated: set[str] = set()

    @property
    def is_outdated(self) -> bool:
        """Whether some points were described by an earlier version."""
        return bool(self._outdated)

    def called(self, name: str) -> Collection[str]:
        """The ids of the documents whose id, title or name, with or without folder and extension, is
        this one; it is given in lower case."""
        return self._called.get(name, ())

    def put(self, payloads: Mapping[str, str], state: IndexState) -> None:
        """Hold these documents and no others; only what is new or changed costs anything."""
        for id in self._payloads.keys() - payloads.keys():
            self._forget(id)
        for id, payload in payloads.items():
            if self._payloads.get(id) != payload:
                self._forget(id)
                document = indexed_document(id, "", payload)
                self.documents[id] = document
                self.titles.add(id, document.title, document.name)
                for name in _names(document):
                    self._called[name].add(id)
                if is_outdated(payload):
                    self._outdated.add(id)
        self._payloads = dict(payloads)
        self.state = state

    def _forget(self, id: str) -> None:
        document = self.documents.pop(id, None)
        if document is None:
            return
        self.titles.remove(id)
        self._outdated.discard(id)
        for name in _names(document):
            self._called[name].discard(id)
            if not self._called[name]:
                del self._called[name]


def _is_in(scope: Scope, document: IndexedDocument) -> bool:
    """Whether a search in this scope can find the document."""
    day = scope.as_of
    applies = day is None or (
        (document.valid_from is None or document.valid_from <= day)
        and (document.valid_until is None or day < document.valid_until)
    )
    return (
        applies
        and not scope.groups.isdisjoint(document.groups)
        and (scope.tags is None or not scope.tags.isdisjoint(document.tags))
        and (scope.sources is None or document.source in scope.sources)
        and (scope.languages is None or document.language in scope.languages)
    )


_Meanings = Mapping[str, str]
"""What a document can be named by in one field, in lower case, and the value behind each name."""


def _meant(
    asked: Collection[str],
    offered: Iterable[_Meanings],
    unknown: Callable[[str, Collection[str]], UnknownInFilter],
) -> frozenset[str] | None:
    """The values that the names asked for mean; None where none is asked for."""
    if not asked:
        return None
    values: dict[str, set[str]] = {}
    for meanings in offered:
        for name, value in meanings.items():
            values.setdefault(name, set()).add(value)
    meant: set[str] = set()
    for name in asked:
        found = values.get(_folded(name))
        if not found:
            raise unknown(name, {value for some in values.values() for value in some})
        meant |= found
    return frozenset(meant)


def _names(document: IndexedDocument) -> set[str]:
    file = document.name.rpartition("/")[2]
    names = (document.id, document.title, document.name, file, file.rpartition(".")[0])
    return {_folded(name) for name in names if name}


def _tags(document: IndexedDocument) -> _Meanings:
    return {_folded(tag): tag for tag in document.tags}


def _places(document: IndexedDocument, locations: Mapping[str, str]) -> _Meanings:
    names = (document.source, locations.get(document.source, ""))
    return {_folded(name): document.source for name in names if name}


def _languages(document: IndexedDocument) -> _Meanings:
    return {document.language: document.language} if document.language else {}


def _folded(name: str) -> str:
    return name.strip().rstrip("/").casefold()


def _no_document(name: str) -> UnknownInFilter:
    return UnknownInFilter(
        f"There is no document '{name}' to search in; 'pincite documents list' and GET /documents "
        "show those that there are."
    )


def _no_tag(name: str, known: Collection[str]) -> UnknownInFilter:
    return UnknownInFilter(f"No document has the tag '{name}'; {_there_are(known)}.")


def _no_language(name: str, known: Collection[str]) -> UnknownInFilter:
    return UnknownInFilter(f"No document is in the language '{name}'; {_there_are(known)}.")


def _no_source(name: str, _: Collection[str]) -> UnknownInFilter:
    return UnknownInFilter(
        f"No document comes from a source '{name}'; 'pincite sources list' shows those that there are."
    )


def _there_are(known: Collection[str]) -> str:
    if not known:
        return "there are none"
    more = ", …" if len(known) > _SHOWN else ""
    return f"there are: {', '.join(sorted(known)[:_SHOWN])}{more}"


def _titled(document: IndexedDocument) -> str:
    return document.title or document.name


def _joined(parts: Iterable[str], conjunction: str) -> str:
    *first, last = dict.fromkeys(parts) or [""]
    return f"{', '.join(first)} {conjunction} {last}" if first else last
