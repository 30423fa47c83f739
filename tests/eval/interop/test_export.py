"""A run as ragas and deepeval read it."""

import json
from pathlib import Path

from typer.testing import CliRunner

from eval.dataset import Suite
from eval.folder import RunFolder
from eval.interop.cli import app
from eval.interop.export import to_deepeval, to_ragas
from tests.eval.report.runs import example_run


def read(path: Path) -> tuple[RunFolder, Suite]:
    folder = RunFolder(example_run(path, 12))
    return folder, Suite("questions", tuple(folder.samples()))


def test_ragas_gets_a_single_turn_for_each_answer(tmp_path: Path) -> None:
    folder, suite = read(tmp_path)
    records = folder.records()

    rows = to_ragas(records, suite)

    answer = records[0].answer
    assert answer is not None
    assert rows[0] == {
        "user_input": "What are the current refund terms for Gold tier users?",
        "response": answer.text,
        "retrieved_contexts": [passage.text for passage in answer.passages],
        "reference_contexts": [gold.quote for gold in suite.samples[0].gold],
        "reference": suite.samples[0].reference_answer,
    }


def test_deepeval_gets_the_fields_of_a_test_case(tmp_path: Path) -> None:
    folder, suite = read(tmp_path)
    records = folder.records()

    row = to_deepeval(records, suite, drafts=True)[0]

    answer = records[0].answer
    assert answer is not None
    assert row == {
        "name": "q001",
        "input": "What are the current refund terms for Gold tier users?",
        "actual_output": answer.draft,
        "expected_output": suite.samples[0].reference_answer,
        "retrieval_context": [passage.text for passage in answer.passages],
        "context": [gold.quote for gold in suite.samples[0].gold],
        "tags": ["lookup", "customer", "numeric"],
    }


def test_what_a_sample_does_not_have_is_not_given(tmp_path: Path) -> None:
    folder, suite = read(tmp_path)
    bare = suite.samples[0].model_copy(update={"gold": (), "reference_answer": None, "tags": ()})

    (ragas,) = to_ragas(folder.records(), Suite("s", (bare,)))
    (deepeval,) = to_deepeval(folder.records(), Suite("s", (bare,)))

    assert list(ragas) == ["user_input", "response", "retrieved_contexts"]
    assert list(deepeval) == ["name", "input", "actual_output", "retrieval_context"]


def test_samples_without_an_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    read(tmp_path)

    ragas = CliRunner().invoke(app, ["export", str(tmp_path), "--format", "ragas"])
    deepeval = CliRunner().invoke(app, ["export", str(tmp_path), "--format", "deepeval"])

    target = tmp_path / "ragas.jsonl"
    assert ragas.output == f"11 answers written to {target}; 1 samples have none.\n"
    rows = [json.loads(line) for line in target.read_text("utf-8").split("\n") if line]
    cases = json.loads((tmp_path / "deepeval.json").read_text("utf-8"))
    assert deepeval.exit_code == 0
    assert [row["user_input"] for row in rows] == [case["input"] for case in cases]
    assert len(rows) == 11


def test_a_spreadsheet_gets_every_sample(tmp_path: Path) -> None:
    read(tmp_path)

    done = CliRunner().invoke(
        app, ["export", str(tmp_path), "--format", "csv", "--out", str(tmp_path / "own.csv")]
    )

    assert done.output == f"Written to {tmp_path / 'own.csv'}.\n"
    assert len((tmp_path / "own.csv").read_text("utf-8-sig").splitlines()) == 13
