"""True sentences with one planted error each: what a verifier must catch."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What is changed in a sentence, or about it."""

    NUMBER = "number"
    DATE = "date"
    NEGATION = "negation"
    MODAL = "modal"
    NAME = "name"
    CONDITION = "condition"
    """A condition or an exception is left out."""
    CITATION = "citation"
    """The sentence is right, and the passage another one."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A claim that `evidence` does not support, made of a sentence `original` that it does."""

    change: Change
    original: str
    claim: str
    evidence: str


_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_DATE = re.compile(rf"\b(?:{'|'.join((*_MONTHS, *_DAYS))})\b|\b(?:19|20)\d\d\b")
_NUMBER = re.compile(r"(?<![\w.,/-])\d{1,3}(?:,\d{3})*(?:\.\d+)?(?![\w/-]|[.,]\d)")
_NUMBER_WORDS = "two three four five six seven eight nine ten twelve fifteen twenty thirty".split()
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_UNITS = {"hours": "days", "days": "weeks", "weeks": "months", "months": "years", "years": "months"}
_UNITS |= {"hour": "day", "day": "week", "week": "month", "month": "year", "year": "month"}
_UNIT = re.compile(rf"(?<=\d )(?:{'|'.join(_UNITS)})\b")
_MODALS = {
    "must not": "may",
    "may not": "may",
    "must": "may",
    "shall": "may",
    "should": "must",
    "may": "must",
    "can": "must",
    "required": "allowed",
    "is responsible": "may be responsible",
}
_MODAL = re.compile(rf"\b(?:{'|'.join(_MODALS)})\b(?! not\b)")
_NEGATION = re.compile(r"\b(?:not|never) |(?<=\bcan)not\b")
_AUXILIARY = re.compile(
    r"\b(?:must|shall|should|may|can|will|is|are|was|were|has|have|does|do)\b(?! not\b| never\b)"
)
_TRAILING = re.compile(
    r",? (?:if|unless|except|provided that|only|when|until|as long as|after|before|within)\b[^,;:]{8,}"
    r"(?=[.;]?$)"
)
_LEADING = re.compile(r"^(?:If|When|Unless|Where|After|Before|Until|Except)\b[^,;:]{8,}, (?=\w)")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-zA-Z]+)(?: [A-Z][a-zA-Z]+)*")


def change_number(sentence: str, rng: random.Random, _: Sequence[str] = ()) -> str | None:
    """Another number, in digits or in words, or another unit behind it."""
    found = [
        *_NUMBER.finditer(sentence),
        *_NUMBER_WORD.finditer(sentence),
        *_UNIT.finditer(sentence),
    ]
    found = [match for match in found if match.start() > 3]
    if not found:
        return None
    match = rng.choice(found)
    return _replaced(sentence, match, _other_number(match[0], rng))


def change_date(sentence: str, rng: random.Random, _: Sequence[str] = ()) -> str | None:
    """Another month, weekday or year. "May" counts as one only beside a number."""
    found = [m for m in _DATE.finditer(sentence) if m[0] != "May" or _beside_number(sentence, m)]
    if not found:
        return None
    match = rng.choice(found)
    if match[0].isdigit():
        return _replaced(sentence, match, str(int(match[0]) + rng.choice((-3, -1, 1, 2))))
    names = _MONTHS if match[0] in _MONTHS else _DAYS
    return _replaced(sentence, match, rng.choice([name for name in names if name != match[0]]))


def change_negation(sentence: str, rng: random.Random, _: Sequence[str] = ()) -> str | None:
    """Without its negation, or with one behind its first auxiliary."""
    if negations := list(_NEGATION.finditer(sentence)):
        match = rng.choice(negations)
        return sentence[: match.start()] + sentence[match.end() :]
    auxiliary = _AUXILIARY.search(sentence)
    if not auxiliary:
        return None
    return f"{sentence[: auxiliary.end()]} not{sentence[auxiliary.end() :]}"


def change_modal(sentence: str, rng: random.Random, _: Sequence[str] = ()) -> str | None:
    """What must be done may be done, and the other way round."""
    found = list(_MODAL.finditer(sentence))
    if not found:
        return None
    match = rng.choice(found)
    return _replaced(sentence, match, _MODALS[match[0]])


def change_name(sentence: str, rng: random.Random, names: Sequence[str] = ()) -> str | None:
    """Another of the given names in place of one."""
    found = [m for m in _NAME.finditer(sentence) if not _DATE.fullmatch(m[0])]
    others = [name for name in names if name not in sentence]
    if not found or not others:
        return None
    return _replaced(sentence, rng.choice(found), rng.choice(others))


def drop_condition(sentence: str, _: random.Random, __: Sequence[str] = ()) -> str | None:
    """Without the clause that says when it holds."""
    if match := _TRAILING.search(sentence):
        kept = sentence[: match.start()]
        return f"{kept}." if len(kept.split()) >= 5 else None
    if match := _LEADING.match(sentence):
        kept = sentence[match.end() :]
        return kept[0].upper() + kept[1:] if len(kept.split()) >= 5 else None
    return None


CHANGES: dict[Change, Callable[[str, random.Random, Sequence[str]], str | None]] = {
    Change.NUMBER: change_number,
    Change.DATE: change_date,
    Change.NEGATION: change_negation,
    Change.MODAL: change_modal,
    Change.NAME: change_name,
    Change.CONDITION: drop_condition,
}


def names_in(sentences: Sequence[str]) -> list[str]:
    """Words with a capital inside a sentence, one or several together, each once."""
    found = (m[0] for sentence in sentences for m in _NAME.finditer(sentence))
    return list(dict.fromkeys(name for name in found if not _DATE.fullmatch(name)))


def planted(
    sentences: Sequence[tuple[str, str]], rng: random.Random, *, per_sentence: int = 1
) -> Iterator[Planted]:
    """Errors planted in sentences, each given with the passage that says it.

    Kinds are taken in turn, the rarest that a sentence allows first. A changed sentence that its passage
    says as well is left out.
    """
    names = names_in([sentence for sentence, _ in sentences])
    counts = dict.fromkeys(CHANGES, 0)
    for sentence, evidence in sentences:
        made = 0
        for change in sorted(CHANGES, key=lambda each: (counts[each], each)):
            claim = CHANGES[change](sentence, rng, names)
            if claim is None or claim in evidence or claim == sentence:
                continue
            counts[change] += 1
            made += 1
            yield Planted(change, sentence, claim, evidence)
            if made == per_sentence:
                break


def _other_number(said: str, rng: random.Random) -> str:
    if said in _UNITS:
        return _UNITS[said]
    if said.lower() in _NUMBER_WORDS:
        return rng.choice([word for word in _NUMBER_WORDS if word != said.lower()])
    value = float(said.replace(",", ""))
    changed = rng.choice([value * 2, value + 1, value * 3, value + 10, max(1.0, value // 2)])
    if changed == value:
        changed = value + 5
    text = f"{changed:,.0f}" if changed == int(changed) else f"{changed:,.2f}"
    return text if "," in said else text.replace(",", "")


def _replaced(sentence: str, match: re.Match[str], other: str) -> str:
    return sentence[: match.start()] + other + sentence[match.end() :]


def _beside_number(sentence: str, match: re.Match[str]) -> bool:
    around = sentence[max(0, match.start() - 4) : match.end() + 4]
    return any(character.isdigit() for character in around)
