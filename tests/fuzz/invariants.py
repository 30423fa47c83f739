"""What has to hold of any bytes whatever."""

import re
from itertools import pairwise

from ingest.chunk import SPECIAL_TOKENS, Chunk, chunk_document, follows, joined
from ingest.divide import CountTokens
from ingest.document import Document
from ingest.formats.errors import ParseError
from ingest.parse import parse

TARGET_TOKENS, MAX_TOKENS = 40, 64
_TOKEN = re.compile(r"\w{1,4}|[^\w\s]")


class BrokenInvariant(AssertionError):
    """The parser or the chunker did what it must not do."""


def count_pieces(texts: list[str]) -> list[int]:
    """As an encoder counts: long words are several tokens, each mark is one."""
    return [sum(1 for _ in _TOKEN.finditer(text)) for text in texts]


def check(content: bytes, name: str, count_tokens: CountTokens = count_pieces) -> str:
    """Parse and chunk; "document", or the class of the `ParseError` that refuses it.

    Raises `BrokenInvariant`, or whatever escapes the parser.
    """
    try:
        document = parse(content, name=name)
    except ParseError as error:
        _hold("\n" not in str(error), "the reason is on one line", error)
        _hold(len(str(error)) < 1000, "the reason is short", error)
        return type(error).__name__
    check_document(document)
    check_chunks(
        document,
        chunk_document(
            document,
            count_tokens=count_tokens,
            target_tokens=TARGET_TOKENS,
            max_tokens=MAX_TOKENS,
        ),
        count_tokens,
    )
    return "document"


def check_document(document: Document) -> None:
    """Elements are where they say, in order, and the text can be kept and shown."""
    text = document.text
    _hold(bool(text.strip()) and bool(document.title.strip()), "it has a text and a title", text)
    for element in document.elements:
        _hold(text[element.start : element.end] == element.text, "elements are in place", element)
        _hold(bool(element.text.strip()), "elements have text", element)
    for before, after in pairwise(document.elements):
        _hold(before.end < after.start, "elements are apart and in order", (before, after))
    said = document.metadata
    stated = (said.title, said.owner, said.version, *said.supersedes, *said.tags, *said.groups)
    for shown in (text, document.title, *(field for field in stated if field is not None)):
        shown.encode("utf-8")
        _hold(not re.search(r"[\0-\x08\x0b-\x1f\x7f]", shown), "no control characters", shown)
    _hold("\n" not in document.title, "the title is one line", document.title)


def check_chunks(document: Document, chunks: list[Chunk], count_tokens: CountTokens) -> None:
    """Chunks are where they say, do not overlap, and fit the encoder."""
    _hold(bool(chunks), "a document has chunks", document)
    for chunk in chunks:
        _hold(0 <= chunk.start < chunk.end <= len(document.text), "chunks lie in the text", chunk)
        _hold(document.text[chunk.start : chunk.end] == chunk.text, "chunks are in place", chunk)
        _hold(bool(chunk.text.strip()), "chunks have text", chunk)
    for before, after in pairwise(chunks):
        _hold(before.end <= after.start, "chunks are in order, without overlap", (before, after))
        if follows(after, before):
            said = document.text[before.start : after.end]
            _hold(
                joined([before, after]).text == said, "neighbours are joined to what is said", after
            )
    counts = count_tokens([chunk.embedded_text for chunk in chunks])
    for chunk, tokens in zip(chunks, counts, strict=True):
        _hold(tokens + SPECIAL_TOKENS <= MAX_TOKENS, f"{tokens} tokens fit", chunk)


def _hold(holds: bool, what: str, shown: object) -> None:
    if not holds:
        raise BrokenInvariant(f"not so: {what}: {repr(shown)[:500]}")
