"""Where a document says what is quoted from it."""

from ingest.document import Document
from service.verify import locate


def places(document: Document, quote: str, heading: str = "") -> list[tuple[int, int]]:
    """Offsets [start, end) where the elements under the heading say the quote, else where any does."""
    under_heading: list[tuple[int, int]] = []
    elsewhere: list[tuple[int, int]] = []
    for element in document.elements:
        place = locate(quote, element.text)
        if place is None:
            continue
        span = (element.start + place[0], element.start + place[1])
        nearest = element.heading_path[-1] if element.heading_path else ""
        is_under = locate(heading, nearest) is not None
        (under_heading if is_under else elsewhere).append(span)
    return under_heading or elsewhere
