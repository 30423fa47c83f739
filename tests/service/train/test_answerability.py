"""Fitting and calibrating the model of answerability: `pincite train answerability`."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pincite
from service.answerability import read_calibration
from service.train.answerability import calibrate, fit, fitted_model

EXAMPLES = Path(__file__).parents[3] / "examples" / "questions.jsonl"


def test_what_tells_the_two_apart_gets_the_say() -> None:
    truth = [number % 2 == 0 for number in range(100)]
    rows = [
        {"signal": float(answerable) + number / 200, "constant": 1.0}
        for number, answerable in enumerate(truth)
    ]

    contributions, _ = fit(rows, truth)

    assert contributions.keys() == {"signal"}
    signal = contributions["signal"]
    assert signal.at(1.4) > signal.at(0.1)


@given(
    scored=st.lists(st.tuples(st.floats(-20, 20), st.booleans()), min_size=2, max_size=60),
)
def test_a_curve_rises_and_answers_all_at_its_start(scored: list[tuple[float, bool]]) -> None:
    logits, truth = zip(*scored, strict=True)

    curve = calibrate(logits, truth, None).curve

    assert curve[0].coverage == 1
    thresholds = [point.threshold for point in curve]
    precisions = [point.precision for point in curve]
    assert thresholds == sorted(thresholds)
    assert precisions == sorted(precisions)
    assert all(p.precision >= p.threshold - 1e-3 for p in curve)


def test_scores_the_wrong_way_round_make_every_question_alike() -> None:
    truth = [True] * 30 + [False] * 30

    found = calibrate([-1.0] * 30 + [1.0] * 30, truth, None)

    assert found.probability(-1.0) == found.probability(1.0) == pytest.approx(0.5, abs=0.01)


def test_a_model_answers_as_often_as_it_says() -> None:
    truth = [number % 4 != 0 for number in range(200)]
    rows = [{"signal": float(each)} for each in truth]

    model = fitted_model(rows, truth, [float(each) for each in truth], None)

    assert model.calibration.answerable == 0.75
    assert model.calibration.probability(1.0) > 0.95
    assert model.calibration.threshold(0.7) <= model.calibration.probability(0.0)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["pincite", *arguments])
    with pytest.raises(SystemExit) as exit_:
        pincite.main()
    return int(exit_.value.code or 0)


def test_the_admins_own_questions_are_calibrated_on(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    example_store_path: Path,
) -> None:
    index = tmp_path / "index"
    shutil.copytree(example_store_path, index)
    lines = EXAMPLES.read_text("utf-8").splitlines()
    suite = tmp_path / "mine.jsonl"
    suite.write_text("\n".join([*lines[:20], *lines[100:121]]), "utf-8")

    code = run(
        monkeypatch,
        "--index",
        str(index),
        "train",
        "answerability",
        str(suite),
        "--out",
        str(tmp_path / "out"),
    )

    told = capsys.readouterr().out
    assert code == 0
    assert "41 questions, 49% of them answerable." in told
    assert "\n0.50: " in told
    calibration = read_calibration(
        tmp_path / "out" / "calibration.json", "late-interaction:all-MiniLM-L6-v2"
    )
    assert (calibration.questions, calibration.answerable) == (41, 0.4878)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (None, "cannot be read"),
        (["no JSON"], "cannot be read"),
        ([json.dumps({"question": "When?"})] * 12, "12 questions are answerable and 0 are not"),
    ],
)
def test_questions_that_do_not_do_are_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    lines: list[str] | None,
    says: str,
) -> None:
    suite = tmp_path / "mine.jsonl"
    if lines is not None:
        suite.write_text("\n".join(lines), "utf-8")

    code = run(monkeypatch, "train", "answerability", str(suite), "--out", str(tmp_path / "out"))

    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
