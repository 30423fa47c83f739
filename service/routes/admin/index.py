"""`/admin/index`: the generations of the index."""

from fastapi import APIRouter

from ingest.admin import IndexInfo
from ingest.messages import GenerationDropped, JobAnswer, Rebuild, Rollback
from service.routes.dependencies import AdminDep, ReaderDep

router = APIRouter(prefix="/index")


@router.get("")
def show_index(admin: AdminDep) -> IndexInfo:
    """The generations, what each was built with, and how many documents there are."""
    return admin.index()


@router.post("/rebuild", status_code=202)
def rebuild(admin: AdminDep, reader: ReaderDep, body: Rebuild | None = None) -> JobAnswer:
    """Build a new generation beside the one that answers, and put it to service if it is no worse."""
    wanted = body or Rebuild()
    return JobAnswer(admin.job(admin.rebuild(**wanted.model_dump(), asked_by=reader.name)))


@router.post("/rollback", status_code=202)
def roll_back(admin: AdminDep, reader: ReaderDep, body: Rollback | None = None) -> JobAnswer:
    """Bring a kept generation up to date, and put it to service."""
    wanted = body or Rollback()
    return JobAnswer(admin.job(admin.use(wanted.generation, asked_by=reader.name)))


@router.delete("/{generation}")
def drop_generation(generation: str, admin: AdminDep) -> GenerationDropped:
    """Delete a generation that does not answer."""
    admin.drop(generation)
    return GenerationDropped(generation)
