"""Files made worse, the same for the same random numbers."""

import zipfile
from io import BytesIO
from random import Random

_OFFICE = (".docx", ".pptx", ".xlsx", ".odt", ".epub")
_MARKUP = (
    b"<p>", b"</p>", b"<table>", b"<tr>", b"<td colspan=9999999>", b"</table>", b"<li>", b"<!--",
    b"]]>",
    b"<![CDATA[", b"&#x0;", b"&#xD800;", b"&#x202e;", b"&x;", b"<?xml?>", b"<main>", b"<h1>",
    b"<pre>",
    b"<br>", b"<svg>", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", "\u2028\u0085\ufeff".encode(),
)  # fmt: skip
_TOKENS: dict[str, tuple[bytes, ...]] = {
    ".md": (
        b"# ", b"> ", b"- ", b"    ", b"\t", b"|", b"|-|\n", b"```", b"[", b"](", b"![", b"**",
        b"`", b"{%",
        b"%}", b"{{", b"---\n", b"...\n", b": ", b"&a *a", b"!!python/object:x", b"\r", b"1. ",
        b"\n\n",
        b"effective_from: 9999-99-99\n", b"title: [1]\n", b"tags: {a: b}\n",
    ),
    ".txt": (
        b"\n\n", b"====\n", b"----\n", b"* ", b"1. ", b"1.1.1.1 ", b" ..... ", b": ",
        b"Contents\n", b"\f",
        b"\x1c", b"\x85", b"(a) ", b"IV. ", b"\xc2\xa0", b"\r",
    ),
    ".rtf": (
        b"{", b"}", b"\\par ", b"\\'", b"\\u-1?", b"\\u99999?", b"\\uc9 ", b"\\bin99 ",
        b"\\row ", b"\\cell ",
        b"\\intbl ", b"\\*", b"\\\\", b"\\ansicpg0 ", b"\\pict ", b"\\field ", b"\\u55357?",
    ),
    ".csv": (b",", b";", b"\t", b'"', b"\n", b"\r", b"|", b"sep=", b"sep=\n"),
    ".pdf": (
        b" obj\n", b"endobj", b"stream\n", b"endstream", b"xref", b"trailer", b"startxref",
        b"<<", b">>", b"[",
        b"]", b"(", b")", b" 0 R", b"1 0 R", b"/Kids", b"/Parent", b"/Count", b"/Length",
        b"/Filter",
        b"/FlateDecode", b"/LZWDecode", b"/ASCII85Decode", b"/Font", b"/Encrypt", b"/Prev",
        b"/Root", b" Tj ",
        b" Tm ", b" Tf ", b" cm ", b" Do ", b" re f ", b"-1", b"0", b"99999999999", b"1e30",
        b"/MediaBox",
        b"/Rotate 90", b"/ToUnicode", b"/W [1 2 3]", b"/Type0", b"BT ", b" ET", b"null", b"true",
    ),
    ".eml": (
        b"\n\n", b"Content-Type: ", b"multipart/mixed; boundary=", b"text/html",
        b"; charset=x-unknown",
        b"; charset=utf-16", b"base64", b"quoted-printable", b"message/rfc822",
        b"=?utf-8?b?!!?=", b"--",
        b"filename*=utf-8''%ff", b"Date: x\n", b"\r\n", b"From: <\n", b"Subject: \n",
    ),
}  # fmt: skip
_LIKE = {".markdown": ".md", ".tsv": ".csv"}


def mutated(content: bytes, suffix: str, random: Random, other: bytes) -> bytes:
    """The file with one to eight changes; in an archive mostly within one of its members."""
    if suffix in _OFFICE and random.random() < 0.85:
        return _in_member(content, random, other)
    tokens = _TOKENS.get(_LIKE.get(suffix, suffix), _MARKUP)
    if suffix in (".md", ".markdown", ".eml"):
        tokens += _MARKUP
    return _changed(content, tokens, random, other)


def _in_member(content: bytes, random: Random, other: bytes) -> bytes:
    """Unpacked, one member changed (or lost, or doubled), and packed again."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as before, zipfile.ZipFile(stream, "w") as after:
        chosen = random.choice(before.namelist())
        for name in before.namelist():
            member = before.read(name)
            if name == chosen and random.random() < 0.05:
                continue
            after.writestr(
                name,
                _changed(member, _names_in(member), random, other) if name == chosen else member,
            )
    return stream.getvalue()


def _names_in(markup: bytes) -> tuple[bytes, ...]:
    """Tags and attributes that occur in it, and some that are no good anywhere."""
    tags = [b"<" + piece.split(b">")[0] + b">" for piece in markup.split(b"<")[1:40]]
    return (*tags, *_MARKUP, b'="-1"', b'="99999999999"', b'=""', b'="NaN"', b'="2025-13-45"')


def _changed(content: bytes, tokens: tuple[bytes, ...], random: Random, other: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
        place = random.randrange(len(changed) + 1)
        end = min(len(changed), place + random.choice((1, 2, 8, 64, 512)))
        match random.randrange(9):
            case 0 if place < len(changed):
                changed[place] ^= 1 << random.randrange(8)
            case 1 if place < len(changed):
                changed[place] = random.randrange(256)
            case 2:
                del changed[place:end]
            case 3:
                changed[place:place] = changed[place:end] * random.choice((1, 2, 50))
            case 4:
                start = random.randrange(len(other) + 1)
                changed[place:end] = other[start : start + end - place]
            case 5 if random.random() < 0.3:
                del changed[place:]
            case 6:
                changed[place:end] = bytes(random.randrange(256) for _ in range(end - place))
            case _:
                changed[place:place] = random.choice(tokens) * random.choice((1, 1, 1, 2, 30))
    return bytes(changed)
