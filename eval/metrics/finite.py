"""What is averaged, compared or counted has to be a number."""

import math
from collections.abc import Iterable

from ingest.errors import WrongUse


class NotFinite(WrongUse):
    """A score, time or price is NaN or infinite, so that whatever is made of it would be, too."""


def check_finite(values: Iterable[float]) -> None:
    """Raises `NotFinite` where one of the values is NaN or infinite."""
    for value in values:
        if not math.isfinite(value):
            raise NotFinite(f"A value is {value}: leave that sample unscored instead.")
