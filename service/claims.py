"""What a small model misses: numbers, dates, names, negations, modal verbs and conditions of a claim
that its evidence does not have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from ingest.sentence import sentence_spans

COPIED = 0.75
"""From this share of copied words on, a claim counts as a copy."""


class Finding(StrEnum):
    """Why a claim cannot be what its evidence says."""

    NUMBER = "a number, date or period that the evidence does not have"
    NAME = "a name that the evidence does not have"
    NEGATION = "negated otherwise than the evidence"
    MODAL = "another modal verb than the evidence"
    LIMIT = "another limit than the evidence: before, after, more, less, all, only …"
    CONDITION = "a condition or exception of the evidence is left out"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A claim beside the sentence of its evidence that is nearest to it.

    `covered` is the share of the claim's content words that the evidence says, `copied` the share of
    the claim's words that stand in that sentence in the same order.
    """

    covered: float
    copied: float
    findings: tuple[Finding, ...]

    @property
    def is_copy(self) -> bool:
        """Whether so much is copied that every difference matters."""
        return self.copied >= COPIED


_WORD = re.compile(r"[^\W_]+(?:['’.,:/-][^\W_]+)*%?|[£$€%]")
STOP_WORDS = frozenset(
    """
    a about also an and are as at be been being but by can could did do does for from had has have he her
    his i if in into is it its may me must my of on or other our out shall she should so some such than
    that the their them then there these they this those to up us was we were what when which who whom
    whose will with would you your not no
    """.split()
)
_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty
        """.split()
    )
}
_NUMBERS |= {
    word: str(10 * value)
    for value, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), start=3)
}
_NUMBERS |= {"hundred": "100", "thousand": "1000", "million": "1000000", "half": "0.5"}
_NUMBERS |= {"once": "1", "twice": "2", "first": "1st", "second": "2nd", "third": "3rd"}
_NOT_NUMBERS = frozenset({"one", "second", "first", "third", "half", "once"})
"""In words they are too common to decide: "no one", "the first step"."""
_UNITS = frozenset(
    "second minute hour day week month quarter year percent % mile km gb mb kb tb character word".split()
)
_NEGATIONS = frozenset("no not never none neither nor cannot without nobody nothing".split())
_MONTHS = frozenset(
    """
    january february march april june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday
    """.split()
)
_DUTY = frozenset("must shall required requires require mandatory obliged needs".split())
_LEAVE = frozenset("may can could might allowed permitted optional".split())
_ADVICE = frozenset("should recommended ought encouraged".split())
_MODALS = ("must", "shall", "may", "should")
_LIMITS = (
    frozenset({"before"}),
    frozenset({"after"}),
    frozenset({"more", "over", "above", "exceed", "exceeds", "exceeding", "least", "minimum"}),
    frozenset({"less", "fewer", "under", "below", "most", "maximum"}),
    frozenset({"always"}),
    frozenset({"only", "solely", "exclusively"}),
    frozenset({"unless", "except", "excluding"}),
    frozenset({"including", "includes", "include"}),
)
_AT_LEAST = re.compile(r"\b(?:no|not) (?:less|fewer) than\b", re.IGNORECASE)
_AT_MOST = re.compile(r"\b(?:no|not) more than\b|\bup to\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if|unless|except|provided that|as long as|only|until|subject to|excluding|other than)\b"
    r"|\b(?:but not|when|where|after|before|within|without)\b",
    re.IGNORECASE,
)
_LEADING_CONDITION = re.compile(
    r"(?:^|[,;:] )(?:if|unless|when|where|except|after|before|until)\b[^.;]*,\s*$", re.IGNORECASE
)


def compare(claim: str, evidence: str) -> Comparison:
    """The claim beside its evidence. Empty claims are covered by nothing."""
    said, known = _tokens(claim), _tokens(evidence)
    content = _content(said)
    known_stems = {_stem(word) for word in known}
    covered = _share(content, known_stems)
    spans = sentence_spans(evidence) or [(0, len(evidence))]
    sentences = [evidence[start:end] for start, end in spans]
    nearest = max(sentences, key=lambda sentence: _nearness(content, said, _tokens(sentence)))
    words = _tokens(nearest)
    copied = _copied(said, words)
    findings = tuple(_findings(claim, said, evidence, known, words, copied))
    return Comparison(covered, copied, findings)


def content_stems(text: str) -> set[str]:
    """The words that say what a text is about, without their endings."""
    return _content(_tokens(text))


def drops_condition(start: int, end: int, text: str) -> bool:
    """Whether the sentence of which text[start:end] is a part goes on, or begins, with a condition."""
    spans = sentence_spans(text)
    begins = max((first for first, _ in spans if first <= start), default=start)
    ends = min((last for _, last in spans if last >= end), default=end)
    before, after = text[begins:start], text[end:ends]
    if _LEADING_CONDITION.search(before):
        return True
    # Only what belongs to the same clause: a new one behind a semicolon stands for itself.
    return bool(_CONDITION.search(re.split(r"[;]", after)[0]))


def _findings(
    claim: str,
    said: Sequence[str],
    evidence: str,
    known: Sequence[str],
    nearest: Sequence[str],
    copied: float,
) -> list[Finding]:
    found = []
    if _numbers(said) - _numbers(known) or _dates(said) - _dates(known) or _periods(said, known):
        found.append(Finding.NUMBER)
    is_copy = copied >= COPIED
    known_stems = {_stem(word) for word in (nearest if is_copy else known)}
    if {_stem(name) for name in _names(claim)} - known_stems:
        found.append(Finding.NAME)
    # In other words a rule may be said with another modal verb, or none, and negated otherwise.
    if not is_copy:
        return found
    if _negations(said) != _negations(nearest):
        found.append(Finding.NEGATION)
    if _other_modal(said, nearest):
        found.append(Finding.MODAL)
    if _other_limit(said, nearest):
        found.append(Finding.LIMIT)
    if _left_out_condition(said, nearest):
        found.append(Finding.CONDITION)
    return found


def _tokens(text: str) -> list[str]:
    text = _AT_LEAST.sub("at least", _AT_MOST.sub("at most", text))
    words = []
    for match in _WORD.finditer(text):
        word = match[0].lower().replace("’", "'")
        if word.endswith("n't"):
            words += ["can" if word == "can't" else word[:-3], "not"]
        elif word == "cannot":
            words += ["can", "not"]
        elif word.endswith("%") and len(word) > 1:
            words += [word[:-1], "%"]
        else:
            words.append("%" if word == "percent" else word.removesuffix("'s"))
    return words


def _content(words: Sequence[str]) -> set[str]:
    return {_stem(word) for word in words if word not in STOP_WORDS}


def _share(wanted: set[str], known: set[str]) -> float:
    return len(wanted & known) / len(wanted) if wanted else 0.0


def _nearness(content: set[str], said: Sequence[str], words: Sequence[str]) -> tuple[float, float]:
    return _share(content, {_stem(word) for word in words}), _copied(said, words)


def _copied(said: Sequence[str], words: Sequence[str]) -> float:
    if not said:
        return 0.0
    blocks = SequenceMatcher(None, list(said), list(words), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)


def _numbers(words: Sequence[str]) -> set[str]:
    found = set()
    for word in words:
        if word[0].isdigit():
            bare = (
                word.replace(",", "")
                if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word)
                else word
            )
            found.add(re.sub(r"\.0+$", "", bare))
        elif word in _NUMBERS and word not in _NOT_NUMBERS:
            found.add(_NUMBERS[word])
        elif "-" in word:
            found |= _numbers([part for part in word.split("-") if part])
    return found


def _dates(words: Sequence[str]) -> set[str]:
    return set(words) & _MONTHS


def _periods(said: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a number of the claim is counted in another unit than in the evidence."""
    claimed, given = _counted(said), _counted(known)
    return any(number in given and not units & given[number] for number, units in claimed.items())


def _counted(words: Sequence[str]) -> dict[str, set[str]]:
    """The units that stand behind each number, at most two words on: "30 working days"."""
    counted: dict[str, set[str]] = {}
    for place, word in enumerate(words):
        for number in _numbers([word]):
            following = [_stem(other) for other in words[place + 1 : place + 4]]
            inside = [_stem(part) for part in word.split("-")[1:]]
            if unit := next((u for u in (*inside, *following) if u in _UNITS), None):
                counted.setdefault(number, set()).add(unit)
    return counted


def _names(text: str) -> set[str]:
    """Words with a capital inside a sentence; its first has one anyway, and so may a title's."""
    matches = list(_WORD.finditer(text))
    if sum(match[0][0].isupper() for match in matches) > 0.6 * len(matches):
        return set()
    starts = {start for start, _ in sentence_spans(text)}
    return {
        match[0].lower().replace("’", "'").removesuffix("'s")
        for match in matches
        if match[0][0].isupper() and match.start() not in starts and match[0] != "I"
    } - STOP_WORDS


def _negations(words: Sequence[str]) -> int:
    """Whether the words negate: twice is not at all."""
    return sum(word in _NEGATIONS for word in words) % 2


def _other_modal(said: Sequence[str], nearest: Sequence[str]) -> bool:
    """Whether the claim makes a duty of what is allowed or advised, or the other way round."""
    if any(said.count(word) > nearest.count(word) for word in _MODALS):
        return True
    kinds = (_DUTY, _LEAVE, _ADVICE)
    if not any(kind & set(nearest) for kind in kinds):
        return False
    return any(kind & set(said) and not kind & set(nearest) for kind in kinds)


def _other_limit(said: Sequence[str], nearest: Sequence[str]) -> bool:
    """Whether the claim has a limit that the sentence has not."""
    return any(limit & set(said) and not limit & set(nearest) for limit in _LIMITS)


def _left_out_condition(said: Sequence[str], nearest: Sequence[str]) -> bool:
    """Whether words of the sentence that the copy leaves out begin a condition or restrict."""
    blocks = SequenceMatcher(None, list(said), list(nearest), autojunk=False).get_matching_blocks()
    kept = {place for block in blocks for place in range(block.b, block.b + block.size)}
    left_out = [word for place, word in enumerate(nearest) if place not in kept]
    return bool(_CONDITION.search(" ".join(left_out)))


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
