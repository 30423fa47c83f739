"""From a folder of documents to an answer with its citation, as a newcomer runs it."""

import json
import os
from pathlib import Path

import httpx
import pytest

from tests.conftest import POLICIES
from tests.process import run_pincite, serving

QUESTION = "What are the current refund terms for Gold tier users?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which the example documents were just indexed."""
    folder = tmp_path_factory.mktemp("journey")
    documents = os.path.relpath(POLICIES, folder)
    done = run_pincite("ingest", documents, folder=folder)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "The index holds 21 documents in " in done.stdout
    return folder


def test_a_question_on_the_command_line(folder: Path) -> None:
    done = run_pincite("ask", QUESTION, folder=folder)

    assert (done.returncode, done.stderr) == (0, "")
    answer, source, *_ = done.stdout.split("\n\n")
    assert "within 30 days of delivery. [1]" in answer
    assert source.startswith("[1] refund-policy.md: ")


def test_a_question_over_http(folder: Path) -> None:
    with (
        serving(folder=folder) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):
        answer = client.post("/ask", json={"question": QUESTION}).raise_for_status().json()
        citation = answer["sentences"][0]["citations"][0]
        document = client.get(citation["url"]).raise_for_status().json()
        page = client.get("/")
        beside = run_pincite("ask", QUESTION, folder=folder)

    assert "30 days" in answer["text"]
    assert citation["document"] == "refund-policy.md"
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert page.headers["content-type"].startswith("text/html")
    assert beside.returncode == 3
    assert "Another process (pincite serve or ingest) uses the index" in beside.stderr
    assert (folder / "serve.log").read_text() == f"Open {address} - stop with Ctrl-C.\n"


def test_the_state_of_the_index(folder: Path) -> None:
    done = run_pincite("status", "--json", folder=folder)

    status = json.loads(done.stdout)
    assert status["documents"] == {"indexed": 21}
    assert status["failed"] == {}
