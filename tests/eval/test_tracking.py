"""A run in MLflow. What needs MLflow itself is tested where its client is installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

from eval.folder import NoRun, RunFolder
from eval.report import write_report
from eval.tracking import MlflowMissing, log_run, metrics, parameters
from tests.eval.report.runs import example_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return example_run(tmp_path / "run", 12)


def test_without_mlflow_the_command_that_installs_it_is_named(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(MlflowMissing, match="pip install mlflow-skinny"):
        log_run(run_folder)


def test_a_folder_without_scores_is_refused_first(run_folder: Path) -> None:
    (run_folder / "scores.json").unlink()

    with pytest.raises(NoRun, match=r"scores\.json"):
        log_run(run_folder)


def test_settings_become_flat_parameters_that_mlflow_takes() -> None:
    flat = parameters({"suite": "q", "versions": {"a@b": {"c,d": [1]}}, "long": "x" * 7000})

    assert flat == {"suite": "q", "versions.a_at_b.c_d": "[1]", "long": "x" * 6000}


def test_scores_become_metrics_and_what_is_unscored_none(run_folder: Path) -> None:
    folder = RunFolder(run_folder)
    scores = folder.scores()

    logged = metrics(scores, folder.timings())

    recall = scores.tables["retrieval"]["recall@8"]
    assert logged["retrieval/recall_at_8"] == recall.value
    assert logged["retrieval/recall_at_8.low"] == recall.low
    assert logged["unscored"] == scores.unscored
    assert logged["seconds/total.p95"] == folder.timings().seconds["total"].p95
    assert "shown/exact_match" not in logged
    assert "price" not in logged


@pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None,
    reason="MLflow is optional; after 'pip install mlflow-skinny' this test runs.",
)
@pytest.mark.filterwarnings("ignore")
def test_a_run_is_found_in_mlflow_with_its_scores_and_files(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its store in a folder is kept, but has to be asked for.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    write_report(run_folder)

    run_id = log_run(run_folder, tracking_uri=(tmp_path / "mlruns").as_uri())

    (stored,) = (tmp_path / "mlruns").glob(f"*/{run_id}")
    support = (stored / "metrics" / "draft" / "support").read_text().split()[1]
    assert float(support) == RunFolder(run_folder).scores().tables["draft"]["support"].value
    assert (stored / "params" / "versions.prompt").read_text() == "answer@3"
    assert sorted(path.name for path in (stored / "artifacts").iterdir()) == [
        "records.jsonl",
        "report.html",
        "run.json",
        "samples.csv",
        "scores.json",
        "timings.json",
    ]
