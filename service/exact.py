"""What a question names exactly: clause numbers, and words in quotation marks."""

import re
from collections.abc import Sequence

from nltk.stem.snowball import SnowballStemmer

from service.references import is_headed
from service.words import content_words, words_of

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

_ASKING_FOR_A_CLAUSE = frozenset(
    """
    annex appendix art article chapter clause content contents contain contains document explain item
    mean means para paragraph part policy please provide provides quote read reads rule rules say says
    schedule sec section sections clauses show state states step text word wording
    """.split()
)

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


def clauses_asked_for(question: str, place: str) -> tuple[str, ...]:
    """The clause numbers of a question that asks for these clauses and nothing else: beside them it has
    only words of asking, and such as name the place, which is the document's title and headings."""
    numbers = [term for term in exact_terms(question) if re.fullmatch(_NUMBER, term, re.IGNORECASE)]
    if not numbers:
        return ()
    stem = SnowballStemmer("english").stem
    named = {stem(word) for word in words_of(place)}
    known = _ASKING_FOR_A_CLAUSE.union(*map(words_of, numbers))
    others = (word for word in content_words(question) if word not in known)
    return () if any(stem(word) not in named for word in others) else tuple(numbers)


def stands_below(numbers: Sequence[str], heading_path: Sequence[str]) -> bool:
    """Whether one of the headings bears one of the clause numbers."""
    return any(is_headed(heading, number) for heading in heading_path for number in numbers)


def share_held(terms: Sequence[str], text: str) -> float:
    """The share of the terms that stand in the text, whatever their case, and not inside of longer
    words or numbers: "4.3" is not in "14.3" nor in "4.3.1"."""
    if not terms:
        return 0.0
    return sum(_holds(term, text) for term in terms) / len(terms)


def _holds(term: str, text: str) -> bool:
    words = r"\s+".join(map(re.escape, term.split()))
    return re.search(rf"(?<![\w.]){words}(?!\w|\.\w)", text, re.IGNORECASE) is not None
