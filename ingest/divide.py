"""A span of text that is too long for one passage -> pieces of it, cut at the best places there are."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

CountTokens = Callable[[list[str]], list[int]]
"""Number of an encoder's tokens in each text, without the special ones it adds."""

LONGEST_DIVIDED_CHARS = 4000
"""More than any paragraph. The sentence splitter's patterns give up on much longer texts."""

MOST_STOPS = 200_000
"""More than 10 million characters of prose have. At each of them the sentence splitter takes 40 µs."""

LONGEST_WORD_CHARS = 1000
"""Longer words are divided. So no token has more, and a text of more for each token has too many."""

_LONG_WORD = re.compile(rf"(?<!\S)\S{{{LONGEST_WORD_CHARS + 1},}}")
_STOP = re.compile(r"[.?!](?=[^\w.])")
_PLAIN_SENTENCE = r"(?s).+?(?:[.?!]\s+|\Z)"

_Split = Callable[[str], list[str]]
"""A text as its parts; together they are the text, but for a text of white space."""


def counts_up_to(
    target: int,
    texts: list[str],
    count_tokens: CountTokens,
    chars_per_token: int = LONGEST_WORD_CHARS,
) -> list[int]:
    """Tokens of each text, or `target` + 1 for one so long that it is over it uncounted. Texts that are
    equal are counted once."""
    longest = target * chars_per_token
    distinct = list(dict.fromkeys(text for text in texts if len(text) <= longest))
    counts = dict(zip(distinct, count_tokens(distinct), strict=True))
    return [counts.get(text, target + 1) for text in texts]


def without_long_words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span, divided inside words so long that the tokenizer takes them for one unknown token."""
    if end - start > LONGEST_WORD_CHARS:
        for word in _LONG_WORD.finditer(text, start, end):
            for cut in range(word.start() + LONGEST_WORD_CHARS, word.end(), LONGEST_WORD_CHARS):
                yield start, cut
                start = cut
    yield start, end


class Divider:
    """Divides spans of one text at paragraphs, else at sentences, phrases, words, or characters, as
    LlamaIndex's `SentenceSplitter` does.

    That one calls the tokenizer for every part, and took over a minute for 100,000 exclamation marks.
    Here the parts of a text are counted together, and equal ones once.
    """

    def __init__(self, text: str, count_tokens: CountTokens) -> None:
        self._text = text
        self._count_tokens = count_tokens
        self._of_character: dict[str, int] = {}

    def divide(self, start: int, end: int, target: int) -> Iterator[tuple[int, int, int]]:
        """(start, end, tokens) of the pieces, each of at most `target` tokens and without white space
        around it. A single character that has more is a piece nevertheless."""
        is_over = end - start <= LONGEST_DIVIDED_CHARS  # Or there would be nothing to divide.
        for stretch_start, stretch_end in _stretches(self._text, start, end):
            text = self._text[stretch_start:stretch_end]
            parts = [(len(text), target)]
            if is_over or counts_up_to(target, [text], self._count_tokens)[0] > target:
                parts = self._parts(text, target)
            spans = list(self._stripped(_packed(parts, stretch_start, target)))
            counts = self._count_tokens([self._text[start:end] for start, end in spans])
            for (piece_start, piece_end), tokens in zip(spans, counts, strict=True):
                yield piece_start, piece_end, tokens

    @cached_property
    def _splits(self) -> list[_Split]:
        """From the best places to cut at to the worst."""
        from llama_index.core.node_parser.text.sentence import (
            CHUNKING_REGEX,
            DEFAULT_PARAGRAPH_SEP,
        )
        from llama_index.core.node_parser.text.utils import (
            split_by_char,
            split_by_regex,
            split_by_sentence_tokenizer,
            split_by_sep,
        )

        is_prose = sum(1 for _ in _STOP.finditer(self._text)) <= MOST_STOPS
        sentences = split_by_sentence_tokenizer() if is_prose else split_by_regex(_PLAIN_SENTENCE)
        # In a part it may find an end that it passed over in the whole.
        return [
            split_by_sep(DEFAULT_PARAGRAPH_SEP),
            sentences,
            sentences,
            split_by_regex(CHUNKING_REGEX),
            sentences,
            split_by_sep(" "),
            sentences,
            split_by_char(),
        ]

    def _parts(self, text: str, target: int, level: int = 0) -> list[tuple[int, int]]:
        """Characters and tokens of each part of the text, of which none is over `target`."""
        texts = [text]
        while len(texts) < 2 and level < len(self._splits):
            texts = self._splits[level](text)
            level += 1
        parts: list[tuple[int, int]] = []
        for part, tokens in zip(texts, self._counts(text, texts, target), strict=True):
            if tokens > target and len(part) > 1:
                parts.extend(self._parts(part, target, level))
            else:
                parts.append((len(part), tokens))
        return parts

    def _counts(self, text: str, parts: list[str], target: int) -> list[int]:
        if len(parts) < len(text):
            return counts_up_to(target, parts, self._count_tokens)
        # Characters. There are no more of them than Unicode has, so they are counted once for all.
        unknown = [part for part in dict.fromkeys(parts) if part not in self._of_character]
        if unknown:
            self._of_character.update(zip(unknown, self._count_tokens(unknown), strict=True))
        return [self._of_character[part] for part in parts]

    def _stripped(self, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        for start, end in spans:
            text = self._text[start:end]
            if stripped := text.strip():
                start += len(text) - len(text.lstrip())
                yield start, start + len(stripped)


def _stretches(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span, cut behind a stop or a word where it is over `LONGEST_DIVIDED_CHARS` long."""
    while end - start > LONGEST_DIVIDED_CHARS:
        limit = start + LONGEST_DIVIDED_CHARS
        stop = text.rfind(". ", start, limit) + 1
        cut = stop or text.rfind(" ", start + 1, limit)
        start, before = (cut if cut > start else limit), start
        yield before, start
    yield start, end


def _packed(parts: list[tuple[int, int]], start: int, target: int) -> Iterator[tuple[int, int]]:
    """Spans of as many parts each as stay within `target`."""
    end, tokens = start, 0
    for part_chars, part_tokens in parts:
        if end > start and tokens + part_tokens > target:
            yield start, end
            start, tokens = end, 0
        end += part_chars
        tokens += part_tokens
    yield start, end
