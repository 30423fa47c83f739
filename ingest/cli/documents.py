"""`pincite documents …`"""

from pathlib import Path
from typing import Annotated

import typer

from ingest.cli.report import EXIT_SOME_FAILED, finished, report_of, show_report
from ingest.cli.terminal import AsJson, print_json, print_table
from ingest.errors import WrongUse

app = typer.Typer(no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help="Documents, by name or id.", show_default=False)]


@app.command("list")
def list_documents(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="pending, indexed or failed.")] = None,
    source: Annotated[str | None, typer.Option(help="Those of this source.")] = None,
    text: Annotated[str | None, typer.Option(help="Those with this in name or title.")] = None,
    failing: Annotated[bool, typer.Option(help="Those with an error.")] = False,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """The documents, with what is known of each."""
    from ingest.catalog.documents import DocumentState
    from ingest.cli.find import source_id
    from ingest.cli.session import session

    if state is not None and state not in list(DocumentState):
        raise WrongUse(f"--state is one of {', '.join(DocumentState)}, not '{state}'.")
    with session(context.obj().settings) as opened:
        records, total = opened.admin.documents(
            source_id=source_id(opened.admin, source) if source else None,
            state=DocumentState(state) if state else None,
            text=text,
            failing=failing,
            offset=offset,
            limit=limit,
        )
    if as_json:
        print_json({"documents": records, "total": total})
        return
    print_table(
        ("name", "title", "state", "passages", "applies from", "until", "error"),
        [
            (r.name, r.title, r.state, r.chunks, r.valid_from, r.valid_until, r.error)
            for r in records
        ],
    )
    typer.echo(f"{len(records)} of {total} documents.")


@app.command("show")
def show_document(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A document, by name or id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """One document: what it says about itself, its versions, its passages."""
    from ingest.cli.find import document_ids
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        detail = opened.admin.document(document_ids(opened.admin, [name])[0])
    if as_json:
        print_json(detail)
        return
    record, said = detail.document, detail.document.described
    rows: list[tuple[str, object]] = [
        ("id", record.id),
        ("path", record.path),
        ("title", record.title),
        ("state", record.state),
        ("error", record.error),
        ("warning", record.warning),
        ("owner", said.owner),
        ("version", said.version),
        ("applies from", record.valid_from),
        ("until", record.valid_until),
        ("superseded by", record.superseded_by),
        ("same text as", record.same_as),
        ("groups", ", ".join(said.groups)),
        ("tags", ", ".join(said.tags)),
        ("language", record.language),
        ("elements", ", ".join(f"{n} {kind}" for kind, n in detail.elements.items())),
        ("passages", len(detail.chunks)),
    ]
    print_table(("", ""), [row for row in rows if row[1] not in (None, "")])
    print_table(
        ("version", "indexed at", "title", "text kept"),
        [(v.version, v.indexed_at, v.title, v.text_kept) for v in detail.versions],
    )


@app.command("upload")
def upload_documents(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files to index.", show_default=False)],
    *,
    said: Annotated[
        list[str] | None,
        typer.Option(
            "--metadata", metavar="KEY=VALUE", help="As in effective_from=2026-03-01 or groups=hr."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Index copies of files, which Pincite keeps; one of a known name is a new version of it."""
    from ingest.cli.session import session, user
    from ingest.metadata import from_fields

    fields = dict(each.partition("=")[::2] for each in said or [])
    metadata = from_fields(fields, strict=True)
    with session(context.obj().settings, create=True) as opened:
        job_id = opened.admin.upload_files(files, metadata, asked_by=user())
        report = report_of(opened, finished(opened, job_id, as_json=as_json))
        show_report(opened, report, as_json=as_json)
    if report["failed"]:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command("delete")
def delete_documents(context: typer.Context, names: Names) -> None:
    """Delete documents from the index at once; a file in a folder stays, and is passed over."""
    from ingest.cli.find import document_ids
    from ingest.cli.session import session, user

    with session(context.obj().settings) as opened:
        ids = document_ids(opened.admin, names)
        opened.admin.delete(ids, asked_by=user())
    typer.echo(f"{len(ids)} deleted.")
