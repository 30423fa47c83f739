"""Pincite as its users run it: in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

READY_WITHIN_S = 120.0
PINCITE = str(Path(sys.executable).with_name("pincite"))


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without settings of Pincite, and with lines that do not wrap."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
    return kept | {"COLUMNS": "400"} | extra


def run_pincite(
    *arguments: str,
    folder: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300,
) -> subprocess.CompletedProcess[str]:
    """`pincite` with these arguments in a working folder; whatever it exits with."""
    return subprocess.run(
        [PINCITE, *arguments],
        cwd=folder,
        env=env or environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(*arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """`pincite … serve` on a free port; yields its address once it is ready."""
    port = free_port()
    log = folder / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PINCITE, *arguments, "serve", "--port", str(port)],
            cwd=folder,
            env=env or environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"pincite serve ended:\n{log.read_text()}")
        try:
            if httpx.get(f"{address}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"pincite serve was not ready in {READY_WITHIN_S} s:\n{log.read_text()}")
