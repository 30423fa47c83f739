"""The worker and the watch of the folders, in threads beside the service."""

import logging
from threading import Event, Thread

from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.worker import Worker
from service.assemble import Assembled
from service.settings import Settings
from service.watch import WATCHER, Watch

_log = logging.getLogger(__name__)

STOPS_WITHIN_S = 60.0


class Background:
    """What goes on while questions are answered. `stop` leaves open jobs to the next start."""

    def __init__(self, service: Assembled, settings: Settings) -> None:
        self._service = service
        self._settings = settings
        self._stop = Event()
        self._wake = Event()
        self._thread = Thread(target=self._work, name="worker", daemon=True)
        self._worker: Worker | None = None
        self._crash: str | None = None
        self._watch: Watch | None = None

    def start(self) -> None:
        self._thread.start()
        if self._settings.ingest.watch:
            service = self._service
            admin = Admin(service.store, service.encoders, self._settings.ingest, wake=self.wake)
            self._watch = Watch(service.store, admin)
            self._watch.start()
            if readers := self._settings.ingest.readers:
                admin.add_readers(list(readers), asked_by=WATCHER)

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Wait for what is being written, and end. What was begun besides is done at the next start."""
        self._stop.set()
        self._wake.set()
        if self._watch is not None:
            self._watch.stop()
        if self._worker is not None:
            self._worker.interrupt()
        if self._thread.is_alive():
            self._thread.join(STOPS_WITHIN_S)
        if self._thread.is_alive():
            _log.error("The worker did not stop in %g s", STOPS_WITHIN_S)

    @property
    def crash(self) -> str | None:
        """Why nothing is indexed any more, until the service starts anew."""
        return self._crash

    @property
    def fault(self) -> str | None:
        """Why the worker cannot work at the moment; it goes on trying."""
        return self._crash or (self._worker.fault if self._worker else None)

    def _work(self) -> None:
        try:
            with worker_for(self._service.store, self._service.encoders, self._settings) as worker:
                self._worker = worker
                worker.run(self._stop, self._wake)
        except BaseException as error:  # noqa: BLE001 - a thread's end is seen by nobody else
            _log.exception("The worker ended; nothing is indexed until the service starts anew")
            self._crash = f"{type(error).__name__}: {error}"
