"""What every route is handed."""

from typing import Annotated

from fastapi import Depends, Request

from service.access import LOCAL_READER, Reader
from service.assemble import Assembled
from service.settings import ServiceSettings


def _service(request: Request) -> Assembled:
    service: Assembled = request.app.state.service
    return service


def _settings(request: Request) -> ServiceSettings:
    settings: ServiceSettings = request.app.state.settings
    return settings


def _reader() -> Reader:
    return LOCAL_READER


ServiceDep = Annotated[Assembled, Depends(_service)]
SettingsDep = Annotated[ServiceSettings, Depends(_settings)]
ReaderDep = Annotated[Reader, Depends(_reader)]
