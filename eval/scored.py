"""Scores a run's folder, and measures its judge first."""

from collections.abc import Callable, Mapping
from typing import Literal

from eval.folder import CALIBRATION, COMPARISON, JUDGED, SCORES, TIMINGS, RunFolder
from eval.gold import FindDocument
from eval.judge import Judges, Measured, measure
from eval.judging import JudgedScores, Judging
from eval.metrics.cost import Price
from eval.record import Judge, RunInfo, Scores, Timings
from eval.report.calibration import CalibrationCurve, Curves, calibration_curve
from eval.score import score_run, time_run
from service.verify import Verifier

OnProgress = Callable[[int, int], None]


def score_folder(
    folder: RunFolder,
    find_document: FindDocument,
    judges: Judges,
    prices: Mapping[str, Price],
    *,
    on_progress: OnProgress = lambda done, total: None,
) -> tuple[Scores, Timings]:
    """Score what is recorded, and write scores.json, timings.json and calibration.json.

    Raises `NoRun` where the folder holds no run.
    """
    info, records = folder.info(), folder.records()
    samples = folder.samples()
    judge = _measured_judge(folder, judges, info)
    judging = Judging(judges.judge, judges.threshold, JudgedScores(folder.path / JUDGED))
    scores = score_run(
        info, samples, records, find_document, judging, judge, on_progress=on_progress
    )
    timings = time_run(records, folder.timings_by_sample(), info.generator, prices)
    # What other scores were compared is no longer about this run.
    (folder.path / COMPARISON).unlink(missing_ok=True)
    folder.write(SCORES, scores)
    folder.write(TIMINGS, timings)
    return scores, timings


def _measured_judge(folder: RunFolder, judges: Judges, info: RunInfo) -> Judge:
    """How good the judge is; what is known of it and of the verifier goes into calibration.json."""
    of_judge = _measured(judges.judge, judges.threshold, judges)
    served = info.versions.get("verifier")
    curves = [_curve("judge", judges.judge.name, each) for each in of_judge]
    if judges.verifier.name == served:
        of_verifier = _measured(judges.verifier, judges.verifier_threshold, judges)
        curves += [_curve("verifier", judges.verifier.name, each) for each in of_verifier]
    folder.write(CALIBRATION, Curves(curves=tuple(curves)))
    return Judge(
        name=judges.judge.name,
        is_verifier=judges.judge.name == served,
        quality=tuple(each.quality for each in of_judge),
    )


def _measured(verifier: Verifier, threshold: float, judges: Judges) -> list[Measured]:
    judging = Judging(verifier, threshold, judges.said_of_labels)
    measured = [measure(judging, labels) for labels in judges.labels]
    return [each for each in measured if each is not None]


def _curve(role: Literal["judge", "verifier"], name: str, measured: Measured) -> CalibrationCurve:
    return calibration_curve(
        role, name, measured.quality.labels, measured.scores, measured.supported
    )
