"""A question that depends on the conversation, said so that it can be understood without it.

By rules for English, without a model. Where they are not sure, both questions are said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.followup import (
    POSSESSIVES,
    Dependence,
    FollowUp,
    follow_up_of,
    is_reference,
    without_courtesy,
)
from service.phrases import Kind, Phrase, Word, is_english, phrases_of, stem, words_of

LONGEST_TOPIC_WORDS = 60
"""Of a longer question its last sentences are carried over: an encoder reads only so much."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as it is understood: a sentence that stands alone, what was asked about it further,
    and the thing that "it" means from here on. `is_case` says that the aspect only names another case,
    which a third one takes the place of."""

    topic: str
    aspect: str = ""
    thing: str = ""
    is_case: bool = False

    @property
    def text(self) -> str:
        return f"{self.topic} {self.aspect}".strip()

    @property
    def is_english(self) -> bool:
        return is_english(words_of(self.text))

    def shortened(self) -> "Understood":
        """What is carried over of it: no courtesies, and of a long question the last sentences."""
        is_short = len(self.aspect.split()) <= LONGEST_TOPIC_WORDS
        return replace(
            self, topic=_last_sentences(self.topic), aspect=self.aspect if is_short else ""
        )


def understood(question: str, lender: Understood | None) -> Understood:
    """The question, made standalone with what `lender` can give it; as it stands where there is none, it
    depends on nothing, or the earlier question is not English."""
    follow_up = follow_up_of(question)
    if follow_up is None or lender is None or not lender.is_english:
        return Understood(question)
    if follow_up.dependence is Dependence.CONTRAST:
        if lender.is_case:
            lender = replace(lender, aspect="", is_case=False)
        return _contrasted(follow_up, lender) or _continued(follow_up, lender)
    if follow_up.dependence is Dependence.REFERENCE:
        return _referred(follow_up, lender) or _continued(follow_up, lender)
    return _continued(follow_up, lender)


def _continued(follow_up: FollowUp, lender: Understood) -> Understood:
    """The earlier question, and this one behind it."""
    is_case = follow_up.dependence is Dependence.CONTRAST
    return replace(lender, aspect=follow_up.said, is_case=is_case)


def _referred(follow_up: FollowUp, lender: Understood) -> Understood | None:
    """The question with the thing or the place in place of "it", "them" or "there"."""
    words = words_of(follow_up.said)
    for place, word in enumerate(words):
        meant = _meant(words, place, lender)
        if meant and is_reference(words, place):
            said = _put(follow_up.said, word.start, word.end, meant)
            thing = "" if word.lower == "there" else meant
            return Understood(said, thing=thing or lender.thing)
    return None


def _meant(words: Sequence[Word], place: int, lender: Understood) -> str | None:
    word = words[place].lower
    if place and words[place - 1].lower in ("do", "doing"):
        return None  # "Do it" is what the earlier question says, not a thing in it.
    if word == "there":
        return _place_of(lender)
    if word not in ("it", "they", "them", "its", "their"):
        return None
    thing = lender.thing or _thing_of(lender, is_plural_form=word in ("they", "them", "their"))
    if not thing or word not in POSSESSIVES:
        return thing
    return f"{thing}’" if thing.endswith("s") else f"{thing}’s"


def _thing_of(lender: Understood, *, is_plural_form: bool) -> str | None:
    """What the earlier question is about: its first noun phrase that is neither asked for nor hangs on a
    preposition."""
    for phrase in phrases_of(words_of(lender.topic)):
        is_certain = phrase.determiner is not None or len(phrase.words) == 1 or _is_defined(lender)
        is_free = not phrase.is_asked and phrase.preposition is None
        if is_free and is_certain and phrase.is_plural == is_plural_form:
            return lender.topic[phrase.start : phrase.end]
    return None


def _is_defined(lender: Understood) -> bool:
    """Whether the earlier question is of the form "What is store credit?"."""
    return bool(re.match(r"what(?: is| are|['’]s|['’]re) ", lender.topic, re.IGNORECASE))


def _place_of(lender: Understood) -> str | None:
    """Where the earlier question was about: "in Berlin"."""
    for phrase in reversed(phrases_of(words_of(lender.topic))):
        preposition = phrase.preposition
        if preposition and preposition.lower in ("in", "at", "to") and phrase.words[0].has_capital:
            where = lender.topic[phrase.start : phrase.end]
            return f"in {where}" if preposition.lower == "to" else f"{preposition.text} {where}"
    return None


def _contrasted(follow_up: FollowUp, lender: Understood) -> Understood | None:
    """The earlier question with the other case in place of the one it named, where that can be told."""
    text = lender.text
    words = words_of(text)
    new = [word for word in follow_up.words if word.kind is not Kind.MARK]
    for replaced in (_other_code, _other_number, _other_name, _other_phrase):
        changed = replaced(follow_up, new, text, words)
        if changed:
            return _divided(changed, lender)
    if new[0].kind is Kind.PREPOSITION and not lender.aspect:
        more = _said(follow_up, new)
        return Understood(f"{lender.topic.rstrip(' ?.!')} {more}?", thing=lender.thing)
    return None


def _divided(changed: str, lender: Understood) -> Understood:
    """The changed text as topic and aspect again; whichever of the two was changed."""
    if not lender.aspect:
        return Understood(changed)
    if changed.startswith(f"{lender.topic} "):
        return Understood(lender.topic, changed[len(lender.topic) + 1 :], lender.thing)
    return Understood(changed.removesuffix(lender.aspect).rstrip(), lender.aspect)


def _other_code(_: FollowUp, new: Sequence[Word], text: str, words: Sequence[Word]) -> str | None:
    """S3 in place of S1."""
    code = re.compile(r"[A-Z]{1,3}-?\d+")
    if len(new) != 1 or not code.fullmatch(new[0].text):
        return None
    letters = re.sub(r"\W*\d+", "", new[0].text)
    for word in reversed(words):
        if code.fullmatch(word.text) and re.sub(r"\W*\d+", "", word.text) == letters:
            return _put(text, word.start, word.end, new[0].text)
    return None


def _other_number(
    follow_up: FollowUp, new: Sequence[Word], text: str, words: Sequence[Word]
) -> str | None:
    """£50,000 in place of £5,000, "over 5" in place of "after 3", of the same unit."""
    start = next((n for n, word in enumerate(new) if word.text.lstrip("£€$")[:1].isdigit()), None)
    if start is None or any(word.kind is Kind.CONTENT for word in new[:start]):
        return None
    number, unit = new[start], new[start + 1 :]
    for place, word in reversed(list(enumerate(words))):
        if not word.text.lstrip("£€$")[:1].isdigit() or _sign(word) != _sign(number):
            continue
        behind = words[place + 1].lower if place + 1 < len(words) else ""
        if unit and stem(unit[0].lower) != stem(behind):
            continue
        before = words[place - 1] if place else None
        preposition = new[start - 1] if start else None
        if preposition and before and {preposition.kind, before.kind} == {Kind.PREPOSITION}:
            return _put(text, before.start, word.end, f"{preposition.lower} {number.text}")
        return _put(text, word.start, word.end, number.text)
    return None


def _sign(number: Word) -> str:
    """The sign of a currency or a share."""
    return re.sub(r"[^£€$%]", "", number.text)


def _other_name(
    follow_up: FollowUp, new: Sequence[Word], text: str, words: Sequence[Word]
) -> str | None:
    """Silver in place of Gold: a name in place of the last one under its preposition, if it has any."""
    name = [word for word in new if word.kind not in (Kind.PREPOSITION, Kind.DETERMINER)]
    if not name or not all(word.has_capital and word.kind is Kind.CONTENT for word in name):
        return None
    preposition = new[0].lower if new[0].kind is Kind.PREPOSITION else ""
    runs = _names(words)
    alike = [run for run in runs if preposition and run[0] == preposition]
    if preposition and not alike and any(run[0] for run in runs):
        return None
    if not runs:
        return None
    _, start, end = (alike or runs)[-1]
    return _put(text, start, end, _said(follow_up, name))


def _names(words: Sequence[Word]) -> list[tuple[str, int, int]]:
    """Runs of words with a capital: the preposition before them, and their offsets."""
    runs: list[tuple[str, int, int]] = []
    place = 0
    while place < len(words):
        end = place
        while end < len(words) and words[end].has_capital and words[end].kind is Kind.CONTENT:
            end += 1
        if end > place:
            before = words[place - 1] if place else None
            is_behind = before is not None and before.kind is Kind.PREPOSITION
            preposition = before.lower if before and is_behind else ""
            runs.append((preposition, words[place].start, words[end - 1].end))
        place = max(end, place + 1)
    return runs


def _other_phrase(
    follow_up: FollowUp, new: Sequence[Word], text: str, words: Sequence[Word]
) -> str | None:
    """A noun phrase in place of the one that is most like it."""
    named = phrases_of(new)
    is_single = len(new) == 1
    if not named or (is_single and not follow_up.is_linked):
        return None
    if new[-1].lower in ("one", "ones"):
        return None
    phrases = phrases_of(words)
    scored = [(_likeness(named[0], each), place) for place, each in enumerate(phrases)]
    best, place = max(scored, default=(0.0, 0))
    if best < 2:
        return None
    old = phrases[place]
    said = _said(follow_up, [word for word in new if word is not named[0].preposition])
    if _names_a_kind(named[0], old):
        said = f"{said} {text[old.words[1].start : old.end]}"
    return _put(text, old.start, old.end, said)


def _likeness(new: Phrase, old: Phrase) -> float:
    """How sure it is that `new` is said of what `old` was said of; below 2 it is not."""
    score = 0.0
    if new.preposition is not None:
        if old.preposition is None or old.preposition.lower != new.preposition.lower:
            return 0.0
        score += 3
    if {stem(word.lower) for word in new.words} & {stem(word.lower) for word in old.words}:
        score += 3
    if (new.determiner or new.is_plural) and old.determiner and _sort(new) == _sort(old):
        score += 2
    if new.determiner is None and old.determiner is None:
        score += 2 if new.is_plural == old.is_plural else 1.5
    if _is_name(old) and not _is_name(new):
        score -= 3
    is_of = old.preposition is not None and old.preposition.lower == "of"
    if old.is_asked or (is_of and not (new.is_plural and old.is_plural)):
        score -= 3
    return score + 0.5 * (new.is_plural == old.is_plural)


def _is_name(phrase: Phrase) -> bool:
    return all(word.has_capital for word in phrase.words)


def _sort(phrase: Phrase) -> str:
    """The determiner; "skis" is as indefinite as "a tent"."""
    determiner = phrase.determiner.lower if phrase.determiner else "a"
    return {"an": "a", "another": "a"}.get(determiner, determiner)


def _names_a_kind(new: Phrase, old: Phrase) -> bool:
    """Whether one word like "silver" stands for "silver tier users"."""
    return len(new.words) == 1 and not new.is_plural and len(old.words) > 1 and old.is_plural


def _said(follow_up: FollowUp, words: Sequence[Word]) -> str:
    """The words as they were said, from the first of them to the last."""
    return follow_up.rest[words[0].start : words[-1].end]


def _put(text: str, start: int, end: int, said: str) -> str:
    return text[:start] + said + text[end:]


def _last_sentences(question: str) -> str:
    said = without_courtesy(question)
    if len(said.split()) <= LONGEST_TOPIC_WORDS:
        return said
    kept = ""
    for sentence in reversed(re.split(r"(?<=[.!?])\s+", said)):
        longer = f"{sentence} {kept}".strip()
        if len(longer.split()) > LONGEST_TOPIC_WORDS:
            break
        kept = longer
    return kept
