"""PDF files: headings, paragraphs, list items and tables from words and their places."""

from io import BytesIO
from typing import Any

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument, EmptyDocument, EncryptedDocument
from ingest.formats.pdf import pdf_content
from ingest.metadata import NOTHING_SAID, Metadata

LEFT = 72.0
FILLER = (
    "Everyone who comes to work at the warehouse should go home in the same state, whatever",
    "happens in the yard. This document sets out the rules of the site and who answers for them.",
)


class Sheet:
    """A page that is filled from the top; `y` is where the next line stands."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.y = A4[1] - 90

    def put(self, *lines: str, size: float = 10, bold: bool = False, indent: float = 0) -> None:
        for line in lines:
            self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
            self.canvas.drawString(LEFT + indent, self.y, line)
            self.y -= size * 1.4
        self.y -= size

    def at(self, y: float, line: str, size: float = 8) -> None:
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawString(LEFT, y, line)


class Pages:
    def __init__(self, **options: Any) -> None:
        self._file = BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, **options)
        self._has_sheet = False

    def sheet(self) -> Sheet:
        if self._has_sheet:
            self._canvas.showPage()
        self._has_sheet = True
        return Sheet(self._canvas)

    def content(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()


def pdf_blocks(content: bytes) -> list[Block]:
    return pdf_content(content).blocks


def title(text: str, level: int, page: int = 1) -> Block:
    return Block(ElementKind.TITLE, text, page, level)


def text(words: str, page: int = 1) -> Block:
    return Block(ElementKind.TEXT, words, page)


def item(words: str, page: int = 1) -> Block:
    return Block(ElementKind.LIST_ITEM, words, page)


def test_headings_rank_by_size_and_weight() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Warehouse Safety", size=20, bold=True)
    sheet.put("Purpose", size=14, bold=True)
    sheet.put(*FILLER)
    sheet.put("Who it is for", bold=True)
    sheet.put("Visitors follow the person who signed them in.")
    assert pdf_blocks(pages.content()) == [
        title("Warehouse Safety", 1),
        title("Purpose", 2),
        text(" ".join(FILLER)),
        title("Who it is for", 3),
        text("Visitors follow the person who signed them in."),
    ]


def test_a_heading_over_two_lines_is_one() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Health and Safety in the", "Distribution Centre", size=20, bold=True)
    sheet.put(*FILLER)
    assert pdf_blocks(pages.content())[0] == title(
        "Health and Safety in the Distribution Centre", 1
    )


def test_numbering_decides_between_headings_of_one_size() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Rental Terms", size=20, bold=True)
    sheet.put("1 Prices", size=12, bold=True)
    sheet.put("1.1 Discounts", size=12, bold=True)
    sheet.put(*FILLER)
    sheet.put("2 Theft", size=12, bold=True)
    sheet.put("Tell the police.")
    assert pdf_blocks(pages.content()) == [
        title("Rental Terms", 1),
        title("1 Prices", 2),
        title("1.1 Discounts", 3),
        text(" ".join(FILLER)),
        title("2 Theft", 2),
        text("Tell the police."),
    ]


def test_bullets_go_and_clause_numbers_stay() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put(*FILLER)
    sheet.put(
        "• gloves and a vest, which are handed out at the gate and are given back there when",
        indent=10,
    )
    sheet.put("• goggles", indent=10)
    sheet.put("4.2 Staff must report a spill.", "4.3 Visitors must tell their host.")
    assert pdf_blocks(pages.content()) == [
        text(" ".join(FILLER)),
        item("gloves and a vest, which are handed out at the gate and are given back there when"),
        item("goggles"),
        item("4.2 Staff must report a spill."),
        item("4.3 Visitors must tell their host."),
    ]


def test_a_number_inside_a_wrapped_sentence_starts_nothing() -> None:
    lines = (
        "Nobody stacks boxes on the racking in the hall or on the mezzanine to a height above",
        "1.5 metres, and nobody climbs on them to reach what has been put on the highest shelf.",
    )
    pages = Pages()
    pages.sheet().put(*lines)
    assert pdf_blocks(pages.content()) == [text(" ".join(lines))]


def test_a_hyphen_at_a_line_end_goes_only_where_the_whole_word_is_known() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put(
        "Send every licence together with the signed form to the manager of the site, a licen-",
        "ce being valid for a three-",
        "year period.",
    )
    assert pdf_blocks(pages.content()) == [
        text(
            "Send every licence together with the signed form to the manager of the site, "
            "a licence being valid for a three-year period."
        )
    ]


def test_running_lines_and_page_numbers_are_dropped() -> None:
    pages = Pages()
    for number in (1, 2, 3):
        sheet = pages.sheet()
        sheet.at(A4[1] - 40, "Halden Outfitters Safety Rules")
        sheet.at(40, f"Printed copies are uncontrolled, page {number} of 3")
        sheet.at(25, str(number))
        sheet.put(f"Rule of day {number * 7} is kept.", *FILLER)
    assert [block.text for block in pdf_blocks(pages.content())] == [
        f"Rule of day {day} is kept. {' '.join(FILLER)}" for day in (7, 14, 21)
    ]


def test_a_footer_that_names_the_chapter_is_dropped_by_its_page_number() -> None:
    pages = Pages()
    for number, chapter in enumerate(("Scope", "Prices", "Theft", "Records"), start=1):
        sheet = pages.sheet()
        sheet.put(f"About {chapter.lower()}. {FILLER[0]}", "at all.")
        sheet.at(40, f"{number}.2 {chapter} {number + 4}", size=10)
    assert [block.text for block in pdf_blocks(pages.content())] == [
        f"About {chapter}. {FILLER[0]} at all."
        for chapter in ("scope", "prices", "theft", "records")
    ]


def test_a_contents_page_is_dropped() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Contents", size=14, bold=True)
    sheet.put(
        "1 Scope . . . . . . . . . . 2", "2 Prices . . . . . . . . . 2", "3 Theft .......... 2"
    )
    pages.sheet().put(*FILLER)
    assert pdf_blocks(pages.content()) == [text(" ".join(FILLER), page=2)]


def test_a_price_list_with_leaders_is_kept() -> None:
    pages = Pages()
    lines = ("Tent ........ 50", "Kayak ........ 300", "Rucksack ........ 20")
    pages.sheet().put(*lines)
    assert " ".join(block.text for block in pdf_blocks(pages.content())) == " ".join(lines)


def test_a_paragraph_runs_over_the_page_around_a_footnote() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put(*FILLER, "Anyone may refuse a task that they believe to be")
    sheet.put("The law says so as well.", size=7)
    pages.sheet().put("dangerous until a shift leader has looked at it.")
    assert pdf_blocks(pages.content()) == [
        text(
            f"{' '.join(FILLER)} Anyone may refuse a task that they believe to be "
            "dangerous until a shift leader has looked at it."
        ),
        text("The law says so as well."),
    ]


def test_a_footnote_mark_goes_and_a_power_stays() -> None:
    pages = Pages()
    sheet = pages.sheet()
    canvas = sheet.canvas
    written = canvas.beginText(LEFT, sheet.y)
    for part, size, rise in (
        ("The hall is split into areas", 10, 0),
        ("1", 6, 4),
        (" of 40 m", 10, 0),
        ("2", 6, 4),
        (" each.", 10, 0),
    ):
        written.setFont("Helvetica", size)
        written.setRise(rise)
        written.textOut(part)
    canvas.drawText(written)
    assert pdf_blocks(pages.content()) == [text("The hall is split into areas of 40 m2 each.")]


def draw_table(sheet: Sheet, rows: list[list[str]], bold_first: bool = False) -> None:
    weight = "Helvetica-Bold" if bold_first else "Helvetica"
    grid = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
    style: list[Any] = [grid, ("FONTNAME", (0, 0), (-1, 0), weight)]
    table = Table(rows, colWidths=5 * cm, style=TableStyle(style))
    _, height = table.wrapOn(sheet.canvas, *A4)
    table.drawOn(sheet.canvas, LEFT, sheet.y - height)
    sheet.y -= height + 24


def test_a_table_stands_in_its_place_and_names_its_columns() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Weight limits are these.")
    draw_table(
        sheet, [["Load", "How"], ["Up to 15 kg", "One person"], ["More", "Two people"]], True
    )
    sheet.put("Ask if in doubt.")
    assert pdf_blocks(pages.content()) == [
        text("Weight limits are these."),
        Block(
            ElementKind.TABLE, "Load: Up to 15 kg; How: One person\nLoad: More; How: Two people", 1
        ),
        text("Ask if in doubt."),
    ]


def test_a_table_goes_on_over_the_page_under_its_repeated_header() -> None:
    pages = Pages()
    header = ["Load", "How"]
    draw_table(pages.sheet(), [header, ["15 kg", "One person"]], True)
    draw_table(pages.sheet(), [header, ["25 kg", "Two people"]], True)
    assert pdf_blocks(pages.content()) == [
        Block(ElementKind.TABLE, "Load: 15 kg; How: One person\nLoad: 25 kg; How: Two people", 1)
    ]


def test_a_box_around_a_note_is_text() -> None:
    pages = Pages()
    sheet = pages.sheet()
    draw_table(sheet, [["Ask if in doubt."]])
    assert pdf_blocks(pages.content()) == [text("Ask if in doubt.")]


def test_a_slanted_watermark_is_left_out() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put(*FILLER)
    sheet.canvas.rotate(45)
    sheet.canvas.setFont("Helvetica-Bold", 60)
    sheet.canvas.drawString(300, 200, "DRAFT")
    assert pdf_blocks(pages.content()) == [text(" ".join(FILLER))]


def test_an_encrypted_file_says_so() -> None:
    pages = Pages(encrypt=StandardEncryption("secret"))
    pages.sheet().put("Hidden.")
    with pytest.raises(EncryptedDocument, match=r"^is encrypted: save a copy without a password$"):
        pdf_blocks(pages.content())


def test_contents_without_leaders_go_below_a_line_that_says_contents() -> None:
    pages = Pages()
    sheet = pages.sheet()
    sheet.put("Contents", size=14, bold=True)
    sheet.put("Scope 1", "Leave 2", "Whom to ask 2", "Everyone is safe from 2026")
    pages.sheet().put(*FILLER)
    assert pdf_blocks(pages.content()) == [
        text("Everyone is safe from 2026"),
        text(" ".join(FILLER), 2),
    ]


def test_properties_are_metadata_but_not_those_of_the_program() -> None:
    pages = Pages()
    pages.sheet().put(*FILLER)
    assert pdf_content(pages.content()).metadata == NOTHING_SAID
    pages = Pages()
    pages._canvas.setTitle("Warehouse safety")
    pages._canvas.setAuthor("Ann Smith")
    pages._canvas.setKeywords("safety, warehouse")
    pages.sheet().put(*FILLER)
    assert pdf_content(pages.content()).metadata == Metadata(
        title="Warehouse safety", owner="Ann Smith", tags=("safety", "warehouse")
    )


def test_blank_pages_are_an_empty_document() -> None:
    with pytest.raises(EmptyDocument, match="has no text"):
        pdf_blocks(Pages().content())


@pytest.mark.parametrize("content", [b"", b"Not a PDF.", b"%PDF-1.4\ntrailer\n<<>>\n%%EOF"])
def test_a_damaged_file_says_so(content: bytes) -> None:
    with pytest.raises(CorruptDocument, match=r"^is not a readable PDF \(.+\): ") as caught:
        pdf_blocks(content)
    assert caught.value.__cause__ is not None
