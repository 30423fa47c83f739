"""Suite and Sample: questions with what a right answer rests on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingest.errors import WrongUse
from service.conversation import Turn


class SuiteError(WrongUse):
    """The suite's file cannot be used; one line for each fault."""


class GoldPassage(BaseModel):
    """Words in a document that answer the question. `document` is its name in the index."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: Annotated[str, Field(min_length=1)]
    heading: str
    quote: Annotated[str, Field(min_length=1)]


class EarlierTurn(BaseModel):
    """A message before the question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "assistant"]
    text: Annotated[str, Field(min_length=1)]


class Sample(BaseModel):
    """A question of the suite. `conversation` came before it, and `standalone` says what it means
    without that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    conversation: tuple[EarlierTurn, ...] = ()
    question: Annotated[str, Field(min_length=1)]
    standalone: str | None = None
    gold: tuple[GoldPassage, ...]
    reference_answer: str | None = None
    unanswerable: bool = False
    why_unanswerable: str | None = None
    tags: tuple[str, ...] = ()

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


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    samples: tuple[Sample, ...]


def load_suite(path: Path) -> Suite:
    """A suite from a JSONL file, one sample a line.

    Raises `SuiteError` with every faulty line, and where the file is missing or has no sample.
    """
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
    if not samples:
        raise SuiteError(f"The suite {path} has no sample.")
    return Suite(path.stem, tuple(samples))


def _explain(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error}"
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'sample'}: {fault['msg']}"
        for fault in error.errors()
    )
