"""samples.csv: every sample and metric, and nothing that a spreadsheet would run."""

import csv
from pathlib import Path

from eval.report.run import read_run
from eval.report.samples_csv import samples_csv
from tests.eval.report.runs import record, samples, sections, write_run


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(samples_csv(read_run(folder)).splitlines()))


def test_a_row_for_each_sample_and_a_column_for_each_metric(example_report_folder: Path) -> None:
    found = rows(example_report_folder)

    assert [row["id"] for row in found] == [sample.id for sample in samples(60)]
    third, fourth, eighth = found[2], found[3], found[7]
    assert third["outcome"] == "answered"
    assert third["draft.fabricated"] == "0.5"
    assert third["tags"] == "yes-no; scope; customer"
    assert (fourth["outcome"], fourth["draft.support"]) == ("unscored: stale gold", "")
    assert eighth["error"] == "AnswerTimeout: no answer within 300 s."
    assert eighth["retrieval.recall@8"] == ""


def test_what_a_spreadsheet_would_run_is_made_text(tmp_path: Path) -> None:
    asked = samples(6)
    starts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain"]
    records = []
    for index, (sample, start) in enumerate(zip(asked, starts, strict=True)):
        given = record(sample, index, sections())
        assert given.answer is not None
        answer = given.answer.model_copy(update={"text": start})
        records.append(given.model_copy(update={"answer": answer}))
    write_run(tmp_path, asked, records)

    answers = [row["answer"] for row in rows(tmp_path)]

    assert answers == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain"]
