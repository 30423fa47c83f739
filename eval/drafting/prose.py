"""Questions from headings that ask, definitions, and limits."""

import re
from collections.abc import Iterator

from eval.dataset import GoldPassage
from eval.drafting.draft import Draft, Source, in_lower_case, leans_on_context, placed
from ingest.document import Document, Element, ElementKind, one_line
from ingest.sentence import sentences
from service.gold import places
from service.words import content_words

_NUMBERING = re.compile(
    r"^(?:(?:part|section|chapter|article)\s+\w+\s*[-–—:.]\s*|\(?\d+(?:\.\d+)*[.)]?\s+|[A-Z][.)]\s+)",
    re.IGNORECASE,
)
_ASKING = (
    (re.compile(r"^how to (?P<rest>[^,]+)$", re.IGNORECASE), "How do I {rest}?"),
    (re.compile(r"^when to (?P<rest>[^,]+)$", re.IGNORECASE), "When should I {rest}?"),
    (re.compile(r"^where to (?P<rest>[^,]+)$", re.IGNORECASE), "Where should I {rest}?"),
    (
        re.compile(
            r"^(?P<rest>(?:who|what) (?:can|may|must|should|is|are|has|have|needs?|pays?) [^,]+)$",
            re.IGNORECASE,
        ),
        "{rest}?",
    ),
)
_MAX_LISTED = 8

_DEFINED = re.compile(
    r"^(?:(?:\d+(?:\.\d+)*|\(?[a-z])[.)]\s+)?(?:[Tt]he (?:term|word|phrase) )?"
    r"(?P<mark>[\"“'‘]?)(?P<term>[^\"“”‘’,.;:()]{2,60}?)[\"”'’]? "
    r"(?:means|refers to|is defined as|shall mean|stands for) (?P<meaning>(?!that\b)\S+ \S+ .+)$"
)
_QUOTED_IS = re.compile(
    r"^(?P<mark>[\"“])(?P<term>[^\"“”]{2,60})[\"”] (?:is|are) (?P<meaning>(?:an?|the) .+)$"
)
_LISTED = re.compile(
    r"^(?P<mark>)(?P<term>[^—–:,.;()]{2,60}?)(?: [—–] |: )(?P<meaning>\S+ \S+ .+)$"
)
_OF_DEFINITIONS = re.compile(r"\b(definitions?|glossary|terms used|meanings?)\b", re.IGNORECASE)
_NO_TERM = re.compile(
    r"\b(this|that|it|which|what|they|these|those|he|she|there|if|when|where|nothing|everything|must|"
    r"may|is|are|was|will|can|cannot|only|not|we|you)\b",
    re.IGNORECASE,
)

_NUMBER = (
    r"(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|"
    r"twenty-one|twenty-eight|thirty|forty|sixty|ninety)"
)
_UNIT = r"(?:(?:working|calendar|business|clear) )?(?:minutes?|hours?|days?|weeks?|months?|years?)"
_MODAL = r"(?P<modal>must|may|can|should|will|is|are)"
_SUBJECT = r"(?P<subject>[A-Z][\w’'-]*(?: [\w’'-]+){0,5}?)"
_ACT = r"(?P<act>(?!not\b)[^,;:.()]{3,90}?)"
_CLAUSE = re.compile(
    r"\b(if|when|unless|because|where|who|which|whose|while|until|or|worth|than)\b"
)
_LIMITS = (
    (
        re.compile(
            rf"^{_SUBJECT} {_MODAL} {_ACT} within (?P<fact>{_NUMBER} (?P<unit>{_UNIT}))"
            r"(?P<tail> (?:of|after|from) [^,;:.()]+)?\.$"
        ),
        "Within how many {units}{tail} {modal} {subject} {act}?",
    ),
    (
        re.compile(
            rf"^{_SUBJECT} {_MODAL} {_ACT} at least (?P<fact>{_NUMBER} (?P<unit>{_UNIT}))"
            r"(?P<tail> (?:before|in advance|after|ahead)[^,;:.()]*)?\.$"
        ),
        "At least how many {units}{tail} {modal} {subject} {act}?",
    ),
    (
        re.compile(
            rf"^{_SUBJECT} {_MODAL} {_ACT} up to (?P<fact>(?:[£$€] ?|GBP |EUR |USD )\d[\d,.]*\d|[£$€]\d)"
            r"(?P<unit>)(?P<tail> (?:a|an|per|for|on|towards|in) [^,;:.()]+)?\.$"
        ),
        "Up to how much {modal} {subject} {act}{tail}?",
    ),
)


def heading_drafts(source: Source) -> Iterator[Draft]:
    """A heading that asks, answered by the first sentences under it."""
    elements = source.document.elements
    for place, element in enumerate(elements):
        question = _asked(element.text) if element.kind is ElementKind.TITLE else None
        below = _below(elements[place + 1 :], element)
        if question is None or not below:
            continue
        gold = tuple(_gold(source.name, each, _first_sentences(each.text)) for each in below)
        answer = " ".join(passage.quote for passage in gold)
        yield Draft("heading", source.name, placed(question, source.document), gold, answer)


def definition_drafts(source: Source) -> Iterator[Draft]:
    """A term and what the document says it means."""
    for element in source.document.elements:
        if element.kind not in (ElementKind.TEXT, ElementKind.LIST_ITEM):
            continue
        for number, sentence in enumerate(sentences(element.text)):
            found = _definition(sentence, element, is_first=number == 0)
            if found is None:
                continue
            term = in_lower_case(found["term"].strip(), source.document)
            meaning = found["meaning"].rstrip(". ")
            gold = (_gold(source.name, element, sentence),)
            question = f"What does “{term}” mean?"
            yield Draft("definition", source.name, question, gold, sentence, meaning, term)


def limit_drafts(source: Source) -> Iterator[Draft]:
    """By when, how long before, or up to how much."""
    for element in source.document.elements:
        if element.kind not in (ElementKind.TEXT, ElementKind.LIST_ITEM):
            continue
        for sentence in sentences(element.text):
            for pattern, template in _LIMITS:
                found = pattern.match(one_line(sentence))
                if found is None or not _is_plain(found):
                    continue
                question = _limit_question(found, template, source.document)
                gold = (_gold(source.name, element, sentence),)
                yield Draft("limit", source.name, question, gold, sentence, found["fact"])
                break


def _asked(heading: str) -> str | None:
    """What the heading asks, or None where it does not."""
    text = _NUMBERING.sub("", one_line(heading)).strip()
    if text.isupper():
        text = text.capitalize()
    if len(text.split()) < 3 or (leans_on_context(text) and len(text.split()) < 6):
        return None
    if text.endswith("?"):
        return text[:1].upper() + text[1:]
    for pattern, template in _ASKING:
        found = pattern.match(text)
        if found is not None and content_words(text):
            return template.format(rest=found["rest"].rstrip(".:"))
    return None


def _below(elements: tuple[Element, ...], heading: Element) -> list[Element]:
    """The first text under a heading; with the list that it introduces."""
    own: list[Element] = []
    for element in elements:
        is_prose = element.kind in (ElementKind.TEXT, ElementKind.LIST_ITEM)
        if not is_prose or element.heading_path != heading.heading_path:
            break
        if own and not (element.kind is ElementKind.LIST_ITEM and len(own) <= _MAX_LISTED):
            break
        own.append(element)
    introduces = own and (
        own[0].kind is ElementKind.LIST_ITEM or own[0].text.rstrip().endswith(":")
    )
    return own if introduces else own[:1]


def _first_sentences(text: str) -> str:
    """The first two sentences of the first line."""
    line = next(line for line in text.split("\n") if line.strip())
    return " ".join(sentences(line)[:2])


def _definition(sentence: str, element: Element, *, is_first: bool) -> re.Match[str] | None:
    patterns = [_DEFINED, _QUOTED_IS]
    if is_first and any(_OF_DEFINITIONS.search(heading) for heading in element.heading_path[1:]):
        patterns.append(_LISTED)
    for pattern in patterns:
        found = pattern.match(one_line(sentence))
        if found is None:
            continue
        term = found["term"].strip()
        is_term = len(term.split()) <= 6 and not _NO_TERM.search(term)
        if is_term and (term[0].isupper() or found["mark"]):
            return found
    return None


def _is_plain(found: re.Match[str]) -> bool:
    """Whether subject and verb are one clause that stands by itself."""
    clause = " ".join((found["subject"], found["act"], found["tail"] or ""))
    return not leans_on_context(clause) and _CLAUSE.search(clause) is None


def _limit_question(found: re.Match[str], template: str, document: Document) -> str:
    unit = found["unit"]
    return template.format(
        units=unit if unit.endswith("s") or not unit else f"{unit}s",
        tail=found["tail"] or "",
        modal=found["modal"],
        subject=in_lower_case(found["subject"], document),
        act=found["act"],
    )


def _gold(name: str, element: Element, quote: str) -> GoldPassage:
    heading = element.heading_path[-1] if element.heading_path else ""
    return GoldPassage(document=name, heading=heading, quote=quote)


def is_locatable(document: Document, gold: GoldPassage) -> bool:
    """Whether the document is found to say it, as the suite will look for it."""
    return bool(places(document, gold.quote, gold.heading))
