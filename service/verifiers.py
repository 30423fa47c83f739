"""From the settings to a verifier: the one that serves, and the judge of a suite."""

from service.overlap import OverlapVerifier
from service.settings import (
    BUNDLED_VERIFIER,
    HOSTED_VERIFIER,
    OVERLAP_VERIFIER,
    VerifierSettings,
)
from service.verify import MIN_SUPPORT, Verifier

_MIN_SUPPORT_OF_OTHERS = 0.5
"""They give a probability."""


def build_verifier(settings: VerifierSettings) -> Verifier:
    """The configured verifier.

    Raises `VerifierNotFound` where it cannot be loaded.
    """
    if settings.model == BUNDLED_VERIFIER:
        from service.entailment import SHIPPED_ADAPTER
        from service.support import SupportVerifier

        return SupportVerifier(settings.adapter or SHIPPED_ADAPTER)
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
    return MIN_SUPPORT if settings.model == OVERLAP_VERIFIER else _MIN_SUPPORT_OF_OTHERS
