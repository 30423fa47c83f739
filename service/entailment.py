"""Whether a passage supports a claim, as a language model with an adapter reads the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from generator.packaged import load_packaged, packaged_sha256
from ingest.adapter import AdapterManifest, merge_adapter, read_adapter
from ingest.document import one_line

if TYPE_CHECKING:
    import torch

SHIPPED_ADAPTER = Path(__file__).parent / "adapters" / "verifier"
"""Trained by the command and on the data that its manifest names."""

ANSWERS = (" yes", " no", " maybe")
"""What the model says of a claim that is supported, contradicted, and not spoken of; one token each."""

MAX_EVIDENCE_TOKENS = 256
MAX_CLAIM_TOKENS = 128
"""Longer ones are cut off. Evidence comes in windows that are shorter."""


@dataclass(frozen=True, slots=True)
class Entailment:
    """Log-probabilities of the three answers."""

    supported: float
    contradicted: float
    neutral: float


class EntailmentModel:
    """The packaged language model with an adapter, in bfloat16 where the processor multiplies matrices
    in it.

    Evidence is read once for all the claims about it. Every claim is read by itself, so that its score
    does not depend on what else was asked. Raises `ModelNotInstalled` or `AdapterUnusable`.
    """

    def __init__(self, adapter: Path = SHIPPED_ADAPTER) -> None:
        import torch

        self.manifest: AdapterManifest = read_adapter(
            adapter, "verifier", base_sha256=packaged_sha256()
        )
        self.name = self.manifest.name
        # One thread at a time: two would share the cores, and each finish later.
        self._lock = Lock()
        base, self._tokenizer = load_packaged(dtype=torch.float32)
        model = merge_adapter(base, adapter)
        self._answers = answer_weights(model, self._tokenizer)
        self._model = model.to(fastest_type()).eval()

    def read(self, claims: Sequence[str], evidence: str) -> list[Entailment]:
        """What the evidence says of each claim."""
        import torch

        with self._lock, torch.inference_mode():
            prefix = torch.tensor([evidence_tokens(self._tokenizer, evidence)])
            cache = self._model(input_ids=prefix, use_cache=True).past_key_values
            return [self._read(claim, cache, prefix.shape[1]) for claim in claims]

    def _read(self, claim: str, cache: Any, length: int) -> Entailment:
        import torch

        tokens = torch.tensor([claim_tokens(self._tokenizer, claim)])
        state = self._model(
            input_ids=tokens,
            past_key_values=cache,
            position_ids=torch.arange(length, length + tokens.shape[1])[None],
            use_cache=True,
        ).last_hidden_state[0, -1]
        cache.crop(-tokens.shape[1])
        logits = state.float() @ self._answers.T
        return Entailment(*torch.log_softmax(logits, 0).tolist())


def evidence_tokens(tokenizer: Any, evidence: str) -> list[int]:
    """The beginning of the prompt, which is the same for all claims about the evidence."""
    text = f"Passage: {one_line(evidence)}"
    tokens: list[int] = tokenizer.encode(text)[: MAX_EVIDENCE_TOKENS + 4]
    return tokens


def claim_tokens(tokenizer: Any, claim: str) -> list[int]:
    """The rest of the prompt."""
    begins = tokenizer.encode("\n\nClaim:", add_special_tokens=False)
    said = tokenizer.encode(f" {one_line(claim)}", add_special_tokens=False)[:MAX_CLAIM_TOKENS]
    asks = "\n\nDoes the passage support the claim? Answer:"
    return [*begins, *said, *tokenizer.encode(asks, add_special_tokens=False)]


def answer_weights(model: Any, tokenizer: Any) -> "torch.Tensor":
    """The rows of the word table that the answers have, shape (3, width), in float32."""
    numbers = [tokenizer.encode(word, add_special_tokens=False) for word in ANSWERS]
    rows: torch.Tensor = (
        model.get_input_embeddings().weight.detach()[[first for (first,) in numbers]].float()
    )
    return rows


def fastest_type() -> "torch.dtype":
    import torch

    has_amx = torch.cpu.get_capabilities().get("amx_bf16")
    return torch.bfloat16 if has_amx else torch.float32
