"""Document -> list[Chunk]: passages small enough to embed whole and to cite precisely."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from ingest.divide import (
    LONGEST_WORD_CHARS,
    CountTokens,
    Divider,
    counts_up_to,
    without_long_words,
)
from ingest.document import Document, Element, ElementKind, one_line
from ingest.formats.errors import DocumentTooLarge

SPECIAL_TOKENS = 2
"""What an encoder adds to a text: one token in front and one behind."""

CLAUSE_WORDS = 4
"""Words from which a heading without text under it is taken for a clause."""

MOST_CHUNKS = 100_000
"""More than 4,000 pages have in any script. Each is embedded, however short it is."""

MOST_LEAD_CHARS = 500
"""Between two chunks stand headings, and what is never indexed: words of thousands of characters."""

HEADING_CHARS_PER_TOKEN = 20
"""More than a readable heading has. Of others a context would hold any number, for every chunk anew."""

_SECTIONS_AT_ONCE = 1000
_CHARS_AT_ONCE = 100_000
"""What is tokenized together. A tokenizer takes 100 bytes for a character, and other threads wait."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document.text[start:end] == text` (character offsets).

    `context` names where it stands: document title and headings, outermost first. It is put in front
    of the text for embedding and search, and is no part of what is cited. `lead` is what stands between
    the chunk before and this one, headings and space: with it the two can be shown as one. None where
    that is too much, or there is none before.
    """

    text: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    page: int | None
    context: str
    lead: str | None = None

    @property
    def embedded_text(self) -> str:
        return f"{self.context}\n{self.text}"


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks that follow each other in one document, as one; what names the place is the first's.

    Raises `ValueError` where something is missing between two.
    """
    text = [chunks[0].text]
    for before, chunk in pairwise(chunks):
        if not follows(chunk, before):
            raise ValueError(
                f"the chunk at {chunk.start} does not follow the one at {before.start}"
            )
        text += [chunk.lead or "", chunk.text]
    return replace(chunks[0], text="".join(text), end=chunks[-1].end)


def follows(chunk: Chunk, before: Chunk) -> bool:
    """Whether the two can be joined."""
    return chunk.lead is not None and before.end + len(chunk.lead) == chunk.start


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of a section that is not divided further: an element, a table row, some sentences."""

    start: int
    end: int
    tokens: int
    page: int | None


_Span = tuple[int, int, int | None]
"""(start, end, page)"""


def chunk_document(
    document: Document, *, count_tokens: CountTokens, target_tokens: int, max_tokens: int
) -> list[Chunk]:
    """Chunks of the document in reading order.

    A chunk lies between two headings. Elements are packed until the next would take it over
    `target_tokens`; longer ones are divided at sentences, tables at rows. `max_tokens` is what the
    encoder takes: context, text and special tokens together stay within it, so nothing is cut off.

    The time grows with the text, whatever is in it. Raises `DocumentTooLarge` for more than
    `MOST_CHUNKS`.
    """
    made = _chunks(document, count_tokens, target_tokens, max_tokens)
    chunks = list(islice(made, MOST_CHUNKS + 1))
    if len(chunks) > MOST_CHUNKS:
        raise DocumentTooLarge(f"makes more than {MOST_CHUNKS:,} passages: divide it")
    return chunks


def _chunks(
    document: Document, count_tokens: CountTokens, target_tokens: int, max_tokens: int
) -> Iterator[Chunk]:
    divider = Divider(document.text, count_tokens)
    before: int | None = None
    for section, context, context_tokens in _in_context(document, count_tokens, max_tokens // 4):
        target = min(target_tokens, max_tokens - SPECIAL_TOKENS - context_tokens)
        path = section[0].heading_path
        units = _units(document, section, divider, count_tokens, target)
        for packed in _pack(document, units, target):
            start, end = packed[0].start, packed[-1].end
            is_near = before is not None and 0 <= start - before <= MOST_LEAD_CHARS
            lead = document.text[before:start] if is_near else None
            yield Chunk(document.text[start:end], start, end, path, packed[0].page, context, lead)
            before = end


def _in_context(
    document: Document, count_tokens: CountTokens, max_context_tokens: int
) -> Iterator[tuple[list[Element], str, int]]:
    """The sections, each with its context and the tokens of that."""
    sections = list(_sections(document)) or [[heading] for heading in document.elements]
    for first in range(0, len(sections), _SECTIONS_AT_ONCE):
        some = sections[first : first + _SECTIONS_AT_ONCE]
        paths = [section[0].heading_path for section in some]
        contexts = _contexts(document.title, paths, count_tokens, max_context_tokens)
        yield from zip(some, contexts, count_tokens(contexts), strict=True)


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


def _contexts(
    title: str, paths: list[tuple[str, ...]], count_tokens: CountTokens, max_context_tokens: int
) -> list[str]:
    """The innermost headings of each path that fit, or what fits of the last one."""
    # Each is compared once: a heading of megabytes may stand above a hundred thousand sections.
    others = {path[0] for path in paths if path} - {title}
    # With its mark, each has a token at least.
    nearest = [
        (path if path and path[0] not in others else (title, *path))[-max_context_tokens - 1 :]
        for path in paths
    ]
    distinct = list(dict.fromkeys(chain.from_iterable(nearest)))
    marked = [f"> {heading}" for heading in distinct]
    counts = counts_up_to(
        max_context_tokens + 1, marked, count_tokens, chars_per_token=HEADING_CHARS_PER_TOKEN
    )
    sizes = {
        heading: max(tokens, len(heading) // HEADING_CHARS_PER_TOKEN)
        for heading, tokens in zip(distinct, counts, strict=True)
    }
    return [_context(headings, sizes, count_tokens, max_context_tokens) for headings in nearest]


def _context(
    headings: tuple[str, ...],
    sizes: dict[str, int],
    count_tokens: CountTokens,
    max_context_tokens: int,
) -> str:
    room = max_context_tokens + 1  # The first heading has no mark.
    kept: list[str] = []
    for heading in reversed(headings):
        room -= sizes[heading]
        if room < 0:
            break
        kept.insert(0, heading)
    if kept:
        return " ".join(" > ".join(kept).split())
    return _shortened(headings[-1], count_tokens, max_context_tokens)


def _shortened(heading: str, count_tokens: CountTokens, max_tokens: int) -> str:
    words = heading.split()
    while True:
        cut = " ".join(words)
        (tokens,) = counts_up_to(
            max_tokens, [cut], count_tokens, chars_per_token=HEADING_CHARS_PER_TOKEN
        )
        if tokens <= max_tokens:
            return cut
        words = words[: len(words) // 2] if len(words) > 1 else []


def _units(
    document: Document,
    section: list[Element],
    divider: Divider,
    count_tokens: CountTokens,
    target: int,
) -> Iterator[_Unit]:
    for spans in _batches(_spans(document.text, section)):
        texts = [document.text[start:end] for start, end, _ in spans]
        counts = counts_up_to(target, texts, count_tokens)
        for (start, end, page), tokens in zip(spans, counts, strict=True):
            if tokens <= target:
                yield _Unit(start, end, tokens, page)
            else:
                for piece_start, piece_end, piece_tokens in divider.divide(start, end, target):
                    yield _Unit(piece_start, piece_end, piece_tokens, page)


def _spans(text: str, section: list[Element]) -> Iterator[_Span]:
    for element in section:
        lines = (
            _lines(element) if element.kind is ElementKind.TABLE else [(element.start, element.end)]
        )
        for start, end in lines:
            for span_start, span_end in without_long_words(text, start, end):
                yield span_start, span_end, element.page


def _batches(spans: Iterable[_Span]) -> Iterator[list[_Span]]:
    batch: list[_Span] = []
    chars = 0
    for span in spans:
        batch.append(span)
        chars += span[1] - span[0]
        if chars >= _CHARS_AT_ONCE:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _lines(element: Element) -> Iterator[tuple[int, int]]:
    start = element.start
    for line in element.text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _pack(document: Document, units: Iterable[_Unit], target: int) -> Iterator[list[_Unit]]:
    # Invisible characters are no tokens at all.
    longest = target * LONGEST_WORD_CHARS
    packed: list[_Unit] = []
    tokens = 0
    for unit in units:
        if packed and (tokens + unit.tokens > target or unit.end - packed[0].start > longest):
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
