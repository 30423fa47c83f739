"""The bundled labels on which judges are judged: complete, and not to be had by counting words."""

import json
import re
from collections import Counter
from importlib.resources import files

from eval.metrics.calibration import auroc
from tests.conftest import POLICIES

ROWS = [
    json.loads(line)
    for line in files("eval").joinpath("judge_labels.jsonl").read_text("utf-8").splitlines()
]


def shared_words(row: dict[str, str]) -> float:
    claim, evidence = (set(re.findall(r"\w+", row[key].lower())) for key in ("claim", "evidence"))
    return len(claim & evidence) / len(claim)


def test_every_row_is_whole_and_there_once() -> None:
    assert all(set(row) == {"id", "doc", "claim", "evidence", "label", "note"} for row in ROWS)
    assert all(value.strip() == value != "" for row in ROWS for value in row.values())
    assert len({row["id"] for row in ROWS}) == len({row["claim"] for row in ROWS}) == len(ROWS)


def test_the_labels_are_spread() -> None:
    assert Counter(row["label"] for row in ROWS) == {
        "supported": 70,
        "contradicted": 45,
        "not_said": 45,
    }


def test_no_supported_claim_stands_in_its_evidence_word_for_word() -> None:
    supported = [row for row in ROWS if row["label"] == "supported"]

    assert not [row["id"] for row in supported if row["claim"].rstrip(".") in row["evidence"]]


def test_counting_shared_words_misleads() -> None:
    area = auroc([shared_words(row) for row in ROWS], [row["label"] == "supported" for row in ROWS])

    assert area is not None
    assert area < 0.4


def test_the_ordinary_ones_are_claims_about_what_the_example_policies_say() -> None:
    text = files("eval").joinpath("judge_labels_ordinary.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]

    assert Counter(row["label"] for row in rows) == {
        "supported": 60,
        "contradicted": 30,
        "not_said": 30,
    }
    assert len({row["claim"] for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    assert {row["doc"] for row in rows} <= {path.stem for path in POLICIES.iterdir()}
    assert not any(row["claim"] in row["evidence"] for row in rows)
