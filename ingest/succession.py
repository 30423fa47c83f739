"""Which document replaces which: because it says so, or as the next version of the same text."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath

from ingest.metadata import Metadata
from ingest.version_name import Mark, Numbers, VersionName, label_numbers, version_name, words

MIN_SIMILARITY = 0.4
"""How alike two texts must be for a number in their names alone to make them versions of one text."""

Similarity = Callable[[str, str], float]
"""How alike the texts of two document ids are, from 0 to 1."""


# Not slotted: the names are taken apart once per document, however often they are compared.
@dataclass(frozen=True)
class Described:
    """A document as its successor is looked for. `name` is its path from the source's root, with "/"."""

    id: str
    name: str
    title: str
    metadata: Metadata
    added_on: date

    @property
    def starts(self) -> date:
        return self.metadata.effective_from or self.added_on

    @cached_property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)

    @cached_property
    def folder(self) -> str:
        return str(self.path.parent)

    @property
    def stem(self) -> str:
        return self.path.stem

    @cached_property
    def label(self) -> Numbers:
        return label_numbers(self.metadata.version)

    @cached_property
    def by_name(self) -> VersionName:
        return version_name(self.stem)

    @cached_property
    def by_title(self) -> VersionName:
        return version_name(self.title)


@dataclass(frozen=True, slots=True)
class Replacement:
    """`new` takes the place of `old`."""

    old: Described
    new: Described
    reason: str


Problems = defaultdict[str, list[str]]
"""What could not be used, by document id."""


# ---- What documents say they replace ------------------------------------------------------------


class _Names:
    """Every way to name a document, the more certain before the less."""

    def __init__(self, documents: Sequence[Described]) -> None:
        self._tiers: tuple[dict[object, list[Described]], ...] = tuple(
            defaultdict(list) for _ in range(5)
        )
        for document in documents:
            for tier, names in zip(self._tiers, _names_of(document), strict=True):
                for name in names:
                    tier[name].append(document)

    def meant(self, name: str, asker: Described) -> list[Described]:
        """The documents of the first kind of name that fits, without the asker in any format."""
        plain, taken_apart = words(name), version_name(name)
        versioned = (taken_apart.base, taken_apart.numbers)
        alone = (asker.folder, asker.by_name.base, taken_apart.numbers)
        keys = (plain, plain, alone if _is_bare(taken_apart) else versioned, plain, versioned)
        for tier, key in zip(self._tiers, keys, strict=True):
            found = [each for each in tier.get(key, ()) if _place(each) != _place(asker)]
            if found:
                return found
        return []


def _names_of(document: Described) -> Iterator[set[object]]:
    title, name = document.by_title, document.by_name
    numbers = {number for number in (document.label, title.numbers, name.numbers) if number}
    folder, file, stem = (
        words(each) for each in (document.folder, document.path.name, document.stem)
    )
    yield {f"{folder} {file}".strip(), f"{folder} {stem}".strip()}
    yield {file, stem}
    by_number: set[object] = {(title.base, number) for number in numbers}
    yield by_number | {(document.folder, name.base, number) for number in numbers}
    yield {words(document.title), title.base}
    begins = document.metadata.effective_from
    yield {(title.base, (begins.year,))} if begins else set()


def _is_bare(reference: VersionName) -> bool:
    """Whether it is "version 1.8" or "the current version 1.8", said of the asker's own text."""
    return reference.mark is not Mark.NONE and reference.base in (
        "",
        "the",
        "current",
        "the current",
    )


def _place(document: Described) -> tuple[str, str]:
    """The same for a document that lies there in several formats."""
    return document.folder, document.stem


def stated(documents: Sequence[Described], problems: Problems) -> Iterator[Replacement]:
    asking = [document for document in documents if document.metadata.supersedes]
    names = _Names(documents if asking else ())
    for document in asking:
        for name in document.metadata.supersedes:
            found = names.meant(name, document)
            if not found:
                problems[document.id].append(f"supersedes '{name}', which names no document here")
            elif len({_place(each) for each in found}) > 1:
                several = ", ".join(sorted(each.name for each in found)[:5])
                problems[document.id].append(
                    f"supersedes '{name}', which may be any of {several}: give its path"
                )
            else:
                for old in found:
                    yield Replacement(old, document, f"{document.name} says that it supersedes it")


# ---- Version series -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Member:
    """A document in a series: its place in the order, and whether its own metadata bears it out."""

    document: Described
    numbers: Numbers
    is_current: bool
    is_borne_out: bool
    may_be_likened: bool

    @property
    def order(self) -> tuple[bool, Numbers]:
        return self.is_current, self.numbers


def series(
    documents: Sequence[Described], similarity: Similarity | None, problems: Problems
) -> Iterator[Replacement]:
    families: dict[tuple[str, ...], list[_Member]] = defaultdict(list)
    for document in documents:
        name, title = document.by_name, document.by_title
        if title.mark in (Mark.DOTTED, Mark.PLAIN):
            # "Annex 2" is no version of "Annex 1".
            title = VersionName(words(document.title), Mark.NONE)
        if name.base and (name.mark is not Mark.NONE or document.label):
            families["name", document.folder, name.base].append(_member(document, name))
        if title.base and (title.mark in (Mark.EXPLICIT, Mark.YEAR) or document.label):
            families["title", document.folder, title.base].append(_member(document, title))
    for (kind, *_), family in families.items():
        yield from _replacements(family, similarity, problems, in_name=kind == "name")


def _member(document: Described, named: VersionName) -> _Member:
    label, begins = document.label, document.metadata.effective_from
    numbers = named.numbers
    match named.mark:
        case Mark.NONE:
            numbers, borne_out = label, bool(label)
        case Mark.CURRENT:
            numbers, borne_out = label, bool(label or begins)
        case Mark.EXPLICIT:
            # "v2" in the name and 2.1 on the first page are one version.
            agrees = label[: len(numbers)] == numbers if document.metadata.version else True
            numbers = label if label and agrees else numbers
            borne_out = agrees and bool(label or begins)
        case Mark.YEAR:
            borne_out = label == numbers or (begins is not None and begins.year == numbers[0])
        case Mark.DOTTED | Mark.PLAIN:
            borne_out = label == numbers
    return _Member(
        document,
        numbers,
        is_current=named.mark is Mark.CURRENT and not label,
        is_borne_out=borne_out,
        may_be_likened=named.mark not in (Mark.NONE, Mark.PLAIN),
    )


def _replacements(
    family: Sequence[_Member],
    similarity: Similarity | None,
    problems: Problems,
    *,
    in_name: bool,
) -> Iterator[Replacement]:
    """Each version ended by the next one. Nothing where the versions come in no certain order."""
    versions: dict[tuple[bool, Numbers], list[_Member]] = defaultdict(list)
    for member in family:
        versions[member.order].append(member)
    if len({numbers[0] >= _FIRST_YEAR for is_current, numbers in versions if numbers}) > 1:
        return
    for older, newer in pairwise(sorted(versions)):
        for old in versions[older]:
            for new in versions[newer]:
                if not _are_versions(old, new, similarity, in_name=in_name):
                    continue
                if _dates_disagree(old.document, new.document):
                    problems[new.document.id].append(
                        f"has a higher version than {old.document.name} but an earlier effective_from"
                    )
                    continue
                yield Replacement(
                    old.document, new.document, f"{new.document.name} is the next version"
                )


_FIRST_YEAR = 1900


def _are_versions(
    old: _Member, new: _Member, similarity: Similarity | None, *, in_name: bool
) -> bool:
    if in_name and old.is_borne_out and new.is_borne_out:
        return True
    if similarity is not None and ((old.may_be_likened and new.may_be_likened) or not in_name):
        return similarity(old.document.id, new.document.id) >= MIN_SIMILARITY
    dated = old.document.metadata.effective_from and new.document.metadata.effective_from
    return bool(not in_name and dated and old.is_borne_out and new.is_borne_out)


def _dates_disagree(old: Described, new: Described) -> bool:
    before, after = old.metadata.effective_from, new.metadata.effective_from
    return before is not None and after is not None and after < before
