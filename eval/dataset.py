"""Suite and Sample: questions with what a right answer rests on."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ingest.errors import WrongUse
from service.access import LOCAL_READER, Reader
from service.conversation import Turn

SCHEMA = 1
"""Of a sample; a line without a number is of schema 1."""


class SuiteError(WrongUse):
    """The suite's file cannot be used; one line for each fault."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Words = Annotated[str, Field(min_length=1)]


class GoldPassage(_Part):
    """Words in a document that answer the question. `document` is its name in the index."""

    document: _Words
    heading: str
    quote: _Words


class EarlierTurn(_Part):
    """A message before the question."""

    role: Literal["user", "assistant"]
    text: _Words


class KeyFact(_Part):
    """A nugget that an answer should say (Voorhees 2003): a vital one must be there, another is
    welcome."""

    text: _Words
    vital: bool = True


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


_Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]


class FormatRule(_Part):
    """What an answer has to look like; the expressions are searched for anywhere in it."""

    max_sentences: Annotated[int, Field(ge=1)] | None = None
    max_words: Annotated[int, Field(ge=1)] | None = None
    must_match: _Pattern | None = None
    must_not_match: _Pattern | None = None


def _known_schema(number: int) -> int:
    if number != SCHEMA:
        raise ValueError(
            f"schema {number} is not known here, only {SCHEMA}: "
            f"update Pincite, or write the sample by schema {SCHEMA}"
        )
    return number


class Sample(_Part):
    """A question of the suite.

    `conversation` came before it, and `standalone` says what it means without that; `paraphrases` ask
    the same in other words. `kind` is the kind of question, `reader` the access groups of who asks
    (None: the reader of this machine). `drafted_by` says what made a sample that no person wrote; it
    counts once it is `accepted`.
    """

    schema_version: Annotated[int, AfterValidator(_known_schema)] = Field(SCHEMA, alias="schema")
    id: _Words
    conversation: tuple[EarlierTurn, ...] = ()
    question: _Words
    standalone: str | None = None
    gold: tuple[GoldPassage, ...]
    reference_answer: str | None = None
    key_facts: tuple[KeyFact, ...] = ()
    unanswerable: bool = False
    why_unanswerable: str | None = None
    paraphrases: tuple[_Words, ...] = ()
    format: FormatRule | None = None
    tags: tuple[str, ...] = ()
    kind: str | None = None
    reader: tuple[_Words, ...] | None = None
    drafted_by: str | None = None
    accepted: bool = True

    @model_validator(mode="after")
    def _gold_fits(self) -> Self:
        if self.unanswerable == bool(self.gold):
            raise ValueError(
                "an answerable question needs a gold passage, an unanswerable one none"
            )
        return self

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(turn.role, turn.text) for turn in self.conversation)

    @property
    def asked_by(self) -> Reader:
        if self.reader is None:
            return LOCAL_READER
        return Reader("sample", frozenset(self.reader))

    def line(self) -> str:
        """The sample as it stands in a suite's file, without what is as by default."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps({"schema": SCHEMA} | content, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Suite:
    """The samples that count. `waiting` is how many drafted ones no person has accepted yet."""

    name: str
    samples: tuple[Sample, ...]
    waiting: int = 0

    @property
    def sha256(self) -> str:
        """Of what is asked and expected, however the file is written."""
        text = "\n".join(sample.line() for sample in self.samples)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def load_suite(path: Path) -> Suite:
    """The accepted samples of a JSONL file, one a line.

    Raises `SuiteError` with every faulty line, and where the file is missing or no sample counts.
    """
    samples = read_samples(path)
    accepted = tuple(sample for sample in samples if sample.accepted)
    waiting = len(samples) - len(accepted)
    if not samples:
        raise SuiteError(f"The suite {path} has no sample.")
    if not accepted:
        raise SuiteError(
            f"The suite {path} has no accepted sample; {waiting} drafted ones wait for a person. "
            f"Look through them with 'pincite eval rate {path}'."
        )
    return Suite(path.stem, accepted, waiting)


def read_samples(path: Path) -> list[Sample]:
    """Every sample of a suite's file, accepted or not. Raises `SuiteError` with every faulty line."""
    try:
        # Not splitlines(): JSON strings may hold U+2028 and its like.
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"The suite {path} cannot be read: {error}.") from error
    samples: list[Sample] = []
    faults: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            sample = Sample.model_validate(json.loads(line))
        except (ValidationError, json.JSONDecodeError) as error:
            faults.append(f"{path}:{number}: {_explain(error)}")
            continue
        if sample.id in seen:
            faults.append(f"{path}:{number}: the id {sample.id} stands twice")
        seen.add(sample.id)
        samples.append(sample)
    if faults:
        raise SuiteError("\n".join(faults))
    return samples


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write a suite's file."""
    path.write_text("".join(f"{sample.line()}\n" for sample in samples), "utf-8")


def _explain(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error}"
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'sample'}: {fault['msg']}"
        for fault in error.errors()
    )
