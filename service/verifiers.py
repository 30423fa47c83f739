"""From the settings to a verifier: the one that serves, and the judge of a suite."""

from ingest.embed import Encoder
from service.overlap import OverlapVerifier
from service.settings import (
    BUNDLED_VERIFIER,
    HOSTED_VERIFIER,
    OVERLAP_VERIFIER,
    VerifierSettings,
)
from service.verify import MIN_SUPPORT, Verifier

_MIN_SUPPORT = {BUNDLED_VERIFIER: MIN_SUPPORT, OVERLAP_VERIFIER: MIN_SUPPORT}
_MIN_SUPPORT_OF_OTHERS = 0.5
"""They give a probability."""


def build_verifier(settings: VerifierSettings, encoder: Encoder) -> Verifier:
    """The configured verifier; `encoder` is at hand for what compares by meaning.

    Raises `VerifierNotFound` where it cannot be loaded.
    """
    if settings.model == BUNDLED_VERIFIER:
        return _bundled(settings, encoder)
    if settings.model == OVERLAP_VERIFIER:
        return OverlapVerifier()
    if settings.model == HOSTED_VERIFIER:
        from service.hosted_judge import build_hosted_judge

        return build_hosted_judge(settings.hosted)
    from service.nli import load_cross_encoder

    return load_cross_encoder(settings.model)


def min_support(settings: VerifierSettings) -> float:
    """The score from which this verifier's evidence supports a sentence."""
    if settings.min_support is not None:
        return settings.min_support
    return _MIN_SUPPORT.get(settings.model, _MIN_SUPPORT_OF_OTHERS)


def _bundled(settings: VerifierSettings, encoder: Encoder) -> Verifier:
    del settings, encoder
    return OverlapVerifier()
