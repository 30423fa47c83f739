"""Which documents apply when: a document ends when the one that replaces it begins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter

from ingest.succession import Described, Problems, Replacement, Similarity, series, stated


@dataclass(frozen=True, slots=True)
class Validity:
    """The days on which a document applies: from `valid_from` to the day before `valid_until`.

    None leaves that side open. `superseded_by` is the id of the document that replaces it first, which
    may lie ahead. `reason` says what ends it, "" if nothing does; `problems` what could not be used.
    """

    valid_from: date | None
    valid_until: date | None
    superseded_by: str | None
    reason: str
    problems: tuple[str, ...] = ()

    def applies_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day < self.valid_until)


def resolve(
    documents: Sequence[Described], *, similarity: Similarity | None = None
) -> dict[str, Validity]:
    """When each document applies, by its own dates and by the documents that replace it.

    One replaces another where it says so (`supersedes`), or where both are numbered versions of one
    text in one folder. The order of `documents` makes no difference; their ids are unique.
    """
    ordered = sorted(documents, key=lambda document: document.id)
    problems: Problems = defaultdict(list)
    replacements = {
        (each.old.id, each.new.id): each
        # What a document says itself comes last: it is the better reason.
        for each in (*series(ordered, similarity, problems), *stated(ordered, problems))
    }
    successors: dict[str, list[Replacement]] = defaultdict(list)
    for replacement in _without_cycles(list(replacements.values()), problems):
        successors[replacement.old.id].append(replacement)
    replaced_on = _replaced_on(successors)
    return {
        document.id: _validity(document, successors[document.id], replaced_on, problems)
        for document in ordered
    }


def _replaced_on(successors: Mapping[str, Sequence[Replacement]]) -> dict[str, date]:
    """The day on which the first document down a document's line of successors begins.

    That need not be the next one: where version 2 has no date, version 3 may be known to be older.
    """
    newer = {old: [each.new.id for each in following] for old, following in successors.items()}
    days: dict[str, date] = {}
    for id in TopologicalSorter(newer).static_order():
        begins = [_day_of(each, days) for each in successors.get(id, ())]
        if begins:
            days[id] = min(begins)
    return days


def _day_of(replacement: Replacement, replaced_on: Mapping[str, date]) -> date:
    new = replacement.new
    return min(new.starts, replaced_on.get(new.id, date.max))


def _validity(
    document: Described,
    successors: Sequence[Replacement],
    replaced_on: Mapping[str, date],
    problems: Problems,
) -> Validity:
    first = min(
        successors,
        # Of several that begin on one day, the next version; ids decide only what nothing else does.
        key=lambda each: (
            _day_of(each, replaced_on),
            each.new.label or each.new.by_name.numbers,
            each.new.id,
        ),
        default=None,
    )
    begins, ends = document.metadata.effective_from, document.metadata.effective_until
    reason = f"ends by its own account on {ends}" if ends else ""
    if first is not None and (ends is None or replaced_on[document.id] <= ends):
        ends = replaced_on[document.id]
        reason = f"{first.reason}, from {ends}"
    if begins is not None and ends is not None:
        ends = max(begins, ends)
    return Validity(
        valid_from=begins,
        valid_until=ends,
        superseded_by=first.new.id if first else None,
        reason=reason,
        problems=tuple(sorted(set(problems[document.id]))),
    )


def _without_cycles(
    replacements: Sequence[Replacement], problems: Problems
) -> Iterator[Replacement]:
    """Of replacements that go round in a circle, those that go by the dates alone."""
    circular = _on_cycles([(each.old.id, each.new.id) for each in replacements])
    for each in replacements:
        if not {each.old.id, each.new.id} <= circular or each.new.starts > each.old.starts:
            yield each
        else:
            problems[each.old.id].append(
                f"is in a circle of documents that supersede each other, as {each.new.name} does "
                "this one: give each its effective_from"
            )


def _on_cycles(edges: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Nodes that lie on a cycle or between two: what is left when ends are taken off again and again."""
    nodes = {node for edge in edges for node in edge}
    for start, end in ((0, 1), (1, 0)):
        nodes -= _peeled(nodes, [(edge[start], edge[end]) for edge in edges])
    return frozenset(nodes)


def _peeled(nodes: set[str], edges: Iterable[tuple[str, str]]) -> set[str]:
    """The nodes that no cycle leads to."""
    following: Mapping[str, list[str]] = defaultdict(list)
    incoming = dict.fromkeys(nodes, 0)
    for start, end in edges:
        if start in nodes and end in nodes:
            following[start].append(end)
            incoming[end] += 1
    free = [node for node, count in incoming.items() if count == 0]
    for node in free:
        for end in following[node]:
            incoming[end] -= 1
            if incoming[end] == 0:
                free.append(end)
    return set(free)
