"""`pincite ingest`, `pincite reindex` and `pincite status`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli.report import EXIT_SOME_FAILED, finished, report_of, show_report
from ingest.cli.terminal import AsJson, print_json, print_table
from ingest.errors import WrongUse

if TYPE_CHECKING:
    from ingest.settings import Sections

app = typer.Typer()


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders or files of documents; without any, all that are registered, and the "
            "readers of the settings.",
            show_default=False,
        ),
    ] = None,
    *,
    readers: Annotated[
        list[str] | None,
        typer.Option("--reader", metavar="NAME", help="Only this reader, [ingest.readers.NAME]."),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            help="Also build the index anew, as the settings say, beside the one that serves."
        ),
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option(help="Remove the documents of a folder or reader that is empty or gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Index documents: new and changed ones are read, vanished ones are removed."""
    from ingest.cli.session import session, user

    settings: Sections = context.obj().settings
    configured = settings.ingest.readers
    if paths and readers:
        raise WrongUse("Name folders and files, or a --reader, but not both.")
    if paths and not allow_empty:
        _check_places(paths)
    with session(settings, create=bool(paths or configured), repair=rebuild) as opened:
        if paths:
            places = [path.absolute() for path in paths]
            job_id = opened.admin.add_folders(places, asked_by=user(), allow_empty=allow_empty)
        elif readers:
            job_id = opened.admin.add_readers(readers, asked_by=user(), allow_empty=allow_empty)
        elif configured or opened.admin.sources():
            job_id = opened.admin.sync(asked_by=user())
        else:
            raise WrongUse("Name at least one folder or file to index.")
        report = report_of(opened, finished(opened, job_id, as_json=as_json))
        if rebuild:
            job = finished(opened, opened.admin.rebuild(asked_by=user()), as_json=as_json)
            report["rebuilt"] = job.done
        show_report(opened, report, as_json=as_json)
    if report["failed"]:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def reindex(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Documents, by name or id.", show_default=False)
    ] = None,
    *,
    source: Annotated[
        str | None, typer.Option(help="All documents of this source, by location or id.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All documents.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read documents anew although they have not changed, for instance after installing OCR."""
    from ingest.cli.find import document_ids, source_id
    from ingest.cli.session import session, user

    if sum((bool(names), source is not None, everything)) != 1:
        raise WrongUse("Name documents, or a --source, or say --all.")
    with session(context.obj().settings) as opened:
        job_id = opened.admin.reindex(
            asked_by=user(),
            ids=document_ids(opened.admin, names) if names else None,
            source_id=source_id(opened.admin, source) if source else None,
        )
        report = report_of(opened, finished(opened, job_id, as_json=as_json))
        show_report(opened, report, as_json=as_json)
    if report["failed"]:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """What is indexed, from where, with what, how large it is, and what failed."""
    from ingest.cli.session import session

    settings: Sections = context.obj().settings
    with session(settings) as opened:
        info = opened.admin.index()
        failing, _ = opened.admin.documents(failing=True, limit=1000)
        serving = next(each for each in info.generations if each.record.state == "serving")
        summary: dict[str, Any] = {
            "path": str(settings.index.path),
            "documents": info.documents,
            "words": info.words,
            "chunks": serving.chunks,
            "size_mb": round(info.size_bytes / 1e6, 1),
            "generation": serving.record.name,
            "manifest": serving.record.manifest.to_json(),
            "sources": [source.location for source in opened.admin.sources()],
            "open_jobs": [job.id for job in opened.admin.jobs(open_only=True)],
            "failed": {record.name: record.error for record in failing},
        }
    if as_json:
        print_json(summary)
        return
    rows = []
    for name, value in summary.items():
        lines = _lines(value)
        rows += [(name if n == 0 else "", line) for n, line in enumerate(lines or [""])]
    print_table(("", ""), rows)
    if opened.notice:
        typer.echo(opened.notice)


def _check_places(paths: list[Path]) -> None:
    """Raise `WrongUse` for what is not there, before anything is made."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise WrongUse(
            f"There is no file or folder {', '.join(missing)}. Nothing was changed. If it is gone for "
            "good, --allow-empty removes what was indexed from it."
        )


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {each}" for key, each in value.items()]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
