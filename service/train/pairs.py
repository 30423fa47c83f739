"""Pairs of a claim and evidence with the label of what the evidence says of it."""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ingest.chunk import Chunk
from ingest.document import one_line
from ingest.sentence import sentence_spans
from ingest.train.examples import ExamplesUnusable, read_rows
from service.train.planted import planted
from service.train.rephrase import rephrased


class Label(StrEnum):
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NEUTRAL = "neutral"
    """The evidence says nothing of it."""
    NOT_SUPPORTED = "not_supported"
    """One of these two, it is not said which."""


class Pair(BaseModel):
    """A claim, evidence, and whether the evidence supports it. Pairs of one `group` are held out
    together; without one it is the claim."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    claim: Annotated[str, Field(min_length=1)]
    evidence: Annotated[str, Field(min_length=1)]
    label: Label
    source: str = "own"
    licence: str = "own"
    group: str = ""


@dataclass(frozen=True, slots=True)
class PairDivision:
    """Pairs to train on, and pairs of other groups to calibrate and measure with."""

    training: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


MIN_WORDS, MAX_WORDS = 8, 45
"""Of a sentence that a pair is made of: shorter ones are headings and scraps, longer ones lists."""

OWN_SOURCE = "planted"


def read_pairs(path: Path, sources: Sequence[str] = ()) -> tuple[Pair, ...]:
    """Pairs from JSON lines, gzipped where the name ends in .gz; of these sources alone, if any is
    named.

    Raises `ExamplesUnusable` with every faulty line, for a source that the file does not have, and where
    nothing is left.
    """
    pairs = read_rows(path, Pair)
    there = sorted({pair.source for pair in pairs})
    if missing := sorted(set(sources) - set(there)):
        raise ExamplesUnusable(
            f"{path} has no pair of {', '.join(missing)}; it has some of {', '.join(there)}."
        )
    return tuple(pair for pair in pairs if not sources or pair.source in sources)


def thinned(pairs: Sequence[Pair], *, neutral_share: float, seed: int) -> tuple[Pair, ...]:
    """The pairs with at most this share of neutral ones in each source, drawn by chance: where most of
    them are, they teach little more than that the topic is another one."""
    kept: list[Pair] = []
    rng = random.Random(seed)  # noqa: S311 - no secret
    for source in dict.fromkeys(pair.source for pair in pairs):
        of_source = [pair for pair in pairs if pair.source == source]
        neutral = [pair for pair in of_source if pair.label is Label.NEUTRAL]
        others = [pair for pair in of_source if pair.label is not Label.NEUTRAL]
        wanted = round(len(others) * neutral_share / (1 - neutral_share))
        kept += others + rng.sample(neutral, min(wanted, len(neutral)))
    return tuple(kept)


def divide_pairs(pairs: Sequence[Pair], *, held_out_share: float, seed: int) -> PairDivision:
    """Every group falls on one side, the same for a seed whatever else there is."""
    held = [falls(pair.group or pair.claim, seed) < held_out_share for pair in pairs]
    return PairDivision(
        tuple(pair for pair, is_held in zip(pairs, held, strict=True) if not is_held),
        tuple(pair for pair, is_held in zip(pairs, held, strict=True) if is_held),
    )


def falls(group: str, seed: int) -> float:
    """A number from 0 to 1 that a group has, even over groups."""
    digest = hashlib.blake2b(f"{seed}\n{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def own_pairs(
    documents: Sequence[tuple[str, Sequence[Chunk]]], *, per_document: int, licence: str, seed: int
) -> tuple[Pair, ...]:
    """Pairs made of the sentences of documents, each given with its name and chunks.

    Of a sentence comes one that its passage supports, in other words, and one with an error planted in
    it; and for each third one a passage beside it that does not say it. The group is the document.
    """
    made: list[Pair] = []
    for name, chunks in documents:
        rng = random.Random(f"{seed}\n{name}")  # noqa: S311 - no secret
        chosen = _chosen_sentences(chunks, per_document, rng)
        made += _pairs_of(name, chosen, licence, rng)
    return tuple(made)


def passage_sentences(chunks: Sequence[Chunk]) -> Iterator[tuple[str, Chunk]]:
    """Whole sentences of ordinary length, each with its passage."""
    for chunk in chunks:
        for start, end in sentence_spans(chunk.text):
            sentence = one_line(chunk.text[start:end])
            if MIN_WORDS <= len(sentence.split()) <= MAX_WORDS and _is_whole(sentence):
                yield sentence, chunk


def _chosen_sentences(
    chunks: Sequence[Chunk], count: int, rng: random.Random
) -> list[tuple[str, Chunk]]:
    found = list(passage_sentences(chunks))
    return rng.sample(found, min(count, len(found)))


def _pairs_of(
    name: str, chosen: Sequence[tuple[str, Chunk]], licence: str, rng: random.Random
) -> Iterator[Pair]:
    def pair(claim: str, evidence: str, label: Label) -> Pair:
        return Pair(
            claim=claim,
            evidence=evidence,
            label=label,
            source=OWN_SOURCE,
            licence=licence,
            group=name,
        )

    shown = [(sentence, one_line(chunk.text)) for sentence, chunk in chosen]
    for sentence, evidence in shown:
        yield pair(rephrased(sentence, rng), evidence, Label.SUPPORTED)
    for each in planted(shown, rng):
        yield pair(rephrased(each.claim, rng), each.evidence, Label.NOT_SUPPORTED)
    for place, (sentence, evidence) in enumerate(shown):
        _, other = shown[place - 1]
        if place % 3 == 0 and other != evidence and sentence not in other:
            yield pair(rephrased(sentence, rng), other, Label.NEUTRAL)


def _is_whole(sentence: str) -> bool:
    return (
        sentence[0].isupper()
        and sentence[-1] in ".;"
        and "|" not in sentence
        and not re.search(r"https?://|[{}<>\\]", sentence)
    )
