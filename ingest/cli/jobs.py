"""`pincite jobs …`"""

from typing import Annotated

import typer

from ingest.cli.report import EXIT_SOME_FAILED, finished
from ingest.cli.terminal import AsJson, plain, print_json, print_table

app = typer.Typer(no_args_is_help=True)

ID_SHOWN = 8
JobId = Annotated[str, typer.Argument(help="A job's id, as 'pincite jobs list' shows it.")]


@app.command("list")
def list_jobs(
    context: typer.Context,
    *,
    open_only: Annotated[bool, typer.Option("--open", help="Those that are not over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """The latest jobs, newest first."""
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        jobs = opened.admin.jobs(limit=limit, open_only=open_only)
    if as_json:
        print_json({"jobs": jobs})
        return
    print_table(
        ("id", "kind", "state", "done", "failed", "by", "asked at", "error"),
        [
            (
                j.id[:ID_SHOWN],
                j.kind,
                j.state,
                f"{j.done}/{j.total}",
                j.failed,
                j.asked_by,
                j.asked_at,
                j.error,
            )
            for j in jobs
        ],
    )


@app.command("show")
def show_job(context: typer.Context, job: JobId, *, as_json: AsJson = False) -> None:
    """One job, with the reason for every document that failed."""
    from ingest.cli.find import job_id
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        found = opened.admin.job(job_id(opened.admin, job))
        failed = opened.admin.outcomes(found.id, state="failed")
    if as_json:
        print_json({"job": found, "failed": failed})
        return
    for name in ("kind", "state", "asked_by", "asked_at", "started_at", "finished_at", "error"):
        typer.echo(f"{name}: {plain(getattr(found, name) or '')}")
    typer.echo(f"{found.done} done, {found.failed} failed of {found.total}")
    for outcome in failed:
        typer.echo(f"failed  {plain(outcome.name)} {plain(outcome.error)}")


@app.command("watch")
def watch_job(context: typer.Context, job: JobId) -> None:
    """Follow a job until it is over; work it off where nobody else does."""
    from ingest.cli.find import job_id
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        over = finished(opened, job_id(opened.admin, job), as_json=False)
    typer.echo(f"{over.state}: {over.done} done, {over.failed} failed of {over.total}")
    if over.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command("cancel")
def cancel_job(context: typer.Context, job: JobId) -> None:
    """Start nothing more of a job; what is not written by now is dropped."""
    from ingest.cli.find import job_id
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        opened.admin.cancel(job_id(opened.admin, job))
    typer.echo("Cancelled.")
