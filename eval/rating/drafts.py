"""Drafted samples, and what a person decides on each: accept, change or reject."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.dataset import GoldPassage, KeyFact, Sample, read_samples, write_samples
from eval.gold import FindDocument
from eval.rating.store import Decision, Lines, Verdict, decided, known_name, now
from ingest.document import Document
from ingest.errors import WrongUse
from service.gold import places

SUFFIX = ".decisions.jsonl"
SURROUNDINGS_CHARS = 900
"""Of the document, in front of a gold passage and after it."""


class NoSuchDraft(WrongUse):
    """The file has no draft of this id."""


class NothingAccepted(WrongUse):
    """No draft was accepted, so there is no suite to be written."""


class Changes(BaseModel):
    """What a person may change in a draft."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Annotated[str, Field(max_length=4_000)]
    reference_answer: Annotated[str, Field(max_length=20_000)] | None = None
    key_facts: Annotated[tuple[KeyFact, ...], Field(max_length=50)] = ()
    unanswerable: bool = False
    why_unanswerable: Annotated[str, Field(max_length=4_000)] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """A gold passage in the text around it: `text[start:end]` is it. Without a text where the document
    does not say it now, for the reason in `missing`."""

    gold: GoldPassage
    title: str
    text: str
    start: int
    end: int
    missing: str | None = None


class Drafts:
    """The drafts of a file, with the decisions that stand beside it."""

    def __init__(self, path: Path, find_document: FindDocument | None = None) -> None:
        """Raises `SuiteError` where the file cannot be read, `WrongUse` where it has no draft.

        With `find_document` every gold passage is looked up now, so that the index need not stay open.
        """
        drafts = [sample for sample in read_samples(path) if not sample.accepted]
        if not drafts:
            raise WrongUse(
                f"{path} has no drafted sample: 'pincite eval make' drafts some from the documents."
            )
        self.path = path
        self.samples = {sample.id: sample for sample in drafts}
        self.contexts = {
            sample.id: [_context(gold, find_document) for gold in sample.gold]
            for sample in drafts
            if find_document is not None
        }
        self._file = Lines(path.with_name(path.name.removesuffix(".jsonl") + SUFFIX), Decision)

    def decisions(self) -> dict[str, Decision]:
        return decided(self._file.read())

    def accepted(self) -> list[Sample]:
        """The accepted samples as they were accepted, in the order of the drafts."""
        decisions = self.decisions()
        found = (decisions[draft_id].sample for draft_id in self.samples if draft_id in decisions)
        return [sample for sample in found if sample is not None]

    def accept(self, rater: str, draft_id: str, changes: Changes | None) -> None:
        """Raises `WrongUse` where what is changed makes no sample."""
        self._append(rater, draft_id, "accepted", _accepted(self.draft(draft_id), changes))

    def reject(self, rater: str, draft_id: str) -> None:
        self._append(rater, draft_id, "rejected")

    def take_back(self, rater: str, draft_id: str) -> None:
        """Let the draft be undecided again."""
        self._append(rater, draft_id, None)

    def draft(self, draft_id: str) -> Sample:
        if draft_id not in self.samples:
            raise NoSuchDraft("There is no such draft here: load the page again.")
        return self.samples[draft_id]

    def rater(self, name: str) -> str:
        """The name as this person wrote it before. Raises `WrongUse` where it is no name."""
        return known_name(name, list(dict.fromkeys(line.rater for line in self._file.read())))

    def _append(
        self, rater: str, draft_id: str, verdict: Verdict | None, sample: Sample | None = None
    ) -> None:
        decision = Decision(
            rater=self.rater(rater),
            draft_id=self.draft(draft_id).id,
            decision=verdict,
            sample=sample,
            at=now(),
        )
        self._file.append(decision)


def suite_path(drafts: Path) -> Path:
    """Where the accepted drafts of a file go by default: questions.draft.jsonl -> questions.jsonl."""
    stem = drafts.name.removesuffix(".jsonl").removesuffix(".draft")
    own_name = f"{stem}.jsonl" == drafts.name
    return drafts.with_name(f"{stem}.accepted.jsonl" if own_name else f"{stem}.jsonl")


def write_suite(drafts: Drafts, out: Path) -> int:
    """Write the accepted drafts into the suite `out`; how many they are.

    Samples of `out` that come from elsewhere stay, those of a draft that is not accepted any more go.
    Raises `NothingAccepted` where there is nothing to be written.
    """
    accepted = {sample.id: sample for sample in drafts.accepted()}
    kept = {
        sample.id: sample
        for sample in (read_samples(out) if out.exists() else [])
        if sample.id not in drafts.samples or sample.id in accepted
    }
    samples = kept | accepted
    if not samples:
        raise NothingAccepted(
            f"No draft of {drafts.path} is accepted yet: look through them with "
            f"'pincite eval rate {drafts.path}'."
        )
    scratch = out.with_name(f"{out.name}.new")
    write_samples(scratch, list(samples.values()))
    os.replace(scratch, out)
    return len(accepted)


def _accepted(draft: Sample, changes: Changes | None) -> Sample:
    fields = draft.model_dump(by_alias=True) | {"accepted": True}
    if changes is not None:
        fields |= _clean(changes)
        if changes.unanswerable:
            fields |= {"gold": (), "reference_answer": None, "key_facts": ()}
    try:
        return Sample.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the sample'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise WrongUse(f"This makes no sample: {faults}.") from error


def _clean(changes: Changes) -> dict[str, object]:
    facts = [fact.model_dump() for fact in changes.key_facts if fact.text.strip()]
    return {
        "question": changes.question.strip(),
        "reference_answer": (changes.reference_answer or "").strip() or None,
        "key_facts": facts,
        "unanswerable": changes.unanswerable,
        "why_unanswerable": (changes.why_unanswerable or "").strip() or None,
    }


def _context(gold: GoldPassage, find_document: FindDocument) -> Context:
    found = find_document(gold.document)
    if found is None:
        return Context(gold, gold.document, "", 0, 0, "The document is not in the index now.")
    _, document = found
    spans = places(document, gold.quote, gold.heading)
    if not spans:
        missing = "The document does not say these words now."
        return Context(gold, document.title, "", 0, 0, missing)
    start, end = spans[0]
    first, last = _surroundings(document, start, end)
    text = document.text[first:last]
    return Context(gold, document.title, text, start - first, end - first)


def _surroundings(document: Document, start: int, end: int) -> tuple[int, int]:
    """Whole elements around the passage, of the same section, within `SURROUNDINGS_CHARS` each way."""
    own = next(e.heading_path for e in document.elements if e.start <= start < e.end)
    near = [
        element
        for element in document.elements
        if element.heading_path == own
        and element.end > start - SURROUNDINGS_CHARS
        and element.start < end + SURROUNDINGS_CHARS
    ]
    return min(e.start for e in near), max(e.end for e in near)
