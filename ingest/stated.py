"""What the first lines of a document say about it: "Version 2.1", "Effective date: 1 March 2026"."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

from ingest.metadata import NOTHING_SAID, Metadata, clean_line

HEAD_CHARACTERS = 2_000
"""How far into a document its own particulars stand. Further down are those of other things."""

_MAX_LINES = 12
_MAX_NAMES = 50

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|"
            "september sept sep|october oct|november nov|december dec"
        ).split("|"),
        start=1,
    )
    for name in names.split()
}
_MONTH = rf"(?:{'|'.join(_MONTHS)})\.?"
# 03/04/2026 is left out: it is two different days on two sides of an ocean.
_DATE = (
    rf"(?:\d{{4}}-\d\d-\d\d|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of )?{_MONTH},? \d{{4}})"
)
_LABEL = r"v?\d{1,4}(?:\.\d{1,4}){0,4}[a-z]?"
_DOCUMENT = (
    r"(?:policy|document|agreement|handbook|manual|guideline|guide|procedure|standard|statement"
    r"|directive|regulation|code|constitution|contract|notice|version)s?"
)
_THIS = rf"th(?:is|ese) (?:\w+ ){{0,3}}?{_DOCUMENT}"
_IN_FORCE = r"(?:ratified|adopted|effective|in (?:force|effect))"
_BECOMES = (
    r"(?:is|are|becomes?|comes?|goes|enters?|takes?)(?: in(?:to)?)?"
    r" (?:effective|effect|force|valid)"
)

_VERSION = re.compile(
    rf"(?:{_DOCUMENT} )?(?:version|revision|release)(?: (?:number|no\.?))? ?:? (?P<version>{_LABEL})"
    rf"(?:,? {_IN_FORCE}(?: date)?:?(?: as)?(?: on| from| of| since)? (?P<day>{_DATE})"
    rf"|[,;:]? \(?(?:\w+ ){{0,2}}:?{_DATE}\)?)?",
    re.IGNORECASE,
)
_THIS_IS = re.compile(
    rf"this is (?P<title>.{{3,120}}?),? version (?P<version>{_LABEL})"
    rf"(?:,? (?:released|published|issued|dated|of)(?: on)? {_DATE})?",
    re.IGNORECASE,
)
_EFFECTIVE = re.compile(
    rf"(?:(?:{_DOCUMENT} )?(?:effective(?: date| from| as of| on| since)?"
    rf"|(?:valid|in force) (?:from|since)|date of effect|effective start date):?"
    rf"|{_THIS} {_BECOMES}(?: from| on| as of| as from| since)?) (?P<day>{_DATE})"
    rf"(?:,? (?:until|to|through|[-–]) (?P<last>{_DATE}))?",
    re.IGNORECASE,
)
_LAST_DAY = re.compile(
    rf"(?:valid (?:until|through)|expir(?:es|y)(?: date| on)?|expiration date"
    rf"|{_THIS} (?:is valid until|expires on)):? (?P<last>{_DATE})",
    re.IGNORECASE,
)
_SUPERSEDED_BY = re.compile(
    rf"(?:{_THIS} (?:was|has been|is) )?superseded by .{{1,80}}?"
    rf" {_IN_FORCE}(?: on| from)? {_DATE}.*",
    re.IGNORECASE | re.DOTALL,
)
_SUPERSEDES_VERSIONS = re.compile(r"supersedes version \d.*", re.IGNORECASE | re.DOTALL)
_SUPERSEDES = re.compile(
    rf"(?:{_THIS} (?:supersedes|replaces)|(?:supersedes|replaces):)"
    r"(?: and (?:supersedes|replaces))? (?P<name>.{3,200})",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"version ({_LABEL})", re.IGNORECASE)
_DATED = re.compile(
    rf",? \(?(?:{_IN_FORCE}|dated|of|from|issued|published)(?: on)? {_DATE}\)?.*", re.I
)
_QUANTIFIED = re.compile(
    r"(?:all|any|every|each|other|our|its|(?:the )?(?:earlier|previous|prior|older?))\b",
    re.IGNORECASE,
)
# Not after the number of a heading: "10.2. Version 4.6.2" is about that version.
_SENTENCE_END = re.compile(r"(?:(?<=[a-z)])|(?<=\d{4}))\. (?=[A-Z])")
_LABEL_AT_END = re.compile(rf"[\s._(-]v(?P<version>{_LABEL[2:]})\)?", re.IGNORECASE)


def stated_in_text(text: str, name: str, title: str) -> Metadata:
    """Version, days and predecessors as the head of the text, or else the title or file name, has them.

    Only a line or sentence that is nothing but such a statement counts, so little is found and that
    little is meant. "Valid until 31 December" includes that day. Never raises.
    """
    found = NOTHING_SAID
    for statement in _statements(text):
        found = _with(found, _said(statement, title))
    version = found.version or _label_of(title) or _label_of(PurePosixPath(name).stem)
    first, until = found.effective_from, found.effective_until
    contradicts = first is not None and until is not None and until <= first
    return Metadata(
        version=version,
        effective_from=first,
        effective_until=None if contradicts else until,
        supersedes=found.supersedes,
    )


def _statements(text: str) -> Iterator[str]:
    """Lines of the head, the cells of a table's rows, and the sentences of a line, without full stop."""
    lines = [clean_line(line) for line in text[:HEAD_CHARACTERS].split("\n") if line.strip()]
    if len(text) > HEAD_CHARACTERS:
        lines = lines[:-1]
    for line in lines[:_MAX_LINES]:
        for cell in re.split(r" ?[|;•] ?", line):
            yield cell.rstrip(". ")
            sentences = _SENTENCE_END.split(cell)
            if len(sentences) > 1:
                yield from (sentence.rstrip(". ") for sentence in sentences)


def _said(statement: str, title: str) -> Metadata:
    if match := _VERSION.fullmatch(statement):
        return Metadata(version=_label(match["version"]), effective_from=_day(match["day"]))
    if (match := _THIS_IS.fullmatch(statement)) and _names(match["title"], title):
        return Metadata(version=_label(match["version"]))
    if match := _EFFECTIVE.fullmatch(statement):
        return Metadata(
            effective_from=_day(match["day"]), effective_until=_day_after(match["last"])
        )
    if match := _LAST_DAY.fullmatch(statement):
        return Metadata(effective_until=_day_after(match["last"]))
    if match := _SUPERSEDED_BY.fullmatch(statement):
        days = [day for each in re.findall(_DATE, statement, re.I) if (day := _day(each))]
        return Metadata(effective_until=min(days, default=None))
    if _SUPERSEDES_VERSIONS.fullmatch(statement):
        labels = dict.fromkeys(_label(label) for label in _NUMBERED.findall(statement))
        return Metadata(supersedes=tuple(f"version {label}" for label in labels)[:_MAX_NAMES])
    if (match := _SUPERSEDES.fullmatch(statement)) and (named := _named(match["name"])):
        return Metadata(supersedes=(named,))
    return NOTHING_SAID


def _with(found: Metadata, said: Metadata) -> Metadata:
    """What stands first counts; names add up."""
    return Metadata(
        version=found.version or said.version,
        effective_from=found.effective_from or said.effective_from,
        effective_until=found.effective_until or said.effective_until,
        supersedes=tuple(dict.fromkeys(found.supersedes + said.supersedes))[:_MAX_NAMES],
    )


def _names(words: str, title: str) -> bool:
    """Whether "Debian Policy" means the document titled "Debian Policy Manual"."""
    said, known = ({*re.findall(r"\w+", each.casefold())} - {"the"} for each in (words, title))
    return bool(said) and (said <= known or known <= said)


def _named(words: str) -> str | None:
    """The title in "the 'Travel Policy' dated 1 March 2024"; None for "all previous versions"."""
    name = _DATED.sub("", words).strip(" \"'“”‘’*_")
    if _QUANTIFIED.match(name):
        return None
    return re.sub(r"^the ", "", name, flags=re.IGNORECASE).strip(" \"'“”‘’*_") or None


def _label_of(named: str) -> str | None:
    match = re.search(_LABEL_AT_END.pattern + "$", named, re.IGNORECASE)
    return match["version"] if match else None


def _label(label: str) -> str:
    return label.lstrip("vV")


def _day_after(written: str | None) -> date | None:
    day = _day(written)
    return date.fromordinal(day.toordinal() + 1) if day and day < date.max else None


def _day(written: str | None) -> date | None:
    """None for no day, and for a day that no calendar has."""
    if written is None:
        return None
    numbers = [int(number) for number in re.findall(r"\d+", written)]
    month = re.search(r"[a-z]{3,}", re.sub(r"\b(?:of|\d+(?:st|nd|rd|th))\b", "", written.lower()))
    if month is None:
        year, number, day = numbers
    else:
        day, year = numbers
        number = _MONTHS[month[0]]
    try:
        return date(year, number, day)
    except ValueError:
        return None
