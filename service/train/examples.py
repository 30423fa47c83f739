"""Queries with passages that answer them and passages that do not."""

import gzip
import hashlib
import random
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.adapter import TrainingData, sha256_of
from ingest.chunk import Chunk
from ingest.embed import Encoder
from ingest.errors import WrongUse
from ingest.index import EVERYONE, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from service.retrieve import fuse

MINED_FROM = 30
"""A passage is mined from so many that the first stage finds best: those that a reranker will see."""

SAFE_RANKS = 3
"""The first stage's best are often right answers that nobody has marked, and are not taken for wrong."""


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
    examples: list[Example] = []
    faults: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            examples.append(Example.model_validate_json(line))
        except ValidationError as error:
            said = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'line'}: {each['msg']}"
                for each in error.errors()
            )
            faults.append(f"{path}:{number}: {said}")
    if faults:
        raise ExamplesUnusable("\n".join(faults))
    if not examples:
        raise ExamplesUnusable(f"{path} holds no example.")
    return tuple(examples)


def _lines(path: Path) -> list[str]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        # Not splitlines(): JSON strings may hold U+2028 and its like.
        return content.decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ExamplesUnusable(f"The examples {path} cannot be read: {error}.") from error


def described(path: Path, examples: Sequence[Example]) -> TrainingData:
    """What a manifest says of the file."""
    licences = Counter(example.licence for example in examples)
    return TrainingData(
        name=path.name,
        sha256=sha256_of(path),
        rows=len(examples),
        licences=dict(sorted(licences.items())),
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


def _falls(example: Example, seed: int) -> float:
    """A number from 0 to 1 that the example's group has."""
    key = f"{seed}\n{example.source}\n{example.group}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) / 2**64


def with_mined_negatives(
    examples: Sequence[Example], encoder: Encoder, *, wanted: int, seed: int
) -> tuple[Example, ...]:
    """The examples with `wanted` negatives each where there are so many, half of them at most as given,
    the rest from what the first stage finds for the query among the passages of the same source."""
    mined = list(examples)
    by_source: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        by_source[example.source].append(number)
    for numbers in by_source.values():
        some = [examples[number] for number in numbers]
        found = _found(some, encoder)
        for number, passages in zip(numbers, found, strict=True):
            chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
            mined[number] = _with_negatives(examples[number], passages, wanted, chance)
    return tuple(mined)


def _with_negatives(
    example: Example, found: Sequence[str], wanted: int, chance: random.Random
) -> Example:
    given = list(dict.fromkeys(example.negatives))
    chance.shuffle(given)
    right = {*example.positives, *given}
    others = [passage for passage in found if passage not in right]
    others = others[SAFE_RANKS:]
    chance.shuffle(others)
    kept = given[: max(wanted - wanted // 2, wanted - len(others))]
    return example.model_copy(update={"negatives": (*kept, *others[: wanted - len(kept)])})


def _found(examples: Sequence[Example], encoder: Encoder) -> Iterator[list[str]]:
    """For each example what the first stage finds among the passages of all, best first. A passage
    that answers the same query elsewhere is left out."""
    answers: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        answers[example.query] |= set(example.positives)
    passages = list(
        dict.fromkeys(text for each in examples for text in (*each.positives, *each.negatives))
    )
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(
            Path(folder),
            Manifest(encoder.name, encoder.dimension, encoder.max_tokens, encoder.max_tokens),
        )
        chunks = [Chunk(text, 0, len(text), (), None, "") for text in passages]
        index.write(_POOL, chunks, encoder.encode(passages))
        vectors = encoder.encode([example.query for example in examples])
        try:
            for example, vector in zip(examples, vectors, strict=True):
                fused = fuse(
                    index.search_dense(vector, top_k=MINED_FROM, scope=_EVERYTHING),
                    index.search_sparse(example.query, top_k=MINED_FROM, scope=_EVERYTHING),
                    bm25_weight=0.5,
                )
                best = [each.chunk.text for each in fused[:MINED_FROM]]
                yield [text for text in best if text not in answers[example.query]]
        finally:
            index.close()


_POOL = IndexedDocument("pool", "1", "pool", "pool", (EVERYONE,))
_EVERYTHING = Scope(frozenset({EVERYONE}))
