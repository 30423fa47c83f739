"""The document page in a browser: its structure, the highlighted words, and links that lead nowhere."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.service.web.conftest import HOSTILE_NAME, Visit


def fetch(page: Page, name: str) -> dict[str, Any]:
    """The document of that name as JSON."""
    documents = page.request.get("/documents").json()["documents"]
    (document_id,) = [document["id"] for document in documents if document["name"] == name]
    document: dict[str, Any] = page.request.get(f"/documents/{document_id}").json()
    return document


def open_at(page: Page, document: dict[str, Any], words: str) -> None:
    """Open the document at the offsets of these words, counted as Python counts."""
    start = document["text"].index(words)
    page.goto(f"/documents/{document['id']}?start={start}&end={start + len(words)}")


def test_headings_lists_and_table_rows_keep_their_structure(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")

    page.goto(f"/documents/{document['id']}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Refund and Returns Policy")
    expect(page.get_by_role("heading", level=2).first).to_have_text("1 What this policy is for")
    expect(page.get_by_role("heading", name="4.3 Gold tier", level=3)).to_be_visible()
    definitions = page.locator("ul:not(.table)").first.get_by_role("listitem")
    expect(definitions).to_have_count(4)
    expect(definitions.nth(1)).to_contain_text("Unused means tried on or assembled indoors")
    rows = page.locator("ul.table").first.get_by_role("listitem")
    expect(rows.nth(2)).to_contain_text("Tier: Gold; Return window: 30 days from delivery")
    expect(page).to_have_title("Refund and Returns Policy - Pincite")
    expect(page.locator("#name")).to_have_text("refund-policy.md")


def test_every_element_has_its_anchor_and_its_words(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")

    page.goto(f"/documents/{document['id']}")

    expect(page.locator("#e0")).to_be_visible()
    shown = page.evaluate(
        """anchors => anchors.map(anchor => {
          const node = document.getElementById(anchor);
          const rows = [...node.children].filter(child => child.tagName === "LI");
          return rows.length ? rows.map(row => row.textContent).join("\\n") : node.textContent;
        })""",
        [element["anchor"] for element in document["elements"]],
    )
    assert shown == [
        document["text"][element["start"] : element["end"]] for element in document["elements"]
    ]


def test_pages_of_a_pdf_are_numbered(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "product-rental-terms.pdf")

    page.goto(f"/documents/{document['id']}")

    numbers = dict.fromkeys(element["page"] for element in document["elements"])
    expect(page.locator(".page")).to_have_text([f"Page {number}" for number in numbers])


@pytest.mark.parametrize("words", ["of the request 🦓.", "12 days", "🦓🦓 Permits cost nothing."])
def test_offsets_count_characters_and_not_utf16_units(visit: Visit, words: str) -> None:
    page = visit.page
    document = fetch(page, HOSTILE_NAME)

    open_at(page, document, words)

    expect(page.locator("mark")).to_have_text([words])
    expect(page.locator("mark")).to_be_in_viewport()


def test_a_highlight_can_span_several_elements(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")
    start = document["text"].index("4.3 Gold tier")
    end = document["text"].index("No return postage is charged")

    page.goto(f"/documents/{document['id']}?start={start}&end={end}")

    expect(page.locator("mark")).to_have_count(2)
    expect(page.locator("h3 mark")).to_have_text("4.3 Gold tier")
    expect(page.locator("p mark")).to_contain_text("within 30 days of delivery.")


def test_markup_in_a_document_is_shown_as_text(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, HOSTILE_NAME)

    page.goto(f"/documents/{document['id']}")

    article = page.get_by_role("article")
    expect(article).to_contain_text('<script>alert("block")</script>')
    expect(article).to_contain_text('<img src=x onerror=alert("block")>')
    expect(article).to_contain_text("<img src=x onerror=\"alert('sentence')\">")
    expect(page.locator("#name")).to_have_text(HOSTILE_NAME)
    expect(article.locator("img, script, b")).to_have_count(0)


def test_the_page_survives_leaving_it_and_coming_back(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")
    open_at(page, document, "within 30 days of delivery")
    expect(page.locator("mark")).to_be_visible()

    page.get_by_role("link", name="Ask a question").click()
    expect(page.get_by_label("Your question")).to_be_visible()
    page.go_back()

    expect(page.locator("mark")).to_have_text("within 30 days of delivery")


def test_a_place_that_is_not_in_the_document_is_said_to_be_missing(visit: Visit) -> None:
    page = visit.page
    document = fetch(page, "refund-policy.md")

    page.goto(f"/documents/{document['id']}?start=900000&end=900010")

    expect(page.get_by_role("status")).to_contain_text("The place this link points to is not in")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_an_unknown_document_leads_back_to_the_questions(visit: Visit) -> None:
    page = visit.page

    response = page.goto("/documents/none")

    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("status")).to_contain_text("There is no such document here.")
    visit.expect_problem("status of 404")
    page.get_by_role("link", name="Back to the questions").click()
    expect(page.get_by_label("Your question")).to_be_visible()
