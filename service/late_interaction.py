"""A reranker without training: the words of the question against the words of the passage."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.token_vectors import TokenVectors

Indexed = Callable[[str, Sequence[str]], Mapping[str, TokenVectors]]
"""From an encoder's name and texts to the tokens of those that the index has, by text."""


class TokenEncoder(Protocol):
    """An encoder that also gives the vectors of single tokens, each in its context."""

    @property
    def name(self) -> str: ...

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]: ...


class LateInteractionReranker:
    """For every token of the question the cosine to the token of the passage that is nearest to it, and
    the mean of these (MaxSim: Khattab and Zaharia 2020, equation 3, divided by the question's tokens).

    The vectors are those of the encoder that searches, before it takes their mean: which word means
    what in its sentence is still told apart. `indexed` has those of the passages that were encoded for
    the index; of others, those of the last `cached_passages` are kept here, some 60 kB each.
    """

    def __init__(
        self, encoder: TokenEncoder, *, cached_passages: int, indexed: Indexed | None = None
    ) -> None:
        self.name = f"late-interaction:{encoder.name}"
        self._encoder = encoder
        self._indexed = indexed
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
        texts = list(dict.fromkeys(passages))
        indexed = self._indexed(self._encoder.name, texts) if self._indexed else {}
        others = [text for text in texts if text not in indexed]
        with self._lock:
            known = {text: self._kept[text] for text in others if text in self._kept}
        new = [text for text in others if text not in known]
        encoded = self._encoder.encode_tokens(new) if new else []
        # Rounded before they are first used: a score must not depend on what was kept.
        rounded = map(TokenVectors.rounded, encoded)
        known |= dict(zip(new, rounded, strict=True))
        with self._lock:
            for text in others:
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        known |= indexed
        return [known[text] for text in passages]


def _mean_of_nearest(asked: NDArray[np.float32], said: TokenVectors) -> float:
    if not len(asked) or not len(said):
        return 0.0
    return float(said.nearest(asked).mean())
