"""report.html and samples.csv of a run."""

from pathlib import Path

from eval.report.page import page
from eval.report.run import read_run
from eval.report.samples_csv import write_samples_csv

REPORT, SAMPLES = "report.html", "samples.csv"


def write_report(folder: Path) -> Path:
    """Write report.html and samples.csv into the folder of a scored run; the path of the first.

    The same run gives the same bytes. Raises `NoRun` and `RunUnreadable` as `read_run` does.
    """
    run = read_run(folder)
    write_samples_csv(run, folder / SAMPLES)
    report = folder / REPORT
    report.write_text(page(run), "utf-8", newline="\n")
    return report
