"""A follow-up question -> a standalone question."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.document import one_line
from ingest.errors import PinciteError
from service.followup import follow_up_of
from service.settings import ConversationSettings
from service.understand import Understood, understood

UNANSWERED = "passage in the documents answers this question."
"""Every refusal of Pincite says it; by it an earlier answer is known for a refusal."""

LONGEST_REWRITE_CHARS = 600


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier message of the conversation; `role` is "user" or "assistant"."""

    role: str
    text: str


class RewriteFailed(PinciteError):
    """A model could not say a question anew."""


Rewrite = Callable[[str, Sequence[Turn]], str]
"""A model's way: from a question and the turns before it, oldest first, to the question alone. Raises
`RewriteFailed`."""

CountTokens = Callable[[list[str]], list[int]]


class Conversations:
    """Makes questions standalone that depend on the conversation; the others stay as they are.

    `rewrite` is asked where a generator holds a model. Where it fails, or what it says is empty, of
    several lines or overlong, the rules of `service.understand` are used, as they are without a model.
    """

    def __init__(
        self,
        settings: ConversationSettings,
        count_tokens: CountTokens,
        rewrite: Rewrite | None = None,
    ) -> None:
        self._settings = settings
        self._count_tokens = count_tokens
        self._rewrite = rewrite

    def standalone(self, question: str, conversation: Sequence[Turn]) -> str:
        """The question as it can be understood, and searched for, without the conversation."""
        # What depends on nothing is never put to a model, which could only change it.
        if follow_up_of(question) is None:
            return question
        turns = kept_turns(conversation, self._settings.max_tokens, self._count_tokens)
        if not any(turn.role == "user" for turn in turns):
            return question
        return self._rewritten(question, turns) or standalone_question(question, turns)

    def _rewritten(self, question: str, turns: Sequence[Turn]) -> str | None:
        if self._rewrite is None:
            return None
        try:
            said = self._rewrite(question, turns).strip()
        except RewriteFailed:
            return None
        is_usable = len(said) <= LONGEST_REWRITE_CHARS and "\n" not in said
        return said if is_usable else None


def kept_turns(
    conversation: Sequence[Turn], max_tokens: int, count_tokens: CountTokens
) -> tuple[Turn, ...]:
    """The newest turns that have at most `max_tokens` tokens together, none of them cut.

    A turn that is longer by itself is left out, and those before it may still find room. An answer
    whose question had none is left out too.
    """
    kept: list[Turn] = []
    room = max_tokens
    for turn in reversed(conversation):
        turn = Turn(turn.role, _encodable(turn.text))
        (tokens,) = count_tokens([turn.text])
        if tokens > max_tokens:
            continue
        if tokens > room:
            break
        room -= tokens
        kept.append(turn)
    while kept and kept[-1].role != "user":
        kept.pop()
    return tuple(reversed(kept))


def standalone_question(question: str, conversation: Sequence[Turn]) -> str:
    """The question made standalone by rules; as it is where it depends on nothing that was asked."""
    if follow_up_of(question) is None:
        return question
    answered: Understood | None = None
    refused: Understood | None = None
    for earlier, is_refused in _asked(conversation):
        # What was refused may be a slip off the subject; it is taken up only where there is no other.
        meant = understood(earlier, answered or refused).shortened()
        if not meant.topic:
            continue
        if is_refused:
            refused = meant
        else:
            answered = meant
    lender = answered or refused
    return understood(question, lender).text if lender else question


def _asked(conversation: Sequence[Turn]) -> Iterator[tuple[str, bool]]:
    """The earlier questions as one line each, and whether their answers were refusals."""
    for place, turn in enumerate(conversation):
        if turn.role != "user":
            continue
        following = conversation[place + 1] if place + 1 < len(conversation) else None
        is_answer = following is not None and following.role == "assistant"
        yield one_line(turn.text), is_answer and UNANSWERED in (following.text if following else "")


def _encodable(text: str) -> str:
    """The text with "?" in place of half characters, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
