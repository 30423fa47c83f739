"""The store, held by this process, or reached through the service that holds it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from getpass import getuser
from typing import TYPE_CHECKING

from ingest.catalog.jobs import Job
from ingest.index import IndexInUse

if TYPE_CHECKING:
    from ingest.admin import Admin
    from ingest.remote import RemoteAdmin
    from ingest.settings import Sections

OnProgress = Callable[[Job], None]
Wait = Callable[[str, OnProgress], Job]


@dataclass(frozen=True, slots=True)
class Session:
    """`wait` works a job off, or waits until the service has."""

    admin: "Admin | RemoteAdmin"
    wait: Wait
    notice: str | None = None


@contextmanager
def session(
    settings: "Sections", *, create: bool = False, repair: bool = False
) -> Iterator[Session]:
    """Open the store; where a service holds it, ask that instead.

    Raises `NoIndex` where nothing is indexed, unless `create`; `IndexInUse` where another command
    holds it. With `repair`, what is damaged is begun anew.
    """
    from ingest.store import open_store

    try:
        store = open_store(settings.index, create=create, repair=repair)
    except IndexInUse:
        from ingest.remote import RemoteAdmin, find_service

        address = find_service(settings.index.path)
        if address is None:
            raise
        with RemoteAdmin(address) as remote:
            yield Session(remote, remote.wait)
        return
    with ExitStack() as stack:
        stack.callback(store.close)
        yield _local(store, settings, stack)


def _local(store: "Store", settings: "Sections", stack: ExitStack) -> Session:
    from ingest.admin import Admin
    from ingest.assemble import worker_for
    from ingest.embed import Encoders

    encoders = Encoders()
    workers: list[Worker] = []

    def wait(job_id: str, on_progress: OnProgress) -> Job:
        if not workers:
            workers.append(stack.enter_context(worker_for(store, encoders, settings)))
        return workers[0].work_off(job_id, on_progress)

    return Session(Admin(store, encoders, settings.ingest), wait, _notice(store, settings))


def _notice(store: "Store", settings: "Sections") -> str | None:
    """Where the settings want another index than the one that serves."""
    from ingest.embed import encoder_adapter, encoder_name
    from ingest.index import PARSING_VERSION, IndexMismatch

    serving = store.catalog.generations.serving()
    if serving is None:
        return None
    try:
        store.generations.get(serving).index.manifest.check(
            encoder=encoder_name(settings.encoder.model, encoder_adapter(settings.encoder.adapter)),
            target_tokens=settings.chunking.target_tokens,
            max_tokens=settings.chunking.max_tokens,
            parsing_version=PARSING_VERSION,
        )
    except IndexMismatch as mismatch:
        return str(mismatch)
    return None


def user() -> str:
    """Who asks, for the record."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "command line"


if TYPE_CHECKING:
    from ingest.store import Store
    from ingest.worker import Worker
