"""Indexes on the disk, made as the command line makes them."""

from pathlib import Path

from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.jobs import Job
from ingest.embed import Encoders
from ingest.settings import IndexSettings
from ingest.store import open_store
from service.settings import Settings


def indexed(path: Path, folder: Path, encoders: Encoders) -> Job:
    """Index a folder into the store at `path`, which is closed again; the job that did it."""
    settings = Settings(index=IndexSettings(path=path))
    store = open_store(settings.index, create=True)
    try:
        admin = Admin(store, encoders, settings.ingest)
        with worker_for(store, encoders, settings) as worker:
            return worker.work_off(admin.add_folders([folder], asked_by="test"))
    finally:
        store.close()
