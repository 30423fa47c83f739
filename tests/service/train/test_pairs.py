"""Pairs of claims and evidence: read, thinned, divided, and made of documents."""

import json
from pathlib import Path

import pytest

from ingest.chunk import Chunk
from ingest.train.examples import ExamplesUnusable
from service.train.pairs import (
    Label,
    Pair,
    divide_pairs,
    own_pairs,
    passage_sentences,
    read_pairs,
    thinned,
)

RULES = (
    "Staff must return every laptop within 30 days of their last working day. "
    "Visitors may not enter the Berlin workshop unless a member of staff is with them. "
    "See below. The desk is open from Monday to Friday, and it is closed in August."
)


def pair(claim: str, label: Label = Label.SUPPORTED, source: str = "own") -> Pair:
    return Pair(claim=claim, evidence=RULES, label=label, source=source)


def chunk(text: str, start: int = 0) -> Chunk:
    return Chunk(text, start, start + len(text), (), None, "")


def test_pairs_of_the_sources_that_are_named_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [pair("a"), pair("b", source="other")]
    path.write_text("\n".join(row.model_dump_json() for row in rows), "utf-8")

    assert read_pairs(path) == tuple(rows)
    assert read_pairs(path, ["other"]) == (rows[1],)
    with pytest.raises(ExamplesUnusable, match="no pair of third; it has some of other, own"):
        read_pairs(path, ["third"])


def test_every_faulty_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    faulty = {"claim": "", "evidence": "e", "label": "true"}
    path.write_text(f"{json.dumps(faulty)}\nno json\n", "utf-8")

    with pytest.raises(ExamplesUnusable) as told:
        read_pairs(path)

    assert [line.split(": ")[0] for line in str(told.value).split("\n")] == [
        f"{path}:1",
        f"{path}:2",
    ]


def test_of_neutral_pairs_no_more_are_kept_than_their_share() -> None:
    pairs = [pair(str(n)) for n in range(6)] + [pair(f"n{n}", Label.NEUTRAL) for n in range(50)]

    kept = thinned(pairs, neutral_share=0.4, seed=1)

    assert [each.label for each in kept].count(Label.NEUTRAL) == 4
    assert thinned(pairs, neutral_share=0.4, seed=1) == kept


def test_pairs_of_one_claim_fall_on_one_side() -> None:
    pairs = [pair(str(n % 40), label) for n in range(80) for label in list(Label)[: 1 + n % 2]]

    divided = divide_pairs(pairs, held_out_share=0.3, seed=1)

    assert {each.claim for each in divided.training}.isdisjoint(
        each.claim for each in divided.held_out
    )
    assert len(divided.training) + len(divided.held_out) == len(pairs)
    assert divided.held_out


def test_documents_give_pairs_of_both_kinds_with_their_passages() -> None:
    made = own_pairs([("rules.md", [chunk(RULES)])], per_document=5, licence="CC0", seed=1)

    assert {each.label for each in made} == {Label.SUPPORTED, Label.NOT_SUPPORTED}
    assert {(each.evidence, each.licence, each.group) for each in made} == {
        (RULES, "CC0", "rules.md")
    }
    assert made == own_pairs([("rules.md", [chunk(RULES)])], per_document=5, licence="CC0", seed=1)


def test_whole_sentences_of_ordinary_length_are_taken() -> None:
    found = [sentence for sentence, _ in passage_sentences([chunk(RULES)])]

    assert len(found) == 3
    assert "See below." not in found
