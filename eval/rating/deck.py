"""The answers of one or several runs as raters see them: without who wrote them."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from eval.dataset import Sample
from eval.folder import RECORDS, SUITE, RunFolder
from eval.metrics.span import Span
from eval.rating.store import CANNOT_JUDGE, COMMENT, MAX_COMMENT_CHARS, Value
from eval.record import AnswerRecord, PassageRecord
from ingest.errors import WrongUse

RUBRIC = ("correctness", "completeness", "tone")
POINTS = range(1, 6)

Wording = Literal["shown", "draft"]
"""What of an answer is rated: what its reader saw, or what the generator wrote."""


class NothingToRate(WrongUse):
    """No answer is there to be rated."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sentence cites under one number: the passage, and the quoted characters [start, end) of
    its text. A draft cites whole passages, without quotes; `passage` is None for a number that no
    passage had."""

    number: int
    passage: PassageRecord | None
    quotes: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """What the sentence rests on, as the suite's judge reads it."""
        return "\n".join(self.quotes) or (self.passage.text if self.passage else "")


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    cited: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be rated. `runs` are the folders of the runs that gave it, word for word; `sample`
    is what was asked, where the run kept it."""

    sample_id: str
    question: str
    standalone: str
    text: str
    refused: bool
    claims: tuple[Claim, ...]
    passages: tuple[PassageRecord, ...]
    runs: tuple[Path, ...] = field(compare=False)
    sample: Sample | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Names the answer by what it says and cites, and tells nothing of who wrote it."""
        digest = hashlib.sha256()
        for part in (self.sample_id, self.question, self.text, repr(self._cited())):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()[:20]

    def _cited(self) -> list[tuple[str, list[tuple[int, str]]]]:
        return [(c.text, [(e.number, e.text) for e in c.cited]) for c in self.claims]

    @property
    def citations(self) -> dict[str, tuple[Claim, Evidence]]:
        """What is judged by yes or no, by the name of the item."""
        return {
            f"citation:{index}:{evidence.number}": (claim, evidence)
            for index, claim in enumerate(self.claims)
            for evidence in claim.cited
            if evidence.passage is not None
        }

    @property
    def items(self) -> tuple[str, ...]:
        """All that is judged before the answer counts as rated."""
        return (*RUBRIC, *self.citations)

    def check(self, item: str, value: Value | None) -> None:
        """Raises `WrongUse` where the item has no such value."""
        if value is None and (item in self.items or item == COMMENT):
            return
        if item == COMMENT:
            fits = isinstance(value, str) and len(value) <= MAX_COMMENT_CHARS
        elif item in RUBRIC:
            fits = value == CANNOT_JUDGE or (type(value) is int and value in POINTS)
        else:
            fits = item in self.citations and (value == CANNOT_JUDGE or isinstance(value, bool))
        if not fits:
            raise WrongUse(f"'{item[:50]}' of this answer cannot be rated {str(value)[:50]}.")


def read_deck(runs: Sequence[Path], wording: Wording, share: int | None, seed: int) -> list[Answer]:
    """Every answer of the runs, those that several runs gave once; with `share` those to so many
    questions, the same for every rater.

    Raises `NothingToRate` where there is none.
    """
    answers: dict[str, Answer] = {}
    for run in runs:
        for answer in _answers(run, wording):
            known = answers.get(answer.key)
            answers[answer.key] = (
                replace(known, runs=(*known.runs, run)) if known is not None else answer
            )
    if not answers:
        names = ", ".join(str(run) for run in runs)
        raise NothingToRate(f"No answer is recorded in {names}: let 'pincite eval run' finish one.")
    chosen = _chosen({answer.sample_id for answer in answers.values()}, share, seed)
    return [answer for answer in answers.values() if answer.sample_id in chosen]


def shuffled(answers: Iterable[Answer], rater: str, seed: int) -> list[Answer]:
    """The order in which this rater is asked: their own, the same every time."""
    in_order = sorted(answers, key=lambda answer: answer.key)
    random.Random(f"{seed}:{rater.casefold()}").shuffle(in_order)  # noqa: S311
    return in_order


def _chosen(sample_ids: set[str], share: int | None, seed: int) -> set[str]:
    if share is None or share >= len(sample_ids):
        return sample_ids
    return set(random.Random(seed).sample(sorted(sample_ids), share))  # noqa: S311


def _answers(run: Path, wording: Wording) -> list[Answer]:
    if not (run / RECORDS).is_file():
        raise NothingToRate(f"{run} is no run of a suite: there is no {RECORDS} in it.")
    folder = RunFolder(run)
    samples = {s.id: s for s in folder.samples()} if (run / SUITE).is_file() else {}
    # A sample that failed may have been asked again: the last line counts.
    records = {record.sample_id: record for record in folder.records()}
    make = _shown if wording == "shown" else _drafted
    return [
        replace(make(sample_id, record.answer, run), sample=samples.get(sample_id))
        for sample_id, record in records.items()
        if record.answer is not None
    ]


def _shown(sample_id: str, record: AnswerRecord, run: Path) -> Answer:
    passages = {passage.number: passage for passage in record.passages}
    claims = []
    for index in record.shown:
        sentence = record.verified[index]
        numbers = dict.fromkeys(citation.number for citation in sentence.citations)
        evidence = []
        for number in numbers:
            citations = [each for each in sentence.citations if each.number == number]
            passage = passages.get(number)
            spans = [_within(passage, each.place.span) for each in citations] if passage else []
            quotes = tuple(each.quote for each in citations)
            evidence.append(Evidence(number, passage, quotes, tuple(filter(None, spans))))
        claims.append(Claim(sentence.text, tuple(evidence)))
    return Answer(
        sample_id,
        record.question,
        record.standalone,
        record.text,
        record.refused,
        () if record.refused else tuple(claims),
        record.passages,
        (run,),
    )


def _drafted(sample_id: str, record: AnswerRecord, run: Path) -> Answer:
    passages = {passage.number: passage for passage in record.passages}
    claims = tuple(
        Claim(
            sentence.text,
            tuple(Evidence(n, passages.get(n)) for n in dict.fromkeys(sentence.cited)),
        )
        for sentence in record.draft_sentences
    )
    return Answer(
        sample_id,
        record.question,
        record.standalone,
        record.draft,
        record.draft_refused,
        claims,
        record.passages,
        (run,),
    )


def _within(passage: PassageRecord, quoted: Span) -> tuple[int, int] | None:
    """The quoted characters as offsets into the passage's text, where they lie in it."""
    start, end = quoted.start - passage.place.start, quoted.end - passage.place.start
    is_inside = quoted.document_id == passage.place.document_id and 0 <= start < end
    return (start, end) if is_inside and end <= len(passage.text) else None
