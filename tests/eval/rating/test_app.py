"""The rating page's server: for this machine's page only."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from fastapi.testclient import TestClient

from eval.rating.app import rating_app
from eval.rating.deck import read_deck
from eval.rating.session import Ratings
from tests.eval.rating.runs import HOSTILE, three_answers, write_run

TOKEN = token_urlsafe(8)
ADDRESS = "http://127.0.0.1:8090"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "extractive-run", three_answers())


def client_of(run: Path, **headers: str) -> TestClient:
    app = rating_app(Ratings(read_deck([run], "shown", None, 0), 0), token=TOKEN)
    return TestClient(app, base_url=ADDRESS, headers={"X-Pincite-Token": TOKEN} | headers)


def answers_of(client: TestClient, rater: str = "Ada") -> list[dict[str, Any]]:
    deck = client.get("/api/deck", params={"rater": rater}).json()
    keys = [each["key"] for each in deck["answers"]]
    return [client.get(f"/api/answers/{key}", params={"rater": rater}).json() for key in keys]


def rate(client: TestClient, answer: str, item: str, value: object, rater: str = "Ada") -> Any:
    body = {"rater": rater, "answer": answer, "item": item, "value": value}
    return client.post("/api/marks", json=body)


def test_nothing_that_is_sent_says_who_wrote_an_answer(run: Path) -> None:
    client = client_of(run)
    sent = [client.get("/").text, client.get("/api/raters").text]
    sent += [str(answer) for answer in answers_of(client)]

    assert not any("extractive" in text for text in sent)


def test_judgements_are_there_again_after_a_restart(run: Path) -> None:
    before = client_of(run)
    keys = [answer["key"] for answer in answers_of(before)]
    first = keys[0]
    assert rate(before, first, "correctness", 4).json() == {"done": False}
    for item in answers_of(before)[0]["citations"]:
        assert rate(before, first, item["item"], True).status_code == 200
    rate(before, first, "completeness", 5)
    assert rate(before, first, "tone", "cannot judge").json() == {"done": True}

    after = client_of(run)

    assert [answer["key"] for answer in answers_of(after, "ADA")] == keys
    assert answers_of(after)[0]["values"]["correctness"] == 4
    assert after.get("/api/raters").json() == {
        "raters": [{"name": "Ada", "done": 1, "total": 3}],
        "total": 3,
    }
    assert answers_of(after, "Bo")[0]["values"] == {}


def test_what_is_taken_back_is_gone(run: Path) -> None:
    client = client_of(run)
    key = answers_of(client)[0]["key"]
    rate(client, key, "tone", 2)
    rate(client, key, "tone", None)

    assert answers_of(client)[0]["values"] == {}


def test_documents_and_answers_pass_as_text(run: Path) -> None:
    client = client_of(run)

    (hostile,) = [each for each in answers_of(client) if each["question"] == HOSTILE]

    assert HOSTILE in hostile["passages"][0]["text"]
    (citation,) = hostile["citations"]
    ((start, end),) = citation["spans"]
    assert hostile["passages"][0]["text"][start:end] == HOSTILE
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Host": "rating.example.com"}, 400, "wrong_host"),
        ({"Host": "127.0.0.1.example.com:8090"}, 400, "wrong_host"),
        ({"Origin": "https://example.com"}, 403, "cross_site"),
        ({"Origin": "http://127.0.0.1:1234"}, 403, "cross_site"),
        ({"Origin": "null"}, 403, "cross_site"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "cross_site"),
        ({"X-Pincite-Token": "another"}, 403, "wrong_token"),
        ({"X-Pincite-Token": ""}, 403, "wrong_token"),
    ],
)
def test_only_the_page_itself_changes_anything(
    run: Path, headers: dict[str, str], status: int, code: str
) -> None:
    key = answers_of(client_of(run))[0]["key"]

    response = rate(client_of(run, **headers), key, "tone", 5)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not (run / "ratings.jsonl").exists()


def test_answers_are_not_read_without_the_token_either(run: Path) -> None:
    client = client_of(run)
    key = answers_of(client)[0]["key"]

    response = client.get(
        f"/api/answers/{key}", params={"rater": "Ada"}, headers={"X-Pincite-Token": "no"}
    )

    assert response.status_code == 403
    assert "load this page again" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"value": 7},
        {"value": 2.5},
        {"value": [1]},
        {"item": "citation:9:9", "value": True},
        {"answer": "gone"},
        {"rater": ""},
        {"rater": "x" * 100},
        {"extra": 1},
    ],
)
def test_bad_judgements_are_refused_with_words(run: Path, change: dict[str, object]) -> None:
    client = client_of(run)
    key = answers_of(client)[0]["key"]

    body = {"rater": "Ada", "answer": key, "item": "tone", "value": 3} | change
    response = client.post("/api/marks", json=body)

    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert not (run / "ratings.jsonl").exists()
