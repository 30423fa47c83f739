"""A verifier without a model: the words, numbers, names and negations of claim and evidence."""

import re
from collections.abc import Sequence

from ingest.sentence import sentences as split_sentences

_WORD = re.compile(r"[^\W_]+(?:['’.,:/-][^\W_]+)*")
_STOP_WORDS = frozenset(
    """
    a about also an and are as at be been being but by can could did do does for from had has have if
    in into is it its of on or other our out she he should so some such than that the their them then
    there these they this those to up was we were what when which who will with would you your
    """.split()
)
_DECISIVE = frozenset(
    """
    after before until since over under above below more most less fewer least only except unless all
    every any may must shall
    """.split()
)
_NEGATIONS = frozenset("no not never none neither nor cannot without nobody nothing".split())
_NUMBER_WORDS = frozenset(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
    million half third quarter once twice double
    """.split()
)


class OverlapVerifier:
    """Share of the claim's content words that the evidence says.

    0 where a number, also one in words, a name, or a word like "before" or "only" of the claim is not
    in the evidence, or where a sentence of the evidence that the claim rests on negates and the claim
    does not, or the other way round: these decide what a policy says, and a share would hide them.
    """

    name = "word overlap"

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [_overlap(claim, evidence) for claim, evidence in pairs]


def _overlap(claim: str, evidence: str) -> float:
    said, known = _words(claim), _words(evidence)
    content = said - _STOP_WORDS
    stems = {_stem(word) for word in known}
    decisive = _numbers(said) | (said & _DECISIVE)
    if not content or decisive - known or {_stem(name) for name in _names(claim)} - stems:
        return 0.0
    if _contradicts(claim, evidence):
        return 0.0
    return sum(_stem(word) in stems for word in content) / len(content)


def _contradicts(claim: str, evidence: str) -> bool:
    """Whether a sentence that says a content word of the claim as the only one negates otherwise."""
    said = _words(claim)
    content = {_stem(word) for word in said - _STOP_WORDS}
    sentences = [_words(sentence) for sentence in split_sentences(evidence)]
    shared = [content & {_stem(word) for word in sentence} for sentence in sentences]
    return any(
        _negates(sentence) != _negates(said)
        and shared[place].difference(*shared[:place], *shared[place + 1 :])
        for place, sentence in enumerate(sentences)
    )


def _numbers(words: set[str]) -> set[str]:
    return {word for word in words if word[0].isdigit() or word in _NUMBER_WORDS}


def _names(text: str) -> set[str]:
    """Words with a capital inside the text; its first has one anyway."""
    words = _WORD.findall(text)[1:]
    return {word.lower().replace("’", "'") for word in words if word[0].isupper()} - _STOP_WORDS


def _words(text: str) -> set[str]:
    return {word.lower().replace("’", "'") for word in _WORD.findall(text)}


def negates(text: str) -> bool:
    """Whether the text says no, not, never, without …"""
    return _negates(_words(text))


def _negates(words: set[str]) -> bool:
    return bool(words & _NEGATIONS) or any(word.endswith("n't") for word in words)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
