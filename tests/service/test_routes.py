"""Over HTTP: answers, documents, and for every broken request an error that says what to change."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from generator.slot import MODELS
from service.app import create_app
from service.assemble import Assembled
from service.settings import Settings

GOLD = "What are the current refund terms for Gold tier users?"
OFF_SUBJECT = "What is the capital of Mongolia?"
# TestClient's own, from whichever of httpx and httpx2 it runs on.
Response = Any
THIRTY_DAYS = (
    "Gold tier users receive a full refund to the original payment method when an item is returned "
    "within 30 days of delivery."
)
OFF_TOPIC = "What is the capital of Mongolia?"


@pytest.fixture(scope="module")
def client(service: Assembled) -> Iterator[TestClient]:
    with TestClient(create_app(service, Settings()), base_url="http://127.0.0.1") as client:
        yield client


def ask(client: TestClient, question: str) -> dict[str, Any]:
    response = client.post("/ask", json={"question": question})
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def chat(client: TestClient, **request: Any) -> Response:
    message = {"role": "user", "content": GOLD}
    return client.post(
        "/v1/chat/completions", json={"model": "pincite", "messages": [message]} | request
    )


def error_of(response: Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert list(response.json()) == ["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["type"] == "invalid_request_error"
    return error


def documents_by_name(client: TestClient) -> dict[str, dict[str, Any]]:
    return {document["name"]: document for document in client.get("/documents").json()["documents"]}


def test_an_answer_cites_the_document_that_says_it(client: TestClient) -> None:
    answer = ask(client, f"  {GOLD}\n")

    assert (answer["question"], answer["refused"], answer["nearest"]) == (GOLD, False, [])
    assert f"{THIRTY_DAYS} [1]" in answer["text"]
    first = answer["sentences"][0]
    assert (first["text"], first["verdict"], first["score"]) == (THIRTY_DAYS, "supported", 1.0)
    (citation,) = first["citations"]
    assert citation["document"] == "refund-policy.md"
    assert citation["heading_path"][-1] == "4.3 Gold tier"
    assert citation["quote"] == THIRTY_DAYS
    assert citation["url"] == (
        f"/documents/{citation['document_id']}?version={citation['version']}"
        f"&start={citation['start']}&end={citation['end']}"
    )
    document = client.get(citation["url"]).json()
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]


def test_a_follow_up_question_is_answered_in_its_conversation(client: TestClient) -> None:
    said = [{"role": "user", "text": GOLD}, {"role": "assistant", "text": f"{THIRTY_DAYS} [1]"}]
    body = {"question": "And for Silver?", "conversation": said}

    answer = client.post("/ask", json=body).json()

    assert answer["question"] == "And for Silver?"
    assert answer["standalone"] == "What are the current refund terms for Silver tier users?"
    assert answer["sentences"][0]["citations"][0]["heading_path"][-1] == "4.2 Silver tier"
    assert ask(client, GOLD)["standalone"] == GOLD


def test_a_chat_completion_understands_a_follow_up(client: TestClient) -> None:
    messages = [
        {"role": "system", "content": "And for Bronze?"},
        {"role": "user", "content": GOLD},
        {"role": "assistant", "content": f"{THIRTY_DAYS} [1]"},
        {"role": "user", "content": "And for Silver?"},
    ]

    answer = chat(client, messages=messages).json()["pincite"]
    without_text = chat(client, messages=[{"role": "user"}, *messages[3:]]).json()["pincite"]

    assert answer["standalone"] == "What are the current refund terms for Silver tier users?"
    assert "Silver tier users receive a full refund" in answer["text"]
    assert without_text["standalone"] == "And for Silver?"


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "system", "text": "x"},
        {"role": "user"},
        {"role": "user", "text": "x", "name": "y"},
        {"role": "user", "text": None},
    ],
)
def test_an_earlier_turn_that_is_none_is_refused(client: TestClient, turn: dict[str, Any]) -> None:
    response = client.post("/ask", json={"question": GOLD, "conversation": [turn]})

    assert response.status_code == 400
    assert (error_of(response)["param"] or "").startswith("conversation")


def test_half_a_character_in_an_earlier_turn_does_no_harm(client: TestClient) -> None:
    body = (
        r'{"question": "And for Silver?", "conversation": [{"role": "user", "text": "\ud800 %s"}]}'
    )

    response = client.post(
        "/ask", content=body % GOLD, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 200
    assert "Silver tier users" in response.json()["standalone"]


def test_a_question_off_the_subject_is_refused(client: TestClient) -> None:
    answer = ask(client, OFF_TOPIC)

    assert (answer["refused"], answer["sentences"]) == (True, [])
    assert len(answer["nearest"]) == 3
    assert answer["text"].startswith("No passage in the documents answers this question.")


def asked_within(client: TestClient, *, question: str = GOLD, **within: object) -> dict[str, Any]:
    response = client.post("/ask", json={"question": question, "within": within})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_an_answer_comes_from_the_documents_it_was_asked_of(client: TestClient) -> None:
    ids = {name: each["id"] for name, each in documents_by_name(client).items()}

    for name in ("refund-policy.md", ids["refund-policy.md"], "Refund and Returns Policy"):
        answer = asked_within(client, documents=[name])
        assert f"{THIRTY_DAYS} [1]" in answer["text"]
        assert {each["document"] for each in answer["passages"]} == {"refund-policy.md"}
        assert answer["notice"] is None


def test_a_refusal_says_where_alone_it_was_searched(client: TestClient) -> None:
    answer = asked_within(
        client,
        question=OFF_SUBJECT,
        documents=["shipping-and-delivery.html"],
        languages=["en"],
    )

    assert answer["refused"]
    assert {each["document"] for each in answer["nearest"]} == {"shipping-and-delivery.html"}
    assert answer["text"].startswith(
        "No passage in the documents answers this question. Searched in Shipping and Delivery and "
        "documents in the language en only. The nearest"
    )


def test_a_question_that_names_a_document_is_answered_from_it_and_says_so(
    client: TestClient,
) -> None:
    answer = ask(client, "In the refund policy, what are the refund terms for Gold tier users?")

    assert {each["document"] for each in answer["passages"]} == {"refund-policy.md"}
    assert answer["notice"] == "Searched in Refund and Returns Policy only."
    assert answer["text"].endswith(" (Searched in Refund and Returns Policy only.)")


def test_a_refusal_says_that_the_question_was_narrowed(client: TestClient) -> None:
    answer = ask(client, "In the privacy notice, what is the capital of Mongolia?")

    assert answer["refused"]
    assert "Searched in Privacy Notice only." in answer["text"]
    assert {each["document"] for each in answer["nearest"]} == {"privacy-notice.html"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_completion_takes_the_same_filter(client: TestClient, stream: bool) -> None:
    within = {"documents": ["shipping-and-delivery.html"]}
    asked = [{"role": "user", "content": OFF_SUBJECT}]
    response = chat(client, within=within, stream=stream, messages=asked)

    answer = events(response)[-1]["pincite"]["answer"] if stream else response.json()["pincite"]
    assert answer["refused"]
    assert "Searched in Shipping and Delivery only." in answer["text"]


@pytest.mark.parametrize(
    ("within", "param", "says"),
    [
        ({"documents": ["nothing.md"]}, None, "There is no document 'nothing.md'"),
        ({"tags": ["nothing"]}, None, "No document has the tag 'nothing'; there are none."),
        ({"languages": ["xx"]}, None, "No document is in the language 'xx'; there are: en."),
        ({"sources": ["nothing"]}, None, "No document comes from a source 'nothing'"),
        ({"document": ["refund-policy.md"]}, "within.document", "within.document: Extra inputs"),
        ({"documents": "refund-policy.md"}, "within.documents", "a valid list"),
        ({"documents": [""]}, "within.documents.0", "at least 1 character"),
        ({"tags": ["a"] * 101}, "within.tags", "at most 100 items"),
        ({"tags": [5]}, "within.tags.0", "a valid string"),
        ([], "within", "within: "),
    ],
)
@pytest.mark.parametrize("stream", [None, False, True], ids=["ask", "chat", "stream"])
def test_a_filter_of_nothing_known_is_refused(
    client: TestClient, stream: bool | None, within: object, param: str | None, says: str
) -> None:
    if stream is None:
        response = client.post("/ask", json={"question": GOLD, "within": within})
    else:
        response = chat(client, within=within, stream=stream)

    error = error_of(response)
    assert response.status_code == 400
    assert error["param"] == param
    assert says in error["message"]


def test_a_chat_completion_is_the_same_answer_in_openais_format(client: TestClient) -> None:
    body = chat(client).json()
    answer = ask(client, GOLD)

    assert body["object"] == "chat.completion"
    assert body["model"] == "pincite"
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": answer["text"]},
            "finish_reason": "stop",
        }
    ]
    assert body["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    unchecked = [sentence | {"checks": []} for sentence in answer["sentences"]]
    assert body["pincite"]["sentences"] == unchecked


def test_an_answer_says_which_passages_were_checked(client: TestClient) -> None:
    first = ask(client, GOLD)["sentences"][0]

    assert first["correction"] is None
    (check,) = first["checks"]
    assert check == {
        "number": first["citations"][0]["number"],
        "score": 1.0,
        "quote": first["citations"][0]["quote"],
        "features": {"quoted": 1.0},
        "findings": [],
    }


def events(response: Response) -> list[dict[str, Any]]:
    *lines, done = [line for line in response.text.split("\n\n") if line]
    assert done == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("question", [GOLD, OFF_TOPIC])
def test_a_stream_adds_up_to_the_completion(client: TestClient, question: str) -> None:
    messages = [{"role": "user", "content": question}]
    response = chat(client, messages=messages, stream=True)
    whole = chat(client, messages=messages).json()

    chunks = events(response)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    choices = [chunk["choices"][0] for chunk in chunks]
    content = "".join(choice["delta"].get("content", "") for choice in choices)
    assert content == whole["choices"][0]["message"]["content"]
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(chunks) - 1) + ["stop"]
    assert [chunk["pincite"]["sentence"] for chunk in chunks[1:-1]] == whole["pincite"]["sentences"]
    assert chunks[-1]["pincite"]["answer"]["text"] == content


@pytest.mark.parametrize(
    "content",
    [
        GOLD,
        [{"type": "text", "text": GOLD}],
        [{"type": "text", "text": GOLD[:20]}, {"type": "text", "text": GOLD[20:]}],
    ],
)
def test_content_may_come_in_parts(client: TestClient, content: object) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello", "name": "me"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "user", "content": content},
    ]

    body = chat(client, messages=messages, temperature=0.2, max_tokens=5, n=1).json()

    assert "30 days" in body["choices"][0]["message"]["content"]


def test_models_are_listed(client: TestClient) -> None:
    body = client.get("/v1/models").json()

    assert body["object"] == "list"
    assert [model["id"] for model in body["data"]] == list(MODELS)
    assert all(chat(client, model=model).status_code == 200 for model in MODELS)


def test_every_document_is_listed_with_its_state(client: TestClient) -> None:
    documents = documents_by_name(client)

    assert len(documents) == 21
    policy = documents["refund-policy.md"]
    assert policy == policy | {
        "title": "Refund and Returns Policy",
        "state": "indexed",
        "error": None,
    }


def test_a_document_has_its_text_and_elements(client: TestClient) -> None:
    document_id = documents_by_name(client)["refund-policy.md"]["id"]

    document = client.get(f"/documents/{document_id}").json()

    texts = {
        document["text"][element["start"] : element["end"]]: element
        for element in document["elements"]
    }
    assert texts["4.3 Gold tier"]["kind"] == "title"
    assert texts["4.3 Gold tier"]["heading_path"] == [
        "Refund and Returns Policy",
        "4 Refund terms by membership tier",
        "4.3 Gold tier",
    ]
    anchors = [element["anchor"] for element in document["elements"]]
    assert anchors == [f"e{number}" for number in range(len(anchors))]


def test_a_browser_gets_the_page_of_a_document(client: TestClient) -> None:
    document_id = documents_by_name(client)["refund-policy.md"]["id"]

    response = client.get(f"/documents/{document_id}", headers={"Accept": "text/html,*/*;q=0.8"})

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["vary"] == "Accept"


def test_the_service_says_that_it_lives_and_what_it_serves(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["encoder"], ready["worker"]) == ("ready", "bundled", None)
    assert ready["generation"] == "g0001"
    assert ready["passages"] > 400


def test_the_description_has_examples_that_work(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    question = schemas["Ask"]["properties"]["question"]["examples"][0]
    request = schemas["ChatRequest"]["examples"][0]

    assert not ask(client, question)["refused"]
    assert client.post("/v1/chat/completions", json=request).status_code == 200


Request = Callable[[TestClient], Response]


def posted(path: str, **request: Any) -> Request:
    return lambda client: client.post(path, **request)


def sent(content: bytes) -> Request:
    json_header = {"Content-Type": "application/json"}
    return lambda client: client.post("/ask", content=content, headers=json_header)


def chatted(**request: Any) -> Request:
    return lambda client: chat(client, **request)


def message(content: object, role: str = "user") -> list[dict[str, object]]:
    return [{"role": role, "content": content}]


@pytest.mark.parametrize(
    ("request_", "status", "param", "code", "says"),
    [
        (posted("/ask", json={"question": ""}), 400, "question", "empty", "write what you want"),
        (posted("/ask", json={"question": " \n"}), 400, "question", "empty", "is empty"),
        (
            posted("/ask", json={"question": "a" * 100_000}),
            400,
            "question",
            "too_long",
            "at most 4,000",
        ),
        (posted("/ask", json={"question": 5}), 400, "question", "invalid_request", "valid string"),
        (
            posted("/ask", json={"question": None}),
            400,
            "question",
            "invalid_request",
            "valid string",
        ),
        (posted("/ask", json={}), 400, "question", "invalid_request", "question: Field required"),
        (posted("/ask", json=["x"]), 400, None, "invalid_request", "body: "),
        (posted("/ask", json={"question": "x", "q": 1}), 400, "q", "invalid_request", "q: Extra"),
        (sent(b'{"question": '), 400, None, "invalid_request", "not valid JSON"),
        (sent(b""), 400, None, "invalid_request", "body: Field required"),
        (sent(b'"\xff"'), 400, None, None, "parsing the body"),
        (sent(b"[" * 100_000), 400, None, None, "parsing the body"),
        (
            sent(b'{"question": "\\ud800 refund"}'),
            400,
            "question",
            "invalid_request",
            "surrogate",
        ),
        (
            sent(b" " * 2_000_001),
            413,
            None,
            "too_large",
            "2,000,000 bytes: send less",
        ),
        (
            chatted(model="gpt-5"),
            404,
            "model",
            "model_not_found",
            "there are: pincite, pincite/extractive",
        ),
        (chatted(messages=[]), 400, "messages", "invalid_request", "at least 1 item"),
        (
            chatted(messages=message("Hi", "system")),
            400,
            "messages",
            None,
            "No message has the role 'user'",
        ),
        (
            chatted(messages=message("Hi", "robot")),
            400,
            "messages.0.role",
            "invalid_request",
            "'user'",
        ),
        (chatted(messages=message("")), 400, "messages", "empty", "is empty"),
        (chatted(messages=message(None)), 400, "messages", "empty", "is empty"),
        (chatted(messages=message([])), 400, "messages", "empty", "is empty"),
        (chatted(messages=message("a" * 100_000)), 400, "messages", "too_long", "Shorten it"),
        (chatted(messages=message("")[:1], stream=True), 400, "messages", "empty", "is empty"),
        (chatted(messages="Hello"), 400, "messages", "invalid_request", "valid list"),
        (chatted(stream="maybe"), 400, "stream", "invalid_request", "valid boolean"),
        (
            lambda client: client.get("/documents/none"),
            404,
            None,
            "not_found",
            "GET /documents lists them",
        ),
        (lambda client: client.get("/nowhere"), 404, None, None, "GET /nowhere"),
        (lambda client: client.get("/ask"), 405, None, None, "no GET /ask"),
        (
            lambda client: client.get("/healthz", headers={"Host": "evil.example"}),
            400,
            None,
            "wrong_host",
            "127.0.0.1",
        ),
    ],
)
def test_a_broken_request_is_told_what_to_change(
    client: TestClient,
    request_: Request,
    status: int,
    param: str | None,
    code: str | None,
    says: str,
) -> None:
    response = request_(client)

    assert response.status_code == status
    error = error_of(response)
    assert (error["param"], error["code"]) == (param, code)
    assert says in error["message"]
    assert client.get("/readyz").status_code == 200


def test_a_body_without_its_content_type_is_told_the_header(client: TestClient) -> None:
    error = error_of(client.post("/ask", content=b'{"question": "Why?"}'))

    assert "Content-Type: application/json" in error["message"]


def test_an_image_is_refused_with_the_place_of_the_part(client: TestClient) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:"}}

    error = error_of(chat(client, messages=message([part])))

    assert error["param"].startswith("messages.0.content")
    assert "'text'" in error["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost", "LOCALHOST:1", "[::1]:8420"])
def test_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_method_that_is_not_allowed_says_which_are(client: TestClient) -> None:
    assert client.get("/ask").headers["allow"] == "POST"


@pytest.mark.parametrize("question", ["\0", "{}", "[1]", "?" * 4000, "🏔" * 50, "﷽ ‮ refund", "<b>"])
def test_odd_questions_are_answered_or_refused(client: TestClient, question: str) -> None:
    assert ask(client, question)["question"] == question


def test_nothing_from_elsewhere_is_loaded_or_framed(client: TestClient) -> None:
    for path in ("/", "/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_what_fails_inside_is_a_server_error_and_the_next_request_is_answered(
    service: Assembled, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(service, Settings())
    with (
        TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client,
        monkeypatch.context() as patch,
    ):
        patch.setattr("service.pipeline.Pipeline.answer", _fail)
        response = client.post("/ask", json={"question": GOLD})
        patch.undo()

        assert response.status_code == 500
        assert response.json()["error"] == {
            "message": "The service failed at this request; its log says why.",
            "type": "server_error",
            "param": None,
            "code": None,
        }
        assert not ask(client, GOLD)["refused"]


def test_a_failure_in_midstream_ends_in_an_error_event(
    service: Assembled, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create_app(service, Settings()), base_url="http://127.0.0.1") as client:
        monkeypatch.setattr("service.pipeline.Pipeline.stream", _break_off)
        *_, error, done = chat(client, stream=True).text.strip().split("\n\n")

    assert json.loads(error.removeprefix("data: "))["error"] == {
        "message": "The service failed at this answer; its log says why.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert done == "data: [DONE]"


def _break_off(*_: object) -> Iterator[float]:
    yield from (1 / number for number in (0,))


def _fail(*_: object) -> None:
    raise RuntimeError("the secret path /root")


def test_eight_at_once_get_what_they_get_one_by_one(client: TestClient) -> None:
    questions = [
        GOLD,
        OFF_TOPIC,
        "Can I send back a tent I've already slept in?",
        "How long is the warranty on a rucksack?",
        "Who approves a purchase of 20,000 pounds?",
        "How long is camera footage kept in shops?",
        "Is a helmet in opened packaging refunded?",
        "What is the referral bonus for head office roles?",
    ]

    def answer(question: str) -> dict[str, Any]:
        return {k: v for k, v in ask(client, question).items() if k != "timings_s"}

    one_by_one = [answer(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(answer, questions))

    assert at_once == one_by_one
