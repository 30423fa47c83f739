"""samples.csv: a row for each sample, every metric a column."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

from eval.report.metric import in_order
from eval.report.run import Run
from eval.report.sample_view import outcome

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV injection)."""


def write_samples_csv(run: Run, path: Path) -> None:
    # A spreadsheet takes UTF-8 for what it is only with a byte order mark in front.
    path.write_text(samples_csv(run), "utf-8-sig", newline="")


def samples_csv(run: Run) -> str:
    """The table as text. Words that a spreadsheet would run as a formula get an apostrophe in front."""
    columns = [
        (table, metric.name)
        for table in ("retrieval", "draft", "shown")
        for metric in in_order(
            sorted({n for each in run.scores.by_sample for n in each.scores.get(table, {})})
        )
    ]
    output = StringIO(newline="")
    writer = csv.writer(output)
    facts = "id outcome question answer refused answerability tags error stale seconds".split()
    writer.writerow([*facts, *(f"{table}.{name}" for table, name in columns)])
    for scored in run.scores.by_sample:
        record = run.records.get(scored.sample_id)
        sample = run.samples.get(scored.sample_id)
        answer = record.answer if record else None
        error = scored.error or (record.error if record else None)
        row: list[Any] = [
            scored.sample_id,
            outcome(scored, record),
            answer.question if answer else sample.question if sample else None,
            answer.text if answer else None,
            answer.refused if answer else None,
            answer.answerability if answer else None,
            "; ".join(sample.tags) if sample else None,
            error,
            scored.stale,
            run.total_s(scored.sample_id),
            *(scored.scores.get(table, {}).get(name) for table, name in columns),
        ]
        writer.writerow([_safe(cell) for cell in row])
    return output.getvalue()


def _safe(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell
