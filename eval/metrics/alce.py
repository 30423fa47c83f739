"""ALCE's citation recall and precision (Gao, Yen, Yu and Chen 2023, "Enabling Large Language Models to
Generate Text with Citations", section 3, citation quality; `compute_autoais` of its evaluation script).

For an answer of statements s_i with citations C_i:

- recall of s_i is 1 where C_i is not empty and the passages of C_i together entail s_i;
- a citation c of C_i is irrelevant where c alone does not entail s_i and C_i without c still does;
- precision of c is 1 where s_i has recall 1 and c is not irrelevant.

The answer's recall is the mean over statements, its precision the mean over citations. F1 is the
harmonic mean; the paper gives none.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval.metrics.citation import citation_f1
from generator.draft import draft_sentences
from ingest.sentence import sentences

Entails = Callable[[str, str], bool]
"""Whether a premise (the passages, joined by line breaks) entails a claim."""

AT_MOST_CITATIONS = 3
"""Of one sentence, in the original: its default for `at_most_citations`."""

_MARK = re.compile(r" ?\[\d+")

# Longer numbers are no passage's, and Python refuses to read them beyond 4,300 digits.
_LONGEST_MARK = 11
_NO_NUMBER = 10**9


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without its citation marks, and the numbers it cites, those that no passage has
    included."""

    text: str
    cited: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AlceScores:
    """Of one answer, in [0, 1]. `precision` is None where nothing was cited (0 in the original)."""

    recall: float
    precision: float | None
    f1: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Of one statement: whether it is entailed, and how many of its citations count, and are right."""

    entailed: bool
    citations: int = 0
    right: int = 0


def alce(
    statements: Sequence[Statement],
    passages: Mapping[int, str],
    entails: Entails,
    *,
    alce_compatible: bool = False,
) -> AlceScores | None:
    """The scores of one answer; `passages` by the numbers they were shown under. None where there is no
    statement; the paper's figures are means over the other answers.

    A number that no passage has is a wrong citation and adds nothing to the premise. Every citation of
    a sentence counts, and counts once.

    `alce_compatible` gives the original's numbers for passages numbered 1, 2, 3 …, there given as
    "Title: <title>\\n<text>": a sentence with a number beyond the last passage is not entailed and
    none of its citations counts, so that inventing numbers costs no precision; only the first three
    citations of a sentence are read; [0] is the last passage; a repeated number counts again; and
    precision is 0 where no citation counts.
    """
    if not statements:
        return None
    judge = _judge_as_the_original if alce_compatible else _judge
    verdicts = [judge(statement, passages, entails) for statement in statements]
    recall = sum(verdict.entailed for verdict in verdicts) / len(verdicts)
    citations = sum(verdict.citations for verdict in verdicts)
    precision = sum(verdict.right for verdict in verdicts) / citations if citations else None
    if precision is None and alce_compatible:
        precision = 0.0
    return AlceScores(recall, precision, citation_f1(precision, recall) or 0.0)


def alce_of_text(
    answer: str,
    passages: Mapping[int, str],
    entails: Entails,
    *,
    split_sentences: Callable[[str], Sequence[str]] = sentences,
    alce_compatible: bool = False,
) -> AlceScores | None:
    """`alce` of an answer's text with its citation marks, read as the service reads a draft.

    `alce_compatible` reads it as the original does: cut at the first line break, "<|im_end|>" dropped,
    split by `split_sentences` (there NLTK's `sent_tokenize`), of "[1, 2]" only the 1, and a mark behind
    a full stop on whichever side the split leaves it.
    """
    if alce_compatible:
        line = answer.strip().split("\n")[0].replace("<|im_end|>", "")
        statements = [
            Statement(_without_marks(sentence).strip(), _numbers(sentence))
            for sentence in split_sentences(line)
        ]
    else:
        statements = [Statement(read.text, read.numbers) for read in draft_sentences(answer)]
    return alce(statements, passages, entails, alce_compatible=alce_compatible)


def _judge(statement: Statement, passages: Mapping[int, str], entails: Entails) -> _Verdict:
    cited = list(dict.fromkeys(statement.cited))
    real = [passages[number] for number in cited if number in passages]
    entailed = bool(real) and entails("\n".join(real), statement.text)
    right = _relevant(real, statement.text, entails) if entailed else 0
    return _Verdict(entailed, len(cited), right)


def _judge_as_the_original(
    statement: Statement, passages: Mapping[int, str], entails: Entails
) -> _Verdict:
    texts = [passages[number] for number in sorted(passages)]
    if not statement.cited or max(statement.cited) > len(texts):
        return _Verdict(entailed=False)
    # [0] is index -1 there, the last passage.
    read = [texts[number - 1] for number in statement.cited[:AT_MOST_CITATIONS]]
    entailed = entails("\n".join(read), statement.text)
    right = _relevant(read, statement.text, entails) if entailed else 0
    return _Verdict(entailed, len(read), right)


def _relevant(cited: Sequence[str], claim: str, entails: Entails) -> int:
    """How many of the passages that together entail the claim are not irrelevant."""
    if len(cited) == 1:
        return 1
    return sum(
        entails(passage, claim)
        or not entails("\n".join([*cited[:place], *cited[place + 1 :]]), claim)
        for place, passage in enumerate(cited)
    )


def _numbers(sentence: str) -> tuple[int, ...]:
    return tuple(
        int(mark.strip()[1:]) if len(mark) <= _LONGEST_MARK else _NO_NUMBER
        for mark in _MARK.findall(sentence)
    )


def _without_marks(sentence: str) -> str:
    return _MARK.sub("", sentence).replace(" |", "").replace("]", "")
