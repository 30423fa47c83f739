"""From a folder of documents to an answer with its citation, as a newcomer runs it."""

import json
import os
from pathlib import Path
from typing import Any

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
        unknown = run_pincite("ask", QUESTION, "--document", "nothing.md", folder=folder)

    assert "30 days" in answer["text"]
    assert citation["document"] == "refund-policy.md"
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert document["version"] == citation["version"]
    assert page.headers["content-type"].startswith("text/html")
    # The command asks the service, which holds the index.
    assert (beside.returncode, beside.stderr) == (0, "")
    assert "within 30 days of delivery. [1]" in beside.stdout
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("There is no document 'nothing.md' to search in; ")
    assert (folder / "serve.log").read_text() == f"Open {address} - stop with Ctrl-C.\n"


def test_the_state_of_the_index(folder: Path) -> None:
    done = run_pincite("status", "--json", folder=folder)

    status = json.loads(done.stdout)
    assert status["documents"] == {"indexed": 21}
    assert status["failed"] == {}


def test_a_policy_that_is_replaced_while_the_service_answers(tmp_path: Path) -> None:
    """From nothing to a folder, its successor, a question as of an earlier day, and a deletion."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "meals-2025.md").write_text(meals(40, "effective_from: 2025-01-01"))

    def ask(**asked: str) -> dict[str, Any]:
        body = {"question": "How many pounds may be claimed for meals?"} | asked
        answer: dict[str, Any] = client.post("/ask", json=body).raise_for_status().json()
        return answer

    with (
        serving("--set", "ingest.watch=false", folder=tmp_path) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):
        empty = ask()
        first = run_pincite("ingest", "policies", folder=tmp_path)
        before = ask()
        replaced = "effective_from: 2026-02-01\nsupersedes: meals-2025.md"
        (policies / "meals-2026.md").write_text(meals(55, replaced))
        second = run_pincite("ingest", folder=tmp_path)
        now, earlier = ask(), ask(as_of="2026-01-31")
        deleted = run_pincite("documents", "delete", "meals-2025.md", folder=tmp_path)
        gone = ask(as_of="2026-01-31")

    assert [run.returncode for run in (first, second, deleted)] == [0, 0, 0]
    assert empty["refused"]
    assert "up to 40 pounds" in before["text"]
    assert "up to 55 pounds" in now["text"]
    assert "up to 40 pounds" in earlier["text"]
    assert earlier["notice"] == (
        "As of 2026-01-31; Meals on business trips applied until 2026-02-01."
    )
    assert gone["refused"]


def meals(pounds: int, front_matter: str) -> str:
    return (
        f"---\n{front_matter}\n---\n# Meals on business trips\n\n"
        f"Employees may claim up to {pounds} pounds a day for meals on business trips.\n"
    )
