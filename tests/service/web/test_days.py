"""Asking as of a day, and what the pages say of documents that no longer apply or have changed."""

import json
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.service.web.conftest import Visit
from tests.service.web.test_chat import (
    API,
    GOLD,
    GOLD_SENTENCE,
    answer,
    ask,
    sentence,
    serve_events,
)
from tests.service.web.test_document import fetch

OVER = (date.today() - timedelta(days=1)).isoformat()
TO_COME = (date.today() + timedelta(days=1)).isoformat()


def citation(**fields: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "document_id": "old",
        "document": "travel-2025.md",
        "title": "Travel 2025",
        "valid_from": None,
        "valid_until": None,
        "same_text": [],
        "heading_path": ["Travel 2025"],
        "page": None,
        "start": 0,
        "end": 5,
        "quote": "Forty",
        "url": "/documents/old",
    } | fields


def serve_citation(page: Page, cited: dict[str, Any]) -> None:
    event = sentence("Forty pounds.")
    event["sentence"]["citations"] = [cited]
    serve_events(page, event, answer("Forty pounds. [1]"))


def serve_document(page: Page, document: dict[str, Any]) -> None:
    """Let this be what the service says of the document."""
    page.route(
        f"**/documents/{document['id']}*",
        lambda route: (
            route.continue_()
            if route.request.resource_type == "document"
            else route.fulfill(json=document)
        ),
    )


def test_the_day_is_sent_with_the_question_and_told_with_the_answer(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.get_by_label("As of").fill("2026-03-01")

    with page.expect_request(API) as sent:
        turn = ask(page, GOLD)

    assert json.loads(sent.value.post_data or "")["as_of"] == "2026-03-01"
    expect(turn).to_contain_text(GOLD_SENTENCE)
    expect(turn.locator(".notice")).to_have_text("As of 2026-03-01.")


def test_without_a_day_nothing_is_said_of_one(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.get_by_label("As of").fill("2026-03-01")
    page.get_by_role("button", name="Today").click()

    with page.expect_request(API) as sent:
        turn = ask(page, GOLD)

    assert json.loads(sent.value.post_data or "")["as_of"] is None
    expect(turn.locator(".notice")).to_have_count(0)
    expect(page.get_by_role("button", name="Today")).to_be_hidden()


def test_a_day_half_typed_is_asked_about_before_the_question_is_sent(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    page.get_by_label("As of").press("0")

    page.get_by_label("Your question").fill(GOLD)
    page.keyboard.press("Enter")

    expect(page.get_by_label("As of")).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value(GOLD)


def test_a_source_that_no_longer_applies_is_marked_where_it_is_named(visit: Visit) -> None:
    page = visit.page
    serve_citation(page, citation(valid_until=OVER))
    page.goto("/")

    turn = ask(page, "How much?")

    expect(turn.locator(".sources .over")).to_have_text(f"applied only until {OVER}")
    turn.get_by_role("button", name="Source 1: ").first.click()
    source = page.get_by_role("complementary", name="Travel 2025")
    expect(source.locator(".notice")).to_have_text(f"This document applied only until {OVER}.")


def test_a_source_that_applies_is_not_marked(visit: Visit) -> None:
    page = visit.page
    serve_citation(page, citation(valid_from=OVER, valid_until=TO_COME))
    page.goto("/")

    turn = ask(page, "How much?")

    expect(turn.locator(".sources")).to_have_text("Sources1Travel 2025")


def test_documents_with_the_same_text_are_named_beside_it(visit: Visit) -> None:
    page = visit.page
    twins = [
        {"document_id": "a/b", "document": "copy.md", "title": "Travel <b>2025</b>"},
        {"document_id": "c", "document": "old copy.md", "title": "Travel 2025"},
    ]
    serve_citation(page, citation(same_text=twins))
    page.goto("/")

    ask(page, "How much?").get_by_role("button", name="Source 1: ").first.click()

    same = page.locator("#source .same")
    expect(same.get_by_role("heading")).to_have_text("Same text in:")
    expect(same.get_by_role("link").first).to_have_attribute("href", "/documents/a%2Fb")
    expect(same.get_by_role("listitem")).to_have_text(
        [
            "Travel <b>2025</b> (in a new tab)copy.md",
            "Travel 2025 (in a new tab)old copy.md",
        ]
    )


def test_a_link_to_a_text_that_is_no_longer_kept_marks_nothing(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")

    page.goto(f"/documents/{document['id']}?version=gone&start=0&end=6")

    expect(page.locator("#notice")).to_contain_text("The text has changed since this link was made")
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund and Returns Policy")
    expect(page.locator("mark")).to_have_count(0)


def test_a_link_to_the_text_as_it_is_marks_its_words(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")
    assert document["version"] == document["current_version"]

    page.goto(f"/documents/{document['id']}?version={document['version']}&start=0&end=6")

    expect(page.locator("mark")).to_have_text("Refund")
    expect(page.locator("#notice")).to_be_hidden()


def test_an_earlier_text_that_is_kept_says_that_it_is_one(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md") | {"version": "earlier"}
    serve_document(page, document)

    page.goto(f"/documents/{document['id']}?version=earlier&start=0&end=6")

    expect(page.locator("mark")).to_have_text("Refund")
    expect(page.locator("#notice")).to_have_text(
        "This is an earlier text of the document. Read it as it is now."
    )


def test_a_superseded_document_says_so_and_leads_to_the_one_that_replaced_it(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md") | {"valid_until": OVER, "superseded_by": "new"}
    serve_document(page, document)

    page.goto(f"/documents/{document['id']}")

    expect(page.locator("#notice .over")).to_have_text(f"This document applied only until {OVER}.")
    link = page.get_by_role("link", name="Read what replaced it")
    expect(link).to_have_attribute("href", "/documents/new")


def test_a_document_that_will_be_superseded_says_until_when_it_applies(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md") | {"valid_until": TO_COME, "superseded_by": "new"}
    serve_document(page, document)

    page.goto(f"/documents/{document['id']}")

    expect(page.locator("#notice")).to_have_text(
        f"This document applies until {TO_COME}. Read what replaces it."
    )
    expect(page.locator("#notice .over")).to_have_count(0)
