"""Document -> list[Chunk]: passages small enough to embed whole and to cite precisely."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.document import Document, Element, ElementKind, one_line
from ingest.formats.errors import CorruptDocument

CountTokens = Callable[[list[str]], list[int]]
"""Number of an encoder's tokens in each text, without the special ones it adds."""

SPECIAL_TOKENS = 2
"""What an encoder adds to a text: one token in front and one behind."""


LONGEST_WORD_CHARS = 1000
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD_CHARS + 1},}}")

LONGEST_DIVIDED_CHARS = 4000
"""More than any paragraph. The sentence splitter's patterns give up on much longer texts."""

CLAUSE_WORDS = 4
"""Words from which a heading without text under it is taken for a clause."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document.text[start:end] == text` (character offsets).

    `context` names where it stands: document title and headings, outermost first. It is put in front
    of the text for embedding and search, and is no part of what is cited.
    """

    text: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    page: int | None
    context: str

    @property
    def embedded_text(self) -> str:
        return f"{self.context}\n{self.text}"


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of a section that is not divided further: an element, a table row, some sentences."""

    start: int
    end: int
    tokens: int
    page: int | None


def chunk_document(
    document: Document, *, count_tokens: CountTokens, target_tokens: int, max_tokens: int
) -> list[Chunk]:
    """Chunks of the document in reading order.

    A chunk lies between two headings. Elements are packed until the next would take it over
    `target_tokens`; longer ones are divided at sentences, tables at rows. `max_tokens` is what the
    encoder takes: context, text and special tokens together stay within it, so nothing is cut off.
    """
    chunks: list[Chunk] = []
    sections = list(_sections(document)) or [[heading] for heading in document.elements]
    for section in sections:
        path = section[0].heading_path
        context = _context(document.title, path, count_tokens, max_tokens // 4)
        room = max_tokens - SPECIAL_TOKENS - count_tokens([context])[0]
        target = min(target_tokens, room)
        units = _units(document, section, count_tokens, target)
        for packed in _pack(document, units, target):
            start, end = packed[0].start, packed[-1].end
            text = document.text[start:end]
            chunks.append(Chunk(text, start, end, path, packed[0].page, context))
    return chunks


def _sections(document: Document) -> Iterator[list[Element]]:
    """The elements between two headings. A heading with nothing under it stands for itself, if it says
    something: some documents set their clauses as headings. None where there are short headings only.
    """
    heading: Element | None = None
    body: list[Element] = []
    for element in document.elements:
        if element.kind is not ElementKind.TITLE:
            body.append(element)
            continue
        if body:
            yield body
        elif heading is not None and _is_clause(heading) and not _is_below(element, heading):
            yield [heading]
        heading, body = element, []
    if body:
        yield body
    elif heading is not None and _is_clause(heading):
        yield [heading]


def _is_clause(heading: Element) -> bool:
    return len(heading.text.split()) >= CLAUSE_WORDS


def _is_below(inner: Element, outer: Element) -> bool:
    depth = len(outer.heading_path)
    return len(inner.heading_path) > depth and inner.heading_path[:depth] == outer.heading_path


def _context(
    title: str, path: tuple[str, ...], count_tokens: CountTokens, max_context_tokens: int
) -> str:
    headings = [title, *path] if path[:1] != (title,) else list(path)
    while len(headings) > 1 and count_tokens([" > ".join(headings)])[0] > max_context_tokens:
        del headings[0]
    words = " > ".join(headings).split()
    while count_tokens([" ".join(words)])[0] > max_context_tokens:
        words = words[: len(words) // 2] if len(words) > 1 else []
    return " ".join(words)


def _units(
    document: Document, section: list[Element], count_tokens: CountTokens, target: int
) -> list[_Unit]:
    spans: list[tuple[int, int, int | None]] = []
    for element in section:
        if element.kind is ElementKind.TABLE:
            spans.extend((start, end, element.page) for start, end in _lines(element))
        else:
            spans.append((element.start, element.end, element.page))
    spans = [piece for span in spans for piece in _without_long_words(document.text, *span)]
    counts = count_tokens([document.text[start:end] for start, end, _ in spans])
    units: list[_Unit] = []
    for (start, end, page), tokens in zip(spans, counts, strict=True):
        if tokens <= target:
            units.append(_Unit(start, end, tokens, page))
        else:
            units.extend(_divide(document.text, start, end, page, count_tokens, target))
    return units


def _without_long_words(
    text: str, start: int, end: int, page: int | None
) -> Iterator[tuple[int, int, int | None]]:
    """The span, divided inside words so long that the tokenizer takes them for one unknown token."""
    for word in _LONG_WORD.finditer(text, start, end):
        for cut in range(word.start() + LONGEST_WORD_CHARS, word.end(), LONGEST_WORD_CHARS):
            yield start, cut, page
            start = cut
    yield start, end, page


def _lines(element: Element) -> Iterator[tuple[int, int]]:
    start = element.start
    for line in element.text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _divide(
    text: str, start: int, end: int, page: int | None, count_tokens: CountTokens, target: int
) -> Iterator[_Unit]:
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=target,
        chunk_overlap=0,
        tokenizer=lambda piece: [0] * count_tokens([piece])[0],
    )
    for stretch_start, stretch_end in _stretches(text, start, end):
        position = stretch_start
        for piece in splitter.split_text(text[stretch_start:stretch_end]):
            piece_start = text.find(piece, position, stretch_end)
            if piece_start < 0:
                raise CorruptDocument("cannot be divided into passages: report this document")
            position = piece_start + len(piece)
            yield _Unit(piece_start, position, count_tokens([piece])[0], page)


def _stretches(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span, cut behind a stop or a word where it is over `LONGEST_DIVIDED_CHARS` long."""
    while end - start > LONGEST_DIVIDED_CHARS:
        limit = start + LONGEST_DIVIDED_CHARS
        stop = text.rfind(". ", start, limit) + 1
        cut = stop or text.rfind(" ", start + 1, limit)
        start, before = (cut if cut > start else limit), start
        yield before, start
    yield start, end


def _pack(document: Document, units: list[_Unit], target: int) -> Iterator[list[_Unit]]:
    packed: list[_Unit] = []
    tokens = 0
    for unit in units:
        if packed and tokens + unit.tokens > target:
            introduction = _introduction(document, packed)
            yield packed[: len(packed) - len(introduction)]
            packed = (
                introduction if sum(u.tokens for u in introduction) + unit.tokens <= target else []
            )
            if introduction and not packed:
                yield introduction
            tokens = sum(unit.tokens for unit in packed)
        packed.append(unit)
        tokens += unit.tokens
    if packed:
        yield packed


def _introduction(document: Document, packed: list[_Unit]) -> list[_Unit]:
    """The last unit where it introduces what follows ("You may claim:"): it moves along."""
    last = packed[-1]
    introduces = one_line(document.text[last.start : last.end]).endswith(":")
    return [last] if introduces and len(packed) > 1 else []
