"""Drafting samples from documents, for a person to accept, change or reject.

Only what a sure template can ask is drafted: headings that ask, definitions, cells of tables, limits.
Unanswerable ones are such questions about something that no document mentions. (Asking a question
while its document is left out cannot be said in a suite: all its samples are asked of one index.)
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, zip_longest

from eval.dataset import KeyFact, Sample
from eval.drafting.cells import cell_drafts
from eval.drafting.draft import Draft, Source, in_lower_case
from eval.drafting.prose import definition_drafts, heading_drafts, is_locatable, limit_drafts
from ingest.catalog import Catalog
from ingest.document import one_line
from service.words import content_words, words_of

DRAFTED_BY = "pincite eval make"
UNANSWERABLE_EVERY = 4
"""One unanswerable draft for so many others of a document."""

_DRAFTERS = (heading_drafts, definition_drafts, cell_drafts, limit_drafts)
_LANGUAGE = "en"
_STRANGE = (
    "provisional supplementary reciprocal deferred subsidised honorary transitional auxiliary municipal "
    "discretionary retrospective consolidated interim bilateral contingent prorated legacy sovereign "
    "ceremonial experimental"
).split()
"""What sounds like a kind of anything; those that a document mentions are not used."""

_NO_KIND = frozenset("over under outside inside next last between anywhere everywhere".split())


def readable_documents(
    catalog: Catalog, *, on: date | None = None
) -> tuple[list[Source], dict[str, str]]:
    """The documents that questions are drafted from; and those that are passed over, with the reason.

    `on` is the day whose documents count, today by default: what has been replaced is not asked about.
    """
    day = on or date.today()
    sources: list[Source] = []
    passed_over: dict[str, str] = {}
    for record in catalog.documents.find():
        document = catalog.documents.document(record.id)
        if document is None:
            passed_over[record.name] = "it is not indexed"
        elif record.same_as is not None:
            passed_over[record.name] = "another document has the same text"
        elif record.valid_until is not None and record.valid_until <= day:
            passed_over[record.name] = f"it applied until {record.valid_until}"
        elif record.valid_from is not None and record.valid_from > day:
            passed_over[record.name] = f"it applies from {record.valid_from}"
        elif (record.language or _LANGUAGE) != _LANGUAGE:
            passed_over[record.name] = (
                f"its language is {record.language}, the templates are English"
            )
        else:
            sources.append(Source(record.name, document))
    return sources, passed_over


def draft_samples(sources: Sequence[Source], *, per_document: int, seed: int) -> list[Sample]:
    """Drafts in the order of the documents, at most so many from each; the same for the same seed.

    Every gold passage is found in its document, no question says its answer, and none stands twice.
    """
    drafts = _told_apart([draft for source in sources for draft in _good_drafts(source)], sources)
    mentioned = {word for source in sources for word in words_of(source.document.text)}
    samples: list[Sample] = []
    for source in sources:
        own = [draft for draft in drafts if draft.document == source.name]
        drawn = random.Random(f"{seed}:{source.name}")  # noqa: S311
        strange = [word for word in _STRANGE if word not in mentioned]
        answerless = min(len(own), per_document) // (UNANSWERABLE_EVERY + 1)
        chosen = _chosen(own, per_document - answerless, drawn)
        samples += [_sample(draft) for draft in chosen]
        samples += _unanswerable(own, source, strange, answerless, drawn)
    return list({sample.id: sample for sample in samples}.values())


def _good_drafts(source: Source) -> Iterator[Draft]:
    for draft in chain.from_iterable(drafter(source) for drafter in _DRAFTERS):
        is_found = all(is_locatable(source.document, gold) for gold in draft.gold)
        if is_found and not draft.gives_itself_away:
            yield draft


def _told_apart(drafts: Sequence[Draft], sources: Sequence[Source]) -> list[Draft]:
    """Without questions that have several answers: what several documents answer names its document,
    what is asked twice of one is left out."""
    titles = {source.name: one_line(source.document.title) for source in sources}
    asked = Counter(_plain(draft.question) for draft in drafts)
    named = [
        replace(draft, question=f"Under “{titles[draft.document]}”, {_small(draft.question)}")
        if asked[_plain(draft.question)] > 1
        else draft
        for draft in drafts
    ]
    again = Counter(_plain(draft.question) for draft in named)
    return [draft for draft in named if again[_plain(draft.question)] == 1]


def _chosen(drafts: Sequence[Draft], count: int, drawn: random.Random) -> list[Draft]:
    """So many, of every kind in turn, in the order of the document."""
    by_kind: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_kind.setdefault(draft.kind, []).append(draft)
    for some in by_kind.values():
        drawn.shuffle(some)
    in_turn = [
        draft for each in zip_longest(*by_kind.values()) for draft in each if draft is not None
    ]
    kept = {id(draft) for draft in in_turn[:count]}
    return [draft for draft in drafts if id(draft) in kept]


def _unanswerable(
    drafts: Sequence[Draft],
    source: Source,
    strange: Sequence[str],
    count: int,
    drawn: random.Random,
) -> list[Sample]:
    """Questions about a subject that no document mentions: "delivery" made "interim delivery"."""
    askable = [
        (draft, draft.subject) for draft in drafts if draft.subject and _is_thing(draft.subject)
    ]
    if not strange:
        return []
    samples = []
    for draft, known in drawn.sample(askable, min(count, len(askable))):
        word = drawn.choice(strange)
        subject = f"{word} {in_lower_case(known, source.document)}"
        question = draft.question.replace(f"“{known}”", f"“{subject}”")
        why = f"No document mentions “{subject}”, nor the word “{word}”. Drafted from: {draft.question}"
        samples.append(
            Sample(
                schema=1,
                id=_id("unanswerable", draft.document, question),
                question=question,
                gold=(),
                unanswerable=True,
                why_unanswerable=why,
                tags=("drafted", "unanswerable"),
                kind="unanswerable",
                drafted_by=DRAFTED_BY,
                accepted=False,
            )
        )
    return samples


def _is_thing(subject: str) -> bool:
    """Whether it names one thing, so that there could be another kind of it; "up to 15 kg" does not."""
    words = [word.lower() for word in subject.split()]
    return len(words) <= 3 and content_words(subject) == words and not _NO_KIND & set(words)


def _sample(draft: Draft) -> Sample:
    return Sample(
        schema=1,
        id=_id(draft.kind, draft.document, draft.question),
        question=draft.question,
        gold=draft.gold,
        reference_answer=draft.reference_answer,
        key_facts=(KeyFact(text=draft.fact),) if draft.fact else (),
        tags=("drafted", draft.kind),
        kind=draft.kind,
        drafted_by=DRAFTED_BY,
        accepted=False,
    )


def _id(kind: str, document: str, question: str) -> str:
    """The same for the same question of the same document, so that decisions outlive drafting again."""
    digest = hashlib.sha256("\0".join((kind, document, question)).encode()).hexdigest()
    return f"draft-{digest[:10]}"


def _plain(question: str) -> str:
    return question.casefold()


def _small(question: str) -> str:
    return question[:1].lower() + question[1:]
