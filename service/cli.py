"""`pincite ask`, `pincite serve` and `pincite settings`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import PinciteError, WrongUse

if TYPE_CHECKING:
    from service.pipeline import Trace
    from service.settings import LoadedSettings, ServiceSettings

app = typer.Typer()


class PortInUse(PinciteError):
    """Another program listens there."""


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for programs.")
    ] = False,
) -> None:
    """Answer a question, and show the words in the documents that support each sentence."""
    from service.access import LOCAL_READER
    from service.assemble import assemble
    from service.question import checked_question
    from service.schema import answer_out

    loaded: LoadedSettings = context.obj()
    question = checked_question(question, max_chars=loaded.settings.service.max_question_chars)
    service = assemble(loaded.settings)
    try:
        trace = service.pipeline.answer(question, (), LOCAL_READER)
    finally:
        service.store.close()
    if as_json:
        typer.echo(answer_out(trace).model_dump_json(indent=2))
    else:
        _print_answer(trace)


@app.command()
def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Sets service.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Sets service.port.")] = None,
) -> None:
    """Answer over HTTP, and show the chat page."""
    loaded: LoadedSettings = context.obj(service__host=host, service__port=port)
    settings = loaded.settings.service
    _check_address(settings)

    import uvicorn

    from service.app import create_app
    from service.assemble import assemble

    service = assemble(loaded.settings)
    try:
        typer.echo(f"Open http://{_page_host(settings)}:{settings.port} - stop with Ctrl-C.")
        uvicorn.run(
            create_app(service, settings),
            host=settings.host,
            port=settings.port,
            log_level="warning",
        )
    finally:
        service.store.close()


@app.command("settings")
def show_settings(context: typer.Context) -> None:
    """Every setting, its value, and where the value comes from."""
    from rich.console import Console
    from rich.table import Table

    loaded: LoadedSettings = context.obj()
    table = Table("setting", "value", "from")
    for key, value, source in loaded.rows():
        table.add_row(key, str(value), source)
    Console().print(table)


def _page_host(settings: "ServiceSettings") -> str:
    return "[::1]" if settings.host == "::1" else "127.0.0.1"


def _check_address(settings: "ServiceSettings") -> None:
    """Raise where the service must not listen, or cannot."""
    import socket

    if settings.host == "0.0.0.0" and not settings.behind_published_port:  # noqa: S104
        raise WrongUse(
            "service.host = 0.0.0.0 opens the service to the network, and there are no keys yet. Use "
            "127.0.0.1; inside a container whose port is published on loopback, also set "
            "service.behind_published_port = true."
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortInUse(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another "
                "port with --port."
            ) from error


def _print_answer(trace: "Trace") -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(file=sys.stdout)
    console.print(Text(trace.answer.text, style="bold" if not trace.answer.refusal else ""))
    passages = {passage.number: passage for passage in trace.prompt.passages}
    citations = [c for sentence in trace.answer.sentences for c in sentence.citations]
    for number in sorted({citation.number for citation in citations}):
        passage = passages[number]
        chunk = passage.chunk
        page = f", page {chunk.page}" if chunk.page else ""
        console.print()
        heading = f"[{number}] {passage.document.name}{page}: {' > '.join(chunk.heading_path)}"
        console.print(Text(heading, style="cyan"))
        words = Text(chunk.text)
        for citation in citations:
            if citation.number == number:
                words.stylize(
                    "black on yellow", citation.start - chunk.start, citation.end - chunk.start
                )
        console.print(Padding(words, (0, 0, 0, 4)))
