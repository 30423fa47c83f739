"""How long the stages of an answer take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by the name of the stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str, *, less: str | None = None) -> None:
        """Since the last lap; `less` names what was measured in between and counts apart."""
        now = time.perf_counter()
        apart = self._laps.setdefault(less, 0.0) if less else 0.0
        self._laps[name] = now - self._last - apart
        self._last = now

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Adds to the seconds of this name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._laps[name] = self._laps.get(name, 0.0) + time.perf_counter() - start

    def first(self, name: str) -> None:
        """Since the start, the first time that this is called."""
        self._laps.setdefault(name, time.perf_counter() - self._start)

    def finish(self) -> dict[str, float]:
        return self._laps | {"total": time.perf_counter() - self._start}
