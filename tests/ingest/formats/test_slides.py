"""PowerPoint files: titles, lists, tables and notes, slide by slide."""

from io import BytesIO
from typing import Any

import pptx
import pytest
from pptx.util import Inches

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.slides import pptx_content
from ingest.metadata import NOTHING_SAID, Metadata
from tests.ingest.containers import ole

COVER, BULLETS, ONLY_TITLE, BLANK = 0, 1, 5, 6


def content(deck: Any) -> bytes:
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def slide(deck: Any, layout: int, title: str | None = None) -> Any:
    added = deck.slides.add_slide(deck.slide_layouts[layout])
    if title is not None:
        added.shapes.title.text = title
    return added


def box(shapes: Any, text: str, top: float) -> None:
    shapes.add_textbox(Inches(1), Inches(top), Inches(4), Inches(1)).text_frame.text = text


def title(text: str, page: int, level: int = 2) -> Block:
    return Block(ElementKind.TITLE, text, page, level)


def text(words: str, page: int) -> Block:
    return Block(ElementKind.TEXT, words, page)


def item(words: str, page: int) -> Block:
    return Block(ElementKind.LIST_ITEM, words, page)


def test_slides_stand_below_the_cover_with_their_lists_and_notes() -> None:
    deck = pptx.Presentation()
    slide(deck, COVER, "Gift policy").placeholders[1].text = "For all staff"
    gifts = slide(deck, BULLETS, "What to\ndecline")
    gifts.placeholders[1].text_frame.text = "Cash"
    gifts.placeholders[1].text_frame.add_paragraph().text = "Anything over 25 pounds"
    gifts.notes_slide.notes_text_frame.text = "Vouchers count as cash.\nAsk Legal."

    assert pptx_content(content(deck)).blocks == [
        title("Gift policy", 1, level=1),
        text("For all staff", 1),
        title("What to decline", 2),
        item("Cash", 2),
        item("Anything over 25 pounds", 2),
        text("Vouchers count as cash.", 2),
        text("Ask Legal.", 2),
    ]


def test_boxes_are_read_from_the_top_and_a_short_line_is_no_heading() -> None:
    deck = pptx.Presentation()
    page = slide(deck, BLANK)
    box(page.shapes, "Below", top=5)
    group = page.shapes.add_group_shape()
    box(group.shapes, "Grouped", top=3)
    box(page.shapes, "Above", top=1)

    assert [block.text for block in pptx_content(content(deck)).blocks] == [
        "Above",
        "Grouped",
        "Below",
    ]
    assert {block.kind for block in pptx_content(content(deck)).blocks} == {ElementKind.TEXT}


def test_tables_name_their_columns_and_merged_cells_are_repeated_below() -> None:
    deck = pptx.Presentation()
    shapes = slide(deck, ONLY_TITLE, "Limits").shapes
    table = shapes.add_table(3, 2, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for row, cells in enumerate((("Tier", "Gift"), ("Gold", "a meal"), ("", "a pen"))):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    table.cell(1, 0).merge(table.cell(2, 0))

    assert pptx_content(content(deck)).blocks == [
        title("Limits", 1),
        Block(ElementKind.TABLE, "Tier: Gold; Gift: a meal\nTier: Gold; Gift: a pen", 1),
    ]


def test_hidden_slides_are_left_out_and_numbers_stay_those_of_the_file() -> None:
    deck = pptx.Presentation()
    slide(deck, ONLY_TITLE, "Draft")._element.set("show", "0")
    slide(deck, ONLY_TITLE, "Final")
    assert pptx_content(content(deck)).blocks == [title("Final", 2)]


def test_properties_are_metadata_but_not_those_of_the_template() -> None:
    deck = pptx.Presentation()
    assert pptx_content(content(deck)).metadata == NOTHING_SAID
    deck.core_properties.title = "Gift policy"
    deck.core_properties.author = "Legal"
    deck.core_properties.keywords = "gifts; bribes"
    assert pptx_content(content(deck)).metadata == Metadata(
        title="Gift policy", owner="Legal", tags=("gifts", "bribes")
    )


def test_what_is_encrypted_or_no_presentation_is_refused() -> None:
    with pytest.raises(EncryptedDocument, match=r"^is encrypted or in the old \.ppt format"):
        pptx_content(ole({"EncryptedPackage": b"x"}))
    with pytest.raises(CorruptDocument, match=r"^is not a PowerPoint presentation"):
        pptx_content(b"words")
