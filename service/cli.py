"""`pincite ask`, `pincite serve` and `pincite settings`."""

import signal
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import PinciteError, WrongUse

if TYPE_CHECKING:
    from service.schema import AnswerOut
    from service.scope import Filter
    from service.settings import LoadedSettings, ServiceSettings, Settings

app = typer.Typer()

GIVES_UP_AFTER_S = 5
"""Answers that are still being written when the service stops have so long."""


class PortInUse(PinciteError):
    """Another program listens there."""


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Answer from what applied on this day."),
    ] = None,
    document: Annotated[
        list[str] | None,
        typer.Option(help="Answer from this document only (id, name or title); repeatable."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only from documents with this tag; repeatable.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Only from this source (id or place); repeatable.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only in this language, as in 'en'; repeatable.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for programs.")
    ] = False,
) -> None:
    """Answer a question, and show the words in the documents that support each sentence."""
    from service.question import checked_question
    from service.scope import Filter

    loaded: LoadedSettings = context.obj()
    question = checked_question(question, max_chars=loaded.settings.service.max_question_chars)
    within = Filter(
        tuple(document or ()),
        tuple(tag or ()),
        tuple(map(_place, source or ())),
        tuple(language or ()),
    )
    answer = _answer(loaded.settings, question, as_of.date() if as_of else None, within)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        _print_answer(answer)


def _place(source: str) -> str:
    """A source as the catalog knows it: folders by their whole path."""
    return str(Path(source).resolve()) if Path(source).exists() else source


def _answer(
    settings: "Settings", question: str, as_of: date | None, within: "Filter"
) -> "AnswerOut":
    """The answer of this process, or of the service that holds the index."""
    from ingest.index import IndexInUse
    from ingest.remote import RemoteAdmin, find_service
    from service.access import LOCAL_READER
    from service.assemble import assemble
    from service.schema import AnswerOut, answer_out

    try:
        service = assemble(settings)
    except IndexInUse:
        address = find_service(settings.index.path)
        if address is None:
            raise
        with RemoteAdmin(address) as remote:
            return AnswerOut.model_validate(remote.ask(question, as_of, asdict(within)))
    try:
        return answer_out(service.pipeline.answer(question, (), LOCAL_READER, as_of, within))
    finally:
        service.store.close()


@app.command()
def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Sets service.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Sets service.port.")] = None,
) -> None:
    """Answer over HTTP, show the chat page, and index what is added and changed."""
    loaded: LoadedSettings = context.obj(service__host=host, service__port=port)
    settings = loaded.settings.service
    _check_address(settings)

    import uvicorn

    from ingest.remote import announced
    from service.app import create_app
    from service.assemble import assemble
    from service.background import Background

    service = assemble(loaded.settings, create=True)
    try:
        url = f"http://{_page_host(settings)}:{settings.port}"
        if not service.store.catalog.documents.count():
            typer.echo("Nothing is indexed yet: 'pincite ingest PATH…' adds documents.")
        typer.echo(f"Open {url} - stop with Ctrl-C.")
        application = create_app(service, loaded.settings, Background(service, loaded.settings))
        with announced(loaded.settings.index.path, url, application.state.instance):
            # uvicorn raises the signal again once it has stopped, and that must not kill the rest.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            uvicorn.run(
                application,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                timeout_graceful_shutdown=GIVES_UP_AFTER_S,
            )
    finally:
        service.store.close()


@app.command("settings")
def show_settings(context: typer.Context) -> None:
    """Every setting, its value, and where the value comes from."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    loaded: LoadedSettings = context.obj()
    table = Table("setting", "value", "from")
    for key, value, source in loaded.rows():
        table.add_row(escape(key), escape(str(value)), source)
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


def _print_answer(answer: "AnswerOut") -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(file=sys.stdout)
    console.print(Text(answer.text, style="bold" if not answer.refused else ""))
    passages = {passage.number: passage for passage in answer.passages}
    citations = [c for sentence in answer.sentences for c in sentence.citations]
    for number in sorted({citation.number for citation in citations}):
        passage = passages[number]
        page = f", page {passage.page}" if passage.page else ""
        console.print()
        heading = f"[{number}] {passage.document}{page}: {' > '.join(passage.heading_path)}"
        console.print(Text(heading, style="cyan"))
        words = Text(passage.text)
        for citation in citations:
            if citation.number == number:
                words.stylize(
                    "black on yellow", citation.start - passage.start, citation.end - passage.start
                )
        console.print(Padding(words, (0, 0, 0, 4)))
