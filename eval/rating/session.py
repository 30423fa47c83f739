"""Who has judged what of a deck, kept in the folders of its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.rating.deck import Answer, shuffled
from eval.rating.store import (
    RATINGS,
    Lines,
    Mark,
    Standing,
    Value,
    known_name,
    now,
    standing,
)
from ingest.errors import WrongUse


class NoSuchAnswer(WrongUse):
    """The deck has no answer of this key."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the answers a rater has judged in every item."""

    rater: str
    done: int
    total: int


class Ratings:
    """The judgements on a deck of answers. Several processes may write the same files."""

    def __init__(self, answers: Sequence[Answer], seed: int) -> None:
        self._answers = {answer.key: answer for answer in answers}
        self._seed = seed
        runs = dict.fromkeys(run for answer in answers for run in answer.runs)
        self._files: dict[Path, Lines[Mark]] = {run: Lines(run / RATINGS, Mark) for run in runs}

    @property
    def answers(self) -> list[Answer]:
        return list(self._answers.values())

    def answer(self, key: str) -> Answer:
        if key not in self._answers:
            raise NoSuchAnswer("There is no such answer here: load the page again.")
        return self._answers[key]

    def standing(self) -> Standing:
        """What stands of the answers of this deck; what was said of others is left out."""
        found = standing(*(file.read() for file in self._files.values()))
        return {place: value for place, value in found.items() if place[1] in self._answers}

    def outdated(self) -> int:
        """Answers that were rated, and read otherwise in these runs now, or are not in the deck."""
        found = standing(*(file.read() for file in self._files.values()))
        return len({answer for _, answer, _ in found if answer not in self._answers})

    def progress(self) -> list[Progress]:
        """Of every rater, in the order in which they began."""
        marks = self.standing()
        raters = dict.fromkeys(rater for rater, _, _ in marks)
        total = len(self._answers)
        return [Progress(rater, len(self._done(rater, marks)), total) for rater in raters]

    def order(self, rater: str) -> list[tuple[str, bool]]:
        """The keys of the answers in this rater's order, and whether each is judged in every item."""
        done = self._done(self.rater(rater), self.standing())
        ordered = shuffled(self._answers.values(), rater, self._seed)
        return [(answer.key, answer.key in done) for answer in ordered]

    def values(self, rater: str, key: str) -> dict[str, Value]:
        """What this rater says of an answer, by item."""
        who = self.rater(rater)
        return {
            item: value
            for (each, answer, item), value in self.standing().items()
            if (each, answer) == (who, key)
        }

    def mark(self, rater: str, key: str, item: str, value: Value | None) -> None:
        """Keep one judgement. Raises `WrongUse` where the answer has no such item or value."""
        answer = self.answer(key)
        answer.check(item, value)
        mark = Mark(
            rater=self.rater(rater),
            sample_id=answer.sample_id,
            answer=key,
            item=item,
            value=value,
            at=now(),
        )
        for run in answer.runs:
            self._files[run].append(mark)

    def rater(self, name: str) -> str:
        """The name as this rater wrote it before. Raises `WrongUse` where it is no name."""
        return known_name(name, list(dict.fromkeys(rater for rater, _, _ in self.standing())))

    def _done(self, rater: str, marks: Standing) -> set[str]:
        return {
            key
            for key, answer in self._answers.items()
            if all((rater, key, item) in marks for item in answer.items)
        }
