"""`GET /healthz` and `GET /readyz`."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from service.routes.dependencies import BackgroundDep, ServiceDep

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`instance` is another after every start."""

    status: str
    instance: str


class Readiness(BaseModel):
    """`worker` says what keeps documents from being indexed, None where nothing does."""

    status: str
    passages: int
    encoder: str
    generation: str
    worker: str | None


@router.get("/healthz", responses={503: {"model": Health}})
def health(request: Request, response: Response, background: BackgroundDep) -> Health:
    """The process answers, and its worker lives. With 503 only a new start helps."""
    crash = background.crash if background else None
    if crash:
        response.status_code = 503
    return Health(
        status=f"the worker ended: {crash}" if crash else "ok", instance=request.app.state.instance
    )


@router.get("/readyz")
def readiness(service: ServiceDep, background: BackgroundDep) -> Readiness:
    """The index is open and the models are loaded: questions are answered."""
    with service.store.generations.serving() as generation:
        index = generation.index
        return Readiness(
            status="ready",
            passages=index.count(),
            encoder=index.manifest.encoder_name,
            generation=generation.name,
            worker=background.fault if background else None,
        )
