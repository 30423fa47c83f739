"""Write the Word and PDF documents of the example policy set.

The texts are kept in this file, in a small plain markup, so that they can be reviewed
and changed like any other text in the repository. Running the script writes three
Word files and three PDF files into ``examples/policies/``::

    pip install python-docx reportlab
    python examples/make_documents.py

Another folder can be given as the only argument. With the same versions of the two
libraries the output is the same byte for byte on every run: dates, identifiers and
archive timestamps are fixed.

The markup: ``=``, ``==`` and ``===`` open a title, a section and a subsection; a block
of lines starting with ``*`` is a bulleted list and with ``+`` a numbered one; a block of
lines between ``|`` is a table whose first row is its header; anything else is a
paragraph. Blocks are separated by blank lines, and lines within a block are joined.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

import docx  # type: ignore[import-untyped,import-not-found,unused-ignore]
from reportlab.lib import colors  # type: ignore[import-untyped,import-not-found,unused-ignore]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped,import-not-found,unused-ignore]
from reportlab.lib.styles import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
    ParagraphStyle,
)
from reportlab.lib.units import mm  # type: ignore[import-untyped,import-not-found,unused-ignore]
from reportlab.platypus import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
    Flowable,
    ListFlowable,
    ListItem,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

POLICIES = Path(__file__).resolve().parent / "policies"
FIXED_DATE = dt.datetime(2025, 5, 12, 9, 0, 0)
AUTHOR = "Halden Outfitters"

Kind = Literal["title", "section", "subsection", "paragraph", "bullets", "numbers", "table"]

HEADING_MARKS: tuple[tuple[str, Kind], ...] = (
    ("=== ", "subsection"),
    ("== ", "section"),
    ("= ", "title"),
)
LIST_MARKS: tuple[tuple[str, Kind], ...] = (("* ", "bullets"), ("+ ", "numbers"))


@dataclass(frozen=True)
class Block:
    """One heading, paragraph, list or table of a document."""

    kind: Kind
    text: str = ""
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Document:
    """A document to be written: its file name, its text and how it is laid out."""

    file_name: str
    source: str
    title_is_heading: bool = False


def parse(source: str) -> Iterator[Block]:
    """Split a text in the markup of this file into its blocks."""
    for chunk in source.strip().split("\n\n"):
        yield parse_block([line.strip() for line in chunk.strip().splitlines()])


def parse_block(lines: list[str]) -> Block:
    """Read one block from its lines."""
    first = lines[0]
    for mark, kind in HEADING_MARKS:
        if first.startswith(mark):
            return Block(kind, text=" ".join(lines).removeprefix(mark))
    for mark, kind in LIST_MARKS:
        if first.startswith(mark):
            return Block(kind, items=tuple(split_items(lines, mark)))
    if first.startswith("|"):
        return Block("table", rows=tuple(split_rows(lines)))
    return Block("paragraph", text=" ".join(lines))


def split_items(lines: list[str], mark: str) -> list[str]:
    """Gather the items of a list; a line without the mark continues the one above."""
    items: list[str] = []
    for line in lines:
        if line.startswith(mark):
            items.append(line.removeprefix(mark))
        else:
            items[-1] += " " + line
    return items


def split_rows(lines: list[str]) -> list[tuple[str, ...]]:
    """Gather the rows of a table; a row ends with the line that ends with a bar."""
    rows: list[tuple[str, ...]] = []
    pending = ""
    for line in lines:
        pending = f"{pending} {line}".strip()
        if pending.endswith("|"):
            cells = pending.strip("|").split("|")
            rows.append(tuple(cell.strip() for cell in cells))
            pending = ""
    return rows


def title_of(blocks: list[Block]) -> str:
    """Return the text of the title."""
    return next(block.text for block in blocks if block.kind == "title")


def write_docx(document: Document, folder: Path) -> Path:
    """Write a document as a Word file, with Word's own heading and list styles."""
    blocks = list(parse(document.source))
    word: Any = docx.Document()
    shift = 1 if document.title_is_heading else 0
    levels = {"title": shift, "section": 1 + shift, "subsection": 2 + shift}
    for block in blocks:
        if block.kind in levels:
            word.add_heading(block.text, level=levels[block.kind])
        elif block.kind in ("bullets", "numbers"):
            style = "List Bullet" if block.kind == "bullets" else "List Number"
            for item in block.items:
                word.add_paragraph(item, style=style)
        elif block.kind == "table":
            add_word_table(word, block.rows)
        else:
            word.add_paragraph(block.text)
    title = title_of(blocks)
    section = word.sections[0]
    section.header.paragraphs[0].text = f"Halden Outfitters | {title}"
    section.footer.paragraphs[0].text = "Printed copies are uncontrolled"
    properties = word.core_properties
    properties.author = properties.last_modified_by = AUTHOR
    properties.title = title
    properties.comments = ""
    properties.created = properties.modified = FIXED_DATE
    properties.revision = 1
    buffer = io.BytesIO()
    word.save(buffer)
    path = folder / document.file_name
    path.write_bytes(with_fixed_timestamps(buffer.getvalue()))
    return path


def add_word_table(word: Any, rows: tuple[tuple[str, ...], ...]) -> None:
    """Append a table whose first row is in bold, and a little space after it."""
    table = word.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row_number, row in enumerate(rows):
        for column, text in enumerate(row):
            run = table.cell(row_number, column).paragraphs[0].add_run(text)
            run.bold = row_number == 0
    word.add_paragraph()


def with_fixed_timestamps(data: bytes) -> bytes:
    """Return the same ZIP archive with one fixed time on each of its members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, date_time=FIXED_DATE.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            new.writestr(member, old.read(name))
    return buffer.getvalue()


STYLES: dict[str, Any] = {
    "title": ParagraphStyle(
        "title", fontName="Helvetica-Bold", fontSize=20, leading=25, spaceAfter=8
    ),
    "section": ParagraphStyle(
        "section",
        fontName="Helvetica-Bold",
        fontSize=14,
        leading=18,
        spaceBefore=14,
        spaceAfter=5,
        keepWithNext=1,
    ),
    "subsection": ParagraphStyle(
        "subsection",
        fontName="Helvetica-Bold",
        fontSize=11.5,
        leading=15,
        spaceBefore=9,
        spaceAfter=3,
        keepWithNext=1,
    ),
    "paragraph": ParagraphStyle(
        "paragraph", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6
    ),
    "cell": ParagraphStyle("cell", fontName="Helvetica", fontSize=9, leading=11.5),
    "head": ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=9, leading=11.5),
}


def write_pdf(document: Document, folder: Path) -> Path:
    """Write a document as a PDF file with a header and a numbered footer on each page."""
    blocks = list(parse(document.source))
    title = title_of(blocks)
    path = folder / document.file_name
    template: Any = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=25 * mm,
        rightMargin=25 * mm,
        topMargin=27 * mm,
        bottomMargin=24 * mm,
        title=title,
        author=AUTHOR,
        invariant=1,
    )
    frame = page_frame(title)
    story = [flowable for block in blocks for flowable in flowables(block)]
    template.build(story, onFirstPage=frame, onLaterPages=frame)
    return path


def page_frame(title: str) -> Callable[[Any, Any], None]:
    """Return a function that draws the header and the footer of a page."""

    def draw(canvas: Any, template: Any) -> None:
        width, height = A4
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(colors.HexColor("#555555"))
        canvas.drawString(25 * mm, height - 16 * mm, "Halden Outfitters")
        canvas.drawRightString(width - 25 * mm, height - 16 * mm, title)
        canvas.line(25 * mm, height - 18 * mm, width - 25 * mm, height - 18 * mm)
        canvas.drawString(25 * mm, 14 * mm, "Printed copies are uncontrolled")
        canvas.drawRightString(width - 25 * mm, 14 * mm, f"Page {template.page}")
        canvas.restoreState()

    return draw


def flowables(block: Block) -> list[Flowable]:
    """Turn a block into what reportlab lays out."""
    if block.kind == "table":
        return [Spacer(1, 3), pdf_table(block.rows), Spacer(1, 8)]
    if block.kind in ("bullets", "numbers"):
        items = [
            ListItem(Paragraph(escape(item), STYLES["paragraph"]), leftIndent=16)
            for item in block.items
        ]
        bullet = "bullet" if block.kind == "bullets" else "1"
        return [ListFlowable(items, bulletType=bullet, bulletFontSize=9, leftIndent=16)]
    return [Paragraph(escape(block.text), STYLES[block.kind])]


def pdf_table(rows: tuple[tuple[str, ...], ...]) -> Flowable:
    """Lay a table out over the width of the page; its first row repeats on a new page."""
    width = A4[0] - 50 * mm
    columns = len(rows[0])
    first = width * (0.5 if columns == 2 else 0.36)
    rest = (width - first) / (columns - 1)
    cells = [
        [Paragraph(escape(text), STYLES["cell" if number else "head"]) for text in row]
        for number, row in enumerate(rows)
    ]
    table: Any = Table(cells, colWidths=[first] + [rest] * (columns - 1), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#999999")),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e8e8e8")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return table


WARRANTY_AND_REPAIRS = """\
= Warranty and Repairs

Owner: Head of Technical Services | Version 4.0 | Effective 1 March 2025 | Document
HO-CUS-04

== 1 Purpose

We would rather mend a thing than sell a second one. This document explains what we put
right without charge, what we charge for, and what cannot be mended. It is for
customers; workshop staff have a separate manual.

Sending back something you simply do not want is covered by the Refund and Returns
Policy and not by this document.

== 2 Definitions

Fault: a defect in material or workmanship that was there when we sold the item, even if
it showed itself only later.

Wear: the slow loss of strength, colour, grip or waterproofing that comes with use.

Halden label: products made for us and sold under our own name.

Other brands: everything else that we sell.

== 3 When something is faulty

=== 3.1 Faulty on arrival or soon after

If a fault shows within 60 days of delivery, you choose between a repair, a replacement
and your money back. You need not have kept the packaging, and return postage is on us,
in every country.

=== 3.2 Later faults

After that we may try one repair or replacement first. If it fails, or would take longer
than 28 days, you may have your money back, less a fair amount for the use you have had
after the first six months.

=== 3.3 What the law gives you

Your rights in law last for up to six years in England, Wales and Northern Ireland and
five in Scotland. In other countries they last for at least two years. The Halden
guarantee is given on top of these rights.

== 4 The Halden guarantee

=== 4.1 How long it lasts

The guarantee covers Halden label products against faults, for the first owner, from the
date of purchase.

| Product | Guarantee |
| Rucksacks and luggage | 12 years |
| Tents and tarps | 5 years |
| Waterproof jackets and trousers | 3 years |
| Sleeping bags and mats | 4 years |
| Footwear | 18 months |
| Stoves and lanterns | 2 years |
| Socks and gloves | 6 months |

=== 4.2 What it does not cover

* Wear, fading and damage by ultraviolet light, including tents left standing for a
  season
* Moths, mice and mildew
* Tears, burns and punctures
* Melted or shrunken fabric after machine drying or ironing
* Use in hire, guiding or other paid work
* Changes or repairs made by somebody else

=== 4.3 Registering

You need not register. A receipt, an order number or the entry in your membership
account will do. If you have none of these we look at the batch code sewn beside the
care label, and count from twelve months after the batch was made.

=== 4.4 Passing it on

If you give or sell the item, the guarantee does not travel with it, except that
rucksacks keep theirs for a second owner who sends us a note of the change.

== 5 Other brands

=== 5.1 Whom to ask

Bring the item to us in any case. We deal with the maker for you during the first two
years; after that we give you the maker's address and a copy of your receipt.

=== 5.2 Electronics

Watches, satellite communicators and power stations are examined by the maker, which may
take up to six weeks. We lend a simple replacement for a satellite communicator if you
have a trip booked within that time.

== 6 Workshop repairs

=== 6.1 Price list

These prices are for damage and wear. A repair under sections 3 or 4 costs nothing.

| Job | Price | Usual time |
| Replacing a zip slider | £9 | 5 working days |
| Replacing a full jacket zip | £38 | 15 working days |
| Patching a tear up to 10 cm | £14 | 5 working days |
| Re-taping seams, for each metre | £11 | 10 working days |
| Washing and re-proofing a jacket | £22 | 5 working days |
| New tent pole section | £12 | 3 working days |
| Re-soling walking boots | £75 | 6 weeks |
| Servicing a liquid-fuel stove | £27 | 10 working days |
| Ski edge and wax | £30 | 2 working days |

=== 6.2 Estimates

If the job will cost more than the list says, or more than £40 where it is not on the
list, we telephone or write before starting. An estimate is free and stands for 30 days.

=== 6.3 Members

Discounts and the yearly free repair of Gold members are described in section 5 of
Membership Tiers and Benefits. They cannot be used for re-soling, which an outside
cobbler does for us.

=== 6.4 Clean, please

Items must be clean and dry. We wash what is not, and charge £8. We send back unopened
anything that is a danger to the people in the workshop.

=== 6.5 Guarantee on our work

A repair is guaranteed for 12 months. If the same seam, zip or patch fails in that time,
we do it again free of charge.

== 7 What we do not repair

=== 7.1 Safety equipment

We do not repair ropes, harnesses, helmets, slings or avalanche airbags, and we will not
say whether a used one is safe. Retire it as the maker's booklet advises. A shop can cut
it up for you so that nobody finds it and uses it.

=== 7.2 Beyond saving

If a thing cannot be mended sensibly we say so and show why. You may have it back, or
leave it for parts and receive a voucher of £10 towards a new item of the same kind.

== 8 Sending and collecting

+ Fill in the repair form online, or at any shop, and note what you would like done.
+ Pack the item without its accessories; keep tent pegs, laces and batteries at home.
+ Hand it in, or use the prepaid label. For repairs that you pay for, postage is £4 each
  way.
+ We write when it has been received, when it is finished, and when it is on its way.

Finished repairs are kept for three months. After two reminders we pass them to our
repair-and-donate scheme.

== 9 Questions and complaints

Write to workshop@halden.example. If you disagree with what we say about a fault, you
may ask for a second opinion from the technical manager at another site, who answers
within ten working days.
"""

CODE_OF_CONDUCT = """\
= Code of Conduct

Owner: Director of People | Version 3.2 | Effective 1 September 2024 | Document
HO-PPL-01

== 1 Why we have a code

Most of what follows is what decent people do anyway. It is written down so that nobody
has to guess, and so that it is the same for a director as for a Saturday colleague.

== 2 Who it applies to

The code applies to employees, agency workers and directors wherever they are working,
at company events, and at any time when they are wearing the Halden badge. Suppliers
have a code of their own, mentioned in section 7 of the Procurement Policy.

== 3 Definitions

Conflict of interest: a situation in which a private interest could influence, or look
as if it influences, what you do for the company.

Gift: anything of value given without payment, including meals, tickets, travel,
discounts and samples.

Register: the online register of gifts and interests, which everybody can read.

Close relative: a partner, child, parent, brother, sister, and their partners.

== 4 Respect

=== 4.1 Bullying and harassment

We do not put up with either. What counts is the effect on the other person as well as
what was meant. It makes no difference whether it comes from a colleague, a customer or
a supplier: managers must act, and may ask a customer to leave the shop.

=== 4.2 Fair treatment

Decisions about hiring, pay, shifts and promotion are made on merit. Adjustments for
disability, faith and caring are discussed openly and refused only with reasons.

=== 4.3 Alcohol and drugs

Do not work under the influence of either. Nobody may drink before driving or using
machinery for the company. At company events there is always something else to drink,
and an early train home is never held against anyone. Tell your manager or occupational
health if medicine makes you drowsy.

== 5 Gifts and hospitality

=== 5.1 Receiving

You may keep a gift worth up to £30. Anything worth more is declined, or, where that
would be rude, handed to the charity raffle. Cash and vouchers are never accepted,
whatever the amount.

| Value of what you are offered | What to do |
| Up to £30 | Keep it; no entry needed |
| Over £30 and up to £100, hospitality only | Ask your manager first, then enter it in
  the register |
| Over £100, hospitality only | An executive director must agree in writing |
| Cash, vouchers or loans | Refuse and tell Legal |

=== 5.2 More than once

Gifts from the same giver are added up over twelve months. Anyone taking part in a
tender or a contract renewal accepts nothing at all from a bidder until the contract is
signed.

=== 5.3 Product samples

Samples sent by brands belong to the company. They go to the Kit Room and may be
borrowed under the Equipment Loans rules.

=== 5.4 Giving

Gifts to business partners are limited to £30 and are paid for openly. Nothing whatever
is given to public officials without Legal's agreement.

== 6 Conflicts of interest

=== 6.1 Outside work

You may have another job if it does not compete with us, does not use our time or
equipment, and leaves you enough rest. Enter it in the register before you start.
Guiding and instructing at weekends are welcome, so long as you do not steer customers
to yourself from the shop floor.

=== 6.2 Relatives and relationships

You may not hire, manage, appraise or set the pay of a close relative or somebody you
are in a relationship with. Tell the People Team within a month if such a situation
comes about; they will move a reporting line, not blame anyone.

=== 6.3 Shares and suppliers

Enter in the register any holding of more than 1% in a supplier or competitor. Keep out
of decisions that concern it.

== 7 Staff discount

=== 7.1 What you get

The discount is 35% on Halden label and 20% on other brands, from the first day. It is
for you and for people living at your address, up to £3,000 of purchases at full price
in a calendar year.

=== 7.2 Rules

* Do not buy for friends, and do not sell on what you bought within a year.
* Do not serve yourself: another colleague rings up the sale.
* Do not use it together with a voucher, a membership benefit or the Price Promise.
* Gift cards, rentals and clearance lines are outside the scheme.

=== 7.3 After you leave

The discount ends on your last day, except for those who retire after ten years or more,
who keep it for life.

== 8 Speaking for the company

=== 8.1 Social media

You may say that you work here. Make it clear that opinions are yours, do not answer
customer complaints from a private account, and do not reveal products that are not yet
on sale. Posts about your own working conditions are your right.

=== 8.2 Journalists

Pass the enquiry to the Communications team on the same day, and do not comment
yourself, even off the record.

=== 8.3 Politics

Take part in public life as you wish, in your own time and name. The company makes no
donations to parties.

== 9 Company property and honesty

=== 9.1 Stock

Taking stock without paying, including damaged goods and items waiting for the skip, is
theft. Shop managers may give away food past its date.

=== 9.2 Records

Time sheets, safety checks and expense claims are filled in truthfully. Asking somebody
else to clock in for you is misconduct for both.

== 10 When the code is broken

=== 10.1 Asking and reporting

Ask your manager, the People Team or Legal. If you cannot, use the channels in the
Speaking Up Policy, which protects you.

=== 10.2 What may follow

+ A conversation, noted on file for six months
+ A first written warning, in force for twelve months
+ A final written warning, in force for eighteen months
+ Dismissal, with or without notice

The disciplinary procedure describes hearings, the right to be accompanied and appeals.
Steps may be skipped where the matter is grave.

== 11 Yearly confirmation

Everybody confirms in the People portal each January that they have read the code and
that their entries in the register are complete.
"""

PROCUREMENT_POLICY = """\
= Procurement Policy

Owner: Chief Financial Officer | Version 2.6 | Effective 1 February 2025 | Document
HO-FIN-07

== 1 Purpose

This policy makes sure that we buy what we need, at a fair price, from people we would
be content to be seen with. It covers goods and services that we use ourselves. Stock
for resale is bought under the Merchandising Handbook.

== 2 Scope

It applies to every purchase made with Halden money, by any department, in any country,
whether by order, contract, company card or expense claim. Travel booked in the portal
is outside this policy and follows the Travel and Expenses Policy.

== 3 Definitions

Budget holder: the person named in the ledger for a cost centre.

Total value: what will be paid over the whole term, with extensions and without VAT.

Purchase order: the numbered order made in the finance system and sent to the supplier.

Sole source: a purchase from one supplier without competition.

== 4 How to buy

=== 4.1 Thresholds

Purchases may not be split to stay beneath a threshold.

| Total value | Competition | Who signs |
| Up to £1,000 | None; use judgment | Budget holder |
| £1,001 to £10,000 | Two written quotations | Budget holder |
| £10,001 to £75,000 | Three written quotations | Department director |
| £75,001 to £250,000 | Formal tender | Chief Financial Officer |
| Over £250,000 | Formal tender | Board |

=== 4.2 Orders before invoices

A purchase order is raised before the goods or services are ordered. An invoice without
an order number is returned to the supplier. Rent, utilities, tax and postage are the
only exceptions.

=== 4.3 Sole source

A sole-source purchase above £10,000 needs a written reason and the agreement of the
Head of Procurement. Being in a hurry is not a reason; compatibility with a machine we
already own may be.

=== 4.4 Emergencies

To keep people safe or a site open, a site manager may spend up to £5,000 without
following sections 4.1 and 4.2. The order is raised on the next working day with an
explanation.

=== 4.5 Software and online services

Anything that stores company data, including free trials, is assessed by Information
Security before it is used. The assessment takes up to 15 working days. It is needed
again at renewal if the service or the data have changed.

=== 4.6 Consultants

A consultant engaged by the day for more than 40 days in a year needs the agreement of
the Chief Financial Officer, whatever the cost, and a check of tax status.

== 5 Tenders

=== 5.1 Running one

+ Write down what is needed and how bids will be scored before inviting anyone.
+ Invite at least four suppliers, one of them new to us where possible.
+ Give at least 15 working days to answer.
+ Send questions and answers to every bidder.
+ Score separately, then meet; price counts for no more than 60%.

=== 5.2 Opening bids

Bids are opened after the deadline by two people, of whom one is outside the department
that is buying. Late bids are not read.

=== 5.3 Telling the losers

Unsuccessful bidders are told within five working days and offered a conversation about
their score.

== 6 Company cards

=== 6.1 Who may have one

A card is issued to people who travel more than six times a year, to shop managers, and
to those who buy small items for a team. The application is signed by the budget holder.

=== 6.2 Limits

The standard limits are £500 for a single transaction and £2,500 in a month. The Group
Finance Controller may set others for up to three months.

=== 6.3 Using it

Cards are personal and are not lent. They may not be used for cash, fuel for a private
car, software subscriptions or anything for yourself, not even if you mean to repay it.
Receipts are uploaded within seven days; a card with three missing receipts is
suspended.

=== 6.4 Loss

Freeze a missing card in the bank's app at once, and then tell Finance. There is no need
to call the Service Desk.

== 7 Suppliers

=== 7.1 Before the first order

Finance checks the supplier's identity, bank details, insurance and sanctions status.
This usually takes five working days. A change of bank details is confirmed by
telephone, as section 7.4 of the Information Security Policy requires.

=== 7.2 Supplier code

Suppliers above £10,000 a year sign our Supplier Code, which forbids forced and child
labour, asks for a living wage within three years, and gives us the right to visit with
ten working days' notice.

=== 7.3 Data and incidents

Contracts under which a supplier handles personal data include our data terms. These
require the supplier to tell us of an incident within 24 hours, and to delete or return
the data within 30 days after the contract ends.

=== 7.4 Carbon

Suppliers above £250,000 a year report their emissions to us annually, using the
template on the intranet.

== 8 Contracts

=== 8.1 Signing

Only directors and those on the signing list may sign. Clicking "I agree" online is
signing. Legal reads every contract longer than 24 months, and any that makes us liable
beyond its value.

=== 8.2 Renewal

Contracts are entered in the register with a reminder six months before they end.
Automatic renewal for more than 12 months is not accepted.

== 9 Paying

=== 9.1 Terms

We pay 30 days after receiving a correct invoice. Suppliers with fewer than 50 employees
are paid within 14 days. Deposits of more than 25% need the agreement of the Group
Finance Controller.

=== 9.2 Receipt

The person who ordered confirms delivery in the system within three working days.
Ordering and approving payment may not be done by the same person.

== 10 Conduct

Gifts from suppliers are governed by section 5 of the Code of Conduct, and conflicts of
interest by section 6. Anyone with an interest in a bidder says so and leaves the
evaluation.

== 11 Exceptions

The Chief Financial Officer may allow an exception, in writing and before the purchase.
Exceptions are reported to the audit committee every quarter.
"""

WAREHOUSE_SAFETY = """\
= Health and Safety in the Distribution Centre

Owner: Site Manager, Doncaster | Version 5.1 | Effective 6 January 2025 | Document
HO-OPS-02

== 1 Purpose

Everyone who comes to work at Doncaster should go home in the same state. This document
sets out the rules of the site, who is responsible for them, and what to do when
something has gone wrong.

== 2 Scope

=== 2.1 Where

The rules apply inside the gate of the Doncaster distribution centre: the hall, the
yard, the offices on the mezzanine and the car park. Shops have their own safety
handbook.

=== 2.2 Who

They apply to employees, agency workers, drivers of other companies and visitors. A
visitor follows the person who signed them in.

=== 2.3 Place of work

All jobs at the distribution centre are done on site. The Remote and Hybrid Working
Policy does not apply here, with one exception: stock planners may work from home one
day a week when the Site Manager agrees.

== 3 Definitions

Powered truck: a forklift, reach truck, order picker or powered pallet truck.

Near miss: something that could have hurt a person but did not.

Reportable injury: an injury that the law requires us to report to the authority.

Green route: a walkway painted green on which trucks may not drive.

== 4 Responsibilities

=== 4.1 Managers

The Site Manager answers for safety as a whole. Shift leaders walk their area at the
start of each shift and sign the board. A shift leader who finds a danger has the right
to stop work, and does not need to ask.

=== 4.2 Everyone

Anyone may refuse a task that they believe to be dangerous until a shift leader has
looked at it. Nobody loses pay for that.

=== 4.3 Safety committee

The committee meets on the first Wednesday of each month. Half of its members are
elected by the shifts. Minutes hang beside the canteen within a week.

== 5 Rules of the hall

=== 5.1 Clothing and protective equipment

| Area | Required |
| Green routes and offices | High-visibility vest |
| Picking aisles | Vest and safety shoes |
| Loading bays | Vest, safety shoes and gloves |
| Baler and compactor | Vest, safety shoes, gloves, goggles and ear protection |
| Battery charging room | Vest, safety shoes, face shield and apron |

The company pays for safety shoes up to £85 a pair, once every 12 months, or sooner if
they are worn out. Headphones are not worn anywhere in the hall.

=== 5.2 Powered trucks

Only people with a current site licence drive powered trucks. The licence is renewed
every three years and lapses after six months without driving. The speed limit is 8 km/h
in the hall and 15 km/h in the yard. Passengers are never carried, and nobody is lifted
on the forks.

=== 5.3 Lifting by hand

| Weight of the load | How it is moved |
| Up to 15 kg | One person |
| Over 15 kg and up to 25 kg | One person with a lifting aid, or two people |
| Over 25 kg and up to 40 kg | Two people with a lifting aid |
| Over 40 kg | Powered truck only |

New and expectant mothers, and anyone with a back complaint, have a personal assessment
which takes the place of the table.

=== 5.4 Heights

Ladders are used for work of less than 15 minutes and with a second person present.
Nobody climbs the racking. A pallet that has slipped is reported and the aisle below it
is closed.

=== 5.5 Dangerous goods

Gas canisters, fuel and lithium batteries are kept in cage D. Two people at most may be
in the cage at a time. A swollen or hot battery goes into the sand bin outside door 7,
and the shift leader is called.

=== 5.6 Heat and cold

When the hall is above 27 °C there is a paid break of ten minutes every two hours, and
water is handed out. Above 32 °C picking stops. Below 13 °C warm clothing is issued and
hot drinks are free.

== 6 Hours and rest

=== 6.1 Breaks

A shift of eight hours includes a paid break of 20 minutes and an unpaid one of 30.
Night shifts have a further paid break of 15 minutes after 2 a.m.

=== 6.2 Overtime

Nobody works more than 12 hours in a day, or more than six days running, peak season
included. There are at least 11 hours between shifts.

=== 6.3 Night work

Night workers are offered a health check each year. Anyone who is advised to stop
working nights is moved to a day shift, and keeps the night allowance for three months.

== 7 When something happens

=== 7.1 First aid

There is a first aider on each shift, wearing a white armband. Defibrillators hang at
door 2 and in the canteen. For an ambulance call 999 first and the gatehouse second, so
that the barrier is open.

=== 7.2 Fire

At the alarm leave by the nearest exit and go to the meeting point by the bicycle shed.
Do not collect belongings. Drivers set down the load, lower the forks and walk. The
alarm is tested on Mondays at 10 a.m.; any other alarm is real.

=== 7.3 Reporting accidents and near misses

Tell the shift leader before the end of the shift and fill in the yellow card together.
Near misses are reported too, without a name if you prefer. The Site Manager reports
reportable injuries to the authority within 10 days, and deaths and major injuries at
once.

=== 7.4 Spills

Small spills are dealt with by whoever sees them, with the kit at each aisle end. For
anything over five litres, or of unknown kind, keep people away and call the shift
leader.

=== 7.5 After an accident

Leave things as they are until they have been photographed. Drivers of powered trucks
are tested for alcohol and drugs after any collision with a person or the racking. The
results go to occupational health and not to the shift leader.

== 8 Records

| Record | Kept for |
| Accident cards | 4 years from the accident |
| Health records of people exposed to noise or fumes | 40 years |
| Truck licences and training | 6 years after leaving |
| Daily truck checks | 12 months |
| Camera recordings from the hall and yard | 45 days |

Records of other kinds follow the Data Retention Policy.

== 9 Training

Nobody starts in the hall without the half-day induction, which is repeated after an
absence of six months. Agency workers are paid for it. Manual handling training is
renewed every two years.

== 10 Visitors and drivers

Visitors sign in at the gatehouse and receive a vest. Drivers hand over their keys while
being loaded and wait in the drivers' room. Children under 16 do not enter the hall, not
even on family day.

== 11 Breaking the rules

Rules are there to be questioned in the committee, not on the truck. Driving without a
licence, removing a guard and working under the influence may lead to dismissal under
the Code of Conduct.
"""

RENTAL_TERMS = """\
= Product Rental Terms

Owner: Head of Services | Version 2.0 | Effective 1 April 2025 | Document HO-CUS-08

== 1 About these terms

You can rent camping, ski and water equipment from eleven of our shops. These terms form
the contract between you and Halden Outfitters Ltd when you do. Nothing is rented by
post.

== 2 Definitions

Renter: the person who signs, and who is responsible for the equipment.

Rental day: a period of 24 hours beginning at the time of collection.

Deposit: an amount reserved on your payment card and released when the equipment comes
back.

Damage cover: the optional fee that limits what you pay for accidents.

== 3 Who can rent

=== 3.1 Age and identification

The renter must be 18 or over and show a passport, driving licence or national identity
card. Groups may be signed for by one person, for up to eight people.

=== 3.2 Skill

For kayaks and ski-touring sets we ask about your experience. Our staff may refuse to
hand over equipment if they believe that you or others would be in danger. In that case
you get all your money back.

=== 3.3 What we do not rent

Ropes, harnesses, climbing helmets and stoves are sold and not rented. Avalanche
transceivers are rented only together with a shovel and a probe, and only after a
ten-minute practice search in the shop.

== 4 Prices

=== 4.1 Price list

| Equipment | First day | Each further day | Week | Deposit |
| Two-person tent | £18 | £7 | £50 | £100 |
| Family tent | £35 | £14 | £95 | £200 |
| Rucksack, 65 litres | £10 | £4 | £28 | £60 |
| Sleeping bag with fresh liner | £12 | £5 | £34 | £60 |
| Ski set with boots | £28 | £19 | £115 | £150 |
| Avalanche safety set | £20 | £9 | £62 | £200 |
| Touring kayak with paddle | £45 | £30 | £190 | £300 |

=== 4.2 Discounts

Members have a discount on the rental charge, as shown in section 5.1 of Membership
Tiers and Benefits. It does not reduce the deposit or the fee for damage cover. School
groups have 30% off from Monday to Thursday.

=== 4.3 Try and buy

If you buy a new item of the same model within 14 days of bringing the rented one back,
we take up to two days' rental charge off the price.

== 5 Booking and changing your mind

=== 5.1 Booking

Book online or in a shop up to six months ahead. You pay the rental charge when you
book; the deposit is reserved when you collect.

=== 5.2 Cancelling

| When you tell us | What you get back |
| 7 days or more before collection | Everything |
| Between 7 days and 48 hours before | 50% of the rental charge |
| Less than 48 hours before | Nothing, but you may move the booking once to another date
  |

=== 5.3 Weather and snow

If the weather authority issues a red warning for the place you were going to, or the
ski area named on your booking is closed, we refund the charge in full whenever you tell
us, up to the hour of collection.

=== 5.4 If we cannot provide it

Should your equipment not be there, we offer something of the same kind or better at no
extra cost. If nothing suits, you get your money back and a voucher of £20.

== 6 Using the equipment

=== 6.1 At collection

Check everything with our staff and sign the list. For tents, we recommend that you put
them up once at home before setting out.

=== 6.2 While you have it

Use it as it is meant to be used, within the United Kingdom and Ireland. Taking it to
another country needs our written agreement, which is usually given for tents, rucksacks
and skis and never for kayaks. Do not lend it to anyone outside your group.

=== 6.3 Dogs and smoke

Dogs are welcome in the shops but not inside rented tents. Smoking and cooking inside a
tent are not allowed; the charge for removing smells is £40.

== 7 Bringing it back

=== 7.1 When and where

Return the equipment to the shop you collected it from before closing time on the last
rental day. Returning it to another shop costs £15 and has to be arranged beforehand.

=== 7.2 Late return

Each day or part of a day that you are late is charged at one and a half times the rate
for a further day. After five days without word from you we treat the equipment as lost.

=== 7.3 Condition

Mud on tent pegs is no trouble. Equipment that is wet through or very dirty is cleaned
at a charge of £12 for each item, or £25 for a family tent.

=== 7.4 Returning early

No part of the charge is given back if you return early, unless we agreed on it or
section 5.3 applies.

== 8 Loss and damage

=== 8.1 Damage cover

Damage cover costs £6 for each item and rental. With it you pay no more than £25 for
accidental damage. It does not cover loss, theft, burns, or damage done on purpose.

=== 8.2 Without cover

You pay the cost of repair, or the present value of the item if it cannot be repaired.
The present value falls by 20% for each year since we bought it. We show you the
calculation.

=== 8.3 Theft

Tell the police and send us the crime number within 48 hours. You owe the present value,
up to the amount of the deposit. If the equipment was left unlocked or unattended, that
limit does not apply.

=== 8.4 Releasing the deposit

We release the deposit within three working days of the return. Your bank may need up to
ten days to show it.

== 9 Our responsibility

=== 9.1 Faults

If something breaks through no fault of yours, stop using it and ring the shop. We
replace it if we can reach you, and refund the days on which you could not use it.

=== 9.2 Limits

We do not exclude responsibility for death or injury caused by our negligence. We are
not responsible for the cost of a holiday cut short for other reasons.

== 10 Disputes

Talk to the shop manager first. If that does not help, write to Customer Care within 60
days of the return. The law of England applies; renters in Scotland, Northern Ireland
and Ireland may go to their own courts.
"""

SPEAKING_UP = """\
= Speaking Up Policy

Owner: General Counsel | Version 2.1 | Effective 1 November 2024 | Document HO-LEG-05

== 1 Purpose

If something is wrong here we want to hear it from you before we read it in a newspaper.
This policy tells you how to raise a serious concern, what we will do with it, and how
you are protected.

== 2 Scope

=== 2.1 Who may use it

Employees, former employees, applicants, agency workers, contractors, volunteers on
guided walks, and people who work for our suppliers.

=== 2.2 What it is for

Concerns about wrongdoing that affects others: crime, fraud, bribery, danger to health,
damage to the environment, misuse of personal data, forced labour in the supply chain,
and attempts to cover up any of these.

=== 2.3 What it is not for

Complaints about your own pay, appraisal, shifts or a quarrel with a colleague go
through the grievance procedure. If you choose the wrong door we will walk you to the
right one.

== 3 Definitions

Concern: information which leads you reasonably to believe that wrongdoing has happened,
is happening or is likely to happen.

Confidential: your name is known to those who handle the concern, and to nobody else.

Anonymous: nobody knows your name, ourselves included.

Retaliation: any disadvantage that you suffer because you spoke up.

== 4 How to raise a concern

=== 4.1 Inside the company

Speak to your manager, your manager's manager, or one of the six Speak Up contacts whose
photographs are on every notice board. A concern about an executive director goes to the
chair of the audit committee.

=== 4.2 The outside line

The Speak Up line is run by an independent firm and answers day and night in eleven
languages. Ring 0808 157 0188 or use the web form. Calls are not recorded and numbers
are not shown.

=== 4.3 To an authority

You may go straight to a regulator or the police, and need not have told us first. Legal
keeps a list of the authorities. We ask you to take advice before going to the press,
because the law protects you in fewer cases there.

=== 4.4 Names

We would rather know who you are, since we can then ask questions and protect you. You
may nevertheless stay anonymous. You will be given a number with which to read our
answers on the web form.

=== 4.5 What to tell us

* What happened, when and where
* Who was there
* How you know
* Whether anybody is in danger now

You need no proof, and should not go looking for it. Do not open files you have no right
to see.

== 5 What we do

=== 5.1 Timetable

| Step | At the latest |
| We confirm that we have received your concern | 3 working days |
| You are told who is looking into it | 10 working days |
| First account of progress | 30 days |
| Result, as far as we can share it | 90 days |

If we need longer than 90 days, the General Counsel tells you why and gives a new date.

=== 5.2 Who looks into it

The General Counsel names an investigator who has no connection with the department
concerned. Concerns about Legal are investigated by an outside firm chosen by the audit
committee.

=== 5.3 The people named

Somebody who is accused is told what is alleged as soon as that can be done without
harming the investigation, and always before a finding is made. They may bring a
colleague or a union representative.

=== 5.4 The result

You will hear whether the concern was borne out and, in general terms, what was done. We
cannot usually say what discipline somebody received.

== 6 Protection

=== 6.1 No retaliation

You must not be dismissed, passed over, moved, cut out or threatened for raising a
concern. That holds even if you turn out to be mistaken, provided that you believed it.
Retaliation is gross misconduct.

=== 6.2 Checking up

The People Team gets in touch with you after one, three and six months to ask how things
are. Any appraisal, dismissal or change of role in the twelve months that follow is
looked at by the General Counsel first.

=== 6.3 Your identity

Your name is given to nobody outside the investigation without your written consent,
unless a court orders it. You will be told before that happens. Trying to find out who
raised a concern is itself misconduct.

=== 6.4 False reports

Making an allegation that you know to be untrue is misconduct. Being wrong is not.

=== 6.5 Agreements

No contract or settlement with us stops you from raising a concern under this policy or
the law. If yours appears to say so, that clause has no effect.

== 7 Records

Files on concerns are kept apart from personal files, for three years after closing, or
for six years where somebody was disciplined. Concerns that prove to be outside this
policy are deleted after six months.

== 8 Managers

A manager who is told of a concern writes it down, thanks the person and passes it to
the General Counsel within two working days. Managers do not investigate on their own.

== 9 Oversight

The audit committee receives a report twice a year with the number of concerns, the time
they took and what was learnt, without names. A short version is published on the
intranet.

== 10 Support

Anyone involved, the accused included, may use six sessions of free and confidential
counselling through the employee assistance programme.
"""

DOCUMENTS = (
    Document("warranty-and-repairs.docx", WARRANTY_AND_REPAIRS),
    Document("code-of-conduct.docx", CODE_OF_CONDUCT, title_is_heading=True),
    Document("procurement-policy.docx", PROCUREMENT_POLICY),
    Document("warehouse-health-and-safety.pdf", WAREHOUSE_SAFETY),
    Document("product-rental-terms.pdf", RENTAL_TERMS),
    Document("speaking-up-policy.pdf", SPEAKING_UP),
)


def main(arguments: list[str]) -> int:
    """Write every document and say what was written."""
    if len(arguments) > 1:
        print("usage: make_documents.py [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else POLICIES
    folder.mkdir(parents=True, exist_ok=True)
    for document in DOCUMENTS:
        write = write_docx if document.file_name.endswith(".docx") else write_pdf
        print(write(document, folder))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
