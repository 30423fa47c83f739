"""`pincite worker`"""

from threading import Event
from typing import TYPE_CHECKING

import typer

from ingest.errors import WrongUse

if TYPE_CHECKING:
    from ingest.settings import Sections

app = typer.Typer()


@app.command()
def worker(context: typer.Context) -> None:
    """Work off jobs beside the service, on an index that a Qdrant server holds."""
    import signal

    from ingest.assemble import worker_for
    from ingest.embed import Encoders
    from ingest.store import open_store

    settings: Sections = context.obj().settings
    if settings.index.server_url is None:
        raise WrongUse(
            "A worker of its own needs an index that several processes can hold: set index.server_url. "
            "Without, 'pincite serve' works off the jobs itself."
        )
    stop = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    store = open_store(settings.index, create=True)
    try:
        with worker_for(store, Encoders(), settings) as started:
            typer.echo(f"Worker {started.name} waits for jobs - stop with Ctrl-C.")
            started.run(stop, Event())
    finally:
        store.close()
