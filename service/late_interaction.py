"""A reranker without training: the words of the question against the words of the passage."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

TokenVectors = NDArray[np.float16]
"""One row of length 1 for each token: (tokens, dimension)."""


class TokenEncoder(Protocol):
    """An encoder that also gives the vectors of single tokens, each in its context."""

    @property
    def name(self) -> str: ...

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]: ...


class LateInteractionReranker:
    """For every token of the question the cosine to the token of the passage that is nearest to it, and
    the mean of these (MaxSim: Khattab and Zaharia 2020, equation 3, divided by the question's tokens).

    The vectors are those of the encoder that searches, before it takes their mean: which word means
    what in its sentence is still told apart. Those of the last `cached_passages` passages are kept,
    some 100 kB each.
    """

    def __init__(self, encoder: TokenEncoder, *, cached_passages: int) -> None:
        self.name = f"late-interaction:{encoder.name}"
        self._encoder = encoder
        self._size = cached_passages
        self._kept: OrderedDict[str, TokenVectors] = OrderedDict()
        self._lock = Lock()

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """A cosine for each passage, from -1 to 1; they compare between questions, too. 0 where one of
        the two has no token."""
        if not passages:
            return []
        asked = self._encoder.encode_tokens([question])[0]
        return [_mean_of_nearest(asked, said) for said in self._vectors(passages)]

    def _vectors(self, passages: Sequence[str]) -> list[TokenVectors]:
        """Of each passage; those not kept are encoded together."""
        with self._lock:
            known = {text: self._kept[text] for text in passages if text in self._kept}
        new = [text for text in dict.fromkeys(passages) if text not in known]
        encoded = self._encoder.encode_tokens(new) if new else []
        # Rounded before they are first used: a score must not depend on what was kept.
        known |= {
            text: vectors.astype(np.float16) for text, vectors in zip(new, encoded, strict=True)
        }
        with self._lock:
            for text in passages:
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return [known[text] for text in passages]


def _mean_of_nearest(asked: NDArray[np.float32], said: TokenVectors) -> float:
    if not len(asked) or not len(said):
        return 0.0
    return float((asked @ said.astype(np.float32).T).max(axis=1).mean())
