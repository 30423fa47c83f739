"""`/admin/sources`: the folders and readers that are indexed."""

from pathlib import Path

from fastapi import APIRouter

from ingest.errors import WrongUse
from ingest.messages import AddReaders, AddSources, JobAnswer, SourceList, SourceRemoved, Sync
from service.routes.dependencies import AdminDep, ReaderDep

router = APIRouter()


@router.get("/sources")
def list_sources(admin: AdminDep) -> SourceList:
    """The registered folders, files and readers, and the uploads."""
    return SourceList(admin.sources())


@router.post("/sources", status_code=202)
def add_sources(body: AddSources, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Register folders or files on the machine of the service, and index them."""
    relative = [path for path in body.paths if not Path(path).is_absolute()]
    if relative:
        raise WrongUse(f"{relative[0]} is relative: give the whole path.")
    job = admin.add_folders(
        [Path(path) for path in body.paths], allow_empty=body.allow_empty, asked_by=reader.name
    )
    return JobAnswer(admin.job(job))


@router.post("/readers", status_code=202)
def add_readers(body: AddReaders, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Register LlamaIndex readers that the settings of the service name, and index what they load."""
    job = admin.add_readers(body.names, allow_empty=body.allow_empty, asked_by=reader.name)
    return JobAnswer(admin.job(job))


@router.delete("/sources/{source_id}")
def remove_source(source_id: str, admin: AdminDep, reader: ReaderDep) -> SourceRemoved:
    """Forget a source, and delete what was indexed from it; files stay where they are."""
    return SourceRemoved(admin.remove_source(source_id, asked_by=reader.name))


@router.post("/sources/{source_id}/sync", status_code=202)
def sync_source(source_id: str, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Make the index equal to a source."""
    return JobAnswer(admin.job(admin.sync([source_id], asked_by=reader.name)))


@router.post("/sync", status_code=202)
def sync(admin: AdminDep, reader: ReaderDep, body: Sync | None = None) -> JobAnswer:
    """Make the index equal to these sources, or to all with the readers of the settings."""
    wanted = body or Sync()
    job = admin.sync(wanted.sources, only=wanted.only, asked_by=reader.name)
    return JobAnswer(admin.job(job))
