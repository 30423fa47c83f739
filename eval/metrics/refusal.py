"""Were the right questions refused?"""

from collections.abc import Sequence


def refusal_precision(outcomes: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the refused questions, the share that is unanswerable; outcomes: (refused, unanswerable).

    None where nothing was refused.
    """
    refused = [unanswerable for was_refused, unanswerable in outcomes if was_refused]
    return sum(refused) / len(refused) if refused else None


def refusal_recall(outcomes: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the unanswerable questions, the share that was refused. None where there is none."""
    unanswerable = [was_refused for was_refused, truly in outcomes if truly]
    return sum(unanswerable) / len(unanswerable) if unanswerable else None
