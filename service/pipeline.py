"""A question becomes a verified answer."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from generator.model import Draft, Generator
from generator.prompt import Passage, Prompt, PromptTemplate
from ingest.clock import today
from service.access import Reader
from service.conversation import UNANSWERED, Turn, standalone_question
from service.drafting import Drafting, says_no_answer
from service.retrieve import Retrieved, Retriever
from service.scope import EVERYTHING, Filter, Searched
from service.select import Selection
from service.settings import AnswerSettings
from service.stopwatch import Stopwatch
from service.verify import (
    MIN_SUPPORT,
    Sentence,
    Verdict,
    Verifier,
    VerifierUnavailable,
)

NOT_SUPPORTED = "[not supported]"
"""Stands behind a sentence in text that is shown although nothing supports it."""

UNVERIFIED = "Answers cannot be verified at the moment, so none is shown. Ask again later."
NOT_ALL_SUPPORTED = (
    "The drafted answer says something that the documents do not support, so it is not shown."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, and the nearest passages for a person to look at."""

    reason: str
    nearest: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user is shown: sentences with their citations, or a refusal and no sentence.

    `notice` says in which documents alone it was searched, where the question named them, on which
    day's rules it rests, where that was asked for, and which of the documents it cites no longer apply.
    """

    sentences: tuple[Sentence, ...]
    refusal: Refusal | None
    notice: str | None = None

    @property
    def text(self) -> str:
        """The sentences with their numbers as [n], or what the refusal says; then the notice."""
        if self.refusal:
            said = refusal_text(self.refusal)
        else:
            said = " ".join(marked(sentence) for sentence in self.sentences)
        return f"{said} ({self.notice})" if self.notice else said


@dataclass(frozen=True, slots=True)
class Trace:
    """How one question was answered. `standalone` is the question as it was understood in its
    conversation; it is what was searched for and answered. `verified` has every sentence of the draft
    with its verdict, `answer` what was shown; `timings` are seconds by stage, `versions` name what took
    part."""

    question: str
    standalone: str
    retrieved: tuple[Retrieved, ...]
    reranked: tuple[Retrieved, ...]
    answerability: float
    prompt: Prompt
    draft: Draft
    verified: tuple[Sentence, ...]
    answer: Answer
    timings: Mapping[str, float]
    versions: Mapping[str, str]


MakeStandalone = Callable[[str, Sequence[Turn]], str]
"""From a question and the turns before it to the question as it is understood."""

Answerability = Callable[[str, Sequence[Retrieved]], float]
"""How likely the passages are to answer the question, from 0 to 1: first those of the prompt, then what
else the search found."""


class Pipeline:
    """Retrieve, decide whether the passages answer, draft, verify: the same for HTTP, CLI and eval.

    Below `min_answerability` a question is refused before a draft is written; evidence supports a
    sentence from `min_support` on.
    """

    def __init__(
        self,
        retriever: Retriever,
        selection: Selection,
        answerability: Answerability,
        template: PromptTemplate,
        generator: Generator,
        verifier: Verifier,
        settings: AnswerSettings,
        make_standalone: MakeStandalone = standalone_question,
        *,
        min_answerability: float = 0.0,
        min_support: float = MIN_SUPPORT,
    ) -> None:
        self._retriever = retriever
        self._selection = selection
        self._answerability = answerability
        self._template = template
        self._generator = generator
        self.verifier = verifier
        self._settings = settings
        self._make_standalone = make_standalone
        self._min_answerability = min_answerability
        self.min_support = min_support

    def answer(
        self,
        question: str,
        conversation: Sequence[Turn],
        reader: Reader,
        as_of: date | None = None,
        within: Filter = EVERYTHING,
        *,
        draft_always: bool = False,
    ) -> Trace:
        """The whole trace of one question, asked of the documents that apply on the day `as_of`, and of
        these only those that pass the filter. Raises `UnknownInFilter` or `IndexOutdated`.

        With `draft_always` a draft is written and verified also where the question is refused before;
        the answer is the refusal all the same.
        """
        *_, trace = self.stream(
            question, conversation, reader, as_of, within, draft_always=draft_always
        )
        if not isinstance(trace, Trace):
            raise TypeError("Pipeline.stream ended without a trace")
        return trace

    def check(self, within: Filter, reader: Reader) -> None:
        """Raises what `stream` would raise of this filter when its first item is asked for."""
        self._retriever.decide("", reader, within=within)

    def stream(
        self,
        question: str,
        conversation: Sequence[Turn],
        reader: Reader,
        as_of: date | None = None,
        within: Filter = EVERYTHING,
        *,
        draft_always: bool = False,
    ) -> Iterator[Sentence | Trace]:
        """Verified sentences as soon as each is checked, then the trace, once and last.

        Nothing leaves here before it was verified. What is not supported is left out, or comes with
        its verdict where the settings say "mark"; where they say "refuse", it makes the whole answer a
        refusal, and no sentence leaves before all are checked. What was said before is left out, and
        in any case what cites a document that was deleted since the question was asked. Where the
        verifier is unavailable, the answer is a refusal that says so.
        """
        clock = Stopwatch()
        standalone = self._make_standalone(question, conversation)
        searched = self._retriever.decide(standalone, reader, as_of, within)
        with self._retriever.reading() as index:
            retrieved = index.retrieve(standalone, searched)
            clock.lap("retrieve")
            reranked = self._selection.select(standalone, retrieved, index)
        passages = _number(reranked)
        prompt = self._template.fill(standalone, passages)
        clock.lap("rerank")
        answerability = self._answerability(standalone, considered(reranked, retrieved))
        clock.lap("answerability")
        is_answerable = answerability >= self._min_answerability
        drafting = Drafting(self._generator, prompt, self.verifier, min_support=self.min_support)
        shown: list[Sentence] = []
        reason: str | None = None
        if is_answerable or draft_always:
            try:
                for sentence in drafting.sentences(clock):
                    if is_answerable and self._is_shown(sentence, shown, passages):
                        shown.append(sentence)
                        if self._settings.unsupported != "refuse":
                            clock.first("first_sentence")
                            yield sentence
            except VerifierUnavailable as error:
                _log.error("An answer could not be verified: %s", error)
                reason = UNVERIFIED
        clock.lap("generate", less="verify")
        if self._settings.unsupported == "refuse" and any(map(_is_unsupported, drafting.verified)):
            reason = reason or NOT_ALL_SUPPORTED
        shown = [s for s in shown if self._is_left(s, passages)] if reason is None else []
        if self._settings.unsupported == "refuse":
            for sentence in shown:
                clock.first("first_sentence")
                yield sentence
        answer = self._answer(shown, passages, as_of, reason if is_answerable else None)
        yield Trace(
            question=question,
            standalone=standalone,
            retrieved=tuple(retrieved),
            reranked=tuple(reranked),
            answerability=answerability,
            prompt=prompt,
            draft=drafting.draft,
            verified=tuple(drafting.verified),
            answer=_with_scope(answer, searched),
            timings=clock.finish(),
            versions=self._versions(prompt),
        )

    def find(self, question: str, reader: Reader) -> list[Retrieved]:
        """The passages by which answerability is judged, those of the prompt first."""
        retrieved = self._retriever.retrieve(question, reader)
        with self._retriever.reading() as index:
            return considered(self._selection.select(question, retrieved, index), retrieved)

    def _is_shown(
        self, sentence: Sentence, shown: Sequence[Sentence], passages: Sequence[Passage]
    ) -> bool:
        if says_no_answer(sentence.text) or not self._is_left(sentence, passages):
            return False
        if any(each.text == sentence.text and _is_supported(each) for each in shown):
            return False
        return _is_supported(sentence) or (
            self._settings.unsupported == "mark" and bool(sentence.text)
        )

    def _is_left(self, sentence: Sentence, passages: Sequence[Passage]) -> bool:
        """Whether all that the sentence cites is still there."""
        numbers = {*sentence.cited, *(citation.number for citation in sentence.citations)}
        cited = [passage for passage in passages if passage.number in numbers]
        return len(self._left(cited)) == len(cited)

    def _left(self, passages: Sequence[Passage]) -> list[Passage]:
        """Those of the passages whose documents were not deleted since they were found."""
        deleted = self._retriever.deleted({passage.document.id for passage in passages})
        return [passage for passage in passages if passage.document.id not in deleted]

    def _answer(
        self,
        shown: Sequence[Sentence],
        passages: Sequence[Passage],
        as_of: date | None,
        reason: str | None,
    ) -> Answer:
        """What is shown, or a refusal for the reason given, else because nothing answers."""
        notice = _notice(shown, passages, as_of)
        if shown:
            return Answer(tuple(shown), None, notice)
        if reason is None:
            reason = f"{'No' if passages else 'Nothing is indexed that applies: no'} {UNANSWERED}"
        nearest = tuple(self._left(passages)[: self._settings.nearest])
        return Answer((), Refusal(reason, nearest), notice)

    def _versions(self, prompt: Prompt) -> dict[str, str]:
        reranker = self._selection.reranker
        return {
            "reranker": reranker.name if reranker else "none",
            "generator": self._generator.name,
            "prompt": prompt.version,
            "verifier": self.verifier.name,
            "supported from": f"{self.min_support:.4f}",
            "refused below": f"{self._min_answerability:.4f}",
        }


def _with_scope(answer: Answer, searched: Searched) -> Answer:
    """The answer, which says where alone it was searched: a refusal always, another where nobody but
    the question itself asked for that."""
    if not searched.only:
        return answer
    said = f"Searched in {searched.only} only."
    if answer.refusal is not None:
        reason = f"{answer.refusal.reason} {said}"
        return replace(answer, refusal=replace(answer.refusal, reason=reason))
    if not searched.by_itself:
        return answer
    return replace(answer, notice=f"{said} {answer.notice}" if answer.notice else said)


def _notice(
    shown: Sequence[Sentence], passages: Sequence[Passage], as_of: date | None
) -> str | None:
    """What a reader must know of the days on which the cited documents apply."""
    if as_of is None:
        return None
    cited = {citation.number for sentence in shown for citation in sentence.citations}
    over = {
        f"{passage.document.title} applied until {passage.document.valid_until}"
        for passage in passages
        if passage.number in cited
        and passage.document.valid_until
        and passage.document.valid_until <= today()
    }
    return "; ".join([f"As of {as_of}", *sorted(over)]) + "."


def _is_supported(sentence: Sentence) -> bool:
    return sentence.verdict is Verdict.SUPPORTED


def _is_unsupported(sentence: Sentence) -> bool:
    """Whether it says something, or cites a made-up number, that no passage supports."""
    if _is_supported(sentence) or says_no_answer(sentence.text):
        return False
    return bool(sentence.text) or sentence.verdict is Verdict.FABRICATED


def marked(sentence: Sentence) -> str:
    """The sentence with its citations as [n], or with a mark that nothing supports it."""
    if not _is_supported(sentence):
        return f"{sentence.text} {NOT_SUPPORTED}"
    numbers = dict.fromkeys(citation.number for citation in sentence.citations)
    return f"{sentence.text} {''.join(f'[{number}]' for number in numbers)}"


def refusal_text(refusal: Refusal) -> str:
    """What a reader without a page is told: the reason, and where to look."""
    if not refusal.nearest:
        return refusal.reason
    places = "; ".join(dict.fromkeys(place(passage) for passage in refusal.nearest))
    return f"{refusal.reason} The nearest passages are in: {places}."


def place(passage: Passage) -> str:
    """Title and nearest heading of a passage."""
    path = passage.chunk.heading_path
    title = passage.document.title
    return f"{title}, {path[-1]}" if path and path[-1] != title else title


def considered(selected: Sequence[Retrieved], found: Sequence[Retrieved]) -> list[Retrieved]:
    """The passages selected for the prompt, then the others that were found."""
    places = {(each.document.id, each.position) for each in selected}
    return [*selected, *(e for e in found if (e.document.id, e.position) not in places)]


def _number(retrieved: Sequence[Retrieved]) -> tuple[Passage, ...]:
    return tuple(
        Passage(number, found.document, found.chunk, found.same_text, found.merged)
        for number, found in enumerate(retrieved, start=1)
    )
