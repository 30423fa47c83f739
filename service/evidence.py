"""The part of long evidence that a claim may rest on."""

from collections.abc import Sequence

from ingest.sentence import sentence_spans
from service.claims import content_stems

MAX_EVIDENCE_WORDS = 90
"""About what a rule takes with its conditions. A verifier's time grows with it."""


def nearest_evidence(claim: str, text: str) -> str:
    """Of the runs of whole sentences that have so many words at most, the one with most of the claim's
    words, the earlier of equals. A longer sentence is cut off."""
    wanted = content_stems(claim)
    runs = [text[start:end] for start, end in _runs(text)] or [text]
    best = max(runs, key=lambda run: len(wanted & content_stems(run)))
    words = best.split()
    return best if len(words) <= MAX_EVIDENCE_WORDS else " ".join(words[:MAX_EVIDENCE_WORDS])


def _runs(text: str) -> list[tuple[int, int]]:
    """Offsets [start, end), one run from each sentence on that is not wholly in the run before."""
    spans = sentence_spans(text)
    lengths = [len(text[start:end].split()) for start, end in spans]
    runs: list[tuple[int, int]] = []
    for first, (start, _) in enumerate(spans):
        end = spans[_last(lengths, first)][1]
        if not runs or end > runs[-1][1]:
            runs.append((start, end))
    return runs


def _last(lengths: Sequence[int], first: int) -> int:
    words, last = lengths[first], first
    while last + 1 < len(lengths) and words + lengths[last + 1] <= MAX_EVIDENCE_WORDS:
        last += 1
        words += lengths[last]
    return last
