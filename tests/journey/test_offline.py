"""The whole journey asks nothing of any network.

A sitecustomize.py in front of every other module installs an audit hook: it sees each connection,
datagram and name look-up of the process, records those that leave this machine, and refuses them.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from tests.conftest import POLICIES
from tests.process import environment, run_pincite, serving

QUESTION = "What are the current refund terms for Gold tier users?"
# One of each format.
DOCUMENTS = [
    "refund-policy.md",
    "shipping-and-delivery.html",
    "procurement-policy.docx",
    "speaking-up-policy.pdf",
    "equipment-loans.txt",
]
GUARD = dedent(
    """
    import os
    import sys

    LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)
    NAMED = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")

    def _refuse_networks(event, arguments):
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None
        elif event in NAMED:
            host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        else:
            return
        if host not in LOCAL:
            with open(os.environ["PINCITE_TEST_ATTEMPTS"], "a") as file:
                file.write(f"{event} {arguments[1:] if event not in NAMED else host}\\n")
            raise PermissionError(f"no network in this test: {event} {host}")

    with open(os.environ["PINCITE_TEST_ATTEMPTS"], "a"):
        sys.addaudithook(_refuse_networks)
    """
)


@pytest.fixture
def attempts(tmp_path: Path) -> Path:
    """The record of attempts; it is made by the first process that the guard watches."""
    return tmp_path / "attempts.txt"


@pytest.fixture
def guarded(tmp_path: Path, attempts: Path) -> dict[str, str]:
    """An environment in which every Python process is watched, and nothing says "offline"."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    online = {name: value for name, value in environment().items() if not name.endswith("_OFFLINE")}
    return online | {
        "PYTHONPATH": str(tmp_path / "guard"),
        "PINCITE_TEST_ATTEMPTS": str(attempts),
        "HF_HOME": str(tmp_path / "empty"),
    }


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80))",
        "socket.getaddrinfo('example.org', 443)",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "urllib.request.urlopen('http://192.0.2.1')",
    ],
)
def test_the_guard_notices(attempt: str, guarded: dict[str, str], attempts: Path) -> None:
    code = f"import socket, urllib.request; {attempt}"

    done = subprocess.run(
        [sys.executable, "-c", code], env=guarded, capture_output=True, text=True, check=False
    )

    assert "no network in this test" in done.stderr
    assert len(attempts.read_text().splitlines()) == 1


def test_the_journey_attempts_no_connection(
    tmp_path: Path, guarded: dict[str, str], attempts: Path
) -> None:
    (tmp_path / "documents").mkdir()
    for name in DOCUMENTS:
        shutil.copy(POLICIES / name, tmp_path / "documents" / name)

    ingested = run_pincite("ingest", "documents", folder=tmp_path, env=guarded)
    asked = run_pincite("ask", QUESTION, folder=tmp_path, env=guarded)
    with serving(folder=tmp_path, env=guarded) as address:
        answer = httpx.post(
            f"{address}/ask", json={"question": QUESTION}, trust_env=False, timeout=60
        ).json()

    assert "The index holds 5 documents in " in ingested.stdout
    assert "30 days" in asked.stdout
    assert "refund-policy.md" in asked.stdout
    assert "30 days" in answer["text"]
    assert attempts.read_text() == ""
