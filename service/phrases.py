"""The words of an English question, and its noun phrases, by word lists: no tagger, no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    MARK = "mark"
    WH = "wh"
    AUXILIARY = "auxiliary"
    PRONOUN = "pronoun"
    DETERMINER = "determiner"
    PREPOSITION = "preposition"
    JOINT = "joint"
    """A conjunction."""
    LIGHT = "light"
    """Says little by itself: get, allowed, too, there."""
    VERB = "verb"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a mark of a text, at its character offsets [start, end)."""

    text: str
    start: int
    end: int
    kind: Kind

    @property
    def lower(self) -> str:
        return self.text.lower().replace("’", "'")

    @property
    def has_capital(self) -> bool:
        return self.text[:1].isupper()

    @property
    def has_digit(self) -> bool:
        return any(character.isdigit() for character in self.text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase: its words without the determiner, and what stands before them.

    `is_asked` says that it belongs to the question word, as in "how much leave".
    """

    words: tuple[Word, ...]
    determiner: Word | None
    preposition: Word | None
    is_asked: bool

    @property
    def start(self) -> int:
        return (self.determiner or self.words[0]).start

    @property
    def end(self) -> int:
        return self.words[-1].end

    @property
    def is_plural(self) -> bool:
        return is_plural(self.words[-1].lower)


SUBJECTS = frozenset("i you we they he she it everyone anyone someone".split())
SHORT_WORDS = 4
"""In so few words, with the mark, one that is known is enough."""
_ENGLISH = frozenset(
    """
    what which who whose when where why how the my your our can could does did do are should would this
    that there it they you any much many long if
    """.split()
)
_PERHAPS_ENGLISH = frozenset(
    "is was we am i a an in on to for of and with from after at by me us".split()
)
"""Words that other languages have too."""

_LISTS = {
    Kind.WH: "what which who whom whose when where why how",
    Kind.AUXILIARY: """
        am is are was were be been being do does did can could may might must shall should will would
        have has had cannot 's 're 'm 've 'll 'd""",
    Kind.PRONOUN: """
        i you we they he she it me us him them one ones mine yours ours theirs itself myself yourself
        everyone anyone someone everything anything something nothing nobody everybody somebody""",
    Kind.DETERMINER: """
        a an the my your our his her its their this that these those some any each every another""",
    Kind.PREPOSITION: """
        for in on at by with without to from after before over under as during within than until till
        per against into about of between beyond through like above below since towards via""",
    Kind.JOINT: "and or but if when while because unless so whether though although",
    Kind.LIGHT: """
        get gets got getting have having need needs want make makes made take takes taken go goes come
        comes give gives given put let try happen happens use uses used using keep allowed able
        supposed possible not no too also then there here now only still already even just back
        again away up out off down very really else other more most less least enough once ever never
        always yes please thanks exactly instead otherwise afterwards beforehand online abroad
        same thing things case cases way well all both either neither much many long far often soon
        valid free fine ok okay""",
    Kind.VERB: """
        pay pays paid cost costs know tell tells told ask asks asked say says said send sends sent
        buy buys bought bring brings brought return returns returned repair claim report order apply
        cancel change keep keeps kept work works worked leave leaves start starts stop stops wear wears
        wait wants expire expires include includes cover covers sell sells sold find finds found lose
        lost break breaks broke happened arrive arrives arrived approve approves decide decides borrow
        rent book carry join see show check charge charges apply applies match matches last lasts
        travel deliver delivers sign signs lead leads""",
}
_NOUNS_IN_LY = frozenset("family supply reply assembly anomaly monopoly".split())
_NEVER_NOUNS = frozenset(
    """
    approve approves arrive arrives arrived bring brings brought broke decide decides deliver delivers
    expire expires happened include includes know lose sell sells send sent told apply applies borrow
    """.split()
)
_PARTICIPLES = frozenset(
    "shown sold kept paid made given taken sent held lost stolen found written done known".split()
)
_KINDS = {word: kind for kind, words in reversed(_LISTS.items()) for word in words.split()}
_SHORTENED = r"['’](?:s|re|m|ve|ll|d)\b"
_WORD = re.compile(
    rf"""
      \b(?:what|who|where|how|when|why|it|that|there|he|she|i|you|we|they)(?={_SHORTENED})
    | {_SHORTENED}
    | [£€$]?[^\W_]+(?:[-'’.,/][^\W_]+)*%?
    | [^\w\s]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AFTER_NOUN_OPENER = frozenset({Kind.DETERMINER, Kind.CONTENT})
_BEFORE_INFINITIVE = frozenset({Kind.AUXILIARY, Kind.LIGHT, Kind.VERB})
_ASKING = frozenset("much many what which whose".split())


def words_of(text: str) -> list[Word]:
    """The words and marks of a text, each with what it does in an English sentence."""
    words: list[Word] = []
    for match in _WORD.finditer(text):
        kind = _kind(match.group())
        if kind is Kind.VERB and words and _is_noun_behind(words[-1], match.group()):
            kind = Kind.CONTENT
        words.append(Word(match.group(), match.start(), match.end(), kind))
    return [_as_verb(words, place) for place in range(len(words))]


def phrases_of(words: Sequence[Word]) -> list[Phrase]:
    """The noun phrases in their order."""
    found: list[Phrase] = []
    place = 0
    while place < len(words):
        has_determiner = words[place].kind is Kind.DETERMINER
        first = place + has_determiner
        end = first
        while end < len(words) and words[end].kind is Kind.CONTENT:
            end += 1
        if end > first:
            before = words[place - 1] if place else None
            found.append(
                Phrase(
                    tuple(_without_predicate(words[first:end], has_determiner)),
                    words[place] if has_determiner else None,
                    before if before and before.kind is Kind.PREPOSITION else None,
                    before is not None and before.lower in _ASKING,
                )
            )
        place = max(end, place + 1)
    return found


def content_of(words: Sequence[Word]) -> list[Word]:
    """The words that say something by themselves."""
    return [word for word in words if word.kind in (Kind.CONTENT, Kind.VERB)]


def is_english(words: Sequence[Word]) -> bool:
    """Whether enough of the words are known to be English; rather no than yes."""
    known = {word.lower for word in words if word.lower in _ENGLISH or word.text == "I"}
    perhaps = {word.lower for word in words if word.lower in _PERHAPS_ENGLISH} - known
    return bool(known) and (len(known) + len(perhaps) >= 2 or len(words) <= SHORT_WORDS)


def is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "sis"))


def stem(word: str) -> str:
    """A word without the ending of the plural."""
    return word.removesuffix("s") if is_plural(word) else word


def _kind(text: str) -> Kind:
    lower = text.lower().replace("’", "'")
    if not any(character.isalnum() for character in text):
        return Kind.MARK
    if lower.endswith("n't"):
        return Kind.AUXILIARY
    if lower.endswith("ly") and len(lower) > 5 and lower not in _NOUNS_IN_LY:
        return Kind.LIGHT
    return _KINDS.get(lower, Kind.CONTENT)


def _is_noun_behind(before: Word, verb: str) -> bool:
    """Whether what can be a verb is a part of a phrase: "a lost key", "the staff discount work"."""
    if before.kind is Kind.CONTENT:
        return verb.lower() not in _NEVER_NOUNS
    return before.kind is Kind.DETERMINER


def _as_verb(words: Sequence[Word], place: int) -> Word:
    """The word, as a verb where it follows a subject ("do we keep …"), "to" with an object behind, or
    "to" with a verb before ("allowed to …")."""
    word = words[place]
    before = words[place - 1].lower if place else ""
    after = words[place + 1].kind if place + 1 < len(words) else Kind.MARK
    is_led = place > 1 and words[place - 2].kind in _BEFORE_INFINITIVE
    is_infinitive = before == "to" and (is_led or after in _AFTER_NOUN_OPENER)
    is_verb = before in SUBJECTS or (is_infinitive and not word.has_capital)
    if word.kind is Kind.CONTENT and is_verb:
        return Word(word.text, word.start, word.end, Kind.VERB)
    return word


def _without_predicate(words: Sequence[Word], has_determiner: bool) -> Sequence[Word]:
    """The words of a phrase without a participle behind them: "the deposit released"."""
    last = words[-1].lower
    is_regular = len(last) > 4 and last.endswith("ed") and not last.endswith("eed")
    is_participle = is_regular or last in _PARTICIPLES
    return words[:-1] if has_determiner and len(words) > 1 and is_participle else words
