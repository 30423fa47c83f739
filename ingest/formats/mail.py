"""Mails (EML, MSG) as blocks: subject, sender and receivers, text, and what is attached."""

import email
import email.policy
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.message import EmailMessage

from ingest.document import Block, ElementKind, one_line
from ingest.formats.content import FileContent
from ingest.formats.errors import CorruptDocument, ParseError
from ingest.formats.markup import html_content, parse_html
from ingest.formats.text import text_blocks

MAX_ATTACHMENTS = 50
"""Of one mail, in all its depths together no more than `MAX_DEPTH` times as many."""

_HEADERS = ("From", "To", "Cc", "Date")
_LONGEST_HEADER_CHARS = 1_000
_NO_DOCUMENT = re.compile(
    r"(?:image|audio|video|font)/|application/(?:pkcs7|x-pkcs7|pgp|ms-tnef)", re.I
)

ReadAttachment = Callable[[bytes, str], list[Block]]
"""Content and name of an attached file -> its blocks; raises a `ParseError` for what it cannot read."""


@dataclass(frozen=True, slots=True)
class _Attachment:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Mail:
    """`headers` are those that have a value, by name; of the bodies at least one may be empty."""

    subject: str
    headers: dict[str, str]
    html: str
    text: str
    attachments: list[_Attachment]


def eml_content(content: bytes, read_attachment: ReadAttachment) -> FileContent:
    """A mail as programs exchange it (RFC 5322 and MIME)."""
    try:
        message = email.message_from_bytes(content, policy=email.policy.default)
        mail = _from_message(message)
    # What the standard library's parser trips over in a header or a part that is broken.
    except (
        MessageError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
    ) as error:
        raise CorruptDocument(
            f"is not a readable mail ({type(error).__name__}): save it again from the mail program"
        ) from error
    return _content(mail, read_attachment)


def msg_content(content: bytes, read_attachment: ReadAttachment) -> FileContent:
    """A mail as Outlook saves it."""
    from oxmsg import Message

    message = Message.load(io.BytesIO(content))
    receivers = [r.email_address for r in message.recipients]
    sent = message.sent_date
    headers = {
        "From": message.sender or "",
        "To": message.message_headers.get("To") or ", ".join(filter(None, receivers)),
        "Date": sent.strftime("%Y-%m-%d %H:%M")
        if sent
        else message.message_headers.get("Date", ""),
    }
    attachments = [
        _Attachment(attached.file_name or "", attached.file_bytes or b"")
        for attached in message.attachments[:MAX_ATTACHMENTS]
        if not _NO_DOCUMENT.match(attached.mime_type or "")
    ]
    mail = _Mail(message.subject, headers, message.html_body or "", message.body or "", attachments)
    return _content(mail, read_attachment)


def _from_message(message: EmailMessage) -> _Mail:
    headers = {name: _header(message, name) for name in _HEADERS}
    bodies = {}
    for kind in ("html", "plain"):
        part = message.get_body(preferencelist=(kind,))
        bodies[kind] = _text(part) if isinstance(part, EmailMessage) else ""
    attachments = [
        attached
        for _, part in zip(range(MAX_ATTACHMENTS), message.iter_attachments(), strict=False)
        if isinstance(part, EmailMessage) and (attached := _attachment(part)) is not None
    ]
    subject = _header(message, "Subject")
    return _Mail(subject, headers, bodies["html"], bodies["plain"], attachments)


def _header(message: EmailMessage, name: str) -> str:
    return one_line(str(message.get(name) or ""))[:_LONGEST_HEADER_CHARS]


def _text(part: EmailMessage) -> str:
    """The characters of a text part; those of an unknown encoding as far as they are ASCII."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _attachment(part: EmailMessage) -> _Attachment | None:
    """None for pictures and signatures."""
    if _NO_DOCUMENT.match(part.get_content_type()):
        return None
    name = one_line(part.get_filename() or "")
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        if not isinstance(inner, EmailMessage):
            return None
        subject = _header(inner, "Subject") or "mail"
        return _Attachment(name or f"{subject}.eml", inner.as_bytes())
    raw = part.get_payload(decode=True)
    return _Attachment(name, raw) if name and isinstance(raw, bytes) else None


def _content(mail: _Mail, read_attachment: ReadAttachment) -> FileContent:
    subject = one_line(mail.subject)[:_LONGEST_HEADER_CHARS]
    lines = [f"{name}: {one_line(value)}" for name, value in mail.headers.items() if value.strip()]
    blocks = [
        Block(ElementKind.TITLE, subject, level=1),
        Block(ElementKind.TABLE, "\n".join(lines)),
        *_lowered(_body(mail), 1),
    ]
    unread: list[str] = []
    for attachment in mail.attachments:
        blocks += _attached(attachment, read_attachment, unread)
    warning = f"was read in part: {'; '.join(unread)}" if unread else None
    return FileContent([block for block in blocks if block.text], subject or None, warning=warning)


def _body(mail: _Mail) -> Iterable[Block]:
    """The text part where the HTML one is laid out by tables, as newsletters are; else the HTML."""
    if mail.html.strip() and not (mail.text.strip() and _is_layout(mail.html)):
        blocks = html_content(mail.html).blocks
        if any(block.text.strip() for block in blocks):
            return blocks
    # A line in capitals or with a number is no heading in a mail: signatures are full of them.
    return (
        replace(block, kind=ElementKind.TEXT, level=None)
        if block.kind is ElementKind.TITLE
        else block
        for block in text_blocks(mail.text)
    )


def _is_layout(html: str) -> bool:
    return bool(parse_html(html).xpath("//table//table"))


def _attached(
    attachment: _Attachment, read_attachment: ReadAttachment, unread: list[str]
) -> Iterator[Block]:
    """The attached file's blocks below a heading of its name; the heading alone where it cannot be
    read, which says that there is more, and in `unread` why.
    """
    if not attachment.name:
        return
    yield Block(ElementKind.TITLE, f"Attachment: {attachment.name}", level=2)
    try:
        blocks = read_attachment(attachment.content, attachment.name)
    except ParseError as error:
        unread.append(f"the attachment {attachment.name} {error}")
        return
    # A page of the attached file is none of the mail's.
    yield from (replace(block, page=None) for block in _lowered(blocks, 2))


def _lowered(blocks: Iterable[Block], levels: int) -> Iterator[Block]:
    for block in blocks:
        yield block if block.level is None else replace(block, level=block.level + levels)
