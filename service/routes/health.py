"""`GET /healthz` and `GET /readyz`."""

from fastapi import APIRouter
from pydantic import BaseModel

from service.routes.dependencies import ServiceDep

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    status: str
    passages: int
    encoder: str
    generation: str


@router.get("/healthz")
def health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
def readiness(service: ServiceDep) -> Readiness:
    """The index is open and the models are loaded."""
    with service.store.generations.serving() as generation:
        index = generation.index
        return Readiness(
            status="ready",
            passages=index.count(),
            encoder=index.manifest.encoder,
            generation=generation.name,
        )
