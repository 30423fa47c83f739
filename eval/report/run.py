"""All that a report is made of, read from a run's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from eval.compare import Comparison
from eval.dataset import Sample
from eval.folder import RunFolder, RunUnreadable
from eval.record import Record, RunInfo, Scores, Timing, Timings
from eval.report.calibration import CalibrationCurve, Curves

COMPARISON, CALIBRATION = "comparison.json", "calibration.json"


@dataclass(frozen=True, slots=True)
class Run:
    """A scored run. `records`, `timings` and `samples` are by sample id; `comparisons` are empty where
    the run was compared with no other, `calibration` where nothing was measured."""

    name: str
    info: RunInfo
    scores: Scores
    records: Mapping[str, Record]
    timings: Mapping[str, Timing]
    costs: Timings
    samples: Mapping[str, Sample]
    comparisons: tuple[Comparison, ...]
    calibration: tuple[CalibrationCurve, ...]

    def total_s(self, sample_id: str) -> float | None:
        """Seconds from the question to the whole answer; None where it was not timed."""
        timing = self.timings.get(sample_id)
        return timing.stages_s.get("total") if timing else None


def read_run(path: Path) -> Run:
    """Raises `NoRun` where a file is missing, and `RunUnreadable` where one is damaged.

    comparison.json and calibration.json may be there or not.
    """
    folder = RunFolder(path)
    return Run(
        name=path.resolve().name,
        info=folder.info(),
        scores=folder.scores(),
        records={record.sample_id: record for record in folder.records()},
        timings={timing.sample_id: timing for timing in folder.timings_by_sample()},
        costs=folder.timings(),
        samples={sample.id: sample for sample in folder.samples()},
        comparisons=_comparisons(path / COMPARISON),
        calibration=_curves(path / CALIBRATION),
    )


def _comparisons(path: Path) -> tuple[Comparison, ...]:
    if not path.exists():
        return ()
    try:
        return TypeAdapter(tuple[Comparison, ...]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RunUnreadable(f"{path} cannot be read: {error}. Compare the runs again.") from error


def _curves(path: Path) -> tuple[CalibrationCurve, ...]:
    if not path.exists():
        return ()
    try:
        return Curves.model_validate_json(path.read_bytes()).curves
    except (OSError, ValidationError) as error:
        raise RunUnreadable(f"{path} cannot be read: {error}. Remove or replace it.") from error
