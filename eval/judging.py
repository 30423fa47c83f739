"""Asking the judge whether evidence supports a claim, each question once."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from eval.folder import append_line, read_lines
from eval.record import DIGITS, Stored
from ingest.errors import PinciteError
from ingest.sentence import sentence_spans
from service.claims import drops_condition
from service.overlap import negates
from service.verify import Verifier, locate

Pair = tuple[str, str]
"""A claim and its evidence."""

CONTRADICTED_FROM = 0.5
"""Score from which evidence is said to contradict a claim."""


class JudgeFailed(PinciteError):
    """The judge answered with something that is no score."""


class Judged(Stored):
    """One line of judged.jsonl; `key` is the SHA-256 of what was asked of whom."""

    key: str
    score: float


class JudgedScores:
    """What judges have said, in a file: the same question gets the same answer and costs nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = list(read_lines(path, Judged))
        self._scores = {line.key: line.score for line in lines}
        # Written anew so that the next line begins a line, also behind one that was half written.
        if lines:
            path.write_text("".join(f"{line.model_dump_json()}\n" for line in lines), "utf-8")
        else:
            path.unlink(missing_ok=True)

    def __contains__(self, key: str) -> bool:
        return key in self._scores

    def __getitem__(self, key: str) -> float:
        return self._scores[key]

    def add(self, key: str, score: float) -> None:
        self._scores[key] = score
        append_line(self._path, Judged(key=key, score=score), lasting=False)


@runtime_checkable
class TellsContradiction(Protocol):
    """A judge that also tells what evidence contradicts."""

    def contradiction(self, pairs: Sequence[Pair]) -> list[float]:
        """For each pair of claim and evidence, from 0 (not contradicted) to 1."""
        ...


class Judging:
    """A judge with what it has said before; from `threshold` on it takes a claim for supported.

    Raises `JudgeFailed` where the judge's answer is no number from 0 to 1, and what the judge raises.
    """

    def __init__(self, judge: Verifier, threshold: float, said: JudgedScores) -> None:
        self._judge = judge
        self._said = said
        self._support: dict[Pair, float] = {}
        self.threshold = threshold

    @property
    def name(self) -> str:
        return self._judge.name

    def support(self, pairs: Sequence[Pair]) -> list[float]:
        """A score for each pair; what the evidence says word for word is supported without asking."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._support]
        quoted = {pair: 1.0 for pair in new if is_quoted(*pair)}
        asked = [pair for pair in new if pair not in quoted]
        self._support |= quoted | dict(zip(asked, self.unaided_support(asked), strict=True))
        return [self._support[pair] for pair in pairs]

    def supports(self, claim: str, evidence: str) -> bool:
        return self.support([(claim, evidence)])[0] >= self.threshold

    def unaided_support(self, pairs: Sequence[Pair]) -> list[float]:
        """A score for each pair by the judge alone, also of quotations; 0 where the claim or the
        evidence is empty."""
        return self._ask("support", self._judge.support, pairs)

    def contradiction(self, pairs: Sequence[Pair]) -> list[float] | None:
        """A score for each pair; None where the judge cannot tell."""
        if not isinstance(self._judge, TellsContradiction):
            return None
        return self._ask("contradiction", self._judge.contradiction, pairs)

    def _ask(
        self, what: str, ask: Callable[[Sequence[Pair]], list[float]], pairs: Sequence[Pair]
    ) -> list[float]:
        keys = {pair: _key(self.name, what, pair) for pair in pairs if all(map(str.strip, pair))}
        new = [pair for pair, key in keys.items() if key not in self._said]
        scores = ask(new) if new else []
        if len(scores) != len(new) or not all(0 <= score <= 1 for score in scores):
            raise JudgeFailed(
                f"The judge {self.name} gave {len(scores)} scores for {len(new)} claims, or one that "
                "is no number from 0 to 1. Choose another in [judge]."
            )
        for pair, score in zip(new, scores, strict=True):
            self._said.add(keys[pair], round(score, DIGITS))
        return [self._said[keys[pair]] if pair in keys else 0.0 for pair in pairs]


def is_quoted(claim: str, evidence: str) -> bool:
    """Whether the evidence says the claim word for word, and nothing around it that changes it: the
    same rule by which an answer's quotations pass."""
    place = locate(claim, evidence)
    if place is None:
        return False
    start, end = place
    begins = max((first for first, _ in sentence_spans(evidence) if first <= start), default=start)
    if negates(evidence[begins:start]) and not negates(evidence[start:end]):
        return False
    return not drops_condition(start, end, evidence)


def _key(judge: str, what: str, pair: Pair) -> str:
    text = "\0".join((judge, what, *pair))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
