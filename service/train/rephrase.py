"""A sentence in other words that say the same, by rules: what it is trained on must not be a copy."""

import random
import re

_SAME = (
    ("must not", "are not allowed to"),
    ("must", "are required to"),
    ("must", "have to"),
    ("may not", "cannot"),
    ("may", "are allowed to"),
    ("cannot", "are not able to"),
    ("prior to", "before"),
    ("in order to", "to"),
    ("at least", "no less than"),
    ("at most", "no more than"),
    ("immediately", "at once"),
    ("ensure that", "make sure that"),
    ("obtain", "get"),
    ("provide", "give"),
    ("request", "ask for"),
    ("purchase", "buy"),
    ("utilize", "use"),
    ("assist", "help"),
    ("employees", "staff members"),
    ("annually", "every year"),
    ("every year", "once a year"),
    ("e.g.,", "for example"),
    ("However, ", ""),
    ("Additionally, ", ""),
    ("Note that ", ""),
    ("Please ", ""),
    ("In addition, ", ""),
)
_NUMBERS = dict(
    zip(
        "2 3 4 5 6 7 8 9 10".split(),
        "two three four five six seven eight nine ten".split(),
        strict=True,
    )
)
_NUMBER = re.compile(r"(?<![\w.,/$£€-])(?:10|[2-9])(?![\w%/-]|[.,]\d)")
_LEADING = re.compile(r"^((?:If|When|Unless|Once)\b[^,;:]{8,}), (\w[^;:]*)\.$")
_TRAILING = re.compile(r"^([^;:,]{12,}) ((?:if|when|unless|once)\b[^,;:]{8,})\.$")
_PARENTHESIS = re.compile(r" \((?!.*\b(?:not|except|unless|only|if)\b)[^()\d]{3,60}\)")


def rephrased(sentence: str, rng: random.Random) -> str:
    """The sentence after up to three changes that keep its meaning; as it is where none fits."""
    changes = [_reorder, _replace_words, _spell_number, _drop_parenthesis]
    rng.shuffle(changes)
    for change in changes[: rng.randint(1, 3)]:
        sentence = change(sentence, rng)
    return sentence


def _replace_words(sentence: str, rng: random.Random) -> str:
    fitting = [(said, other) for said, other in _SAME if re.search(_whole(said), sentence)]
    if not fitting:
        return sentence
    said, other = rng.choice(fitting)
    changed = re.sub(_whole(said), lambda _: other, sentence, count=1)
    return changed[:1].upper() + changed[1:]


def _reorder(sentence: str, rng: random.Random) -> str:
    """The condition behind what it is of, or in front of it."""
    if match := _LEADING.match(sentence):
        condition, rest = match.groups()
        return f"{rest[0].upper()}{rest[1:]} {condition[0].lower()}{condition[1:]}."
    if match := _TRAILING.match(sentence):
        rest, condition = match.groups()
        return f"{condition[0].upper()}{condition[1:]}, {rest[0].lower()}{rest[1:]}."
    return sentence


def _spell_number(sentence: str, rng: random.Random) -> str:
    return _NUMBER.sub(lambda match: _NUMBERS[match[0]], sentence, count=1)


def _drop_parenthesis(sentence: str, rng: random.Random) -> str:
    return _PARENTHESIS.sub("", sentence, count=1)


def _whole(words: str) -> str:
    end = "" if words.endswith(" ") or words.endswith(",") else r"\b"
    return rf"\b{re.escape(words)}{end}"
