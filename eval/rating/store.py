"""What people judged, one line for each judgement, kept beside what it is about.

A line is on the disk before the page says so. The later line wins, an empty value takes a judgement
back, and half a line, left by a crash, is passed over.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from filelock import FileLock
from pydantic import AfterValidator, Field, StrictBool, StrictInt, ValidationError

from eval.dataset import Sample
from eval.record import Stored
from ingest.document import one_line, without_controls
from ingest.errors import PinciteError, WrongUse

RATINGS = "ratings.jsonl"
"""In the folder of a run."""
CANNOT_JUDGE = "cannot judge"
COMMENT = "comment"
MAX_NAME_CHARS = 60
MAX_COMMENT_CHARS = 5_000


class RatingsUnreadable(PinciteError):
    """A file of judgements has a whole line that is none."""


def _clean_name(name: str) -> str:
    cleaned = one_line(without_controls(name))
    if not 0 < len(cleaned) <= MAX_NAME_CHARS:
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARS} characters")
    return cleaned


Rater = Annotated[str, AfterValidator(_clean_name)]


class Mark(Stored):
    """What one rater says of one item of an answer.

    `answer` is the answer's key (see `Answer.key`): a mark of an answer that reads otherwise now does
    not count. `item` is a part of the rubric, "citation:SENTENCE:NUMBER" or "comment"; `value` 1 to 5,
    whether the citation supports, "cannot judge", the comment, or None where it is taken back.
    """

    rater: Rater
    sample_id: str
    answer: str
    item: str
    value: StrictBool | StrictInt | str | None
    at: str


Verdict = Literal["accepted", "rejected"]


class Decision(Stored):
    """What became of a drafted sample: `sample` is it as it was accepted, with every change."""

    rater: Rater
    draft_id: str
    decision: Verdict | None
    sample: Sample | None = None
    at: Annotated[str, Field(min_length=1)]


Line = TypeVar("Line", bound=Stored)


class Lines(Generic[Line]):
    """A JSONL file of values of one kind, appended to by several processes and threads."""

    def __init__(self, path: Path, kind: type[Line]) -> None:
        self.path = path
        self._kind = kind
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), thread_local=False)
        self._read: tuple[int, list[Line]] = (0, [])

    def append(self, value: Line) -> None:
        """Raises `RatingsUnreadable` where nothing can be written."""
        line = value.model_dump_json(by_alias=True).encode() + b"\n"
        try:
            with self._lock, self.path.open("ab+") as file:
                # What a crash left of a line must not swallow this one.
                if not _ends_a_line(file.tell(), self.path):
                    line = b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RatingsUnreadable(
                f"{self.path} cannot be written ({error.strerror}); the judgement is not kept."
            ) from error

    def read(self) -> list[Line]:
        """Every whole line, oldest first; none where there is no file."""
        try:
            # Nothing but appending changes the file: of the same size it is the same.
            if self.path.stat().st_size == self._read[0]:
                return self._read[1]
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RatingsUnreadable(f"{self.path} cannot be read: {error.strerror}.") from error
        values = [
            value
            for number, line in enumerate(content.split(b"\n"), start=1)
            if line.strip() and (value := self._value(line, number)) is not None
        ]
        self._read = (len(content), values)
        return values

    def _value(self, line: bytes, number: int) -> Line | None:
        try:
            return self._kind.model_validate_json(line)
        except ValidationError as error:
            # The beginning of an object is no JSON: only what was cut off is passed over.
            if error.errors()[0]["type"] == "json_invalid":
                return None
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"])
            raise RatingsUnreadable(
                f"{self.path}:{number} is not what this version writes ({place}: {fault['msg']}). "
                "Put the file aside, or use the version that wrote it."
            ) from error


def _ends_a_line(size: int, path: Path) -> bool:
    if size == 0:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def now() -> str:
    """The time for a line, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


Value = bool | int | str
Standing = dict[tuple[str, str, str], Value]
"""What stands by (rater, key of the answer, item)."""


def standing(*files: Sequence[Mark]) -> Standing:
    """The last word of every rater on every item, without what was taken back.

    In one file the later line wins, between two files the later time.
    """
    last: dict[tuple[str, str, str], Mark] = {}
    for marks in files:
        for place, mark in {(mark.rater, mark.answer, mark.item): mark for mark in marks}.items():
            if place not in last or last[place].at < mark.at:
                last[place] = mark
    return {place: mark.value for place, mark in last.items() if mark.value is not None}


def decided(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """The last decision on every draft, by the draft's id, whoever took it."""
    last = {decision.draft_id: decision for decision in decisions}
    return {draft_id: decision for draft_id, decision in last.items() if decision.decision}


def known_name(name: str, raters: Sequence[str]) -> str:
    """The name as this rater wrote it before: nobody is two people for a capital letter.

    Raises `WrongUse` where it is no name.
    """
    try:
        cleaned = _clean_name(name)
    except ValueError as error:
        raise WrongUse(f"'{name[:100]}' is no rater's name: {error}.") from error
    return next((rater for rater in raters if rater.casefold() == cleaned.casefold()), cleaned)
