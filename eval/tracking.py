"""A run's settings, scores and files in MLflow, for those who keep their experiments there."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from eval.folder import RECORDS, RUN, SCORES, TIMINGS, RunFolder
from eval.record import Scores, Timings
from eval.report.write import REPORT, SAMPLES
from ingest.errors import WrongUse

FILES = (RUN, RECORDS, SCORES, TIMINGS, REPORT, SAMPLES)
"""What is kept of the folder, where it is there."""

MAX_PARAM_CHARS = 6000
"""MLflow's limit on a parameter's value."""


class MlflowMissing(WrongUse):
    """MLflow is not installed, or too old."""


def log_run(
    path: Path,
    *,
    tracking_uri: str | None = None,
    experiment: str = "pincite",
) -> str:
    """Log a scored run, and say under which id.

    Scores become metrics named "table/metric" with their interval as "….low" and "….high"; a metric that
    nothing was scored for is not logged. `tracking_uri` as in MLflow: a folder, a server, a database;
    None for what MLflow's own environment says.
    Raises `MlflowMissing`, and `NoRun` where the folder holds no scored run.
    """
    folder = RunFolder(path)
    info, scores, timings = folder.info(), folder.scores(), folder.timings()
    mlflow = _mlflow()
    if tracking_uri is not None:
        mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=path.resolve().name) as run:
        mlflow.log_params(parameters(info.model_dump(mode="json")))
        mlflow.log_metrics(metrics(scores, timings))
        for name in FILES:
            if (path / name).exists():
                mlflow.log_artifact(str(path / name))
        run_id: str = run.info.run_id
    return run_id


def parameters(content: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Nested settings as MLflow's flat parameters."""
    flat: dict[str, str] = {}
    for name, value in content.items():
        key = _allowed(f"{above}{name}")
        if isinstance(value, Mapping):
            flat |= parameters(value, f"{key}.")
        else:
            flat[key] = str(value)[:MAX_PARAM_CHARS]
    return flat


def metrics(scores: Scores, timings: Timings) -> dict[str, float]:
    """Scores, counts, seconds and prices as MLflow's metrics."""
    logged: dict[str, float | None] = {
        "samples": scores.samples,
        "unscored": scores.unscored,
        "stale": scores.stale,
        "prompt_tokens": timings.prompt_tokens,
        "completion_tokens": timings.completion_tokens,
        "price": timings.price,
    }
    for table, rows in scores.tables.items():
        for name, score in rows.items():
            key = f"{table}/{name}"
            # Not "…/low": MLflow's store in a folder would want a file to be a folder as well.
            logged |= {key: score.value, f"{key}.low": score.low, f"{key}.high": score.high}
            logged[f"{key}.corrected"] = score.corrected
    for stage, quantiles in timings.seconds.items():
        logged |= {f"seconds/{stage}.p50": quantiles.p50, f"seconds/{stage}.p95": quantiles.p95}
    return {_allowed(key): value for key, value in logged.items() if value is not None}


def _allowed(name: str) -> str:
    """MLflow's names are of letters, digits, and "_-. :/"."""
    name = name.replace("@", "_at_")
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-. :/") else "_" for c in name)


def _mlflow() -> ModuleType:
    # MLflow reports its use unless told not to, and reads this when it is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        return import_module("mlflow")
    except ImportError as error:
        raise MlflowMissing(
            "Logging to MLflow needs its client: 'pip install mlflow-skinny'; a database needs 'mlflow'."
        ) from error
