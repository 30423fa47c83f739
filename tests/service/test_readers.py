"""Readers of the settings, as the service has them, and the commands that go through it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest.catalog.sources import SourceKind
from tests.process import run_pincite, serving
from tests.service.load import wait_until

LEAVE = "# Leave\n\nA week of leave is paid.\n"
BELLS = "# Bells\n\nRing the bell before nine.\n"
SETTINGS = """
[ingest.readers.wiki]
reader = "llama_index.core.readers.SimpleDirectoryReader"
options = { input_dir = "wiki", recursive = true }

[ingest.readers.lost]
reader = "llama_index.readers.lost.LostReader"
options = { password = "sesame" }
"""
LOST = (
    "could not be read (ingest.readers.lost.reader = 'llama_index.readers.lost.LostReader' cannot be "
    "imported: correct it, or pip install llama-index-readers-lost (ModuleNotFoundError: No module "
    "named 'llama_index.readers')): what was indexed from it is kept"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with settings that name two readers, one of which cannot be made."""
    (tmp_path / "pincite.toml").write_text(SETTINGS)
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "leave.md").write_text(LEAVE)
    return tmp_path


def report(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    run = run_pincite(*arguments, "--json", folder=home)
    assert (run.returncode, run.stderr) == (code, "")
    loaded: dict[str, Any] = json.loads(run.stdout)
    return loaded


@pytest.fixture
def served(home: Path) -> Iterator[tuple[Path, httpx.Client]]:
    """The folder with a service that holds its index, and a client of it."""
    with (
        serving(folder=home) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):
        yield home, client


def test_the_service_reads_its_readers_at_its_start_and_when_asked(
    served: tuple[Path, httpx.Client],
) -> None:
    home, client = served
    wait_until(lambda: names(client) == ["leave.md"])  # What the start finds.

    started = report(home, "ingest", code=1)
    (home / "wiki" / "bells.md").write_text(BELLS)
    named = report(home, "ingest", "--reader", "wiki")
    (home / "wiki" / "leave.md").unlink()
    job = client.post("/admin/sync").json()["job"]["id"]
    run_pincite("jobs", "watch", job, folder=home)

    assert (started["unchanged"], started["failed"]) == (1, {"reader:lost": LOST})
    assert (named["added"], named["unchanged"]) == (["bells.md"], 1)
    assert names(client) == ["bells.md"]
    sources = client.get("/admin/sources").json()["sources"]
    assert [(each["location"], each["kind"], each["added_by"]) for each in sources] == [
        ("reader:lost", SourceKind.READER, "watch"),
        ("reader:wiki", SourceKind.READER, "watch"),
    ]
    assert refused(client, {"names": ["mail"]}).startswith("There is no [ingest.readers.mail]")
    assert "reader" in refused(client, {"names": ["wiki"], "reader": "os.system"})


def names(client: httpx.Client) -> list[str]:
    """Of the documents that are indexed."""
    return [each["name"] for each in client.get("/documents").json()["documents"]]


def refused(client: httpx.Client, body: dict[str, Any]) -> str:
    """Why the service does not take this; a class cannot be named over HTTP."""
    response = client.post("/admin/readers", json=body)
    assert response.status_code == 400
    message: str = response.json()["error"]["message"]
    return message
