"""`pincite index …`"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli.report import finished
from ingest.cli.terminal import AsJson, print_json, print_table, progress_line
from ingest.errors import WrongUse

if TYPE_CHECKING:
    from ingest.settings import Sections

app = typer.Typer(no_args_is_help=True)

Generation = Annotated[str, typer.Argument(help="A generation, as 'pincite index show' names it.")]


@app.command("show")
def show_index(context: typer.Context, *, as_json: AsJson = False) -> None:
    """The generations: which one serves, what built each, how large it is."""
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        info = opened.admin.index()
    if as_json:
        print_json(info)
        return
    print_table(
        ("generation", "state", "documents", "passages", "MB", "encoder", "tokens", "check"),
        [
            (
                each.record.name,
                each.record.state,
                each.documents,
                each.chunks,
                round(each.size_bytes / 1e6, 1) if each.size_bytes is not None else None,
                each.record.manifest.encoder_name,
                f"{each.record.manifest.target_tokens}/{each.record.manifest.max_tokens}",
                ", ".join(f"{name} {value}" for name, value in (each.record.check or {}).items()),
            )
            for each in info.generations
        ],
    )


@app.command("rebuild")
def rebuild_index(
    context: typer.Context,
    *,
    encoder: Annotated[
        str | None, typer.Option(help="Instead of [encoder] model and adapter.")
    ] = None,
    encoder_adapter: Annotated[
        Path | None, typer.Option(help="Folder that 'pincite train encoder' made.")
    ] = None,
    target_tokens: Annotated[int | None, typer.Option(min=16)] = None,
    max_tokens: Annotated[int | None, typer.Option(min=32)] = None,
    force: Annotated[
        bool, typer.Option(help="Put it to service even if it answers its probe questions worse.")
    ] = False,
) -> None:
    """Build a new generation beside the serving one, check it, and put it to service."""
    from ingest.cli.session import session, user

    with session(context.obj().settings) as opened:
        job_id = opened.admin.rebuild(
            asked_by=user(),
            encoder=encoder,
            encoder_adapter=str(encoder_adapter.resolve()) if encoder_adapter else None,
            target_tokens=target_tokens,
            max_tokens=max_tokens,
            force=force,
        )
        job = finished(opened, job_id, as_json=False)
        serving = next(g for g in opened.admin.index().generations if g.record.state == "serving")
    typer.echo(f"{job.state}: {serving.record.name} serves {serving.documents} documents.")


@app.command("rollback")
def roll_back(context: typer.Context) -> None:
    """Return to the generation that served before; what changed since is brought up to date first."""
    _use(context, None)


@app.command("use")
def use_generation(context: typer.Context, generation: Generation) -> None:
    """Put a kept or rejected generation to service."""
    _use(context, generation)


@app.command("drop")
def drop_generation(context: typer.Context, generation: Generation) -> None:
    """Delete a generation that does not serve."""
    from ingest.cli.session import session

    with session(context.obj().settings) as opened:
        opened.admin.drop(generation)
    typer.echo(f"{generation} is deleted.")


@app.command("copy")
def copy_index(
    context: typer.Context,
    *,
    to_server: Annotated[
        str | None, typer.Option(metavar="URL", help="From this folder to a Qdrant server.")
    ] = None,
    from_server: Annotated[
        str | None, typer.Option(metavar="URL", help="From a Qdrant server to this folder.")
    ] = None,
) -> None:
    """Copy every generation between the folder and a Qdrant server, encoding nothing again.

    The catalog stays in the folder; set index.server_url afterwards, or take it out.
    """
    from ingest.copy_generations import copy_generations

    settings: Sections = context.obj().settings
    if (to_server is None) == (from_server is None):
        raise WrongUse("Say either --to-server URL or --from-server URL.")
    with progress_line(shown=True) as on_progress:
        count = copy_generations(
            settings.index,
            to_server or from_server or "",
            to_server=to_server is not None,
            on_progress=on_progress,
        )
    typer.echo(f"{count} passages copied.")


def _use(context: typer.Context, generation: str | None) -> None:
    from ingest.cli.session import session, user

    with session(context.obj().settings) as opened:
        job_id = opened.admin.use(generation, asked_by=user())
        job = finished(opened, job_id, as_json=False)
        serving = next(g for g in opened.admin.index().generations if g.record.state == "serving")
    typer.echo(f"{job.state}: {serving.record.name} serves {serving.documents} documents.")
