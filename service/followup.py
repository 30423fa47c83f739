"""A question that depends on the conversation, said so that it can be understood without it.

By rules for English, without a model. Where they are not sure, the question stays as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from service.phrases import (
    SUBJECTS,
    Kind,
    Word,
    content_of,
    phrases_of,
    words_of,
)

SHORT_WORDS = 8
"""A question of no more that names nothing asks about what was named before: "Who decides?"."""


class Dependence(Enum):
    """How a question hangs on what was said before."""

    CONTRAST = auto()
    """It names another case: "And for Silver?"."""
    REFERENCE = auto()
    """It refers to something: "Does it expire?"."""
    ASPECT = auto()
    """It asks something further: "Why?", "And if it is late?"."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A dependent question. `said` is all of it without courtesies, `rest` what stands behind "And" or
    "What about", and `words` its words; `is_linked` says that there was such an opening."""

    dependence: Dependence
    said: str
    rest: str
    words: tuple[Word, ...]
    is_linked: bool


_COURTESY = re.compile(
    r"""(?:(?:thanks|thank\ you|thx|ok|okay|great|good|perfect|got\ it|i\ see|right|cool|hi|hello|hmm+
          |yes|no|sure|alright|fine|understood)
        (?:\ (?:very\ much|so\ much|a\ lot|you|then))?
        (?:[\s,.!…–-]*$|\s*[,.!…–-]\s*))+""",
    re.IGNORECASE | re.VERBOSE,
)
_LINK = re.compile(
    r"""(?:(?:and|but|or|also|plus|so|then|now|well|ok|okay)\b[\s,]*)*
        (?:(?:what|how)\ about\b\s*
          |(?:(?:is|are|does|do)\ (?:it|that|this)\ )?
           (?:the\ )?same\ (?:goes\ |apply\ )?(?:for|with)\b\s*)?""",
    re.IGNORECASE | re.VERBOSE,
)
_TRAILING_LINK = re.compile(r"[\s,]+(?:too|as well|either|also|then|though)(?=\s*[?.!]*\s*$)", re.I)
_CONDITION = re.compile(
    r"""(?:what\ |even\ |not\ even\ |only\ )?(?:if|when|unless|once|in\ case|while)\b
      |(?:not\ )?even\b|except\b""",
    re.IGNORECASE | re.VERBOSE,
)
_TWO_WORDED_CONDITIONS = frozenset("what even not".split())
_AT_LEAST = frozenset("less more fewer up".split())
_ASPECTS = frozenset(
    """
    address amount charge charges condition conditions contact cost costs date deadline deposit details
    duration exception exceptions fee fees fine form length limit limits maximum minimum notice number
    penalty period phone price prices proof reason reasons requirements rules time
    """.split()
)
"""Nouns that ask something about a subject rather than name another."""

_PERSONS = frozenset("he she they him them his her their".split())
POSSESSIVES = frozenset("its their his her".split())
_SUBJECT_FORMS = frozenset("he she they".split())
_DEMONSTRATIVES = frozenset("this that these those".split())
_THIS_DAY = frozenset(
    "year month week weekend morning afternoon evening time summer winter".split()
)
_POINTING_BACK = frozenset("afterwards beforehand otherwise instead".split())
_BEFORE_DEMONSTRATIVE = frozenset({Kind.AUXILIARY, Kind.PREPOSITION, Kind.JOINT, Kind.LIGHT})
_CLAUSE_OPENERS = frozenset(
    ", . ; : ! ? ( – — if when because but and so while after before once unless that who which".split()
)
_INDEFINITE = frozenset("everything something anything one someone anyone somebody".split())
_NAMED = frozenset({Kind.CONTENT, Kind.PRONOUN})
_EMPTY = r"""(?:true|ok|okay|possible|allowed|necessary|fine|legal|worth|safe|better|compulsory|mandatory
    |acceptable|permitted|enough|normal|hard|easy|hot|cold|dark|late|early|snow\w*|rain\w*|freez\w+)"""
_EMPTY_IT = re.compile(
    rf"""\bit(?:['’]s|\ is|\ was|\ will\ be|\ would\ be)?\ (?:\w+\ )?{_EMPTY}\b
      |\b(?:is|was|isn['’]t)\ it\ (?:to|{_EMPTY})\b
      |\bit\ (?:cost|take)s?\b(?:\ \w+){{0,2}}\ (?:to|for|until|before|till)\b
      |\bit\ (?:rain|snow|matter)s\b
      |\bwhat\ does\ it\ mean\b
      |\bhow\ (?:warm|hot|cold|dark|late|early|far|bad)\ \w+\ it\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Where "it" stands for nothing."""


def follow_up_of(question: str) -> FollowUp | None:
    """The question taken apart where it depends on an earlier one, else None."""
    said = without_courtesy(question)
    link = _LINK.match(said)
    rest = said[link.end() :] if link else said
    trailing = _TRAILING_LINK.search(rest)
    is_linked = bool(link and link.group()) or trailing is not None
    if trailing:
        rest = rest[: trailing.start()]
    words = tuple(words_of(rest))
    dependence = _dependence(rest, words, is_linked)
    return FollowUp(dependence, said, rest, words, is_linked) if dependence else None


def _dependence(rest: str, words: Sequence[Word], is_linked: bool) -> Dependence | None:
    content = content_of(words)
    if all(word.kind is Kind.MARK for word in words):
        return None
    if _is_condition(rest, words):
        is_bare = is_linked or not rest.lower().startswith("what") or len(content) < 3
        return Dependence.ASPECT if is_bare or _refers(rest, words) else None
    if _is_clause(words):
        if _refers(rest, words):
            return Dependence.REFERENCE
        names_nothing = not phrases_of(words) or all(word.lower in _ASPECTS for word in content)
        is_bare = len(content) <= 1 and len(words) <= SHORT_WORDS and names_nothing
        return Dependence.ASPECT if is_bare or (is_linked and len(content) <= 2) else None
    return _fragment(words, content, is_linked)


def _fragment(words: Sequence[Word], content: Sequence[Word], is_linked: bool) -> Dependence | None:
    """What a question without a verb hangs on. Without an opening it may be a search for a subject."""
    first = words[0]
    if first.kind is Kind.WH or first.lower in _AT_LEAST or not content:
        return Dependence.ASPECT if len(content) <= 3 else None
    is_aspect = any(word.lower in _ASPECTS for word in content) and len(content) <= 2
    if is_aspect or any(is_reference(words, place) for place in range(len(words))):
        return Dependence.ASPECT
    if is_linked or first.kind is Kind.PREPOSITION:
        return Dependence.CONTRAST if len(content) <= 5 else None
    is_name = all(word.has_capital or word.has_digit for word in content)
    if len(content) <= (3 if is_name else 1):
        return Dependence.CONTRAST
    return None


def _is_condition(rest: str, words: Sequence[Word]) -> bool:
    """Whether it is a condition without the question that it belongs to: "if it is late?"."""
    if not _CONDITION.match(rest):
        return False
    if words[0].lower == "when" and len(words) > 1 and words[1].kind is Kind.AUXILIARY:
        return False
    skipped = 2 if words[0].lower in _TWO_WORDED_CONDITIONS else 1
    behind = words[skipped:]
    for word, following in pairwise(behind):
        if word.lower == ",":
            return False
        if word.kind is Kind.WH and word is not behind[0]:
            return False
        if word.kind is Kind.AUXILIARY and following.lower in SUBJECTS:
            return False
    return True


def _is_clause(words: Sequence[Word]) -> bool:
    """Whether a verb is said, or can be."""
    if any(word.kind in (Kind.AUXILIARY, Kind.VERB) or word.lower in SUBJECTS for word in words):
        return True
    return words[0].kind is Kind.WH and len(content_of(words)) >= 2


# ---- What refers to something outside the question -------------------------------------------------


def _refers(rest: str, words: Sequence[Word]) -> bool:
    return any(is_reference(words, place) for place in range(len(words))) and not (
        _EMPTY_IT.search(rest) and sum(is_reference(words, n) for n in range(len(words))) == 1
    )


def is_reference(words: Sequence[Word], place: int) -> bool:
    """Whether the word refers to something, and nothing before it in the question can be meant.

    What stands in the same clause cannot be meant by an object form ("the driver … leave it").
    """
    word = "" if words[place].text == "IT" else words[place].lower
    before = words[:place]
    following = words[place + 1] if place + 1 < len(words) else None
    if word in _SUBJECT_FORMS or word in POSSESSIVES:
        return not phrases_of(before)
    if word in _DEMONSTRATIVES:
        return _is_demonstrative(before, word, following) and not _in_earlier_clause(before)
    if word == "it" and _is_subject(before, following):
        return not phrases_of(before)
    is_pointing = word in _POINTING_BACK and (following is None or following.lower != "of")
    if word in ("it", "him", "them") or is_pointing:
        return not _in_earlier_clause(before)
    is_last = following is None or following.kind is Kind.MARK
    if word == "there":
        near = {each.lower for each in before[-2:]}
        return is_last and not near & {"is", "are"} and not _in_earlier_clause(before)
    if word in ("one", "ones"):
        return is_last and bool(before) and not _in_earlier_clause(before)
    return False


def _is_subject(before: Sequence[Word], following: Word | None) -> bool:
    """Whether "it" between the two is a subject form: "says it was"."""
    is_inverted = bool(before) and before[-1].kind is Kind.AUXILIARY
    return not is_inverted and following is not None and following.kind is Kind.AUXILIARY


def _is_demonstrative(before: Sequence[Word], word: str, following: Word | None) -> bool:
    if before and before[-1].kind not in _BEFORE_DEMONSTRATIVE:
        return False
    if following is None:
        return True
    if word == "that" and following.kind is Kind.CONTENT and phrases_of(before):
        return False  # "The form that …", with something between.
    if word == "those" and following.kind in (Kind.PREPOSITION, Kind.WH):
        return False
    return following.lower not in _THIS_DAY | SUBJECTS


def _in_earlier_clause(before: Sequence[Word]) -> bool:
    """Whether a clause that is over by then names anything."""
    ends = [place for place in range(len(before)) if _opens_clause(before, place)]
    earlier = before[: ends[-1]] if ends else []
    return bool(phrases_of(earlier)) or any(word.lower in _INDEFINITE for word in earlier)


def _opens_clause(words: Sequence[Word], place: int) -> bool:
    """Whether a clause begins, also one without "that": "the tent I rented"."""
    word = words[place]
    is_relative = word.lower in SUBJECTS and place > 0 and words[place - 1].kind in _NAMED
    return word.lower in _CLAUSE_OPENERS or is_relative


def without_courtesy(question: str) -> str:
    question = question.strip()
    courtesy = _COURTESY.match(question)
    return question[courtesy.end() :] if courtesy else question
