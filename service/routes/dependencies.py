"""What every route is handed."""

from typing import Annotated

from fastapi import Depends, Request

from ingest.admin import Admin
from service.access import LOCAL_READER, Reader
from service.assemble import Assembled
from service.background import Background
from service.settings import ServiceSettings


def _service(request: Request) -> Assembled:
    service: Assembled = request.app.state.service
    return service


def _settings(request: Request) -> ServiceSettings:
    settings: ServiceSettings = request.app.state.settings
    return settings


def _admin(request: Request) -> Admin:
    admin: Admin = request.app.state.admin
    return admin


def _background(request: Request) -> Background | None:
    background: Background | None = request.app.state.background
    return background


def _reader() -> Reader:
    return LOCAL_READER


ServiceDep = Annotated[Assembled, Depends(_service)]
SettingsDep = Annotated[ServiceSettings, Depends(_settings)]
AdminDep = Annotated[Admin, Depends(_admin)]
BackgroundDep = Annotated[Background | None, Depends(_background)]
ReaderDep = Annotated[Reader, Depends(_reader)]
