"""Small real files of every format, for mutation."""

from email.message import EmailMessage
from io import BytesIO

from docx import Document as NewWordFile
from odf import table, text
from odf.opendocument import OpenDocumentText
from openpyxl import Workbook
from pptx import Presentation
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from tests.ingest.containers import archive, msg
from tests.ingest.files import pdf
from tests.ingest.hostile import line_of_text, pdf_page

MARKDOWN = """---
title: Refunds
owner: Legal
effective_from: 2025-01-01
tags: [refund, gold]
---
# Refunds

You may claim:

- within *30 days* of [delivery](/delivery),
- with a `receipt`:
  1. on paper
  2. by mail

## Gold tier

| Tier | Window | Fee |
| --- | :---: | ---: |
| Gold | 60 days | £1,200.50 |
| Silver | 30 days | \\| none |

> Ring us first. {{ site.name }} {% if x %}See 4.2.{% endif %}

<details><summary>More</summary>退款政策 &amp; 🧾</details>

```
code
```
"""
HTML = """<!DOCTYPE html><html lang="en"><head><title>Refunds</title>
<meta name="author" content="Legal"><meta name="dcterms.valid" content="start=2025-01-01"></head>
<body><nav><a href="#gold">Gold</a></nav><main><h1>Refunds</h1><p>Ring us <b>first</b>.<br>Then wait.</p>
<ul><li>One<ul><li>Two</li></ul></li></ul><h2 id="gold">Gold</h2>
<table><caption>Windows</caption><tr><th>Tier</th><th colspan="2">Window</th></tr>
<tr><td rowspan=2>Gold</td><td>60 days</td><td>yes</td></tr><tr><td>&#8364;5</td><td></td></tr></table>
<dl><dt>Fee</dt><dd>None</dd></dl><pre>a  b</pre><div hidden>x</div><script>y</script></main></body>
</html>"""
TEXT = """REFUNDS
=======

1. Scope

1.1 You may claim within 30 days,
as long as you have a receipt.

2. Gold tier
------------
* Ring us first.
* Then wait.

Window ........ 60 days
Fee ........... none

Contents
1. Scope .... 1
2. Gold tier .... 2

APPENDIX A
Tier: Gold
Days: 60
"""
RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
    r"{\info{\title Refunds}{\author Legal}}"
    r"\pard\s1 Refunds\par\pard Ring us \b first\b0 . \'e9\u8364?\par"
    r"\trowd\cellx1000\cellx2000\intbl Gold\cell 60 days\cell\row\pard {\*\x hidden}"
    r"{\listtext 1.\tab}One\par{\footnote Note.}}"
)
CSV = 'Tier;Window;Fee\r\nGold;60 days;"1,200\n""net"""\r\nSilver;30 days;\r\n;;\r\n'
_PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{}</h1><p>Ring us.</p></body></html>'


def seeds() -> dict[str, list[bytes]]:
    """By the ending of the name, with one entry for every ending that is read."""
    markdown, html, plain = (text.encode() for text in (MARKDOWN, HTML, TEXT))
    return {
        ".md": [markdown],
        ".markdown": [markdown.partition(b"---\n# ")[2]],
        ".html": [html],
        ".htm": [html],
        ".txt": [plain, plain.decode().encode("utf-16")],
        ".rtf": [RTF.encode()],
        ".csv": [CSV.encode()],
        ".tsv": [CSV.replace(";", "\t").encode()],
        ".docx": [_docx()],
        ".pptx": [_pptx()],
        ".xlsx": [_xlsx()],
        ".odt": [_odt()],
        ".epub": [_epub()],
        ".pdf": [_pdf(), pdf("Ring us before nine.", "Then wait."), pdf_page(line_of_text())],
        ".eml": [_eml()],
        ".msg": [msg({0x37: "Refunds", 0x1000: "Ring us."}, attached={"a.txt": b"Be kind."})],
    }


def _docx() -> bytes:
    file = NewWordFile()
    file.add_heading("Refunds", 1)
    file.add_paragraph("Ring us first.")
    file.add_paragraph("Within 30 days", "List Bullet")
    cells = file.add_table(2, 2).rows
    for row, words in zip(cells, (("Tier", "Days"), ("Gold", "60")), strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


def _pptx() -> bytes:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Refunds"
    slide.placeholders[1].text = "Ring us first.\nThen wait."
    slide.notes_slide.notes_text_frame.text = "Be kind."
    shape = slide.shapes.add_table(2, 2, 0, 0, 100, 100)
    shape.table.cell(0, 0).text = "Gold"
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _xlsx() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Tier", "Window", "Fee"], ["Gold", 60, 1200.5], ["Silver", 30, "=A1+1"]):
        sheet.append(row)
    sheet.merge_cells("A4:B5")
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _odt() -> bytes:
    file = OpenDocumentText()
    file.text.addElement(text.H(outlinelevel=1, text="Refunds"))
    file.text.addElement(text.P(text="Ring us first."))
    rows = table.Table()
    row = table.TableRow()
    cell = table.TableCell(numbercolumnsrepeated=2)
    cell.addElement(text.P(text="Gold"))
    row.addElement(cell)
    rows.addElement(row)
    file.text.addElement(rows)
    stream = BytesIO()
    file.write(stream)
    return stream.getvalue()


def _epub() -> bytes:
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
            'container"><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
            '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "a.xhtml": _PAGE.format("Gifts"),
            "b.xhtml": _PAGE.format("Leave"),
        },
        stored=("mimetype",),
    )


def _pdf() -> bytes:
    styles = getSampleStyleSheet()
    stream = BytesIO()
    SimpleDocTemplate(stream, pageCompression=0, invariant=1).build(
        [
            Paragraph("Refunds", styles["Heading1"]),
            Paragraph("Ring us first. " * 20, styles["BodyText"]),
            Table(
                [["Tier", "Days"], ["Gold", "60"]], style=[("GRID", (0, 0), (-1, -1), 1, "black")]
            ),
            Paragraph("• Then wait.", styles["BodyText"]),
        ]
    )
    return stream.getvalue()


def _eml() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.org", "b@x.org", "Refunds – Gold"
    message["Date"] = "Mon, 06 Jan 2025 10:00:00 +0000"
    message.set_content("Ring us first.\n\n> Then wait.\n")
    message.add_alternative(HTML, subtype="html")
    message.add_attachment(b"# Leave\n\nRing us.", maintype="text", subtype="x", filename="a.md")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        # Otherwise it is drawn by chance.
        part.set_boundary(f"boundary-{number}")
    return bytes(message)
