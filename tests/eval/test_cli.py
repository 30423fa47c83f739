"""`pincite eval` on a few of the example questions."""

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from service.settings import VerifierSettings
from service.verifiers import build_verifier
from tests.conftest import POLICIES
from tests.process import PINCITE, environment, run_pincite

pytestmark = pytest.mark.slow

QUESTIONS = POLICIES.parent / "questions.jsonl"

# Without a model, so that every process starts at once.
WITHOUT_MODEL = {"PINCITE_VERIFIER__MODEL": "overlap", "PINCITE_JUDGE__MODEL": "overlap"}


def pincite(*arguments: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return run_pincite(*arguments, folder=folder, env=environment(**WITHOUT_MODEL, **env))


@pytest.fixture(scope="module")
def folder(example_store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the example policies, and every fifteenth question."""
    folder = tmp_path_factory.mktemp("eval")
    shutil.copytree(example_store_path, folder / ".pincite")
    lines = QUESTIONS.read_text("utf-8").splitlines()[::15]
    (folder / "few.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(folder: Path) -> list[Path]:
    """Two runs of the suite, with differently seeded hashes."""
    for seed in ("1", "2"):
        command = ("eval", "run", "few.jsonl", "--out", seed)
        done = pincite(*command, folder=folder, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Unscored: 0 of 15 samples (0.0%), of them 0 stale.\nJudge: ")
    return [folder / "1", folder / "2"]


def scores_of(run: Path) -> dict[str, Any]:
    scores: dict[str, Any] = json.loads((run / "scores.json").read_text("utf-8"))
    return scores


def content(path: Path) -> bytes:
    """The file, but for the commit: somebody may commit while the tests run."""
    return re.sub(rb'"commit": \S+', b"", path.read_bytes())


def test_two_runs_are_the_same_byte_for_byte(runs: list[Path]) -> None:
    for name in ("scores.json", "records.jsonl", "run.json", "suite.jsonl"):
        first, second = [content(run / name) for run in runs]
        assert first == second, name


def test_nothing_is_fabricated_or_stale(runs: list[Path]) -> None:
    scores = scores_of(runs[0])

    assert (scores["samples"], scores["unscored"], scores["stale"]) == (15, 0, 0)
    assert scores["tables"]["draft"]["fabricated"]["value"] == 0
    assert scores["tables"]["shown"]["locator_rate"]["value"] == 1
    assert scores["tables"]["retrieval"]["recall@8"]["value"] >= 0.5


def test_scores_say_what_was_measured_and_times_stand_apart(runs: list[Path]) -> None:
    scores = scores_of(runs[0])

    assert set(scores["versions"]) == {
        "pincite",
        "commit",
        "verifier",
        "prompt",
        "documents_sha256",
        "manifest",
        "settings",
    }
    assert scores["versions"]["manifest"]["encoder"] == "bundled"
    assert {"retrieval", "reranker", "generator", "answer", "verifier"} <= set(
        scores["versions"]["settings"]
    )
    assert set(scores["versions"]["settings"]).isdisjoint({"index", "service", "judge"})
    timings = json.loads((runs[0] / "timings.json").read_text("utf-8"))
    assert timings["answers"] == 15
    assert 0 < timings["seconds"]["total"]["p50"] <= timings["seconds"]["total"]["p95"]
    assert "seconds" not in scores


def test_the_judge_was_measured_on_the_bundled_labels(runs: list[Path]) -> None:
    ordinary, hard = scores_of(runs[0])["judge"]["quality"]

    assert (ordinary["labels"], hard["labels"]) == ("ordinary", "hard")
    assert (ordinary["pairs"], hard["pairs"]) == (120, 160)
    assert (runs[0] / "calibration.json").exists()


def test_json_has_null_and_never_nan(runs: list[Path]) -> None:
    for name in ("scores.json", "timings.json", "run.json"):
        json.loads((runs[0] / name).read_text("utf-8"), parse_constant=pytest.fail)


def test_a_report_lies_beside_the_scores(runs: list[Path]) -> None:
    assert (
        (runs[0] / "report.html").read_text("utf-8").lstrip().lower().startswith("<!doctype html")
    )


def test_scoring_again_asks_nothing_and_says_the_same(runs: list[Path], folder: Path) -> None:
    copy = shutil.copytree(runs[0], folder / "again")
    before = (copy / "scores.json").read_bytes()
    (copy / "scores.json").unlink()

    done = pincite("eval", "score", "again", folder=folder)

    assert done.returncode == 0, done.stderr
    assert (copy / "scores.json").read_bytes() == before


def test_the_same_command_goes_on_and_another_is_refused(runs: list[Path], folder: Path) -> None:
    shutil.copytree(runs[0], folder / "cut")
    records, scores = folder / "cut" / "records.jsonl", folder / "cut" / "scores.json"
    whole, scored = records.read_bytes(), content(scores)
    records.write_bytes(whole[: len(whole) // 2])

    command = ("eval", "run", "few.jsonl", "--out", "cut", "--against", "1", "--concurrency", "2")
    other = pincite("--set", "retrieval.top_k=5", *command, folder=folder)
    done = pincite(*command, folder=folder)

    assert other.returncode == 2
    assert "differs in versions.settings.retrieval.top_k (8, now 5)" in other.stderr
    assert done.returncode == 0, done.stderr
    assert "of 15 samples were in cut already." in done.stdout
    assert content(scores) == scored
    (comparison,) = json.loads((folder / "cut" / "comparison.json").read_text("utf-8"))
    assert (comparison["samples"], comparison["changes"]) == (15, [])


def test_runs_are_compared(runs: list[Path], folder: Path) -> None:
    done = pincite("eval", "compare", "1", "2", "--json", "both.json", folder=folder)
    alone = pincite("eval", "compare", "1", folder=folder)

    assert done.returncode == 0, done.stderr
    assert "15 samples scored in both, 0 left out" in done.stdout
    (comparison,) = json.loads((folder / "both.json").read_text("utf-8"))
    assert {each["difference"] for each in comparison["differences"]} == {0.0}
    assert (alone.returncode, "two runs or more" in alone.stderr) == (2, True)


def test_a_gate_exits_with_0_with_1_where_a_rule_is_broken_and_with_2_on_wrong_use(
    runs: list[Path], folder: Path
) -> None:
    def gate(*rules: str) -> subprocess.CompletedProcess[str]:
        options = [option for rule in rules for option in ("--rule", rule)]
        return pincite("eval", "gate", "1", "--baseline", "2", *options, folder=folder)

    kept = gate("support >= -0.01", "shown.refusal_f1 >= 0")
    broken = gate("support >= 0", "token_f1 >= 0.99 absolute")
    wrong = gate("suport >= 0")

    assert (kept.returncode, kept.stderr) == (0, "")
    assert kept.stdout.startswith("kept: unscored <= +0.02: it is 0.000 against 0.000, +0.000\n")
    assert broken.returncode == 1
    assert broken.stderr.startswith("broken: draft.token_f1 >= 0.99 absolute: it is 0.")
    assert (wrong.returncode, "no draft.suport; known are" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "none.jsonl"), "The suite none.jsonl cannot be read"),
        (("run", "empty.jsonl"), "The suite empty.jsonl has no sample."),
        (("run", "few.jsonl", "--cost-limit", "1"), "--cost-limit needs the price of extractive"),
        (("run", "few.jsonl", "--prices", "none.toml"), "The price table none.toml cannot be read"),
        (("score", "nowhere"), "There is no run.json in nowhere"),
        (("compare", "nowhere", "nowhere"), "There is no run.json in nowhere"),
    ],
)
def test_wrong_use_says_what_is_wrong(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "empty.jsonl").write_text("\n")

    done = pincite("eval", *arguments, folder=folder)

    assert done.returncode == 2
    assert done.stderr.startswith(said)


def test_the_judge_is_another_than_the_verifier_that_served(runs: list[Path], folder: Path) -> None:
    """By default, with the adapters that are shipped."""
    done = run_pincite(
        "eval", "score", runs[0].name, folder=shutil.copytree(folder, folder.with_name("judged"))
    )

    assert done.returncode == 0, done.stderr
    scores = scores_of(folder.with_name("judged") / "1")
    ordinary, _ = scores["judge"]["quality"]
    assert scores["judge"]["name"].startswith("bundled@")
    assert scores["judge"]["is_verifier"] is False
    assert ordinary["auroc"][0] > 0.6
    assert build_verifier(VerifierSettings()).name != scores["judge"]["name"]


def test_a_killed_run_resumes_to_the_same(runs: list[Path], folder: Path) -> None:
    command = [PINCITE, "eval", "run", "few.jsonl", "--out", "killed"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(**WITHOUT_MODEL),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    records = folder / "killed" / "records.jsonl"
    while not records.exists() or records.read_bytes().count(b"\n") < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert records.read_bytes().count(b"\n") < 15

    done = pincite(*command[1:], folder=folder)

    assert done.returncode == 0, done.stderr
    assert (folder / "killed" / "scores.json").read_bytes() == (
        runs[0] / "scores.json"
    ).read_bytes()
