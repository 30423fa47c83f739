"""A question that a template asked of a document."""

import re
from dataclasses import dataclass

from eval.dataset import GoldPassage
from ingest.document import Document, one_line
from service.words import content_words

MIN_CONTENT_WORDS = 3
"""A shorter question names its document, since nothing else says what it is about."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document under its name in the index."""

    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Draft:
    """`subject` is what stands in quotation marks in the question, where another could stand; `fact` is
    what a right answer says."""

    kind: str
    document: str
    question: str
    gold: tuple[GoldPassage, ...]
    reference_answer: str
    fact: str | None = None
    subject: str | None = None

    @property
    def gives_itself_away(self) -> bool:
        """Whether the question already says the answer."""
        asked = f" {_plain(self.question)} "
        return f" {_plain(self.fact or self.reference_answer)} " in asked


_PRONOUN = re.compile(
    r"\b(it|its|they|them|their|this|that|these|those|he|she|his|her|such|there|then)\b",
    re.IGNORECASE,
)


def leans_on_context(words: str) -> bool:
    """Whether the words stand for something that was said before them."""
    return _PRONOUN.search(words) is not None


def in_lower_case(words: str, document: Document) -> str:
    """The words as inside a sentence: with a small first letter, unless the first is a name."""
    first, *others = words.split()
    small = first[:1].lower() + first[1:]
    if small != first.lower() or any(word[0].isupper() for word in others):
        return words
    is_written_small = re.search(rf"\b{re.escape(small)}\b", document.text) is not None
    is_name = re.search(rf"[a-z,] {re.escape(first)}\b", document.text) is not None
    return small + words[len(first) :] if is_written_small or not is_name else words


def placed(question: str, document: Document) -> str:
    """The question, with its document's title where it says too little by itself."""
    if len(content_words(question)) >= MIN_CONTENT_WORDS:
        return question
    return f"Under “{one_line(document.title)}”, {question[:1].lower()}{question[1:]}"


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
