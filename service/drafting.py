"""A draft as it is written, and its sentences as each is verified."""

from collections.abc import Iterator

from generator.draft import DraftReader, DraftSentence
from generator.model import Draft, Generator, Usage
from generator.prompt import NO_ANSWER, Prompt
from service.stopwatch import Stopwatch
from service.verify import Sentence, Verdict, Verifier, verify


class Drafting:
    """One draft over the passages of a prompt. `verified` collects every sentence with its verdict."""

    def __init__(
        self, generator: Generator, prompt: Prompt, verifier: Verifier, *, min_support: float
    ) -> None:
        self._generator = generator
        self._prompt = prompt
        self._verifier = verifier
        self._min_support = min_support
        self._pieces: list[str] = []
        self._usage = Usage()
        self.verified: list[Sentence] = []

    @property
    def draft(self) -> Draft:
        """What was written so far."""
        return Draft("".join(self._pieces), self._generator.name, self._usage)

    def sentences(self, clock: Stopwatch) -> Iterator[Sentence]:
        """The sentences as each is written and checked; one that was said already is checked, and
        given, once. Raises `VerifierUnavailable`."""
        known: dict[DraftSentence, Sentence] = {}
        for item in self._written():
            if item in known:
                self.verified.append(known[item])
                continue
            with clock.measured("verify"):
                known[item] = self._verify(item)
            self.verified.append(known[item])
            yield known[item]

    def _written(self) -> Iterator[DraftSentence]:
        reader = DraftReader()
        for delta in self._generator.stream(self._prompt):
            if isinstance(delta, Usage):
                self._usage = delta
                continue
            self._pieces.append(delta)
            yield from reader.feed(delta)
        yield from reader.finish()

    def _verify(self, item: DraftSentence) -> Sentence:
        if says_no_answer(item.text):
            verdict = Verdict.UNSUPPORTED if item.numbers else Verdict.UNCITED
            return Sentence(item.text, verdict, 0.0, (), item.numbers)
        return verify(item, self._prompt.passages, self._verifier, min_support=self._min_support)


def says_no_answer(text: str) -> bool:
    """Whether the generator says that the passages do not answer."""
    return text.rstrip(".") == NO_ANSWER
