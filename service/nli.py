"""Cross-encoders and NLI models as verifiers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from service.settings import BUNDLED_VERIFIER, OVERLAP_VERIFIER
from service.verify import VerifierNotFound, VerifierUnavailable

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import CrossEncoder

PAIRS_PER_BATCH = 8
_ENTAILS, _CONTRADICTS = "entail", "contradict"


class CrossEncoderVerifier:
    """A sentence-transformers `CrossEncoder` with one output, read as the log-odds of support.

    It reads evidence first and claim second, as models trained to find what is not supported do.
    """

    def __init__(self, name: str, model: "CrossEncoder") -> None:
        self.name = name
        self._model = model
        # A tokenizer keeps its padding as state: two threads at once make it fail.
        self._lock = Lock()

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        if not pairs:
            return []
        return [float(score) for score in self._probabilities(pairs)]

    def _probabilities(self, pairs: Sequence[tuple[str, str]]) -> "np.ndarray":
        """One a pair, or for a model with several outputs one for each of these."""
        import torch

        one = self._model.num_labels == 1
        activation = torch.nn.Sigmoid() if one else torch.nn.Softmax(dim=-1)
        try:
            with self._lock:
                probabilities: np.ndarray = self._model.predict(
                    [(evidence, claim) for claim, evidence in pairs],
                    batch_size=PAIRS_PER_BATCH,
                    activation_fn=activation,
                    show_progress_bar=False,
                )
            return probabilities
        except RuntimeError as error:
            raise VerifierUnavailable(f"The verifier '{self.name}' failed: {error}") from error


class NliVerifier(CrossEncoderVerifier):
    """A model of natural language inference: the probability that the evidence entails the claim."""

    def __init__(
        self, name: str, model: "CrossEncoder", *, entailment: int, contradiction: int
    ) -> None:
        super().__init__(name, model)
        self._entailment = entailment
        self._contradiction = contradiction

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return self._column(pairs, self._entailment)

    def contradiction(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each pair, how likely the evidence says the opposite."""
        return self._column(pairs, self._contradiction)

    def _column(self, pairs: Sequence[tuple[str, str]], column: int) -> list[float]:
        if not pairs:
            return []
        return [float(row[column]) for row in self._probabilities(pairs)]


def load_cross_encoder(model: str) -> CrossEncoderVerifier:
    """The model of this name or in this folder: one output is a `CrossEncoderVerifier`, outputs that
    its `config.id2label` names entailment and contradiction an `NliVerifier`.

    Raises `VerifierNotFound`.
    """
    from sentence_transformers import CrossEncoder

    try:
        loaded = CrossEncoder(model, local_files_only=Path(model).exists())
    except (OSError, ValueError) as error:
        raise VerifierNotFound(
            f"The verifier '{model}' cannot be loaded: {error}. Name a folder or a model you have, "
            f"'{BUNDLED_VERIFIER}' or '{OVERLAP_VERIFIER}'."
        ) from error
    loaded.eval()
    if loaded.num_labels == 1:
        return CrossEncoderVerifier(model, loaded)
    labels: Mapping[int, str] = loaded.config.id2label
    return NliVerifier(
        model,
        loaded,
        entailment=_index(labels, _ENTAILS, model),
        contradiction=_index(labels, _CONTRADICTS, model),
    )


def _index(labels: Mapping[int, str], begins: str, model: str) -> int:
    """The one output whose label begins so: "not_entailment" is none."""
    found = [int(number) for number, label in labels.items() if label.lower().startswith(begins)]
    if len(found) != 1:
        named = ", ".join(labels.values())
        raise VerifierNotFound(
            f"The verifier '{model}' has outputs named {named}, and none of them '{begins}…': name a "
            "CrossEncoder with one output, or an NLI model whose config.id2label names entailment, "
            "neutral and contradiction."
        )
    return found[0]
