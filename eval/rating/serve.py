"""The page's address, and serving it until Ctrl-C."""

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from service.cli import PortInUse

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST = "127.0.0.1"
PORT = 8090
"""Tried first where none is asked for; a page that was left open finds its server again."""


def listening(port: int | None) -> socket.socket:
    """A socket on loopback at this port; without one at `PORT`, or any that is free.

    Raises `PortInUse` where the port that was asked for is taken.
    """
    for wanted in (port,) if port is not None else (PORT, 0):
        opened = socket.socket(socket.AF_INET)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((HOST, wanted))
            # Until it listens, another may bind the same port.
            opened.listen()
        except OSError as error:
            opened.close()
            reason = error.strerror
            continue
        return opened
    raise PortInUse(f"Cannot listen on {HOST}:{port}: {reason}. Choose another with --port.")


def address(opened: socket.socket, rater: str | None) -> str:
    query = f"?{urlencode({'rater': rater})}" if rater else ""
    return f"http://{HOST}:{opened.getsockname()[1]}/{query}"


def serve(app: "FastAPI", opened: socket.socket) -> None:
    """Answers until the process is told to stop."""
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[opened])
