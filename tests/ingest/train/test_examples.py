"""Queries to train on."""

import gzip
import json
from pathlib import Path

import pytest

from ingest.train.examples import (
    Example,
    ExamplesUnusable,
    described,
    divide,
    read_examples,
    read_groups,
    without_groups,
)

ROW = {"query": "When?", "positives": ["Within 30 days."], "group": "refunds", "licence": "MIT"}


def example(number: int, *, group: str = "", source: str = "own") -> Example:
    return Example(
        query=f"How many days does rule {number} give?",
        positives=(f"Rule {number} gives {number} days.",),
        group=group or f"rule {number}",
        source=source,
    )


@pytest.mark.parametrize("name", ["examples.jsonl", "examples.jsonl.gz"])
def test_examples_are_read_plain_and_compressed(tmp_path: Path, name: str) -> None:
    content = f"{json.dumps(ROW)}\n\n{json.dumps(ROW | {'negatives': ['Never.']})}\n".encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    first, second = read_examples(path)

    assert (first.positives, first.negatives) == (("Within 30 days.",), ())
    assert second.negatives == ("Never.",)
    assert described(path, [first.licence, second.licence]).licences == {"MIT": 2}


def test_every_faulty_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    path.write_text('{"query": "When?", "positives": [], "group": "a"}\nno JSON\n')

    with pytest.raises(ExamplesUnusable) as raised:
        read_examples(path)

    assert [line.split(": ")[0] for line in str(raised.value).split("\n")] == [
        f"{path}:1",
        f"{path}:2",
    ]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", None])
def test_a_file_without_examples_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "examples.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ExamplesUnusable, match=r"cannot be read|holds no example"):
        read_examples(path)


@pytest.mark.parametrize("damage", ["cut off", "overwritten"])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "examples.jsonl.gz"
    content = gzip.compress(json.dumps(ROW).encode())
    path.write_bytes(content[:-9] if damage == "cut off" else content[:12] + b"\xff" * 40)

    with pytest.raises(ExamplesUnusable, match="cannot be read"):
        read_examples(path)


def test_documents_can_be_kept_out_of_training(tmp_path: Path) -> None:
    (tmp_path / "groups.txt").write_text("rule 1\n\nrule 3\n")

    kept = without_groups([example(n) for n in range(5)], read_groups(tmp_path / "groups.txt"))

    assert [each.group for each in kept] == ["rule 0", "rule 2", "rule 4"]


def test_a_document_is_held_out_whole_and_whatever_else_is_there() -> None:
    examples = [example(n, group=f"group {n // 4}") for n in range(400)]

    division = divide(examples, held_out_share=0.2, seed=1)

    training = {each.group for each in division.training}
    held_out = {each.group for each in division.held_out}
    assert not training & held_out
    assert 10 <= len(held_out) <= 30
    alone = divide(examples[:40], held_out_share=0.2, seed=1)
    assert {each.group for each in alone.held_out} == held_out & {f"group {n}" for n in range(10)}
    assert divide(examples, held_out_share=0.2, seed=2) != division
