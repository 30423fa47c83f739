"""`/admin`: documents, sources, jobs and generations."""

from fastapi import APIRouter

from service.routes.admin import documents, index, jobs, sources

router = APIRouter(prefix="/admin", tags=["admin"])
for _part in (documents.router, sources.router, jobs.router, index.router):
    router.include_router(_part)
