"""What was found is found again at once, as long as the index is the same."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Result = TypeVar("Result")


class ResultCache(Generic[Result]):
    """The results of the last `size` different questions, of one state of the index: with another
    state, all of them are dropped. Several threads may use it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._state: Hashable = None
        self._results: OrderedDict[Hashable, tuple[Result, ...]] = OrderedDict()
        self._lock = Lock()

    def get(self, state: Hashable, key: Hashable) -> list[Result] | None:
        """What was put under this key at this state; None where nothing was."""
        with self._lock:
            self._keep_only(state)
            if key not in self._results:
                return None
            self._results.move_to_end(key)
            return list(self._results[key])

    def put(self, state: Hashable, key: Hashable, results: Sequence[Result]) -> None:
        """`state` is that from before the search: what changed since is at most newer in the results."""
        if not self._size:
            return
        with self._lock:
            self._keep_only(state)
            self._results[key] = tuple(results)
            self._results.move_to_end(key)
            while len(self._results) > self._size:
                self._results.popitem(last=False)

    def _keep_only(self, state: Hashable) -> None:
        if state != self._state:
            self._results.clear()
            self._state = state
