"""Text files laid out for print."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.pages import without_page_edges


def test_headers_footers_and_page_numbers_go_and_a_sentence_is_put_together() -> None:
    pages = [
        f"Leave policy            Draft\n\n{text}\n\nAnn Smith              [Page {number}]\n"
        for number, text in enumerate(
            ["Ring us before nine in the morning, and", "say how long.", "Come back.", "Done."], 1
        )
    ]
    assert without_page_edges("\f".join(pages)) == (
        "Ring us before nine in the morning, and\nsay how long.\n\nCome back.\n\nDone."
    )


def test_lines_that_differ_stay() -> None:
    assert without_page_edges("One.\n\n1\fTwo.\n\n2\fThree.\n\n3") == "One.\n\nTwo.\n\nThree."


def test_two_pages_and_a_text_without_pages_stay_as_they_are() -> None:
    assert without_page_edges("Leave\nOne.\fLeave\nTwo.") == "Leave\nOne.\n\nLeave\nTwo."
    assert without_page_edges("One.\r\nTwo.") == "One.\r\nTwo."


@given(st.lists(st.text("ab1\n .", max_size=30), min_size=1, max_size=6))
def test_any_pages_are_read(pages: list[str]) -> None:
    lines = {line.strip() for page in pages for line in page.split("\n")}
    found = without_page_edges("\f".join(pages))
    assert {line.strip() for line in found.split("\n")} <= lines | {""}
