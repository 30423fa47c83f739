"""Queries with passages that answer them and passages that do not."""

import gzip
import hashlib
import random
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.adapter import TrainingData, sha256_of
from ingest.errors import WrongUse

Row = TypeVar("Row", bound=BaseModel)


class ExamplesUnusable(WrongUse):
    """The file of examples cannot be used; one line for each fault."""


class Example(BaseModel):
    """A query with passages that answer it and passages that do not.

    `group` names the document it comes from: examples of one group are held out together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[str, Field(min_length=1)]
    positives: Annotated[tuple[str, ...], Field(min_length=1)]
    negatives: tuple[str, ...] = ()
    source: str = "own"
    group: str
    licence: str = "own"


@dataclass(frozen=True, slots=True)
class Division:
    """Examples to train on, and examples of other documents to measure with."""

    training: tuple[Example, ...]
    held_out: tuple[Example, ...]


def read_examples(path: Path) -> tuple[Example, ...]:
    """Examples from JSON lines, gzipped where the name ends in .gz.

    Raises `ExamplesUnusable` with every faulty line, and where the file is missing or has none.
    """
    return read_rows(path, Example)


def read_rows(path: Path, kind: type[Row]) -> tuple[Row, ...]:
    """The lines of a file of JSON lines as models of this kind, with the errors of `read_examples`."""
    rows: list[Row] = []
    faults: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            rows.append(kind.model_validate_json(line))
        except ValidationError as error:
            said = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'line'}: {each['msg']}"
                for each in error.errors()
            )
            faults.append(f"{path}:{number}: {said}")
    if faults:
        raise ExamplesUnusable("\n".join(faults))
    if not rows:
        raise ExamplesUnusable(f"{path} holds no example.")
    return tuple(rows)


def _lines(path: Path) -> list[str]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        # Not splitlines(): JSON strings may hold U+2028 and its like.
        return content.decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ExamplesUnusable(f"{path} cannot be read: {error}.") from error


def described(path: Path, licences: Iterable[str]) -> TrainingData:
    """What a manifest says of the file; `licences` are those of its rows."""
    counted = Counter(licences)
    return TrainingData(
        name=path.name,
        sha256=sha256_of(path),
        rows=counted.total(),
        licences=dict(sorted(counted.items())),
    )


def read_groups(path: Path) -> frozenset[str]:
    """Names of groups, one a line. Raises `ExamplesUnusable`."""
    return frozenset(line.strip() for line in _lines(path) if line.strip())


def without_groups(examples: Sequence[Example], excluded: Collection[str]) -> tuple[Example, ...]:
    """The examples whose document is not among these."""
    return tuple(example for example in examples if example.group not in excluded)


def divide(examples: Sequence[Example], *, held_out_share: float, seed: int) -> Division:
    """Every group of a source falls on one side, the same for a seed whatever else is in the file."""
    held_out = [_falls(example, seed) < held_out_share for example in examples]
    return Division(
        tuple(each for each, is_held in zip(examples, held_out, strict=True) if not is_held),
        tuple(each for each, is_held in zip(examples, held_out, strict=True) if is_held),
    )


def check_division(division: Division) -> None:
    """Raise `ExamplesUnusable` where one of its sides is empty."""
    if not division.training or not division.held_out:
        raise ExamplesUnusable(
            f"{len(division.training)} examples are to be trained on, {len(division.held_out)} to be "
            "measured with: more are needed, of more documents (groups)."
        )


def limited(examples: Sequence[Example], limit: int | None, *, seed: int) -> tuple[Example, ...]:
    """So many of the examples, drawn by chance; all where there is no limit, or no more."""
    if limit is None or limit >= len(examples):
        return tuple(examples)
    return tuple(random.Random(seed).sample(examples, limit))  # noqa: S311 - no secret


def _falls(example: Example, seed: int) -> float:
    """A number from 0 to 1 that the example's group has."""
    key = f"{seed}\n{example.source}\n{example.group}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) / 2**64
