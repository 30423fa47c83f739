"""OpenAI's own client talks to a running service."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.process import serving

GOLD = "What are the current refund terms for Gold tier users?"


@pytest.fixture(scope="module")
def address(example_store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("serve")
    shutil.copytree(example_store_path, folder / ".pincite")
    with serving(folder=folder) as address:
        yield address


@pytest.fixture
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[openai.OpenAI]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with openai.OpenAI(
        base_url=f"{address}/v1",
        api_key="none",
        max_retries=0,
    ) as client:
        yield client


def test_it_lists_the_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["pincite", "pincite/extractive"]


def test_it_reads_an_answer_and_its_citations(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model="pincite", messages=[{"role": "user", "content": GOLD}]
    )

    content = completion.choices[0].message.content
    assert content is not None
    assert "within 30 days of delivery. [1]" in content
    assert completion.model_extra is not None
    sentence = completion.model_extra["pincite"]["sentences"][0]
    assert sentence["citations"][0]["document"] == "refund-policy.md"


def test_it_reads_the_same_answer_as_a_stream(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(
        model="pincite", messages=[{"role": "user", "content": GOLD}]
    )

    chunks = list(
        client.chat.completions.create(
            model="pincite", messages=[{"role": "user", "content": GOLD}], stream=True
        )
    )

    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert content == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    extra = chunks[-1].model_extra
    assert extra is not None
    assert extra["pincite"]["answer"]["text"] == content


def test_it_raises_its_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there are: pincite") as missing:
        client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "Hi"}])
    assert (missing.value.param, missing.value.code) == ("model", "model_not_found")

    with pytest.raises(openai.BadRequestError, match="is empty"):
        client.chat.completions.create(model="pincite", messages=[{"role": "user", "content": ""}])


def test_broken_requests_do_not_stop_the_service(address: str, client: openai.OpenAI) -> None:
    with httpx.Client(base_url=address, trust_env=False) as broken:
        assert broken.post("/ask", content=b"\xff").status_code == 400
        assert broken.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
        with broken.stream("POST", "/v1/chat/completions", json=_streamed()) as response:
            next(response.iter_lines())
    assert [model.id for model in client.models.list()] == ["pincite", "pincite/extractive"]


def _streamed() -> dict[str, object]:
    return {"model": "pincite", "stream": True, "messages": [{"role": "user", "content": GOLD}]}
