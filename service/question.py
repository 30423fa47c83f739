"""What counts as a question, over HTTP and on the command line."""

from ingest.errors import WrongUse


class InvalidQuestion(WrongUse):
    """A question that is not taken; `code` names the reason for programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def checked_question(question: str, *, max_chars: int) -> str:
    """The question without surrounding space.

    Raises `InvalidQuestion` where it is empty, has more than `max_chars` characters, or has one that
    cannot be encoded.
    """
    question = question.strip()
    if not question:
        raise InvalidQuestion("The question is empty: write what you want to know.", "empty")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in question):
        raise InvalidQuestion(
            "The question has half a character (a lone surrogate, as in \\ud800): send whole ones.",
            "invalid_request",
        )
    if len(question) > max_chars:
        raise InvalidQuestion(
            f"The question has {len(question):,} characters; at most {max_chars:,} are taken. "
            "Shorten it.",
            "too_long",
        )
    return question
