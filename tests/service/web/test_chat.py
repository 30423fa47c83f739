"""The chat page in a browser: ask, read the sources, and what is shown when it does not work out."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from service.routes.web import WEB
from tests.service.web.conftest import Visit

GOLD = "What are the current refund terms for Gold tier users?"
GOLD_SENTENCE = (
    "Gold tier users receive a full refund to the original payment method when an item is returned "
    "within 30 days of delivery."
)
UNANSWERABLE = "Who won the football world cup in 1998?"
API = "**/v1/chat/completions"


def ask(page: Page, question: str) -> Locator:
    """Ask by keyboard; the finished turn."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    turn = page.get_by_role("article").last
    expect(turn.get_by_role("heading", name=question, exact=True)).to_be_visible()
    expect(turn).not_to_have_attribute("aria-busy", "true")
    return turn


def serve_events(page: Page, *events: dict[str, Any]) -> None:
    """Let these `pincite` fields be the service's next answers, each cut off after the last."""
    body = "".join(f"data: {json.dumps({'pincite': event})}\n\n" for event in events)
    page.route(API, lambda route: route.fulfill(content_type="text/event-stream", body=body))


def sentence(text: str, verdict: str = "supported") -> dict[str, Any]:
    return {"sentence": {"text": text, "verdict": verdict, "score": 0, "citations": []}}


def answer(text: str, **fields: Any) -> dict[str, Any]:
    return {"answer": {"text": text, "refused": False, "passages": [], "nearest": []} | fields}


def test_an_answer_shows_the_words_that_support_it(visit: Visit) -> None:
    page = visit.page
    page.goto("/")

    turn = ask(page, GOLD)

    first = turn.locator(".sentence").first
    expect(first).to_contain_text(GOLD_SENTENCE)
    first.get_by_role("button", name="Source 1: Refund and Returns Policy").click()
    source = page.get_by_role("complementary", name="Refund and Returns Policy")
    expect(source.locator("mark")).to_have_text(GOLD_SENTENCE)
    expect(source).to_contain_text("4 Refund terms by membership tier › 4.3 Gold tier")
    expect(source).to_contain_text("refund-policy.md")
    expect(source.locator("blockquote")).to_contain_text("No return postage is charged")


def test_the_link_of_a_source_opens_the_document_at_its_words(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    ask(page, GOLD).get_by_role("button", name="Source 1: ").first.click()

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open in the document").click()

    document = opened.value
    expect(document.locator("mark")).to_have_text(GOLD_SENTENCE)
    expect(document.locator("mark")).to_be_in_viewport(ratio=1)
    expect(document.get_by_role("heading", level=1)).to_have_text("Refund and Returns Policy")


def test_every_source_is_listed_and_opens_too(visit: Visit) -> None:
    page = visit.page
    page.goto("/")

    turn = ask(page, GOLD)

    numbers = turn.locator(".sentence button").all_inner_texts()
    listed = turn.locator(".sources .n").all_inner_texts()
    assert listed == [text.strip("[]") for text in dict.fromkeys(numbers)]
    turn.locator(".sources button").first.click()
    expect(page.locator("#source mark")).to_have_text(GOLD_SENTENCE)


def test_the_source_stands_beside_on_wide_screens_and_below_on_narrow_ones(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    number = ask(page, GOLD).get_by_role("button", name="Source 1: ").first
    number.click()

    def boxes() -> tuple[Any, Any]:
        return number.bounding_box(), page.locator("#source").bounding_box()

    mark, source = boxes()
    assert source["x"] > mark["x"] + mark["width"]
    page.set_viewport_size({"width": 390, "height": 844})
    mark, source = boxes()
    assert (source["x"], source["width"]) == (0, 390)
    assert source["y"] > mark["y"] + mark["height"]
    expect(page.locator("#source mark")).to_be_in_viewport()


def test_what_no_passage_answers_is_refused_calmly(visit: Visit) -> None:
    page = visit.page
    page.goto("/")

    turn = ask(page, UNANSWERABLE)

    expect(turn).to_contain_text("No passage in the documents answers this question.")
    nearest = turn.get_by_role("link")
    expect(nearest).to_have_count(3)
    assert (nearest.first.get_attribute("href") or "").startswith("/documents/")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(turn.locator(".sentence")).to_have_count(0)


def test_earlier_turns_stay_and_are_sent_along(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    ask(page, GOLD)

    with page.expect_request(API) as sent:
        ask(page, UNANSWERABLE)

    messages = json.loads(sent.value.post_data or "")["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[0]["content"] == GOLD
    assert messages[1]["content"].startswith(f"{GOLD_SENTENCE} [1]")
    expect(page.get_by_role("article")).to_have_count(2)


def test_a_follow_up_shows_how_it_was_understood(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    ask(page, GOLD)

    turn = ask(page, "And for Silver?")

    expect(turn.locator(".understood")).to_have_text(
        "Understood as: What are the current refund terms for Silver tier users?"
    )
    expect(turn).to_contain_text("Silver tier users receive a full refund")
    expect(page.locator(".understood")).to_have_count(1)


def test_how_a_question_was_understood_is_shown_as_text(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    hostile = "What of <img src=x onerror=alert(1)>?"
    serve_events(page, answer("Said.", question="And?", standalone=hostile))

    turn = ask(page, "And?")

    expect(turn.locator(".understood")).to_have_text(f"Understood as: {hostile}")
    expect(turn.locator("img")).to_have_count(0)


def test_an_example_question_is_asked_with_one_click(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    expect(page.get_by_role("list", name="Example questions").get_by_role("button")).to_have_count(
        3
    )

    page.get_by_role("button", name=GOLD).click()

    expect(page.get_by_role("article")).to_contain_text("30 days")
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_hidden()


def test_the_page_works_by_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()

    page.keyboard.type("What are the refund terms")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("for Gold tier users?")
    expect(box).to_have_value("What are the refund terms\nfor Gold tier users?")
    expect(page.get_by_role("article")).to_have_count(0)
    page.keyboard.press("Enter")
    number = page.get_by_role("button", name="Source 1: ").first
    number.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Refund and Returns Policy")).to_be_focused()
    expect(number).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(number).to_be_focused()


def test_a_running_question_can_be_stopped(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.route(API, lambda _: None)
    page.get_by_label("Your question").fill(GOLD)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
    expect(page.locator("form")).to_have_attribute("aria-busy", "true")

    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_role("article")).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        ("unsupported", "not supported by the documents"),
        ("uncited", "not supported by the documents"),
        ("fabricated", "cites a source that does not exist"),
    ],
)
def test_a_sentence_without_support_is_struck_through(visit: Visit, verdict: str, why: str) -> None:
    page = visit.page
    page.goto("/")
    serve_events(page, sentence("Said."), sentence("Made up.", verdict), answer("Said. Made up."))

    turn = ask(page, GOLD)

    struck = turn.locator("s")
    expect(struck).to_have_text("Made up.")
    expect(struck).to_have_css("text-decoration-line", "line-through")
    assert struck.get_attribute("title") == f"This sentence is {verdict}: {why}"
    expect(turn.locator(".verdict")).to_have_text(why)


def test_a_corrected_citation_says_what_was_corrected(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    corrected = sentence("Said.")
    corrected["sentence"]["correction"] = "cited [2], supported by [1]"
    serve_events(page, sentence("Said."), corrected, answer("Said. Said."))

    turn = ask(page, GOLD)

    note = turn.locator(".correction")
    expect(note).to_have_text("citation corrected: cited [2], supported by [1]")
    assert note.get_attribute("title") == ("The draft of this answer cited [2], supported by [1].")


def test_an_answer_that_is_refused_at_its_end_takes_back_what_came_before(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    reason = "Answers cannot be verified at the moment, so none is shown. Ask again later."
    serve_events(page, sentence("Said."), answer(reason, refused=True, reason=reason))

    turn = ask(page, GOLD)

    expect(turn).to_contain_text(reason)
    expect(turn.locator(".sentence")).to_have_count(0)


def test_an_answer_that_breaks_off_says_so_and_can_be_asked_again(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    serve_events(page, sentence("Half of it."))

    turn = ask(page, GOLD)

    expect(turn).to_contain_text("This answer is not complete.")
    expect(page.get_by_role("alert")).to_contain_text("broke before the answer was complete")
    expect(page.get_by_label("Your question")).to_have_value(GOLD)
    page.unroute(API)
    expect(ask(page, GOLD)).to_contain_text("30 days")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_rejected_question_shows_the_services_message(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    question = "a" * 4001
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text(
        "The question has 4,001 characters; at most 4,000 are taken. Shorten it."
    )
    expect(page.get_by_label("Your question")).to_have_value(question)
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    visit.expect_problem("status of 400")


@pytest.fixture
def stopping_server() -> Iterator[tuple[str, Callable[[], None]]]:
    """The page's address on a server of its own, and what stops that server."""
    handler = partial(SimpleHTTPRequestHandler, directory=WEB.parent)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    yield f"http://127.0.0.1:{server.server_port}/web/index.html", stop
    stop()


def test_a_stopped_service_is_reported_and_the_question_kept(
    visit: Visit, stopping_server: tuple[str, Callable[[], None]]
) -> None:
    page = visit.page
    address, stop = stopping_server
    page.goto(address)
    stop()

    page.get_by_label("Your question").fill(GOLD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text(
        "The service cannot be reached. Check that it is running, then try again."
    )
    expect(page.get_by_label("Your question")).to_have_value(GOLD)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    visit.expect_problem("ERR_CONNECTION_REFUSED")
    visit.requests.clear()


def test_a_hostile_document_is_quoted_as_text(visit: Visit) -> None:
    page = visit.page
    page.goto("/")

    turn = ask(page, "Within how many days are zebra permits issued?")

    words = (
        "Zebra permits are issued within 12 days "
        "<img src=x onerror=\"alert('sentence')\"> of the request 🦓."
    )
    number = turn.locator(".sentence", has_text="12 days").get_by_role("button").first
    expect(turn.locator(".sentence", has_text="12 days")).to_contain_text(words)
    number.click()
    source = page.locator("#source")
    expect(source.locator("mark")).to_have_text(words)
    expect(source).to_contain_text('Zebra permits 🦓 <script>alert("title")</script>')
    expect(source).to_contain_text("zebra <img src=x onerror=alert(1)>.md")
    expect(page.locator("img:not(.brand img), article script, #source script")).to_have_count(0)
