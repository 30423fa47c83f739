"""Where a passage sends its reader: "as defined in 2.1", "see section 4.3"."""

import re

_CLAUSE = (
    r"(?:sections?|sec\.|clauses?|articles?|art\.|paragraphs?|para\.|rules?|chapters?"
    r"|§+|appendix|annex)"
)
_SENDING = (
    r"(?:as\s+(?:defined|described|explained|set\s+out|specified|laid\s+down|stated|provided|listed)"
    r"(?:\s+(?:in|by|under|at))|see(?:\s+also)?|defined\s+in|described\s+in|set\s+out\s+in|listed\s+in"
    r"|subject\s+to|referred\s+to\s+in|in\s+accordance\s+with|pursuant\s+to|under|according\s+to)"
)
_NUMBER = r"(?:[A-Z]\.?)?\d+(?:\.\d+)*(?:\([a-z0-9]{1,4}\))*"
_REFERENCE = re.compile(
    rf"\b{_SENDING}\s+(?:the\s+)?(?:{_CLAUSE}\s*({_NUMBER})|(\d+(?:\.\d+)+))(?!\w|%)", re.IGNORECASE
)
_LEADING = re.compile(rf"\s*(?:{_CLAUSE}\s*)?({_NUMBER})(?!\w)", re.IGNORECASE)


def references(text: str) -> tuple[str, ...]:
    """The clause numbers that the text sends to, each once, in its order.

    A lone number counts only behind the name of a clause: "see section 4", not "see 4".
    """
    found = (match.group(1) or match.group(2) for match in _REFERENCE.finditer(text))
    return tuple(dict.fromkeys(found))


def is_headed(heading: str, number: str) -> bool:
    """Whether a heading bears the number: "4.3 Gold tier", "Section 4.3", but not "4.3.1 Exceptions"."""
    match = _LEADING.match(heading)
    return match is not None and match.group(1).rstrip(".").casefold() == number.casefold()
