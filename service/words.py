"""The words of an English text that say what it is about."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+(?:['’.,:/-][^\W_]+)*")
_PART = re.compile(r"[-/'’]")
_FUNCTION_WORDS = frozenset(
    """
    a about also an and any are as at be been being but by can could did do does doing for from get gets
    got had has have having he her his how i i'm i've i'd if in into is it its it's just like many may
    me might much must my need no not of off on one only or other our out per put she should so some
    still such take tell than that the their them then there these they thing this those to too up us
    use want was we were what what's when where whether which while who whom whose why will with without
    would write you your yes
    """.split()
)


def content_words(text: str) -> list[str]:
    """The words that say what it is about, in lower case, each once."""
    found = (word.removesuffix("'s") for word in _whole_words(text))
    return list(
        dict.fromkeys(
            word
            for word in found
            if word not in _FUNCTION_WORDS and (len(word) > 1 or word.isdigit())
        )
    )


def _whole_words(text: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def words_of(text: str) -> Iterator[str]:
    """Words in lower case, those with hyphens also in their parts."""
    for word in _whole_words(text):
        yield word.removesuffix("'s")
        yield from (part for part in _PART.split(word) if part)
