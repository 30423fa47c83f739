"""`pincite eval run` on a few of the example questions."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import POLICIES
from tests.process import environment, run_pincite

QUESTIONS = POLICIES.parent / "questions.jsonl"


@pytest.fixture(scope="module")
def reports(example_store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs over every fifteenth question, with differently seeded hashes."""
    folder = tmp_path_factory.mktemp("eval")
    shutil.copytree(example_store_path, folder / ".pincite")
    lines = QUESTIONS.read_text("utf-8").splitlines()[::15]
    (folder / "few.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for seed in ("1", "2"):
        env = environment(PYTHONHASHSEED=seed)
        done = run_pincite("eval", "run", "few.jsonl", "--out", seed, folder=folder, env=env)
        assert done.returncode == 0, done.stderr
        assert "few: 15 questions" in done.stdout
    return [folder / "1", folder / "2"]


def scores_of(report: Path) -> dict[str, Any]:
    scores: dict[str, Any] = json.loads((report / "scores.json").read_text("utf-8"))
    return scores


def test_two_runs_score_the_same_byte_for_byte(reports: list[Path]) -> None:
    first, second = [(report / "scores.json").read_bytes() for report in reports]

    assert first == second


def test_nothing_is_fabricated_or_stale(reports: list[Path]) -> None:
    scores = scores_of(reports[0])

    assert scores["metrics"]["fabricated_citations"] == 0
    assert (scores["stale"], scores["samples"]) == (0, 15)
    assert scores["metrics"]["recall@8"] >= 0.5


def test_scores_say_what_was_measured_and_times_stand_apart(reports: list[Path]) -> None:
    scores = scores_of(reports[0])

    assert list(scores["versions"]) == ["suite_sha256", "prompt", "manifest", "settings"]
    assert scores["versions"]["manifest"]["encoder"] == "bundled"
    assert set(scores["versions"]["settings"]) == {
        "encoder",
        "chunking",
        "ingest",
        "conversation",
        "retrieval",
        "reranker",
        "generator",
        "answer",
    }
    assert "timings_s" not in scores
    timings = json.loads((reports[0] / "timings.json").read_text("utf-8"))
    assert set(timings) == {"answer_p50", "answer_max", "all"}


def test_json_has_null_and_never_nan(reports: list[Path]) -> None:
    text = (reports[0] / "scores.json").read_text("utf-8")

    json.loads(text, parse_constant=pytest.fail)
