"""What a job did, as commands report it."""

from typing import TYPE_CHECKING, Any

import typer

from ingest.cli.terminal import plain, print_json, print_table, progress_bar
from ingest.errors import PinciteError

if TYPE_CHECKING:
    from ingest.catalog.jobs import Job
    from ingest.cli.session import Session

EXIT_SOME_FAILED = 1


class JobFailed(PinciteError):
    """The job as a whole could not be done."""


def finished(opened: "Session", job_id: str, *, as_json: bool) -> "Job":
    """Wait for the job. Raises `JobFailed` with its reason."""
    with progress_bar(shown=not as_json) as on_progress:
        job = opened.wait(job_id, on_progress)
    if job.error:
        raise JobFailed(job.error)
    return job


def report_of(opened: "Session", job: "Job") -> dict[str, Any]:
    """What a job did, by document name; `failed` gives the reason for each, `in_part` what of it was
    not read."""
    from ingest.plan import KEPT_OUT

    names: dict[str, list[str]] = {
        key: [] for key in ("added", "changed", "renamed", "reindexed", "removed")
    }
    verbs = {
        "add": "added",
        "change": "changed",
        "rename": "renamed",
        "reindex": "reindexed",
        "remove": "removed",
    }
    in_part: dict[str, str] = {}
    failed = {name: note for name, note in job.notes.items() if note != KEPT_OUT}
    for outcome in opened.admin.outcomes(job.id):
        if outcome.state == "done" and outcome.action in verbs:
            names[verbs[outcome.action]].append(outcome.name)
            if outcome.warning:
                in_part[outcome.name] = outcome.warning
        elif outcome.state == "failed":
            failed[outcome.name] = outcome.error or ""
    return {
        "job": job.id,
        "state": job.state,
        **names,
        "unchanged": job.unchanged,
        "failed": failed,
        "in_part": in_part,
        "kept_out": [name for name, note in job.notes.items() if note == KEPT_OUT],
        "other_files": job.other_files,
        "chunks": job.chunks,
    }


def show_report(opened: "Session", report: dict[str, Any], *, as_json: bool) -> None:
    from ingest.plan import KEPT_OUT

    if as_json:
        print_json(report)
        return
    rows = [
        (name, len(report[name]) if name != "unchanged" else report[name])
        for name in ("added", "changed", "renamed", "reindexed", "unchanged", "removed", "failed")
        if report[name] or name not in ("renamed", "reindexed")
    ]
    print_table(("", ""), rows)
    for document, reason in report["failed"].items():
        typer.secho("failed  ", fg="red", nl=False)
        typer.echo(f"{plain(document)} {plain(reason)}")
    for document, warning in report["in_part"].items():
        typer.secho("in part  ", fg="yellow", nl=False)
        typer.echo(f"{plain(document)} {plain(warning)}")
    for name in report["kept_out"]:
        typer.echo(f"passed over  {plain(name)} {KEPT_OUT}")
    if report["other_files"]:
        typer.echo(f"{report['other_files']} files of other kinds were passed over.")
    info = opened.admin.index()
    serving = next(each for each in info.generations if each.record.state == "serving")
    typer.echo(f"The index holds {serving.documents} documents in {serving.chunks} passages.")
    if opened.notice and "rebuilt" not in report:
        typer.echo(opened.notice)
