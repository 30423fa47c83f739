"""Mails: headers, body, and attached files read by their own parsers."""

from email.message import EmailMessage

import pytest

from ingest.document import Block, ElementKind
from ingest.formats.errors import UnsupportedFormat
from ingest.formats.mail import MAX_ATTACHMENTS, eml_content, msg_content
from tests.ingest.containers import msg

NAMES = {"From": "Ann <ann@x.org>", "To": "all@x.org", "Date": "Mon, 02 Mar 2026 09:30:00 +0000"}


def mail(text: str = "Ring us first.", html: str = "", subject: str = "Sick leave") -> EmailMessage:
    message = EmailMessage()
    for name, value in NAMES.items():
        message[name] = value
    if subject:
        message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def read_attachment(content: bytes, name: str) -> list[Block]:
    if not name.endswith(".txt"):
        raise UnsupportedFormat("has the unknown ending")
    return [
        Block(ElementKind.TITLE, "Rules", page=3, level=1),
        Block(ElementKind.TEXT, content.decode().strip(), page=3),
    ]


def blocks(message: EmailMessage) -> list[Block]:
    return eml_content(message.as_bytes(), read_attachment).blocks


def title(text: str, level: int) -> Block:
    return Block(ElementKind.TITLE, text, level=level)


def text(words: str) -> Block:
    return Block(ElementKind.TEXT, words)


HEAD = [
    title("Sick leave", 1),
    Block(
        ElementKind.TABLE,
        "From: Ann <ann@x.org>\nTo: all@x.org\nDate: Mon, 02 Mar 2026 09:30:00 +0000",
    ),
]


def test_a_mail_is_its_subject_its_headers_and_its_text() -> None:
    found = eml_content(mail("Dear all,\n\nRing us first.\n\nREGARDS").as_bytes(), read_attachment)
    assert found.blocks == [*HEAD, text("Dear all,"), text("Ring us first."), text("REGARDS")]
    assert found.title == "Sick leave"


def test_encoded_headers_and_texts_are_read() -> None:
    found = blocks(mail("Grüße aus Köln.", subject="Krankheit: was nun, Jürgen?"))
    assert (found[0].text, found[-1].text) == ("Krankheit: was nun, Jürgen?", "Grüße aus Köln.")
    odd = b"Subject: Leave\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\nRing us.\r\n"
    assert eml_content(odd, read_attachment).blocks == [title("Leave", 1), text("Ring us.")]


def test_html_is_read_with_its_headings_below_the_subject() -> None:
    found = blocks(mail("Ring us first.", "<h1>When</h1><ul><li>before nine</li></ul>"))
    assert found == [*HEAD, title("When", 2), Block(ElementKind.LIST_ITEM, "before nine")]


def test_the_plain_text_is_read_where_tables_lay_the_html_out() -> None:
    layout = "<table><tr><td><table><tr><td>Ring us</td></tr></table></td></tr></table>"
    assert blocks(mail("Ring us first.", layout)) == [*HEAD, text("Ring us first.")]


def test_attached_files_stand_below_their_names_without_pages_of_their_own() -> None:
    message = mail()
    message.add_attachment("Be kind.", filename="rules.txt")
    message.add_attachment(b"\0", "application", "zip", filename="all.zip")
    message.add_attachment(b"\x89PNG", "image", "png", filename="logo.png")
    found = eml_content(message.as_bytes(), read_attachment)

    assert found.blocks == [
        *HEAD,
        text("Ring us first."),
        title("Attachment: rules.txt", 2),
        title("Rules", 3),
        text("Be kind."),
        title("Attachment: all.zip", 2),
    ]
    assert found.warning == ("was read in part: the attachment all.zip has the unknown ending")


def test_a_mail_that_is_attached_is_handed_on_whole() -> None:
    handed: list[tuple[bytes, str]] = []

    def read(content: bytes, name: str) -> list[Block]:
        handed.append((content, name))
        return []

    message = mail()
    message.add_attachment(mail("Come back.", subject="Old rules"))
    eml_content(message.as_bytes(), read)
    [(content, name)] = handed
    assert name == "Old rules.eml"
    assert eml_content(content, read).blocks[-1] == text("Come back.")


def test_no_more_than_a_number_of_attachments_is_read() -> None:
    message = mail()
    for number in range(MAX_ATTACHMENTS + 5):
        message.add_attachment("x", filename=f"{number}.txt")
    names = [block.text for block in blocks(message) if block.text.startswith("Attachment")]
    assert names == [f"Attachment: {number}.txt" for number in range(MAX_ATTACHMENTS)]


def test_outlooks_mails_are_read_alike() -> None:
    texts = {0x37: "Sick leave", 0x1000: "Ring us first.", 0x0C1A: "Ann", 0x0C1F: "ann@x.org"}
    content = msg(texts, to="all@x.org", attached={"rules.txt": b"Be kind.", "all.zip": b"x"})
    assert msg_content(content, read_attachment).blocks == [
        HEAD[0],
        Block(ElementKind.TABLE, 'From: "Ann" <ann@x.org>\nTo: all@x.org'),
        text("Ring us first."),
        title("Attachment: rules.txt", 2),
        title("Rules", 3),
        text("Be kind."),
        title("Attachment: all.zip", 2),
    ]


@pytest.mark.parametrize("html", [b"<p>Ring us <b>first</b>.", b"<html><body>Ring us first."])
def test_outlooks_html_is_read(html: bytes) -> None:
    content = msg({0x37: "Sick leave"}, html=html, attached={})
    assert msg_content(content, read_attachment).blocks == [HEAD[0], text("Ring us first.")]


def test_a_mail_without_subject_has_no_title() -> None:
    found = eml_content(b"From: ann@x.org\r\n\r\nRing us.", read_attachment)
    assert found.title is None
    assert found.blocks == [Block(ElementKind.TABLE, "From: ann@x.org"), text("Ring us.")]
