"""What a question names exactly: clause numbers, and words in quotation marks."""

import re
from collections.abc import Sequence

_WORDS_BEFORE_NUMBERS = (
    r"§+|sections?|sec\.|clauses?|articles?|art\.|paragraphs?|para\.|rules?|parts?|chapters?|"
    r"appendix|annex|schedules?|items?|steps?"
)
_NUMBER = r"(?:[A-Z]\.?)?\d+(?:\.\d+)*(?:\([a-z0-9]{1,4}\))*"
_NAMED = re.compile(
    rf"(?:(?<!\w)(?:{_WORDS_BEFORE_NUMBERS})\s*)({_NUMBER})(?![\w%])", re.IGNORECASE
)
_DOTTED = re.compile(r"(?<![\w.,$€£])(\d+(?:\.\d+)+)(?![\w%]|[.,]\d)")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")

_MONEY_OR_MEASURE = re.compile(r"\s*(?:%|percent|dollars?|euros?|pounds?|hours?|days?|km|miles?)")


def exact_terms(question: str) -> tuple[str, ...]:
    """Clause numbers ("section 4.3", "2.1.5") and quoted phrases, in the order of the question.

    A lone decimal such as "2.5 hours" is no clause.
    """
    found: list[tuple[int, str]] = [
        (match.start(1), match.group(1)) for match in _NAMED.finditer(question)
    ]
    found += [
        (match.start(1), match.group(1))
        for match in _DOTTED.finditer(question)
        if not _MONEY_OR_MEASURE.match(question, match.end())
    ]
    found += [
        (match.start(1), " ".join(match.group(1).split()).strip(" .,;:?!"))
        for match in _QUOTED.finditer(question)
    ]
    return tuple(dict.fromkeys(term for _, term in sorted(found) if term))


def share_held(terms: Sequence[str], text: str) -> float:
    """The share of the terms that stand in the text, whatever their case, and not inside of longer
    words or numbers: "4.3" is not in "14.3" nor in "4.3.1"."""
    if not terms:
        return 0.0
    return sum(_holds(term, text) for term in terms) / len(terms)


def _holds(term: str, text: str) -> bool:
    words = r"\s+".join(map(re.escape, term.split()))
    return re.search(rf"(?<![\w.]){words}(?!\w|\.\w)", text, re.IGNORECASE) is not None
