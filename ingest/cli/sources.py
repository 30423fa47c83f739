"""`pincite sources …`"""

from typing import Annotated

import typer

from ingest.cli.terminal import AsJson, print_json, print_table

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_sources(context: typer.Context, *, as_json: AsJson = False) -> None:
    """The folders, files and readers that the index follows, and the uploads."""
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        sources = opened.admin.sources()
    if as_json:
        print_json({"sources": sources})
        return
    print_table(
        ("location", "kind", "added by", "last read", "id"),
        [(s.location, s.kind, s.added_by, s.synced_at, s.id) for s in sources],
    )


@app.command("remove")
def remove_source(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source, by location or id.")],
) -> None:
    """Stop following a folder or reader, and delete what was indexed from it."""
    from ingest.cli.find import source_id
    from ingest.cli.session import session, user

    with session(context.obj().settings) as opened:
        count = opened.admin.remove_source(source_id(opened.admin, source), asked_by=user())
    typer.echo(f"Removed, with {count} documents.")
